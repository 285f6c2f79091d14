//! Where an MFA code comes from: `--mfa-token`, `mfa_process`, or a person. Asked only when a step really needs one.

pub mod driver;
mod kdialog;
mod osascript;
mod pinentry;
mod process;
mod run;
pub mod totp;
mod wincredui;
mod ykman;
mod zenity;

use std::cell::RefCell;

use zeroize::Zeroizing;

use crate::config::chain::Mfa;
use crate::config::recursion::Running;

/// The six digits of a TOTP device.
///
/// Source: STS API Reference, parameter `TokenCode` (length 6, digits).
#[derive(PartialEq, Eq)]
pub struct TokenCode(Zeroizing<String>);

impl TokenCode {
    /// Accepts the spelling of authenticator apps ("123 456").
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| Self(Zeroizing::new(digits)))
    }

    /// The code that shows the last six digits of a number.
    fn of_number(number: u32) -> Self {
        Self(Zeroizing::new(format!("{:06}", number % 1_000_000)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for TokenCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenCode(…)")
    }
}

/// Why no code could be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("an MFA code for {serial} is needed, and there is no terminal to ask on")]
    NoTerminal { serial: String },
    #[error("interrupted")]
    Interrupted,
    #[error("the MFA code {given} is not six digits")]
    Malformed { given: &'static str },
    #[error(
        "the chain needs a second MFA code, and --mfa-token gave one; AWS accepts each code once"
    )]
    Spent,
    #[error("mfa_process failed: {reason}")]
    Process { reason: String },
    #[error("the terminal failed: {0}")]
    Terminal(String),
    #[error("the seed of the MFA device {serial} is not in the vault")]
    NoSeed { serial: String },
    #[error("the question for the MFA code was cancelled in {driver}")]
    Cancelled { driver: &'static str },
    #[error("{driver} cannot ask for the MFA code: {program} was not found")]
    NotInstalled {
        driver: &'static str,
        program: String,
    },
    #[error("{driver} got no MFA code within {seconds} seconds")]
    TimedOut { driver: &'static str, seconds: u64 },
    #[error("{driver} could not ask for the MFA code: {reason}")]
    Driver {
        driver: &'static str,
        reason: String,
    },
}

impl Error {
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoTerminal { .. } => Some(
                "run it in a terminal, pass --mfa-token, set mfa_process in the profile, or choose a dialog with --prompt",
            ),
            Self::Malformed { .. } => Some("type the six digits that the device shows"),
            Self::Spent => Some("leave --mfa-token out to be asked for each code"),
            Self::Process { .. } => {
                Some("run the command of mfa_process by hand: it must print six digits")
            }
            Self::NoSeed { .. } => Some(
                "`aws-vault bastion enroll-mfa --keep-seed` keeps that of a new device; choose another --prompt (AWS_VAULT_PROMPT)",
            ),
            Self::NotInstalled { .. } => Some(
                "install it into a directory that PATH names, or choose another --prompt (AWS_VAULT_PROMPT)",
            ),
            Self::Driver { .. } => Some("choose another --prompt (AWS_VAULT_PROMPT)"),
            Self::Interrupted
            | Self::Terminal(_)
            | Self::Cancelled { .. }
            | Self::TimedOut { .. } => None,
        }
    }
}

/// How a person is asked: for a code of the device with this serial number.
pub type Ask = dyn Fn(&str) -> Result<Zeroizing<String>, Error>;

/// The sources of one run, and what they gave already.
pub struct CodeSource {
    flag: RefCell<Option<TokenCode>>,
    flag_given: bool,
    ask: Box<Ask>,
    /// Codes come from the seeds in the vault, where nothing goes before them.
    of_vault: bool,
    running: Running,
}

impl CodeSource {
    pub fn new(flag: Option<TokenCode>, ask: Box<Ask>, running: Running) -> Self {
        Self {
            running,
            flag_given: flag.is_some(),
            flag: RefCell::new(flag),
            ask,
            of_vault: false,
        }
    }

    /// The same, but nobody is asked: codes are computed from the seeds in the vault.
    #[must_use]
    pub fn of_vault(self, of_vault: bool) -> Self {
        Self { of_vault, ..self }
    }

    /// Whether the code for the device is the vault's to give: neither --mfa-token nor `mfa_process` goes before it.
    pub fn is_of_vault(&self, mfa: &Mfa) -> bool {
        self.of_vault && !self.flag_given && mfa.process.is_none()
    }

    /// A code for the device, never one that was given before.
    pub fn code(&self, mfa: &Mfa) -> Result<TokenCode, Error> {
        if self.flag_given {
            return self.flag.take().ok_or(Error::Spent);
        }
        if let Some(command) = &mfa.process {
            let running = self.running.and(&mfa.serial.value, command);
            let output = process::run(&command.value, &running)?;
            return TokenCode::parse(&output).ok_or(Error::Malformed {
                given: "that mfa_process printed",
            });
        }
        self.ask_person(mfa)
    }

    /// Another code after AWS refused `refused`; `None` when no source can give one.
    pub fn another_code(&self, mfa: &Mfa, refused: &TokenCode) -> Result<Option<TokenCode>, Error> {
        if self.flag_given {
            return Ok(None);
        }
        // A process that computes the code gives the same one until the next 30 seconds begin.
        Ok(Some(self.code(mfa)?).filter(|code| code != refused))
    }

    fn ask_person(&self, mfa: &Mfa) -> Result<TokenCode, Error> {
        for _ in 0..3 {
            if let Some(code) = TokenCode::parse(&(self.ask)(&mfa.serial.value)?) {
                return Ok(code);
            }
        }
        Err(Error::Malformed { given: "typed" })
    }
}

impl std::fmt::Debug for CodeSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeSource")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::{Origin, Setting};

    fn device(process: Option<&str>) -> Mfa {
        let setting = |text: &str| Setting::new(text.to_owned(), Origin::Flag("--test"));
        Mfa {
            serial: setting("arn:aws:iam::111122223333:mfa/jon"),
            process: process.map(setting),
        }
    }

    fn typed(answers: &'static [&'static str]) -> CodeSource {
        let next = std::cell::Cell::new(0);
        CodeSource::new(
            None,
            Box::new(move |_| {
                let index = next.replace(next.get() + 1);
                answers
                    .get(index)
                    .map(|answer| Zeroizing::new((*answer).to_owned()))
                    .ok_or(Error::Interrupted)
            }),
            Running::default(),
        )
    }

    #[test]
    fn codes() {
        assert_eq!(TokenCode::parse(" 123 456\n").unwrap().as_str(), "123456");
        for bad in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert!(TokenCode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_flag_serves_one_call() {
        let source = CodeSource::new(
            TokenCode::parse("123456"),
            Box::new(|_| Err(Error::Interrupted)),
            Running::default(),
        );
        let code = source.code(&device(None)).unwrap();
        assert!(source.another_code(&device(None), &code).unwrap().is_none());
        assert!(matches!(source.code(&device(None)), Err(Error::Spent)));
    }

    #[test]
    fn a_person_is_asked_until_there_are_six_digits() {
        assert_eq!(
            typed(&["", "abc", "123456"])
                .code(&device(None))
                .unwrap()
                .as_str(),
            "123456"
        );
        assert!(matches!(
            typed(&["1", "2", "3", "123456"]).code(&device(None)),
            Err(Error::Malformed { .. })
        ));
    }

    #[test]
    #[cfg(unix)]
    fn a_process_goes_before_a_person_and_never_repeats_a_code() {
        let source = typed(&[]);
        let code = source.code(&device(Some("echo ' 654321 '"))).unwrap();
        assert_eq!(code.as_str(), "654321");
        assert!(
            source
                .another_code(&device(Some("echo 654321")), &code)
                .unwrap()
                .is_none()
        );
        assert!(matches!(
            source.code(&device(Some("exit 3"))),
            Err(Error::Process { .. })
        ));
        assert!(matches!(
            source.code(&device(Some("echo hello"))),
            Err(Error::Malformed { .. })
        ));
    }
}
