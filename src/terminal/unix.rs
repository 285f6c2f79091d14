//! `/dev/tty`, switched to raw input for one question at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize,
    tcsetattr,
};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::TerminalError;

/// The terminal a question is being asked on, and how it was before. Process-wide because a signal is.
static ASKING: Mutex<Option<(File, Termios)>> = Mutex::new(None);

#[derive(Debug)]
pub struct Tty {
    file: File,
}

/// Raw input until dropped.
#[derive(Debug)]
pub struct Raw<'a> {
    file: &'a File,
    before: Termios,
}

impl Tty {
    pub fn open() -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        Ok(Self { file })
    }

    /// Whether our process group is in the foreground.
    pub fn is_ours(&self) -> bool {
        rustix::termios::tcgetpgrp(&self.file)
            .is_ok_and(|group| group == rustix::process::getpgrp())
    }

    /// Byte by byte, without echo, with Ctrl-C as a byte: a signal would end us before the echo is back on.
    pub fn raw(&mut self) -> Result<Raw<'_>, TerminalError> {
        restore_on_sigterm();
        let before = tcgetattr(&self.file).map_err(io::Error::from)?;
        *asking() = Some((self.file.try_clone()?, before.clone()));
        let raw = Raw {
            file: &self.file,
            before,
        };
        let mut modes = raw.before.clone();
        modes.local_modes -=
            LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN;
        modes.input_modes -= InputModes::ICRNL | InputModes::INLCR | InputModes::IGNCR;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        set(&self.file, &modes)?;
        Ok(raw)
    }
}

impl Raw<'_> {
    /// One byte only: what is typed after Return belongs to whoever reads next.
    pub fn read(&mut self) -> Result<u8, TerminalError> {
        let mut byte = [0];
        match self.file.read_exact(&mut byte) {
            Ok(()) => Ok(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(TerminalError::Closed)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The next byte, if one comes within a tenth of a second.
    pub fn read_soon(&mut self) -> Result<Option<u8>, TerminalError> {
        let waiting = tcgetattr(self.file).map_err(io::Error::from)?;
        let mut impatient = waiting.clone();
        impatient.special_codes[SpecialCodeIndex::VMIN] = 0;
        impatient.special_codes[SpecialCodeIndex::VTIME] = 1;
        set(self.file, &impatient)?;
        let mut byte = [0];
        let read = self.file.read(&mut byte);
        set(self.file, &waiting)?;
        Ok((read? > 0).then_some(byte[0]))
    }

    /// Columns and rows; what a terminal does not tell is that of the VT100.
    pub fn size(&self) -> (usize, usize) {
        let told = tcgetwinsize(self.file).ok();
        let known = |told: Option<u16>, usual| match told {
            None | Some(0) => usual,
            Some(count) => usize::from(count),
        };
        (
            known(told.map(|size| size.ws_col), 80),
            known(told.map(|size| size.ws_row), 24),
        )
    }

    pub fn write(&mut self, text: &str) -> Result<(), TerminalError> {
        Ok(self.file.write_all(text.as_bytes())?)
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        *asking() = None;
        // Nothing is left to do if the terminal is gone.
        let _ = set(self.file, &self.before);
    }
}

/// Puts the terminal back when `kill` ends us in the middle of a question, then dies of the signal as before.
///
/// SIGHUP is left alone: its terminal is gone, and a handler would undo `nohup` for the command we become.
fn restore_on_sigterm() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // Without the thread SIGTERM still ends us; only the echo stays off.
        let Ok(mut signals) = Signals::new([SIGTERM]) else {
            return;
        };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if let Some((file, before)) = asking().as_ref() {
                    let _ = set(file, before);
                }
                let _ = emulate_default_handler(signal);
            }
        });
    });
}

fn asking() -> MutexGuard<'static, Option<(File, Termios)>> {
    ASKING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set(file: &File, modes: &Termios) -> io::Result<()> {
    Ok(tcsetattr(file, OptionalActions::Drain, modes)?)
}
