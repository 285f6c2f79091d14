//! Talking to a person.
//!
//! The rules: questions and answers go over the controlling terminal, never over stdin and stdout, which belong to scripts
//! (`credential_process`, `eval "$(aws-vault export …)"`). Progress goes to stderr, and only if that is a terminal. Whatever
//! ends a question (Return, Ctrl-C, SIGTERM), the terminal is left as it was found.

mod clipboard;
#[cfg(any(windows, test))]
mod console_input;
mod keys;
mod line;
mod pick;
mod picker;
#[cfg(unix)]
#[path = "terminal/unix.rs"]
mod tty;
#[cfg(windows)]
#[path = "terminal/windows.rs"]
mod tty;

use std::io::IsTerminal as _;

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::error::{CliError, visible};
use line::{Echo, Line, Step};

pub use picker::Choice;

/// The controlling terminal.
#[derive(Debug)]
pub struct Terminal {
    tty: tty::Tty,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    #[error("there is no terminal to ask on: {0}")]
    NoTerminal(#[source] std::io::Error),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Ctrl-D, or the terminal went away.
    #[error("the question was left without an answer")]
    Closed,
    #[error("the answer is too long")]
    TooLong,
    #[error("the terminal failed: {0}")]
    Io(#[from] std::io::Error),
}

impl Terminal {
    /// Fails where nobody could answer: cron, CI, a container without `-t`.
    pub fn open() -> Result<Self, TerminalError> {
        Ok(Self {
            tty: tty::Tty::open().map_err(TerminalError::NoTerminal)?,
        })
    }

    /// Whether there is one, and our process group has it: a background job that reads is stopped by the kernel.
    pub fn is_ours() -> bool {
        tty::Tty::open().is_ok_and(|tty| tty.is_ours())
    }

    /// Asks for something that may be seen. The answer is not trimmed.
    pub fn ask(&mut self, prompt: &str) -> Result<Zeroizing<String>, TerminalError> {
        self.line(prompt, Echo::Plain)
    }

    /// Asks for a secret; each character shows as a star. The answer is not trimmed.
    pub fn ask_hidden(&mut self, prompt: &str) -> Result<Zeroizing<String>, TerminalError> {
        self.line(prompt, Echo::Stars)
    }

    /// Whether the answer is `y` or `yes`. Everything else is no.
    pub fn confirm(&mut self, prompt: &str) -> Result<bool, TerminalError> {
        let answer = self.ask(prompt)?.trim().to_lowercase();
        Ok(answer == "y" || answer == "yes")
    }

    /// Shows something that must not go to stdout or a log.
    pub fn show(&mut self, text: &str) -> Result<(), TerminalError> {
        self.tty.raw()?.write(&visible(text))
    }

    /// Puts a text into the clipboard of the terminal's user, if the terminal can do that: it does not say.
    pub fn copy(&mut self, text: &SecretString) -> Result<(), TerminalError> {
        self.tty.raw()?.write(&clipboard::sequence(text))
    }

    fn line(&mut self, prompt: &str, echo: Echo) -> Result<Zeroizing<String>, TerminalError> {
        let mut raw = self.tty.raw()?;
        raw.write(&visible(prompt))?;
        let mut line = Line::new(echo);
        let end = loop {
            match line.feed(raw.read()?) {
                Step::Write(text) => raw.write(&text)?,
                Step::Done => break Ok(line.into_text()),
                Step::Interrupted => break Err(TerminalError::Interrupted),
                Step::Closed => break Err(TerminalError::Closed),
                Step::TooLong => break Err(TerminalError::TooLong),
            }
        };
        raw.write("\n")?;
        end
    }
}

impl From<TerminalError> for CliError {
    fn from(error: TerminalError) -> Self {
        match error {
            TerminalError::Interrupted => Self::interrupted(),
            other => Self::new(other),
        }
    }
}

/// The width of the terminal that standard output is; `None` when it is none.
pub fn columns_of_stdout() -> Option<usize> {
    #[cfg(unix)]
    return rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0);
    #[cfg(not(unix))]
    return None;
}

/// One line on what is going on, for somebody who watches; nothing in scripts and logs.
pub fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{}", visible(text));
    }
}

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Strong,
    Faint,
    Warning,
}

/// Whether to colour what goes to a stream: only on a terminal that can, and not against `NO_COLOR`.
///
/// Source: no-color.org ("when present and not an empty string").
pub fn colours(stream_is_terminal: bool, environment: &Environment) -> bool {
    stream_is_terminal
        && environment.var_os("NO_COLOR").is_none()
        && environment.var("TERM").is_some_and(|term| term != "dumb")
}

/// The text in a style, or as it is when `colours` says no.
pub fn styled(text: &str, style: Style, colours: bool) -> String {
    let code = match style {
        Style::Strong => 1,
        Style::Faint => 2,
        Style::Warning => 33,
    };
    if colours {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_need_a_capable_terminal_and_consent() {
        let environment = |pairs: &[(&str, &str)]| pairs.iter().copied().collect::<Environment>();
        let xterm = environment(&[("TERM", "xterm-256color")]);
        assert!(colours(true, &xterm));
        assert!(!colours(false, &xterm));
        assert!(!colours(true, &environment(&[("TERM", "dumb")])));
        assert!(!colours(true, &environment(&[])));
        assert!(!colours(
            true,
            &environment(&[("TERM", "xterm"), ("NO_COLOR", "1")])
        ));
        assert!(colours(
            true,
            &environment(&[("TERM", "xterm"), ("NO_COLOR", "")])
        ));
        assert_eq!(styled("x", Style::Strong, true), "\u{1b}[1mx\u{1b}[0m");
        assert_eq!(styled("x", Style::Strong, false), "x");
    }

    #[test]
    fn ctrl_c_is_130() {
        assert_eq!(
            CliError::from(TerminalError::Interrupted).kind.exit_code(),
            130
        );
        assert_eq!(CliError::from(TerminalError::Closed).kind.exit_code(), 1);
    }
}
