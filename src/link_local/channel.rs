//! Short messages between us and our helpers, with open files attached.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

const MOST_FILES: usize = 2;
const MOST_BYTES: usize = 1024;

/// Both sides speak in turns, so one reading is one message.
#[derive(Debug)]
pub struct Channel(UnixStream);

/// What the first byte of a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// To the command's stage: its standard input is attached, as the channel is in that place.
    Begin = b'b',
    /// From it: in namespaces of its own, but nobody there yet.
    Unshared = b'u',
    /// To it: its user is known there now.
    Mapped = b'm',
    /// The listening socket is attached.
    Listening = b'l',
    /// To the command's stage: become the command.
    Go = b'g',
    /// Something failed; the text says what.
    Failed = b'f',
    /// The command cannot be started; the text is the error's number.
    NotRun = b'x',
}

#[derive(Debug)]
pub struct Message {
    pub kind: Kind,
    pub text: String,
    pub files: Vec<OwnedFd>,
}

impl Channel {
    pub fn new(stream: UnixStream, patience: Option<Duration>) -> io::Result<Self> {
        stream.set_read_timeout(patience)?;
        Ok(Self(stream))
    }

    pub fn stream(&self) -> &UnixStream {
        &self.0
    }

    pub fn send(&self, kind: Kind, text: &str, files: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !files.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(files));
        }
        let text = &text.as_bytes()[..text.len().min(MOST_BYTES - 1)];
        let bytes = [&[kind as u8], text].concat();
        // Whoever is gone must not kill us with SIGPIPE.
        let send = || {
            let parts = [IoSlice::new(&bytes)];
            sendmsg(self.0.as_fd(), &parts, &mut control, SendFlags::NOSIGNAL)
        };
        retry_on_intr(send)?;
        Ok(())
    }

    /// `None` when the other side is gone, or has become another program.
    pub fn receive(&self) -> io::Result<Option<Message>> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut bytes = [0; MOST_BYTES];
        let count = retry_on_intr(|| {
            let mut parts = [IoSliceMut::new(&mut bytes)];
            recvmsg(
                self.0.as_fd(),
                &mut parts,
                &mut control,
                RecvFlags::CMSG_CLOEXEC,
            )
        })?
        .bytes;
        let mut files = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                files.extend(received);
            }
        }
        let Some((first, text)) = bytes[..count].split_first() else {
            return Ok(None);
        };
        let kind = Kind::of(*first).ok_or(io::ErrorKind::InvalidData)?;
        let text = String::from_utf8_lossy(text).into_owned();
        Ok(Some(Message { kind, text, files }))
    }

    /// The next message, which must be of this kind; what failed on the other side fails here.
    pub fn expect(&self, kind: Kind) -> io::Result<Message> {
        match self.receive()? {
            Some(message) if message.kind == kind => Ok(message),
            Some(message) if message.kind == Kind::Failed => Err(io::Error::other(message.text)),
            Some(_) => Err(io::ErrorKind::InvalidData.into()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        let all = [
            Self::Begin,
            Self::Unshared,
            Self::Mapped,
            Self::Listening,
            Self::Go,
            Self::Failed,
            Self::NotRun,
        ];
        all.into_iter().find(|kind| *kind as u8 == byte)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    fn pair() -> (Channel, Channel) {
        let (a, b) = UnixStream::pair().unwrap();
        let patience = Some(Duration::from_secs(20));
        (
            Channel::new(a, patience).unwrap(),
            Channel::new(b, patience).unwrap(),
        )
    }

    #[test]
    fn files_come_with_the_message() {
        let (a, b) = pair();
        let (mut reader, writer) = std::io::pipe().unwrap();
        a.send(Kind::Listening, "", &[writer.as_fd()]).unwrap();
        drop(writer);
        let message = b.expect(Kind::Listening).unwrap();
        let [file] = <[OwnedFd; 1]>::try_from(message.files).unwrap();
        std::fs::File::from(file).write_all(b"through it").unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through it");
    }

    #[test]
    fn what_failed_there_fails_here() {
        let (a, b) = pair();
        a.send(Kind::Failed, "no luck", &[]).unwrap();
        assert_eq!(b.expect(Kind::Go).unwrap_err().to_string(), "no luck");
        a.send(Kind::Go, &"x".repeat(5000), &[]).unwrap();
        assert_eq!(b.expect(Kind::Go).unwrap().text.len(), MOST_BYTES - 1);
        a.send(Kind::Unshared, "", &[]).unwrap();
        let unexpected = b.expect(Kind::Go).unwrap_err();
        assert_eq!(unexpected.kind(), io::ErrorKind::InvalidData);
        drop(a);
        assert!(b.receive().unwrap().is_none());
    }
}
