//! Key events of Windows' console as the bytes that a terminal would send: a pure state machine.
//!
//! Source: `KEY_EVENT_RECORD` and "Virtual-Key Codes" of Microsoft's documentation.

use std::char::decode_utf16;

/// What of a key event matters here.
#[derive(Debug, Clone, Copy)]
pub struct KeyEvent {
    pub down: bool,
    pub repeat: u16,
    /// The key, whatever it types.
    pub code: u16,
    /// The UTF-16 unit it types; 0 if none.
    pub unit: u16,
}

/// The first half of a character beyond U+FFFF: its two units come as two events.
#[derive(Debug, Default)]
pub struct ConsoleInput {
    high: Option<u16>,
}

/// The Alt key. A character made with it and the number pad comes when it is let go.
const ALT: u16 = 0x12;

impl ConsoleInput {
    pub fn feed(&mut self, event: KeyEvent) -> Vec<u8> {
        if !event.down && (event.code != ALT || event.unit == 0) {
            return Vec::new();
        }
        let once = match event.unit {
            0 => sequence(event.code).to_owned(),
            unit => self.character(unit),
        };
        once.repeat(usize::from(event.repeat.max(1))).into_bytes()
    }

    fn character(&mut self, unit: u16) -> String {
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
            return String::new();
        }
        decode_utf16(self.high.take().into_iter().chain([unit]))
            .map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }
}

fn sequence(code: u16) -> &'static str {
    match code {
        0x21 => "\x1b[5~",
        0x22 => "\x1b[6~",
        0x23 => "\x1b[F",
        0x24 => "\x1b[H",
        0x26 => "\x1b[A",
        0x28 => "\x1b[B",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: u16, unit: u16) -> KeyEvent {
        KeyEvent {
            down: true,
            repeat: 1,
            code,
            unit,
        }
    }

    fn bytes(events: &[KeyEvent]) -> String {
        let mut input = ConsoleInput::default();
        let bytes = events.iter().flat_map(|event| input.feed(*event)).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn events_are_bytes() {
        let up = |code, unit| KeyEvent {
            down: false,
            ..pressed(code, unit)
        };
        let twice = KeyEvent {
            repeat: 2,
            ..pressed(0x41, 97)
        };
        for (events, expected) in [
            (vec![pressed(0x41, 97), up(0x41, 97)], "a"),
            (vec![twice], "aa"),
            (vec![pressed(0x0d, 13), pressed(0x43, 3)], "\r\u{3}"),
            (vec![pressed(0x26, 0), pressed(0x28, 0)], "\u{1b}[A\u{1b}[B"),
            // Shift alone, and Alt with the number pad.
            (vec![pressed(0x10, 0), pressed(ALT, 0), up(ALT, 0)], ""),
            (vec![pressed(ALT, 0), up(ALT, 0xe9)], "é"),
            (vec![pressed(0, 0xd83d), pressed(0, 0xdd11)], "🔑"),
            (vec![pressed(0, 0xd83d), pressed(0x41, 97)], "\u{fffd}a"),
            (vec![pressed(0, 0xdd11)], "\u{fffd}"),
        ] {
            assert_eq!(bytes(&events), expected, "{events:?}");
        }
    }
}
