//! Keys of a terminal, from the bytes they send: a pure state machine.

/// A key that means something in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Enter,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// Backspace.
    Delete,
    /// Ctrl-W.
    DeleteWord,
    /// Ctrl-U.
    DeleteAll,
    /// Ctrl-C, Ctrl-\ and Escape.
    Interrupt,
    /// Ctrl-D.
    Close,
    /// Any other key.
    Other,
}

/// Bytes of a key that is not complete yet.
#[derive(Debug, Default)]
pub struct Keys {
    pending: Vec<u8>,
}

const ESC: u8 = 0x1b;
/// Longer than any sequence a key sends.
const MOST_BYTES: usize = 16;

impl Keys {
    /// The key that this byte completes.
    pub fn feed(&mut self, byte: u8) -> Option<Key> {
        // A sequence cut short: the control key counts for itself, Ctrl-C above all.
        if byte < 0x20 {
            self.pending.clear();
        }
        self.pending.push(byte);
        let key = match self.pending.as_slice() {
            [ESC, rest @ ..] => sequence(rest),
            bytes => plain(bytes),
        };
        let key = key.or((self.pending.len() > MOST_BYTES).then_some(Key::Other));
        if key.is_some() {
            self.pending.clear();
        }
        key
    }

    /// Whether only time tells the Escape key from the start of a sequence.
    pub fn is_undecided(&self) -> bool {
        self.pending == [ESC]
    }

    /// Nothing followed: it was the Escape key.
    pub fn pause(&mut self) -> Key {
        self.pending.clear();
        Key::Interrupt
    }
}

/// What follows ESC. Source: XTerm Control Sequences, "PC-Style Function Keys".
fn sequence(rest: &[u8]) -> Option<Key> {
    match rest {
        [b'O', end] => Some(cursor_key(*end)),
        [b'[', parameters @ .., end @ 0x40..=0x7e] => Some(match (parameters, end) {
            (b"5", b'~') => Key::PageUp,
            (b"6", b'~') => Key::PageDown,
            (b"1" | b"7", b'~') => Key::First,
            (b"4" | b"8", b'~') => Key::Last,
            ([], end) => cursor_key(*end),
            _ => Key::Other,
        }),
        // The rest is still to come.
        [] | [b'O'] | [b'[', ..] => None,
        _ => Some(Key::Other),
    }
}

fn cursor_key(end: u8) -> Key {
    match end {
        b'A' | b'Z' => Key::Up,
        b'B' => Key::Down,
        b'H' => Key::First,
        b'F' => Key::Last,
        _ => Key::Other,
    }
}

fn plain(bytes: &[u8]) -> Option<Key> {
    match bytes {
        [b'\r' | b'\n'] => Some(Key::Enter),
        // Ctrl-N; Tab.
        [0x0e | b'\t'] => Some(Key::Down),
        // Ctrl-P.
        [0x10] => Some(Key::Up),
        [0x03 | 0x1c] => Some(Key::Interrupt),
        [0x04] => Some(Key::Close),
        [0x08 | 0x7f] => Some(Key::Delete),
        [0x17] => Some(Key::DeleteWord),
        [0x15] => Some(Key::DeleteAll),
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => Some(
                text.chars()
                    .next()
                    .filter(|c| !c.is_control())
                    .map_or(Key::Other, Key::Char),
            ),
            // The rest of the character is still to come.
            Err(error) if error.error_len().is_none() => None,
            Err(_) => Some(Key::Other),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_keys() {
        use Key::{
            Char, Close, Delete, DeleteAll, DeleteWord, Down, Enter, First, Interrupt, Last, Other,
            PageDown, PageUp, Up,
        };
        for (bytes, keys) in [
            ("aé🔑", vec![Char('a'), Char('é'), Char('🔑')]),
            ("\r\n", vec![Enter, Enter]),
            ("\u{1b}[A\u{1b}OA\u{1b}[Z\u{10}", vec![Up; 4]),
            ("\u{1b}[B\u{1b}OB\t\u{e}", vec![Down; 4]),
            ("\u{1b}[5~\u{1b}[6~", vec![PageUp, PageDown]),
            ("\u{1b}[H\u{1b}[1~\u{1b}OH", vec![First; 3]),
            ("\u{1b}[F\u{1b}[4~", vec![Last; 2]),
            (
                "\u{7f}\u{8}\u{17}\u{15}",
                vec![Delete, Delete, DeleteWord, DeleteAll],
            ),
            ("\u{3}\u{1c}\u{4}", vec![Interrupt, Interrupt, Close]),
            ("\u{1b}\u{3}", vec![Interrupt]),
            ("\u{1b}[\u{3}", vec![Interrupt]),
            ("\u{1b}[1;5C\u{1b}x\u{1b}OP\u{0}", vec![Other; 4]),
            ("\u{1b}[200~x", vec![Other, Char('x')]),
        ] {
            let mut state = Keys::default();
            let got: Vec<_> = bytes.bytes().filter_map(|byte| state.feed(byte)).collect();
            assert_eq!(got, keys, "{bytes:?}");
            assert!(!state.is_undecided());
        }
    }

    #[test]
    fn a_lone_escape_is_known_by_the_silence_after_it() {
        let mut state = Keys::default();
        assert_eq!(state.feed(ESC), None);
        assert!(state.is_undecided());
        assert_eq!(state.pause(), Key::Interrupt);
        assert_eq!(state.feed(b'a'), Some(Key::Char('a')));
    }

    #[test]
    fn garbage_comes_to_an_end() {
        let mut state = Keys::default();
        let keys: Vec<_> = b"\xff\x1b[0000000000000000000"
            .iter()
            .filter_map(|byte| state.feed(*byte))
            .collect();
        assert_eq!(keys[..2], [Key::Other; 2]);
    }
}
