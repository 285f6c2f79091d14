//! From what the user wishes of a window to a browser's command line.

use std::path::{Path, PathBuf};

use form_urlencoded::byte_serialize;

use super::colour::Colour;
use super::own_profile;
use super::table::{BROWSERS, Family, Known};
use crate::environment::Environment;
use crate::error::{CliError, visible};
use crate::program;

/// The add-on "Open external links in a container"; Granted's add-on reads `ext+granted-containers`.
const CONTAINER_SCHEME: &str = "ext+container";

/// Which window a link is to be opened in. Nothing chosen: whatever the system opens links with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// A name of the browser table, or an absolute path.
    pub browser: Option<String>,
    /// A profile that the user made in the browser.
    pub profile: Option<String>,
    pub container: Option<Container>,
    pub private: bool,
}

/// Cookies of its own, under a name and a colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub name: String,
    pub colour: Colour,
    /// URL scheme of Firefox's add-on, instead of `ext+container`.
    pub scheme: Option<String>,
}

/// Why there is no such window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    #[error("'{0}' is neither a browser we know by name nor the path of a program")]
    Unknown(String),
    #[error("{0} is not installed")]
    NotInstalled(&'static str),
    #[error("{what} needs a browser that is known by name")]
    NoBrowser { what: &'static str },
    #[error("{browser} has no {what}")]
    Impossible {
        browser: &'static str,
        what: &'static str,
    },
    #[error("{browser} has no profile '{profile}'")]
    NoProfile {
        browser: &'static str,
        profile: String,
        there_are: Vec<String>,
    },
    #[error("'{0}' is not the name of a URL scheme")]
    Scheme(String),
    #[error("{} cannot be prepared: {source}", path.display())]
    OwnProfile {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// A program, its arguments, and what becomes of the address before it is the last of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CommandLine {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    /// What goes before the address, which is then percent-encoded: a container add-on's own URL.
    pub(super) wrapped_in: Option<String>,
}

impl Window {
    /// The command line, or `None` when the system's own way of opening links will do.
    ///
    /// `state` is the directory that a browser profile of ours is made in.
    pub(super) fn command_line(
        &self,
        environment: &Environment,
        state: &Path,
    ) -> Result<Option<CommandLine>, WindowError> {
        let Some((known, program)) = self.browser(environment)? else {
            return Ok(None);
        };
        let Some(known) = known else {
            self.nothing_special()?;
            return Ok(Some(CommandLine {
                program,
                arguments: Vec::new(),
                wrapped_in: None,
            }));
        };
        let mut arguments = Vec::new();
        if let Some(profile) = &self.profile {
            arguments.extend(of_profile(known, profile, environment)?);
        }
        let mut wrapped_in = None;
        match (&self.container, known.family) {
            (None, _) => {}
            (Some(container), Family::Firefox) => wrapped_in = Some(container.url()?),
            (Some(container), Family::Chromium) => {
                let folder = own_profile::make(state, known.name(), container)?;
                arguments.push(format!("--user-data-dir={}", folder.display()));
                arguments
                    .extend(["--no-first-run", "--no-default-browser-check"].map(str::to_owned));
            }
            (Some(_), Family::Plain) => {
                return Err(WindowError::Impossible {
                    browser: known.name(),
                    what: "containers",
                });
            }
        }
        if self.private {
            let flag = known.private.ok_or(WindowError::Impossible {
                browser: known.name(),
                what: "flag for private windows",
            })?;
            arguments.push(flag.to_owned());
        } else if known.family == Family::Firefox {
            arguments.push("--new-tab".to_owned());
        }
        Ok(Some(on_this_system(known, program, arguments, wrapped_in)))
    }

    /// The browser and its program.
    fn browser(
        &self,
        environment: &Environment,
    ) -> Result<Option<(Option<&'static Known>, PathBuf)>, WindowError> {
        if let Some(name) = &self.browser {
            if let Some(known) = Known::find(name) {
                let program =
                    installed(known, environment).ok_or(WindowError::NotInstalled(known.name()))?;
                return Ok(Some((Some(known), program)));
            }
            let path = Path::new(name);
            return match program::find(name, environment).filter(|_| path.is_absolute()) {
                Some(program) => {
                    let file = path.file_name().and_then(|file| file.to_str());
                    Ok(Some((file.and_then(Known::of_program), program)))
                }
                None => Err(WindowError::Unknown(visible(name))),
            };
        }
        if *self == Self::default() {
            return Ok(None);
        }
        // Something special is wanted of whatever `BROWSER` names first.
        let variable = environment.var("BROWSER").unwrap_or_default();
        let word = variable.split([':', ' ']).next().unwrap_or_default();
        let file = Path::new(word).file_name().and_then(|file| file.to_str());
        match (
            file.and_then(Known::of_program),
            program::find(word, environment),
        ) {
            (Some(known), Some(program)) => Ok(Some((Some(known), program))),
            _ => Err(self.no_browser()),
        }
    }

    fn nothing_special(&self) -> Result<(), WindowError> {
        if self.profile.is_none() && self.container.is_none() && !self.private {
            return Ok(());
        }
        Err(self.no_browser())
    }

    fn no_browser(&self) -> WindowError {
        let what = match self {
            Self {
                container: Some(_), ..
            } => "a container",
            Self {
                profile: Some(_), ..
            } => "a browser profile",
            _ => "a private window",
        };
        WindowError::NoBrowser { what }
    }
}

impl Container {
    /// The add-on's URL, up to the address that it is to open.
    fn url(&self) -> Result<String, WindowError> {
        let scheme = self.scheme.as_deref().unwrap_or(CONTAINER_SCHEME);
        let is_scheme = scheme
            .strip_prefix("ext+")
            .is_some_and(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        if !is_scheme {
            return Err(WindowError::Scheme(visible(scheme)));
        }
        // The add-ons decode with decodeURIComponent, to which a plus is a plus.
        let name: String = byte_serialize(self.name.as_bytes()).collect();
        Ok(format!(
            "{scheme}:name={}&color={}&icon=fingerprint&url=",
            name.replace('+', "%20"),
            self.colour.name()
        ))
    }
}

impl CommandLine {
    pub(super) fn words(&self, url: &str) -> Vec<String> {
        let mut words = self.arguments.clone();
        words.push(match &self.wrapped_in {
            None => url.to_owned(),
            Some(prefix) => {
                let encoded: String = byte_serialize(url.as_bytes()).collect();
                format!("{prefix}{encoded}")
            }
        });
        words
    }
}

fn of_profile(
    known: &'static Known,
    profile: &str,
    environment: &Environment,
) -> Result<Vec<String>, WindowError> {
    match known.family {
        Family::Firefox => Ok(vec!["-P".to_owned(), profile.to_owned()]),
        Family::Chromium => {
            let directory = own_profile::directory_of(known, profile, environment)?;
            Ok(vec![format!("--profile-directory={directory}")])
        }
        Family::Plain => Err(WindowError::Impossible {
            browser: known.name(),
            what: "profiles to choose from",
        }),
    }
}

/// Safari and other plain applications of macOS are opened by `open`; every other browser by its program.
fn on_this_system(
    known: &Known,
    program: PathBuf,
    mut arguments: Vec<String>,
    wrapped_in: Option<String>,
) -> CommandLine {
    if cfg!(target_os = "macos") && known.family == Family::Plain {
        arguments.splice(0..0, ["-a".to_owned(), known.application.to_owned()]);
        return CommandLine {
            program: "/usr/bin/open".into(),
            arguments,
            wrapped_in,
        };
    }
    CommandLine {
        program,
        arguments,
        wrapped_in,
    }
}

fn installed(known: &Known, environment: &Environment) -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        let bundle = format!("{0}.app/Contents/MacOS/{0}", known.application);
        let firefox = format!("{}.app/Contents/MacOS/firefox", known.application);
        let below = [
            Some(PathBuf::from("/Applications")),
            environment.home().map(|home| home.join("Applications")),
        ];
        return below
            .into_iter()
            .flatten()
            .flat_map(|folder| [folder.join(&bundle), folder.join(&firefox)])
            .find(|path| path.is_file());
    }
    if cfg!(windows) {
        return ["ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"]
            .iter()
            .filter_map(|folder| environment.var_os(folder))
            .map(|folder| Path::new(folder).join(known.windows))
            .find(|path| !known.windows.is_empty() && path.is_file());
    }
    known
        .programs
        .iter()
        .find_map(|name| program::find(name, environment))
}

impl From<WindowError> for CliError {
    fn from(error: WindowError) -> Self {
        let hint = match &error {
            WindowError::Unknown(_) | WindowError::NoBrowser { .. } => {
                let names: Vec<_> = BROWSERS.iter().map(Known::name).collect();
                format!("--browser takes {}", names.join(", "))
            }
            WindowError::NotInstalled(_) => {
                "--browser chooses another one; an absolute path names a program".to_owned()
            }
            WindowError::Impossible { .. } => {
                "--browser chooses another one, e.g. firefox or chrome".to_owned()
            }
            WindowError::NoProfile { there_are, .. } => format!(
                "it has {}; --container={{profile}} makes one of our own",
                there_are.join(", ")
            ),
            WindowError::Scheme(_) => {
                "aws_vault_container_scheme is ext+container or ext+granted-containers".to_owned()
            }
            WindowError::OwnProfile { .. } => {
                "set AWS_VAULT_SESSION_DIR to a private directory with room in it".to_owned()
            }
        };
        Self::new(&error).hint(hint)
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
