//! Opening a link in the user's browser, and the web server on this computer that pages of ours come from.

pub(crate) mod local;
mod redirect;

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use redirect::Redirect;

use crate::environment::Environment;
use crate::error::CliError;
use crate::program;

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
    #[error("the link cannot be handed to the browser: {0}")]
    Io(#[from] io::Error),
}

/// Opens the link in the user's browser and returns once the browser has it.
///
/// The opener (`BROWSER`, else the system's) is told an address on this computer that redirects to the link once.
pub fn open(link: &SecretString, environment: &Environment) -> Result<(), BrowserError> {
    let opener = openers(environment)
        .into_iter()
        .find_map(|words| Opener::find(&words, environment))
        .ok_or(BrowserError::NoOpener)?;
    let redirect = Redirect::to(link)?;
    let mut child = opener.start(&redirect.url())?;
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
                    program: opener.program,
                    status,
                });
            }
        }
        std::thread::sleep(POLL);
    }
    Err(BrowserError::NotFetched)
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

    fn start(&self, url: &str) -> Result<Child, BrowserError> {
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments_with(url))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // A browser that starts now outlives us, and Ctrl-C in this terminal is not meant for it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|source| BrowserError::NotStarted {
            program: self.program.clone(),
            source,
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
        Self::new(&error).hint("--stdout prints the link, to be opened by hand")
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
