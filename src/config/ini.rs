//! The config file at a literal level: sections, keys and values with their lines, nothing about AWS.
//!
//! Follows what the Go tool reads (go-ini with nested values) and, where the two differ only in tolerance, the AWS CLI.
//! Values are spans of the text; only one that goes on over lines with `\` is copied.

mod lines;

use zeroize::Zeroizing;

pub use lines::line_ranges;
use lines::{Line, Lines};

/// Why a text is no config file. Never quotes the line: it may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SyntaxError {
    /// From 1.
    pub line: usize,
    pub message: &'static str,
}

/// A parsed config file together with its text.
#[derive(Debug, Default)]
pub struct Ini {
    /// Wiped when dropped: the credentials file is read through here, too.
    text: Zeroizing<String>,
    headers: Vec<Header>,
    entries: Vec<Entry>,
}

/// One section as it stands in the file; a second one of the same name is a section of its own here.
#[derive(Debug, Clone, Copy)]
pub struct Section<'a> {
    ini: &'a Ini,
    index: usize,
}

/// `key = value` on a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property<'a> {
    /// As written; keys are compared without regard to case.
    pub key: &'a str,
    pub value: &'a str,
    /// From 1.
    pub line: usize,
}

#[derive(Debug)]
struct Header {
    name: Span,
    line: u32,
    /// Index of the section's first entry; its last one stands before the next section's first.
    first_entry: u32,
}

#[derive(Debug)]
struct Entry {
    key: Span,
    value: Value,
    line: u32,
    /// Indented under a key with an empty value: `s3 =`.
    nested: bool,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Debug)]
enum Value {
    Span(Span),
    /// Lines joined by a trailing `\`.
    Joined(Box<str>),
}

impl Ini {
    /// Reads every line, in time proportional to the text.
    pub fn parse(text: impl Into<String>) -> Result<Self, SyntaxError> {
        let text = Zeroizing::new(text.into());
        if u32::try_from(text.len()).is_err() {
            return Err(SyntaxError {
                line: 1,
                message: "the text is longer than 4 GiB",
            });
        }
        let mut headers = Vec::new();
        let mut entries = Vec::new();
        let mut lines = Lines::of(&text);
        // Indentation of the last key, if its value is empty: what is indented deeper belongs to it.
        let mut parent = None;
        while let Some(line) = lines.next() {
            let content = line.content.trim();
            let indent = line.content.len() - line.content.trim_start().len();
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            if content.starts_with('[') {
                let name = section_name(content).map_err(|message| line.error(message))?;
                headers.push(Header {
                    name: Span::of(&text, name),
                    line: line.number,
                    first_entry: length(&entries),
                });
                parent = None;
            } else if parent.is_some_and(|parent| indent > parent) {
                entries.extend(nested_entry(&text, &line));
            } else {
                let entry = entry(&text, &line, &mut lines)?;
                parent = entry.value.text(&text).is_empty().then_some(indent);
                // Keys above the first header belong to no profile.
                if !headers.is_empty() {
                    entries.push(entry);
                }
            }
        }
        Ok(Self {
            text,
            headers,
            entries,
        })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// In file order.
    pub fn sections(&self) -> impl DoubleEndedIterator<Item = Section<'_>> + ExactSizeIterator {
        (0..self.headers.len()).map(|index| Section { ini: self, index })
    }

    /// The section at a position of [`Ini::sections`].
    pub fn section(&self, index: usize) -> Option<Section<'_>> {
        (index < self.headers.len()).then_some(Section { ini: self, index })
    }
}

impl<'a> Section<'a> {
    /// The text between the brackets, trimmed: `profile dev`.
    pub fn header(&self) -> &'a str {
        self.ini.headers[self.index].name.text(&self.ini.text)
    }

    /// Line of the header, from 1.
    pub fn line(&self) -> usize {
        self.ini.headers[self.index].line as usize
    }

    /// Line of the next section's header; `None` after the last section.
    pub fn end_line(&self) -> Option<usize> {
        let next = self.ini.headers.get(self.index + 1)?;
        Some(next.line as usize)
    }

    /// The keys that are not nested, in file order.
    pub fn properties(&self) -> impl DoubleEndedIterator<Item = Property<'a>> + use<'a> {
        let ini = self.ini;
        self.entries()
            .iter()
            .filter(|entry| !entry.nested)
            .map(move |entry| entry.property(ini))
    }

    /// The value of `key`, empty or not; the last one if there are several.
    pub fn property(&self, key: &str) -> Option<Property<'a>> {
        self.properties()
            .rev()
            .find(|property| property.key.eq_ignore_ascii_case(key))
    }

    /// The value of `key` among the lines indented under `parent =`.
    pub fn nested(&self, parent: &str, key: &str) -> Option<Property<'a>> {
        let mut inside = false;
        let mut found = None;
        for entry in self.entries() {
            let property = entry.property(self.ini);
            if !entry.nested {
                inside = property.key.eq_ignore_ascii_case(parent);
            } else if inside && property.key.eq_ignore_ascii_case(key) {
                found = Some(property);
            }
        }
        found
    }

    fn entries(&self) -> &'a [Entry] {
        let first = |header: &Header| header.first_entry as usize;
        let start = first(&self.ini.headers[self.index]);
        let end = self
            .ini
            .headers
            .get(self.index + 1)
            .map_or(self.ini.entries.len(), first);
        &self.ini.entries[start..end]
    }
}

impl Entry {
    fn property<'a>(&'a self, ini: &'a Ini) -> Property<'a> {
        Property {
            key: self.key.text(&ini.text),
            value: self.value.text(&ini.text),
            line: self.line as usize,
        }
    }
}

impl Value {
    fn text<'a>(&'a self, text: &'a str) -> &'a str {
        match self {
            Self::Span(span) => span.text(text),
            Self::Joined(joined) => joined,
        }
    }
}

impl Span {
    /// Where `part`, a slice of `text`, stands in it.
    fn of(text: &str, part: &str) -> Self {
        let start = part.as_ptr().addr() - text.as_ptr().addr();
        Self::between(start, start + part.len())
    }

    fn between(start: usize, end: usize) -> Self {
        let offset = |at| u32::try_from(at).expect("parse() refuses texts whose offsets need more");
        Self {
            start: offset(start),
            end: offset(end),
        }
    }

    fn text(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }
}

impl Line<'_> {
    fn error(&self, message: &'static str) -> SyntaxError {
        SyntaxError {
            line: self.number as usize,
            message,
        }
    }
}

/// The name in `[name]`, with or without a comment behind it.
///
/// The bracket that closes is the first one followed by nothing or a comment, so that `[profile x] # see [y]` and
/// `[profile a]b]` both read as they look; else the last one, as go-ini has it.
fn section_name(content: &str) -> Result<&str, &'static str> {
    let inside = &content[1..];
    let closes = |at: &usize| {
        let after = inside[at + 1..].trim_start();
        after.is_empty() || after.starts_with(['#', ';'])
    };
    let end = inside
        .match_indices(']')
        .map(|(at, _)| at)
        .find(closes)
        .or_else(|| inside.rfind(']'))
        .ok_or("the section's closing ] is missing")?;
    let name = inside[..end].trim();
    if name.is_empty() {
        return Err("the section has no name");
    }
    Ok(name)
}

/// A sub-value, `None` if it is none: go-ini takes these lines as they come, and nobody else's mistakes are ours to report.
fn nested_entry(text: &str, line: &Line<'_>) -> Option<Entry> {
    let (key, value) = line.content.split_once(['=', ':'])?;
    Some(Entry {
        key: Span::of(text, key.trim()),
        value: Value::Span(Span::of(text, plain_value(value.trim()))),
        line: line.number,
        nested: true,
    })
}

fn entry<'t>(text: &'t str, line: &Line<'t>, lines: &mut Lines<'t>) -> Result<Entry, SyntaxError> {
    let (key, rest) = key(line.content.trim_start()).map_err(|message| line.error(message))?;
    Ok(Entry {
        key: Span::of(text, key),
        value: value(text, rest, lines).map_err(|message| line.error(message))?,
        line: line.number,
        nested: false,
    })
}

/// Key and what follows the delimiter.
fn key(content: &str) -> Result<(&str, &str), &'static str> {
    const NO_DELIMITER: &str = "no `=` or `:` after the key";
    let (key, rest) = match content.chars().next() {
        Some(quote @ ('"' | '`')) => {
            let (key, after) = content[1..]
                .split_once(quote)
                .ok_or("the key's closing quote is missing")?;
            (key, after.split_once(['=', ':']).ok_or(NO_DELIMITER)?.1)
        }
        _ => content.split_once(['=', ':']).ok_or(NO_DELIMITER)?,
    };
    let key = key.trim();
    if key.is_empty() {
        return Err("no key before the `=`");
    }
    Ok((key, rest))
}

fn value<'t>(text: &'t str, rest: &'t str, lines: &mut Lines<'t>) -> Result<Value, &'static str> {
    let rest = rest.trim();
    // Back-quotes are what the Go tool's `add` wrote around every value with a `#`.
    for quote in ["\"\"\"", "`"] {
        if let Some(inside) = rest.strip_prefix(quote) {
            return quoted_value(text, inside, quote, lines);
        }
    }
    if let Some(first) = rest.strip_suffix('\\') {
        return Ok(Value::Joined(joined(first, lines).into()));
    }
    Ok(Value::Span(Span::of(text, plain_value(rest))))
}

/// Up to the closing quote, on this line or a later one.
fn quoted_value<'t>(
    text: &'t str,
    inside: &'t str,
    quote: &str,
    lines: &mut Lines<'t>,
) -> Result<Value, &'static str> {
    if let Some(end) = inside.rfind(quote) {
        return Ok(Value::Span(Span::of(text, &inside[..end])));
    }
    let start = Span::of(text, inside).start as usize;
    for line in lines {
        if let Some(end) = line.content.rfind(quote) {
            return Ok(Value::Span(Span::between(start, line.start + end)));
        }
    }
    Err("the value's closing quote is missing")
}

/// Lines are joined until one is blank or does not end in `\`; the rules for comments and quotes do not apply to them.
fn joined(first: &str, lines: &mut Lines<'_>) -> String {
    let mut joined = first.to_owned();
    for line in lines {
        let content = line.content.trim();
        joined.push_str(content);
        match joined.strip_suffix('\\') {
            Some(kept) if !content.is_empty() => joined.truncate(kept.len()),
            _ => break,
        }
    }
    joined
}

/// A trimmed value without its comment and without one pair of quotes around the whole.
fn plain_value(value: &str) -> &str {
    let value = value[..comment(value)].trim_end();
    for quote in ['"', '\''] {
        let inside = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inside) = inside.filter(|inside| !inside.contains(quote)) {
            return inside;
        }
    }
    value
}

/// Where the comment begins: at the first ` #`, else at the first ` ;`.
fn comment(value: &str) -> usize {
    let after_blank = |mark: u8| {
        value
            .as_bytes()
            .windows(2)
            .position(|pair| pair == [b' ', mark])
    };
    after_blank(b'#')
        .or_else(|| after_blank(b';'))
        .unwrap_or(value.len())
}

fn length<T>(entries: &[T]) -> u32 {
    u32::try_from(entries.len()).expect("every entry takes two bytes of a text below 4 GiB")
}

#[cfg(test)]
mod tests;
