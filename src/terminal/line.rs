//! One line being typed, as a pure state machine: bytes in, what to echo out.

use zeroize::Zeroizing;

/// Longest line taken, in bytes. The buffer never grows beyond its first allocation, because growing would leave an unwiped
/// copy of a secret behind.
const CAPACITY: usize = 4096;

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const LF: u8 = b'\n';
const CR: u8 = b'\r';
const CTRL_U: u8 = 0x15;
const CTRL_W: u8 = 0x17;
const ESC: u8 = 0x1b;
const CTRL_BACKSLASH: u8 = 0x1c;
const DEL: u8 = 0x7f;

/// What shows on the screen for each character typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    Plain,
    Stars,
}

/// What one byte led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Write this and go on.
    Write(String),
    /// Return was pressed.
    Done,
    /// Ctrl-C or Ctrl-\.
    Interrupted,
    /// Ctrl-D on an empty line.
    Closed,
    TooLong,
}

/// The line so far. Wiped when dropped.
pub struct Line {
    text: Zeroizing<String>,
    /// Bytes of a character that is not complete yet.
    partial: Zeroizing<Vec<u8>>,
    escape: Escape,
    echo: Echo,
}

/// How far into an escape sequence (arrow keys, the marks of a bracketed paste) the input is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    /// After ESC.
    Started,
    /// After `ESC [`, until a final byte.
    Csi,
    /// After `ESC O`, until one byte.
    Ss3,
}

impl Line {
    pub fn new(echo: Echo) -> Self {
        Self {
            text: Zeroizing::new(String::with_capacity(CAPACITY)),
            partial: Zeroizing::new(Vec::with_capacity(4)),
            escape: Escape::None,
            echo,
        }
    }

    pub fn into_text(self) -> Zeroizing<String> {
        self.text
    }

    /// Takes one byte from a terminal in raw mode.
    pub fn feed(&mut self, byte: u8) -> Step {
        if self.swallowed_by_escape(byte) {
            return Step::Write(String::new());
        }
        match byte {
            CR | LF => Step::Done,
            CTRL_C | CTRL_BACKSLASH => Step::Interrupted,
            CTRL_D if self.text.is_empty() => Step::Closed,
            BACKSPACE | DEL => self.delete(1),
            CTRL_U => self.delete(self.text.chars().count()),
            CTRL_W => self.delete(last_word(&self.text)),
            0x00..=0x1f => Step::Write(String::new()),
            _ => self.typed(byte),
        }
    }

    fn swallowed_by_escape(&mut self, byte: u8) -> bool {
        let (next, swallowed) = match (self.escape, byte) {
            (Escape::None | Escape::Started, ESC) => (Escape::Started, true),
            (Escape::Started, b'O') => (Escape::Ss3, true),
            (Escape::Started, b'[') | (Escape::Csi, 0x20..=0x3f) => (Escape::Csi, true),
            (Escape::Csi, 0x40..=0x7e) | (Escape::Ss3, 0x20..=0x7e) => (Escape::None, true),
            // A lone Escape key, or a sequence cut short: the byte counts for itself, Ctrl-C above all.
            _ => (Escape::None, false),
        };
        self.escape = next;
        swallowed
    }

    fn typed(&mut self, byte: u8) -> Step {
        self.partial.push(byte);
        let typed = match std::str::from_utf8(&self.partial) {
            Ok(text) => text.chars().next().filter(|c| !c.is_control()),
            // The rest of the character is still to come.
            Err(error) if error.error_len().is_none() => return Step::Write(String::new()),
            Err(_) => None,
        };
        self.partial.clear();
        let Some(typed) = typed else {
            return Step::Write(String::new());
        };
        if self.text.len() + typed.len_utf8() > CAPACITY {
            return Step::TooLong;
        }
        self.text.push(typed);
        Step::Write(match self.echo {
            Echo::Plain => typed.to_string(),
            Echo::Stars => "*".to_owned(),
        })
    }

    fn delete(&mut self, count: usize) -> Step {
        self.partial.clear();
        let deleted = std::iter::from_fn(|| self.text.pop()).take(count).count();
        Step::Write("\u{8} \u{8}".repeat(deleted))
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Line({} bytes)", self.text.len())
    }
}

/// Characters of the last word and the blanks after it.
fn last_word(text: &str) -> usize {
    let kept = text
        .trim_end()
        .rfind(char::is_whitespace)
        .map_or(0, |blank| {
            blank + text[blank..].chars().next().map_or(0, char::len_utf8)
        });
    text[kept..].chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, the screen, and the step that was no `Write`.
    fn typed(echo: Echo, bytes: &[u8]) -> (String, String, Option<Step>) {
        let mut line = Line::new(echo);
        let mut screen = String::new();
        for byte in bytes {
            match line.feed(*byte) {
                Step::Write(text) => screen.push_str(&text),
                end => return (line.into_text().to_string(), screen, Some(end)),
            }
        }
        (line.into_text().to_string(), screen, None)
    }

    #[test]
    fn return_and_newline_end_the_line() {
        for end in [b'\r', b'\n'] {
            let (text, screen, step) = typed(Echo::Plain, &[b'a', b'b', end]);
            assert_eq!(
                (text.as_str(), screen.as_str(), step),
                ("ab", "ab", Some(Step::Done))
            );
        }
    }

    #[test]
    fn hidden_input_shows_stars_only() {
        let (text, screen, _) = typed(Echo::Stars, "gehéim🔑\r".as_bytes());
        assert_eq!((text.as_str(), screen.as_str()), ("gehéim🔑", "*******"));
        let (text, screen, _) = typed(Echo::Stars, b"ab\x7fc\r");
        assert_eq!((text.as_str(), screen.as_str()), ("ac", "**\u{8} \u{8}*"));
    }

    #[test]
    fn editing_keys() {
        for (bytes, text) in [
            ("abc\u{7f}\r", "ab"),
            ("abc\u{8}\u{8}\u{8}\u{8}x\r", "x"),
            ("é\u{7f}\r", ""),
            ("abc def\u{15}x\r", "x"),
            ("abc def\u{17}x\r", "abc x"),
            ("abc def  \u{17}x\r", "abc x"),
            ("abc\u{17}x\r", "x"),
            ("\u{17}x\r", "x"),
            ("a\u{1b}[D\u{1b}OAb\r", "ab"),
            ("\u{1b}[200~pasted\u{1b}[201~\r", "pasted"),
            ("\u{1b}[1;5Cx\r", "x"),
            ("\u{1b}x\r", "x"),
            ("a\u{4}b\r", "ab"),
            ("a\u{1a}\u{0}\tb\r", "ab"),
            ("a\u{85}b\r", "ab"),
        ] {
            assert_eq!(typed(Echo::Plain, bytes.as_bytes()).0, text, "{bytes:?}");
        }
    }

    #[test]
    fn ways_out() {
        assert_eq!(typed(Echo::Stars, b"abc\x03").2, Some(Step::Interrupted));
        assert_eq!(typed(Echo::Stars, b"\x1b[\x03").2, Some(Step::Interrupted));
        assert_eq!(typed(Echo::Stars, b"\x1b\x03").2, Some(Step::Interrupted));
        assert_eq!(typed(Echo::Stars, b"\xc3\x03").2, Some(Step::Interrupted));
        assert_eq!(typed(Echo::Stars, b"\x1c").2, Some(Step::Interrupted));
        assert_eq!(typed(Echo::Stars, b"\x04").2, Some(Step::Closed));
        assert_eq!(typed(Echo::Stars, b"a\x7f\x04").2, Some(Step::Closed));
    }

    #[test]
    fn bytes_that_are_no_utf8_are_dropped() {
        assert_eq!(typed(Echo::Plain, b"a\xffb\xc3(c\r").0, "abc");
    }

    #[test]
    fn the_buffer_never_moves() {
        let mut line = Line::new(Echo::Stars);
        let start = line.text.as_ptr();
        for _ in 0..CAPACITY {
            assert_eq!(line.feed(b'x'), Step::Write("*".into()));
        }
        assert_eq!(line.feed(b'x'), Step::TooLong);
        assert_eq!(line.text.as_ptr(), start);
    }
}
