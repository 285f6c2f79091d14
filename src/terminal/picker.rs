//! A list to choose from, as a pure model: a key changes it, and it says which lines to show.

use super::keys::Key;
use super::{Style, styled};
use crate::error::visible;

/// Lines shown at a time.
const PAGE: usize = 10;
/// A longer name is cut where a detail follows it.
const WIDEST_NAME: usize = 40;

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub name: String,
    /// What else there is to know, found by typing as well.
    pub detail: String,
}

/// The list, what was typed, and where the mark is.
#[derive(Debug)]
pub struct Picker<'a> {
    choices: &'a [Choice],
    typed: String,
    /// Positions of what matches, the best first.
    matches: Vec<usize>,
    /// The marked one of `matches`.
    marked: usize,
    page: usize,
}

/// What a key led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Stay,
    Picked(usize),
    Interrupted,
    Closed,
}

/// How a choice matches what was typed, the best first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Equal,
    Start,
    Part,
    InDetail,
    /// The characters stand in the name in this order, with others between them.
    Scattered,
}

impl<'a> Picker<'a> {
    /// `rows` is the terminal's height.
    pub fn new(choices: &'a [Choice], rows: usize) -> Self {
        Self {
            choices,
            typed: String::new(),
            matches: (0..choices.len()).collect(),
            marked: 0,
            // The question and the line that counts need room, too.
            page: rows.saturating_sub(3).clamp(1, PAGE),
        }
    }

    pub fn typed(&self) -> &str {
        &self.typed
    }

    pub fn press(&mut self, key: Key) -> Step {
        let last = self.matches.len().saturating_sub(1);
        match key {
            Key::Enter => {
                return self
                    .matches
                    .get(self.marked)
                    .map_or(Step::Stay, |position| Step::Picked(*position));
            }
            Key::Interrupt => return Step::Interrupted,
            Key::Close => return Step::Closed,
            Key::Up => self.marked = self.marked.checked_sub(1).unwrap_or(last),
            Key::Down if self.marked == last => self.marked = 0,
            Key::Down => self.marked += 1,
            Key::PageUp => self.marked = self.marked.saturating_sub(self.page),
            Key::PageDown => self.marked = (self.marked + self.page).min(last),
            Key::First => self.marked = 0,
            Key::Last => self.marked = last,
            Key::Char(c) => self.retype(|typed| typed.push(c)),
            Key::Delete => self.retype(|typed| {
                typed.pop();
            }),
            Key::DeleteWord => self.retype(|typed| {
                let kept = typed.trim_end().rfind(char::is_whitespace);
                typed.truncate(kept.map_or(0, |at| at + 1));
            }),
            Key::DeleteAll => self.retype(String::clear),
            Key::Other => {}
        }
        Step::Stay
    }

    /// The lines below the question, no wider than `columns`.
    pub fn lines(&self, columns: usize, colours: bool) -> Vec<String> {
        let start = self.marked - self.marked % self.page;
        let shown: Vec<_> = self
            .matches
            .iter()
            .enumerate()
            .skip(start)
            .take(self.page)
            .map(|(index, position)| (index == self.marked, &self.choices[*position]))
            .collect();
        let widest = shown
            .iter()
            .map(|(_, choice)| width(&visible(&choice.name)))
            .max();
        let names = widest.unwrap_or_default().min(WIDEST_NAME);
        let mut lines: Vec<_> = shown
            .into_iter()
            .map(|(marked, choice)| line(marked, choice, names, columns, colours))
            .collect();
        let count = match self.matches.len() {
            0 => Some("  nothing matches".to_owned()),
            matching if matching < self.choices.len() || matching > self.page => {
                Some(format!("  {matching} of {}", self.choices.len()))
            }
            _ => None,
        };
        lines.extend(count.map(|count| styled(&cut(&count, columns), Style::Faint, colours)));
        lines
    }

    fn retype(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.typed);
        let wanted = self.typed.trim().to_lowercase();
        let mut ranked: Vec<_> = self
            .choices
            .iter()
            .enumerate()
            .filter_map(|(position, choice)| Some((rank(choice, &wanted)?, position)))
            .collect();
        ranked.sort();
        self.matches = ranked.into_iter().map(|(_, position)| position).collect();
        self.marked = 0;
    }
}

fn rank(choice: &Choice, wanted: &str) -> Option<Rank> {
    let name = choice.name.to_lowercase();
    if wanted.is_empty() {
        return Some(Rank::Part);
    }
    if name == wanted {
        return Some(Rank::Equal);
    }
    if name.starts_with(wanted) {
        return Some(Rank::Start);
    }
    if name.contains(wanted) {
        return Some(Rank::Part);
    }
    if choice.detail.to_lowercase().contains(wanted) {
        return Some(Rank::InDetail);
    }
    let mut rest = name.chars();
    wanted
        .chars()
        .all(|wanted| rest.any(|c| c == wanted))
        .then_some(Rank::Scattered)
}

fn line(marked: bool, choice: &Choice, names: usize, columns: usize, colours: bool) -> String {
    let mark = if marked { '>' } else { ' ' };
    let name = cut(
        &visible(&choice.name),
        if choice.detail.is_empty() {
            columns
        } else {
            names
        },
    );
    let gap = " ".repeat(names.saturating_sub(width(&name)));
    let start = cut(&format!("{mark} {name}{gap}"), columns);
    let detail = cut(
        &format!("  {}", visible(&choice.detail)),
        columns.saturating_sub(width(&start)),
    );
    let start = if marked {
        styled(&start, Style::Strong, colours)
    } else {
        start
    };
    format!("{start}{}", styled(&detail, Style::Faint, colours))
        .trim_end()
        .to_owned()
}

/// Columns on the screen. What is not ASCII counts as two, which is right for the widest there is and leaves room otherwise.
pub fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// As much of the text as fits: a line that wraps would be left behind when the list is drawn anew.
pub fn cut(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .filter(|c| *c != '\n')
        .take_while(|c| {
            used += columns_of(*c);
            used <= columns
        })
        .collect()
}

fn columns_of(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

#[cfg(test)]
mod tests;
