//! Opening a link in the user's browser, and the web server on this computer that pages of ours come from.

pub mod colour;
pub(crate) mod local;
mod own_profile;
mod redirect;
pub mod table;
mod window;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use redirect::Redirect;
use window::CommandLine;

use crate::environment::Environment;
use crate::error::CliError;
use crate::program;

pub use window::{Container, Window, WindowError};

/// A browser that starts cold on a slow disk takes its time.
const DEADLINE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

/// Why the link was not opened. Never holds the link.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    #[error("no program was found that opens a browser")]
    NoOpener,
    #[error("{} cannot be started: {source}", program.display())]
    NotStarted { program: PathBuf, source: io::Error },
    #[error("{} failed to open the browser ({status})", program.display())]
    Failed {
        program: PathBuf,
        status: std::process::ExitStatus,
    },
    #[error("the browser did not ask for the link within {} seconds", DEADLINE.as_secs())]
    NotFetched,
    #[error(transparent)]
    Window(#[from] WindowError),
    #[error("the link cannot be handed to the browser: {0}")]
    Io(#[from] io::Error),
}

/// Opens the link in the user's browser and returns once the browser has it.
///
/// The opener (`BROWSER`, else the system's) is told an address on this computer that redirects to the link once.
pub fn open(link: &SecretString, environment: &Environment) -> Result<(), BrowserError> {
    Opening::of_system(environment)?.open(link, environment)
}

/// How a link will be opened: found out before anybody is asked for a code.
#[derive(Debug)]
pub struct Opening(Way);

#[derive(Debug)]
enum Way {
    /// As the system opens links.
    System(Opener),
    Window(CommandLine),
}

impl Opening {
    /// In a window of the user's wish; `state` is the directory that browser profiles of ours are made in.
    pub fn to(
        window: &Window,
        environment: &Environment,
        state: &Path,
    ) -> Result<Self, BrowserError> {
        match window.command_line(environment, state)? {
            None => Self::of_system(environment),
            Some(line) => Ok(Self(Way::Window(line))),
        }
    }

    fn of_system(environment: &Environment) -> Result<Self, BrowserError> {
        openers(environment)
            .into_iter()
            .find_map(|words| Opener::find(&words, environment))
            .map(|opener| Self(Way::System(opener)))
            .ok_or(BrowserError::NoOpener)
    }

    /// Starts the browser on the address of a redirect, and serves that until it came for it. Whatever the window, the command
    /// line holds the address on this computer alone.
    pub fn open(&self, link: &SecretString, environment: &Environment) -> Result<(), BrowserError> {
        let redirect = Redirect::to(link)?;
        let mut child = self.start(&redirect.url(), environment)?;
        let deadline = Instant::now() + DEADLINE;
        let mut running = true;
        while Instant::now() < deadline {
            if redirect.serve()? {
                return Ok(());
            }
            // Success means little: most openers only pass the address on.
            if running && let Some(status) = child.try_wait()? {
                running = false;
                if !status.success() {
                    return Err(BrowserError::Failed {
                        program: self.program().to_owned(),
                        status,
                    });
                }
            }
            std::thread::sleep(POLL);
        }
        Err(BrowserError::NotFetched)
    }

    /// The same for an address that is no secret: it may stand on a command line, and nobody waits for the browser to fetch it.
    pub fn open_public(&self, url: &str, environment: &Environment) -> Result<(), BrowserError> {
        self.start(url, environment).map(drop)
    }

    fn program(&self) -> &Path {
        match &self.0 {
            Way::System(opener) => &opener.program,
            Way::Window(line) => &line.program,
        }
    }

    fn start(&self, url: &str, environment: &Environment) -> Result<Child, BrowserError> {
        let words = match &self.0 {
            Way::System(opener) => opener.arguments_with(url),
            Way::Window(line) => line.words(url),
        };
        let mut command = Command::new(self.program());
        command
            .args(words)
            .env_clear()
            .envs(program::harmless(environment))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // A browser that starts now outlives us, and Ctrl-C in this terminal is not meant for it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|source| BrowserError::NotStarted {
            program: self.program().to_owned(),
            source,
        })
    }
}

/// A program and its arguments; `%s` among them stands for the address.
#[derive(Debug, PartialEq, Eq)]
struct Opener {
    program: PathBuf,
    arguments: Vec<String>,
}

impl Opener {
    fn find(words: &[String], environment: &Environment) -> Option<Self> {
        let (program, arguments) = words.split_first()?;
        Some(Self {
            program: program::find(program, environment)?,
            arguments: arguments.to_vec(),
        })
    }

    fn arguments_with(&self, url: &str) -> Vec<String> {
        let mut arguments: Vec<_> = self
            .arguments
            .iter()
            .map(|word| word.replace("%s", url))
            .collect();
        if arguments == self.arguments {
            arguments.push(url.to_owned());
        }
        arguments
    }
}

/// Commands to try, the user's first: `BROWSER` is a list divided by colons, as xdg-open and Python read it.
fn openers(environment: &Environment) -> Vec<Vec<String>> {
    let chosen = environment.var("BROWSER").unwrap_or_default();
    let system: &[&str] = if cfg!(target_os = "macos") {
        &["/usr/bin/open"]
    } else if cfg!(windows) {
        &["rundll32 url.dll,FileProtocolHandler"]
    } else {
        &["xdg-open", "wslview", "x-www-browser"]
    };
    let separator = if cfg!(windows) { ';' } else { ':' };
    chosen
        .split(separator)
        .chain(system.iter().copied())
        .map(|command| command.split_whitespace().map(str::to_owned).collect())
        .filter(|words: &Vec<String>| !words.is_empty())
        .collect()
}

impl From<BrowserError> for CliError {
    fn from(error: BrowserError) -> Self {
        match error {
            BrowserError::Window(error) => error.into(),
            error => Self::new(&error).hint("--stdout prints the link, to be opened by hand"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_browsers_come_first() {
        let set: Environment = [("BROWSER", "firefox --new-tab %s: :w3m")]
            .into_iter()
            .collect();
        let words: Vec<String> = openers(&set)
            .into_iter()
            .map(|words| words.join(" "))
            .collect();
        assert_eq!(
            words[..3],
            ["firefox --new-tab %s", "w3m", words[2].as_str()]
        );
        assert!(!openers(&Environment::default()).is_empty());
    }

    #[test]
    fn the_address_goes_where_the_user_says() {
        let opener = |arguments: &[&str]| Opener {
            program: "/x".into(),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
        };
        assert_eq!(opener(&[]).arguments_with("u"), ["u"]);
        assert_eq!(opener(&["-n"]).arguments_with("u"), ["-n", "u"]);
        assert_eq!(
            opener(&["-n", "%s", "-x"]).arguments_with("u"),
            ["-n", "u", "-x"]
        );
    }
}
