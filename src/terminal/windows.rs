//! The console of Windows: not supported yet (`CONIN$`, `CONOUT$`).

#![expect(clippy::unused_self, reason = "the same signatures as on Unix")]

use std::io;

use super::TerminalError;

#[derive(Debug)]
pub struct Tty;

#[derive(Debug)]
pub struct Raw<'a>(std::marker::PhantomData<&'a Tty>);

impl Tty {
    pub fn open() -> io::Result<Self> {
        Err(unsupported())
    }

    pub fn is_ours(&self) -> bool {
        true
    }

    pub fn raw(&mut self) -> Result<Raw<'_>, TerminalError> {
        Err(unsupported().into())
    }
}

impl Raw<'_> {
    pub fn read(&mut self) -> Result<u8, TerminalError> {
        Err(unsupported().into())
    }

    pub fn read_soon(&mut self) -> Result<Option<u8>, TerminalError> {
        Err(unsupported().into())
    }

    pub fn size(&self) -> (usize, usize) {
        (80, 25)
    }

    pub fn write(&mut self, _text: &str) -> Result<(), TerminalError> {
        Err(unsupported().into())
    }
}

fn unsupported() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "questions on a Windows console are not supported yet",
    )
}
