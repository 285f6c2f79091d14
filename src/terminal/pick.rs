//! The list on the terminal: drawn below the question, drawn anew for every key, and gone when the choice is made.

use super::keys::{Key, Keys};
use super::picker::{Choice, Picker, Step, cut, width};
use super::tty::Raw;
use super::{Terminal, TerminalError};

impl Terminal {
    /// Lets a person choose; returns the position of what was chosen.
    pub fn pick(
        &mut self,
        question: &str,
        choices: &[Choice],
        colours: bool,
    ) -> Result<usize, TerminalError> {
        let mut raw = self.tty.raw()?;
        let mut keys = Keys::default();
        let mut picker = Picker::new(choices, raw.size().1);
        let end = loop {
            // The last column stays empty: some terminals wrap as soon as it is filled.
            let columns = raw.size().0.saturating_sub(1);
            raw.write(&frame(question, &picker, columns, colours))?;
            match picker.press(next_key(&mut raw, &mut keys)?) {
                Step::Stay => {}
                Step::Picked(position) => break Ok(position),
                Step::Interrupted => break Err(TerminalError::Interrupted),
                Step::Closed => break Err(TerminalError::Closed),
            }
        };
        let chosen = end
            .as_ref()
            .ok()
            .and_then(|position| choices.get(*position));
        let name = chosen.map_or("", |choice| choice.name.as_str());
        raw.write(&format!(
            "{CLEAR}{question}{}\n",
            crate::error::visible(name)
        ))?;
        end
    }
}

/// To the start of the line, and nothing below.
const CLEAR: &str = "\r\u{1b}[J";

/// The cursor ends where typing goes, so that clearing starts there next time.
fn frame(question: &str, picker: &Picker<'_>, columns: usize, colours: bool) -> String {
    let first = cut(&format!("{question}{}", picker.typed()), columns);
    let right = moved(width(&first), 'C');
    let below = picker.lines(columns, colours);
    let up = moved(below.len(), 'A');
    let shown: Vec<_> = std::iter::once(first).chain(below).collect();
    format!("{CLEAR}{}{up}\r{right}", shown.join("\n"))
}

/// Zero would count as one.
fn moved(count: usize, direction: char) -> String {
    if count == 0 {
        String::new()
    } else {
        format!("\u{1b}[{count}{direction}")
    }
}

fn next_key(raw: &mut Raw<'_>, keys: &mut Keys) -> Result<Key, TerminalError> {
    loop {
        let byte = if keys.is_undecided() {
            match raw.read_soon()? {
                Some(byte) => byte,
                None => return Ok(keys.pause()),
            }
        } else {
            raw.read()?
        };
        if let Some(key) = keys.feed(byte) {
            return Ok(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_ends_where_typing_goes() {
        let choices = ["a", "b"].map(|name| Choice {
            name: name.to_owned(),
            detail: String::new(),
        });
        let mut picker = Picker::new(&choices, 24);
        assert_eq!(
            frame("Pick: ", &picker, 79, false),
            "\r\u{1b}[JPick: \n> a\n  b\u{1b}[2A\r\u{1b}[6C"
        );
        picker.press(Key::Char('b'));
        assert_eq!(
            frame("Pick: ", &picker, 79, false),
            "\r\u{1b}[JPick: b\n> b\n  1 of 2\u{1b}[2A\r\u{1b}[7C"
        );
    }
}
