//! Access keys in `~/.aws/credentials`.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Content, Found};
use crate::config::ini::{Ini, Property, Section, SyntaxError, line_ranges};
use crate::credentials::AccessKey;

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
/// The second name is that of boto 2, which some tools still write.
const TOKENS: [&str; 2] = ["aws_session_token", "aws_security_token"];

/// Every access key in the text, in file order.
pub fn find(text: &str) -> Result<Vec<Found>, SyntaxError> {
    let ini = Ini::parse(text)?;
    let lines = line_ranges(text);
    let mut order = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<Section<'_>>> = BTreeMap::new();
    for section in ini.sections() {
        let name = name(section.header());
        let sections = by_name.entry(name).or_default();
        if sections.is_empty() {
            order.push(name);
        }
        sections.push(section);
    }
    Ok(order
        .into_iter()
        .filter_map(|name| Profile::new(text, &lines, &by_name[name]).found(name))
        .collect())
}

/// In this file the header is the name alone; `profile ` before it is the config file's way, and a common mistake.
fn name(header: &str) -> &str {
    header
        .strip_prefix("profile ")
        .map_or(header, str::trim_start)
}

/// All sections of one name.
struct Profile<'a> {
    text: &'a str,
    lines: &'a [Range<usize>],
    sections: &'a [Section<'a>],
}

impl<'a> Profile<'a> {
    fn new(text: &'a str, lines: &'a [Range<usize>], sections: &'a [Section<'a>]) -> Self {
        Self {
            text,
            lines,
            sections,
        }
    }

    /// `None` if neither half of a key stands here.
    fn found(&self, name: &str) -> Option<Found> {
        let (ids, secrets) = (self.all(&[ID]), self.all(&[SECRET]));
        if ids.is_empty() && secrets.is_empty() {
            return None;
        }
        let tokens = self.all(&TOKENS);
        let content = self.content(&ids, &secrets, &tokens);
        let bytes = match content {
            Content::LongTerm(_) => self.bytes(ids.iter().chain(&secrets).chain(&tokens)),
            Content::Temporary(_) | Content::Unusable(_) => Vec::new(),
        };
        Some(Found {
            name: name.to_owned(),
            content,
            bytes,
        })
    }

    fn content(
        &self,
        ids: &[Property<'_>],
        secrets: &[Property<'_>],
        tokens: &[Property<'_>],
    ) -> Content {
        let (id, secret) = match (ids, secrets) {
            ([id], [secret]) => (id, secret),
            ([], _) => return Content::Unusable("it has no aws_access_key_id"),
            (_, []) => return Content::Unusable("it has no aws_secret_access_key"),
            // AWS's tools do not agree on which of them counts.
            _ => return Content::Unusable("its key stands there more than once"),
        };
        if tokens.iter().any(|token| !token.value.is_empty()) || id.value.starts_with("ASIA") {
            return Content::Temporary(id.value.to_owned());
        }
        if ![id, secret]
            .into_iter()
            .chain(tokens)
            .all(|property| self.is_on_one_line(property))
        {
            return Content::Unusable("its key goes on over several lines");
        }
        Content::LongTerm(AccessKey {
            access_key_id: id.value.to_owned(),
            secret_access_key: secret.value.into(),
        })
    }

    fn all(&self, keys: &[&str]) -> Vec<Property<'a>> {
        let properties = self.sections.iter().flat_map(Section::properties);
        properties
            .filter(|property| {
                keys.iter()
                    .any(|key| property.key.eq_ignore_ascii_case(key))
            })
            .collect()
    }

    /// The lines of the properties, and the header of a section in which nothing else stands.
    fn bytes<'p>(&self, properties: impl Iterator<Item = &'p Property<'p>>) -> Vec<Range<usize>> {
        let mut numbers: Vec<usize> = properties.map(|property| property.line).collect();
        for section in self.sections {
            let body = section.line() + 1..self.next_header(section);
            let mine = |line: &usize| body.contains(line);
            if numbers.iter().any(mine)
                && self.is_bare(section)
                && body
                    .clone()
                    .all(|line| numbers.contains(&line) || self.line(line).trim().is_empty())
            {
                numbers.push(section.line());
            }
        }
        numbers
            .iter()
            .filter_map(|number| self.lines.get(number - 1).cloned())
            .collect()
    }

    /// Number of the first line after the section.
    fn next_header(&self, section: &Section<'_>) -> usize {
        section.end_line().unwrap_or(self.lines.len() + 1)
    }

    /// A comment behind the header is somebody's.
    fn is_bare(&self, section: &Section<'_>) -> bool {
        let line = self.line(section.line()).trim();
        let inside = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'));
        inside.is_some_and(|inside| inside.trim() == section.header())
    }

    /// Whether every tool takes this line, and no other, for the value: some join lines that end in `\`, some those that are
    /// indented, and some look for a closing quote.
    fn is_on_one_line(&self, property: &Property<'_>) -> bool {
        let line = self.line(property.line).trim_end();
        let indent = |line: &str| line.len() - line.trim_start().len();
        let next = (property.line + 1..=self.lines.len())
            .map(|number| self.line(number).trim_end())
            .find(|next| !next.is_empty() && !next.trim_start().starts_with(['#', ';']));
        line.contains(property.value)
            && !line.ends_with('\\')
            && !line.contains('`')
            && !line.contains("\"\"\"")
            && next.is_none_or(|next| indent(next) <= indent(line))
    }

    fn line(&self, number: usize) -> &'a str {
        self.lines
            .get(number - 1)
            .map_or("", |range| &self.text[range.clone()])
    }
}

#[cfg(test)]
mod tests;
