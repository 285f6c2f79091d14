//! Where MFA codes come from in one run: the flag, else whoever can be asked here.

use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::args::{MfaToken, Prompt};
use super::context::Context;
use super::output::notice;
use crate::config::recursion::Running;
use crate::environment::Environment;
use crate::error::CliError;
use crate::mfa::driver::{Driver, Surroundings, choose, message};
use crate::mfa::{CodeSource, Error, TokenCode};
use crate::terminal::{Terminal, TerminalError};

impl Context {
    /// The sources of this run. No driver is looked for before a code is needed.
    pub fn codes(&self, mfa: &MfaToken) -> Result<CodeSource, CliError> {
        let flag = match &mfa.mfa_token {
            None => None,
            Some(text) => Some(TokenCode::parse(text.expose_secret()).ok_or_else(|| {
                CliError::usage("--mfa-token is not six digits")
                    .hint("type the six digits that the device shows")
            })?),
        };
        let named = self.global.prompt.and_then(Prompt::driver);
        let debug = self.global.debug;
        let environment = self.environment.clone();
        let ask = move |serial: &str| ask(serial, named, &environment, debug);
        let running = Running::of(&self.environment);
        let of_vault = self.global.prompt == Some(Prompt::Vault);
        Ok(CodeSource::new(flag, Box::new(ask), running).of_vault(of_vault))
    }
}

fn ask(
    serial: &str,
    named: Option<Driver>,
    environment: &Environment,
    debug: bool,
) -> Result<Zeroizing<String>, Error> {
    let driver = named.or_else(|| {
        let around = Surroundings::new(Terminal::open().is_ok(), environment);
        choose(around, |driver| driver.is_installed(environment))
    });
    let Some(driver) = driver else {
        return Err(no_terminal(serial));
    };
    if debug {
        notice(&format!("the MFA code is asked for by {}", driver.name()));
    }
    match driver {
        Driver::Terminal => on_terminal(serial),
        driver => driver.ask(serial, environment),
    }
}

pub(super) fn on_terminal(serial: &str) -> Result<Zeroizing<String>, Error> {
    Terminal::open()
        .and_then(|mut terminal| terminal.ask(&message(serial)))
        .map_err(|error| match error {
            TerminalError::Interrupted => Error::Interrupted,
            TerminalError::NoTerminal(_) => no_terminal(serial),
            other => Error::Terminal(other.to_string()),
        })
}

fn no_terminal(serial: &str) -> Error {
    Error::NoTerminal {
        serial: serial.to_owned(),
    }
}

impl Prompt {
    /// `None` for what asks nobody, or is only a name to refuse.
    pub(super) fn driver(self) -> Option<Driver> {
        match self {
            Self::Terminal => Some(Driver::Terminal),
            Self::Kdialog => Some(Driver::Kdialog),
            Self::Zenity => Some(Driver::Zenity),
            Self::Osascript => Some(Driver::Osascript),
            Self::Ykman => Some(Driver::Ykman),
            Self::Pinentry => Some(Driver::Pinentry),
            Self::Wincredui => Some(Driver::Wincredui),
            Self::Vault | Self::Pass => None,
        }
    }
}
