//! Who asks a person for an MFA code: the terminal, a dialog, or a device's own tool. One file per driver; which one is a pure
//! decision.

use std::ffi::OsString;
use std::time::Duration;

use zeroize::Zeroizing;

use super::run::{self, Failure, Invocation, Outcome};
use super::{Error, kdialog, osascript, pinentry, wincredui, ykman, zenity};
use crate::environment::Environment;
use crate::program;

/// How long a person has. The session's lock is held meanwhile, so a dialog that nobody sees must not stay for ever.
pub const LIMIT: Duration = Duration::from_mins(5);

/// The names are those of `--prompt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    Terminal,
    Kdialog,
    Zenity,
    Osascript,
    Ykman,
    Pinentry,
    Wincredui,
}

/// What decides which driver asks when none was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings {
    /// The controlling terminal can be opened. Where our output goes says nothing about that.
    pub terminal: bool,
    /// There is a screen to show a dialog on.
    pub display: bool,
    /// The user told which YubiKey to use.
    pub yubikey: bool,
}

/// What a driver works with.
#[derive(Debug)]
pub(super) struct Tools<'a> {
    pub environment: &'a Environment,
    pub limit: Duration,
}

pub(super) type Answer = Result<Zeroizing<String>, Error>;

impl Surroundings {
    pub fn new(terminal: bool, environment: &Environment) -> Self {
        let any = |names: [&str; 2]| names.iter().any(|name| environment.var_os(name).is_some());
        Self {
            terminal,
            display: cfg!(any(windows, target_os = "macos")) || any(["DISPLAY", "WAYLAND_DISPLAY"]),
            yubikey: any([ykman::CREDENTIAL, ykman::DEVICE]),
        }
    }
}

/// The driver to use when none was named; `None` where nobody can be asked.
pub fn choose(around: Surroundings, is_installed: impl Fn(Driver) -> bool) -> Option<Driver> {
    const DIALOGS: [Driver; 4] = [
        Driver::Kdialog,
        Driver::Osascript,
        Driver::Wincredui,
        Driver::Zenity,
    ];
    if around.terminal {
        return Some(Driver::Terminal);
    }
    let dialogs = DIALOGS.into_iter().filter(|_| around.display);
    let tokens = [Driver::Ykman].into_iter().filter(|_| around.yubikey);
    dialogs.chain(tokens).find(|driver| is_installed(*driver))
}

impl Driver {
    pub fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Kdialog => "kdialog",
            Self::Zenity => "zenity",
            Self::Osascript => "osascript",
            Self::Ykman => "ykman",
            Self::Pinentry => "pinentry",
            Self::Wincredui => "wincredui",
        }
    }

    /// Whether the program that the driver starts is there, or the system that has it.
    pub fn is_installed(self, environment: &Environment) -> bool {
        if self == Self::Wincredui {
            return cfg!(windows);
        }
        program::find(self.name(), environment).is_some()
    }

    /// Asks for a code of the device `serial`. The terminal is not ours to ask on: that driver is the caller's.
    pub fn ask(self, serial: &str, environment: &Environment) -> Answer {
        let tools = Tools {
            environment,
            limit: LIMIT,
        };
        match self {
            Self::Terminal => Err(Error::NoTerminal {
                serial: serial.to_owned(),
            }),
            Self::Kdialog => kdialog::ask(&tools, serial),
            Self::Zenity => zenity::ask(&tools, serial),
            Self::Osascript => osascript::ask(&tools, serial),
            Self::Ykman => ykman::ask(&tools, serial),
            Self::Pinentry => pinentry::ask(&tools, serial),
            Self::Wincredui => wincredui::ask(serial),
        }
    }
}

/// The question, as the terminal and the dialogs put it.
pub fn message(serial: &str) -> String {
    format!("Enter MFA code for {}: ", crate::error::visible(serial))
}

impl Tools<'_> {
    /// Starts the driver's program, found in `PATH` under the name given.
    pub fn start(
        &self,
        driver: Driver,
        program: &str,
        arguments: impl IntoIterator<Item = String>,
        input: String,
    ) -> Result<Outcome, Error> {
        let invocation = Invocation {
            program: program::find(program, self.environment).ok_or_else(|| {
                Error::NotInstalled {
                    driver: driver.name(),
                    program: program.to_owned(),
                }
            })?,
            arguments: arguments.into_iter().map(OsString::from).collect(),
            input,
            on_terminal: driver == Driver::Ykman,
        };
        run::run(&invocation, self.environment, self.limit).map_err(|failure| match failure {
            Failure::TimedOut => Error::TimedOut {
                driver: driver.name(),
                seconds: self.limit.as_secs(),
            },
            Failure::Io(error) => failed(driver, &error.to_string()),
        })
    }

    /// A dialog with one field: what it prints is the answer, and status 1 or nothing means that it was cancelled.
    pub fn dialog(&self, driver: Driver, arguments: impl IntoIterator<Item = String>) -> Answer {
        let outcome = self.start(driver, driver.name(), arguments, String::new())?;
        let typed = Zeroizing::new(outcome.stdout.trim().to_owned());
        match outcome.status.code() {
            Some(0) if !typed.is_empty() => Ok(typed),
            // Toolkits end with 1 as well when there is no screen.
            Some(0 | 1) if !outcome.stderr.contains("display") => Err(Error::Cancelled {
                driver: driver.name(),
            }),
            _ => Err(failure(driver, &outcome)),
        }
    }
}

/// A program that failed, in its own words if it has any.
pub(super) fn failure(driver: Driver, outcome: &Outcome) -> Error {
    // Qt follows up the reason with advice.
    let about_display = outcome.stderr.lines().find(|line| line.contains("display"));
    let said = about_display.or(outcome.stderr.lines().rfind(|line| !line.trim().is_empty()));
    match said {
        Some(line) => failed(driver, &format!("{} ({})", line.trim(), outcome.status)),
        None => failed(driver, &outcome.status.to_string()),
    }
}

pub(super) fn failed(driver: Driver, reason: &str) -> Error {
    Error::Driver {
        driver: driver.name(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_then_a_dialog_then_a_device() {
        use Driver::{Kdialog, Osascript, Terminal, Ykman, Zenity};
        let all = [Kdialog, Osascript, Ykman, Zenity].as_slice();
        for (terminal, display, yubikey, installed, chosen) in [
            (true, true, true, all, Some(Terminal)),
            (true, false, false, &[], Some(Terminal)),
            (false, true, true, all, Some(Kdialog)),
            (false, true, true, &[Zenity, Ykman], Some(Zenity)),
            (false, true, true, &[Ykman], Some(Ykman)),
            (false, true, false, &[Ykman], None),
            (false, false, true, all, Some(Ykman)),
            // Installed, but there is no screen to show it on.
            (false, false, false, all, None),
        ] {
            let around = Surroundings {
                terminal,
                display,
                yubikey,
            };
            let found = choose(around, |driver| installed.contains(&driver));
            assert_eq!(found, chosen, "{around:?} {installed:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn surroundings_are_in_the_environment() {
        let around = |name: &'static str| {
            let environment: Environment = [(name, "1")].into_iter().collect();
            let around = Surroundings::new(false, &environment);
            (around.display, around.yubikey)
        };
        assert_eq!(around("DISPLAY"), (true, false));
        assert_eq!(around("WAYLAND_DISPLAY"), (true, false));
        assert_eq!(around("YKMAN_OATH_CREDENTIAL_NAME"), (false, true));
        assert_eq!(around("YKMAN_OATH_DEVICE_SERIAL"), (false, true));
        assert_eq!(around("HOME"), (false, false));
    }
}
