//! The console of Windows (`CONIN$` and `CONOUT$`), switched to raw input for one question at a time.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use crossterm_winapi::{Console, ConsoleMode, Handle, InputRecord, KeyEventRecord, ScreenBuffer};

use super::TerminalError;
use super::console_input::{ConsoleInput, KeyEvent};

/// Lines, echo and Ctrl-C as a signal: `ENABLE_PROCESSED_INPUT`, `ENABLE_LINE_INPUT` and `ENABLE_ECHO_INPUT`.
const COOKED_INPUT: u32 = 0x1 | 0x2 | 0x4;
/// `ENABLE_PROCESSED_OUTPUT` and `ENABLE_VIRTUAL_TERMINAL_PROCESSING`: line ends and escape sequences are obeyed.
const TERMINAL_OUTPUT: u32 = 0x1 | 0x4;

#[derive(Debug)]
pub struct Tty {
    input: Handle,
    output: Handle,
}

/// Raw input until dropped.
#[derive(Debug)]
pub struct Raw<'a> {
    tty: &'a Tty,
    before: (u32, u32),
    decoder: ConsoleInput,
    ready: VecDeque<u8>,
}

impl Tty {
    /// The console itself, wherever standard input and output go.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            input: Handle::current_in_handle()?,
            output: Handle::current_out_handle()?,
        })
    }

    /// Windows knows no background jobs of a console.
    #[expect(clippy::unused_self, reason = "the same signature as on Unix")]
    pub fn is_ours(&self) -> bool {
        true
    }

    pub fn raw(&mut self) -> Result<Raw<'_>, TerminalError> {
        let input = ConsoleMode::from(self.input.clone());
        let output = ConsoleMode::from(self.output.clone());
        let before = (input.mode()?, output.mode()?);
        input.set_mode(before.0 & !COOKED_INPUT)?;
        // Windows before 10 knows no escape sequences; questions still work there.
        let _ = output.set_mode(before.1 | TERMINAL_OUTPUT);
        Ok(Raw {
            tty: self,
            before,
            decoder: ConsoleInput::default(),
            ready: VecDeque::new(),
        })
    }
}

impl Raw<'_> {
    /// One event at a time: what is typed after Return belongs to whoever reads next.
    pub fn read(&mut self) -> Result<u8, TerminalError> {
        let console = Console::from(self.tty.input.clone());
        loop {
            if let Some(byte) = self.ready.pop_front() {
                return Ok(byte);
            }
            if let InputRecord::KeyEvent(event) = console.read_single_input_event()? {
                self.ready.extend(self.decoder.feed(key_event(&event)));
            }
        }
    }

    /// The next byte, if one comes within a tenth of a second.
    pub fn read_soon(&mut self) -> Result<Option<u8>, TerminalError> {
        let console = Console::from(self.tty.input.clone());
        let end = Instant::now() + Duration::from_millis(100);
        while self.ready.is_empty() && Instant::now() < end {
            if console.number_of_console_input_events()? == 0 {
                std::thread::sleep(Duration::from_millis(5));
            } else if let InputRecord::KeyEvent(event) = console.read_single_input_event()? {
                self.ready.extend(self.decoder.feed(key_event(&event)));
            }
        }
        Ok(self.ready.pop_front())
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        let told = ScreenBuffer::from(self.tty.output.clone()).info();
        told.map_or((80, 25), |screen| {
            let window = screen.terminal_size();
            let known = |last: i16| usize::try_from(last).unwrap_or(0) + 1;
            (known(window.width), known(window.height))
        })
    }

    pub fn write(&mut self, text: &str) -> Result<(), TerminalError> {
        Console::from(self.tty.output.clone()).write_char_buffer(text.as_bytes())?;
        Ok(())
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        // Nothing is left to do if the console is gone.
        let _ = ConsoleMode::from(self.tty.input.clone()).set_mode(self.before.0);
        let _ = ConsoleMode::from(self.tty.output.clone()).set_mode(self.before.1);
    }
}

fn key_event(event: &KeyEventRecord) -> KeyEvent {
    KeyEvent {
        down: event.key_down,
        repeat: event.repeat_count,
        code: event.virtual_key_code,
        unit: event.u_char,
    }
}
