//! What the user is told when something fails: one sentence of what happened, then what to do. Also owns the exit codes.

use std::fmt;

/// How the process ends because of the error.
///
/// 126/127 follow POSIX "Exit Status for Commands"; 130 is a shell's status for Ctrl-C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something failed: 1.
    Failure,
    /// The command line makes no sense: 2.
    Usage,
    /// The command was found but could not be run: 126.
    NotExecutable,
    /// The command was not found: 127.
    NotFound,
    /// Ctrl-C at a prompt: 130.
    Interrupted,
}

impl Kind {
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NotExecutable => 126,
            Self::NotFound => 127,
            Self::Interrupted => 130,
        }
    }
}

/// The error every subcommand returns. The message never holds a secret, a query string or a response body.
#[derive(Debug)]
pub struct CliError {
    pub kind: Kind,
    pub message: String,
    pub hints: Vec<String>,
}

impl CliError {
    pub fn new(message: impl fmt::Display) -> Self {
        Self {
            kind: Kind::Failure,
            message: message.to_string(),
            hints: Vec::new(),
        }
    }

    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(message).kind(Kind::Usage)
    }

    pub fn interrupted() -> Self {
        Self::new("interrupted").kind(Kind::Interrupted)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The text for stderr, control characters made visible: names and messages come from files and from the network.
    pub fn render(&self, command: Option<&str>) -> String {
        let command = command.map_or_else(String::new, |name| format!("{name}: "));
        let message = format!("aws-vault: error: {command}{}\n", visible(&self.message));
        let hints = self
            .hints
            .iter()
            .map(|hint| format!("hint: {}\n", visible(hint)));
        std::iter::once(message).chain(hints).collect()
    }
}

/// Escapes what could drive a terminal: C0 and C1 controls and the bidirectional overrides of Unicode.
///
/// A profile name or an STS message is somebody else's text (CVE-2021-42574 for the bidi part).
pub fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let hostile = c.is_control() && c != '\n'
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
            if hostile {
                c.escape_unicode().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_then_hints() {
        let error = CliError::new("profile 'x' not found").hint("run aws-vault list");
        assert_eq!(
            error.render(Some("exec")),
            "aws-vault: error: exec: profile 'x' not found\nhint: run aws-vault list\n"
        );
    }

    #[test]
    fn escape_sequences_are_shown_not_sent() {
        let shown = CliError::new("profile '\u{1b}]0;x\u{7}\u{202e}'").render(None);
        assert!(
            !shown.contains('\u{1b}') && !shown.contains('\u{7}') && !shown.contains('\u{202e}')
        );
    }
}
