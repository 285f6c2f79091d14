//! The password stores of the programs `pass` (GnuPG) and `passage` (age), through these programs.
//!
//! The layout is that of earlier aws-vault releases: an item is the file `PREFIX/NAME.gpg` (`.age`) with the item's JSON in it,
//! written by `pass insert`, read by `pass show` and removed by `pass rm`. Which files there are is looked up without the
//! program, so that listing asks for no passphrase.

mod name;
mod reason;
mod store_dir;

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::item::check_name;
use crate::tool::{self, Failure, Tool};
use crate::{Backend, Error, Item, Keystore, directory_location, envelope};
use store_dir::{Access, StoreDir};

/// How long the program may take, which includes the time it waits for a passphrase.
const LIMIT: Duration = Duration::from_mins(1);

/// One folder of a password store.
pub struct PassKeystore {
    kind: Kind,
    dir: PathBuf,
    prefix: String,
    command: Option<String>,
    limit: Duration,
    variables: Vec<(OsString, OsString)>,
}

/// The two programs, of which one was made from the other.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Pass,
    Passage,
}

impl Kind {
    fn backend(self) -> Backend {
        match self {
            Kind::Pass => Backend::Pass,
            Kind::Passage => Backend::Passage,
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Kind::Pass => ".gpg",
            Kind::Passage => ".age",
        }
    }

    /// Tells the program where its store is.
    fn dir_variable(self) -> &'static str {
        match self {
            Kind::Pass => "PASSWORD_STORE_DIR",
            Kind::Passage => "PASSAGE_DIR",
        }
    }
}

impl PassKeystore {
    /// The store of `pass` in that directory, which `pass init` must have prepared.
    pub fn pass(dir: &Path) -> Self {
        Self::new(Kind::Pass, dir)
    }

    /// The store of `passage` in that directory. Its identities are where `passage` looks for them.
    pub fn passage(dir: &Path) -> Self {
        Self::new(Kind::Passage, dir)
    }

    fn new(kind: Kind, dir: &Path) -> Self {
        PassKeystore {
            kind,
            dir: dir.to_owned(),
            prefix: String::new(),
            command: None,
            limit: LIMIT,
            variables: Vec::new(),
        }
    }

    /// Runs another program, which understands the same commands: a name, or an absolute path.
    #[must_use]
    pub fn with_command(mut self, command: Option<&str>) -> Self {
        self.command = command.map(str::to_owned);
        self
    }

    /// Keeps the items in a folder inside the store.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = name::cleaned(prefix);
        self
    }

    /// Waits longer or shorter than a minute for the program.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Uses a value of an environment variable in place of that of the process, for us and for the program.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.into(), value.as_ref().into()));
        self
    }

    /// Whether the program is installed and its store initialised; runs nothing.
    pub fn probe(&self) -> Result<(), Error> {
        self.ready().map(drop)
    }

    /// The program and the folder of the items, if both can be used.
    fn ready(&self) -> Result<(Tool, StoreDir), Error> {
        if self.dir.as_os_str().is_empty() {
            return Err(self.unavailable("it is not known where its directory is"));
        }
        name::check_inside(&self.prefix)?;
        let tool = self.tool()?;
        let root = std::path::absolute(&self.dir).unwrap_or_else(|_| self.dir.clone());
        let folder = root.join(&self.prefix);
        if self.command.is_none() && !self.is_initialised(&root, &folder) {
            return Err(self.unavailable(match self.kind {
                Kind::Pass => format!("{} is not initialised (by `pass init`)", root.display()),
                Kind::Passage => "there is no age identity (~/.passage/identities)".to_owned(),
            }));
        }
        let extension = self.kind.extension();
        let backend = self.kind.backend();
        Ok((tool, StoreDir::new(backend, root, folder, extension)))
    }

    fn tool(&self) -> Result<Tool, Error> {
        let name = self
            .command
            .as_deref()
            .unwrap_or(self.kind.backend().name());
        let path = self.variable("PATH").unwrap_or_default();
        let directories = tool::absolute_directories(&path);
        let program = tool::find(name, &directories).ok_or_else(|| {
            let place = if name.contains('/') {
                "at an absolute path"
            } else {
                "in an absolute directory of PATH"
            };
            self.unavailable(format!("there is no program {name:?} {place}"))
        })?;
        let mut variables = self.variables.clone();
        variables.push((self.kind.dir_variable().into(), self.dir.clone().into()));
        // The programs are scripts, and look for GnuPG and age by it.
        variables.push(("PATH".into(), env::join_paths(directories).unwrap_or(path)));
        // Its words in a known language, but the passphrase prompt still in the user's.
        variables.push(("LANGUAGE".into(), "en".into()));
        if self.kind == Kind::Pass {
            let options = self.variable("PASSWORD_STORE_GPG_OPTS").unwrap_or_default();
            let options = [options, OsString::from(" --status-fd=2")].join(OsStr::new(""));
            variables.push(("PASSWORD_STORE_GPG_OPTS".into(), options));
        }
        if self.variable("GPG_TTY").is_none()
            && let Some(terminal) = terminal()
        {
            variables.push(("GPG_TTY".into(), terminal));
        }
        Ok(Tool {
            program,
            variables,
            limit: self.limit,
        })
    }

    fn is_initialised(&self, root: &Path, folder: &Path) -> bool {
        match self.kind {
            Kind::Pass => {
                let mut folders = folder.ancestors().take_while(|dir| dir.starts_with(root));
                self.variable("PASSWORD_STORE_KEY").is_some()
                    || folders.any(|dir| dir.join(".gpg-id").is_file())
            }
            Kind::Passage => {
                let identities = self.variable("PASSAGE_IDENTITIES_FILE").map_or_else(
                    || Some(PathBuf::from(self.variable("HOME")?).join(".passage/identities")),
                    |file| Some(PathBuf::from(file)),
                );
                identities.is_some_and(|file| file.is_file())
            }
        }
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        let given = self
            .variables
            .iter()
            .rfind(|(variable, _)| variable == name);
        given
            .map(|(_, value)| value.clone())
            .or_else(|| env::var_os(name))
            .filter(|value| !value.is_empty())
    }

    /// The JSON at that path inside the folder, if there is any.
    fn show(
        &self,
        tool: &Tool,
        store: &StoreDir,
        path: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let Some(size) = store.size(path)? else {
            return Ok(None);
        };
        // Ciphertext is not compressed, and longer than its text.
        let argument = self.argument(path);
        tool.output(&arguments(&["show"], &argument), size + 4096)
            .map(Some)
            .map_err(|failure| self.error("read the item", failure))
    }

    fn delete(&self, tool: &Tool, store: &StoreDir, path: &str) -> Result<bool, Error> {
        if store.size(path)?.is_none() {
            return Ok(false);
        }
        let argument = self.argument(path);
        tool.run(&arguments(&["rm", "-f"], &argument))
            .map_err(|failure| self.error("remove the item", failure))?;
        Ok(true)
    }

    /// The path as the program wants it.
    fn argument(&self, path: &str) -> OsString {
        let separator = if self.prefix.is_empty() { "" } else { "/" };
        format!("{}{separator}{path}", self.prefix).into()
    }

    /// Whether the item there is that of this name: earlier releases put the items of different names into one file.
    fn is_of(json: &[u8], name: &str) -> bool {
        envelope::stored_name(json).as_deref() == Some(name)
    }

    fn error(&self, operation: &'static str, failure: Failure) -> Error {
        let backend = self.kind.backend();
        match failure {
            Failure::Start(error) => {
                self.unavailable(format!("its program cannot be started: {error}"))
            }
            Failure::TimedOut => Error::TimedOut {
                backend,
                seconds: self.limit.as_secs(),
            },
            Failure::Ended { status, words } => reason::error(backend, operation, status, &words),
        }
    }

    fn unavailable(&self, reason: impl Into<String>) -> Error {
        Error::unavailable(self.kind.backend(), reason)
    }
}

impl Keystore for PassKeystore {
    fn backend(&self) -> Backend {
        self.kind.backend()
    }

    fn location(&self) -> String {
        let folder = if self.prefix.is_empty() {
            self.dir.clone()
        } else {
            self.dir.join(&self.prefix)
        };
        directory_location(self.kind.backend(), &folder)
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let (_, store) = self.ready()?;
        let mut names: Vec<_> = store
            .paths()?
            .iter()
            .map(|path| name::from_path(path))
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        check_name(name)?;
        name::check_inside(name)?;
        let (tool, store) = self.ready()?;
        let _access = store.lock(Access::Shared, Instant::now() + self.limit)?;
        if let Some(json) = self.show(&tool, &store, &name::to_path(name))? {
            return envelope::decode(name, &json).map(Some);
        }
        if let Some(path) = name::mangled_path(name)
            && let Some(json) = self.show(&tool, &store, &path)?
            && Self::is_of(&json, name)
        {
            return envelope::decode(name, &json).map(Some);
        }
        Ok(None)
    }

    fn write(&self, item: &Item) -> Result<(), Error> {
        check_name(&item.name)?;
        name::check_inside(&item.name)?;
        name::check_length(&item.name)?;
        let (tool, store) = self.ready()?;
        let _access = store.lock(Access::Exclusive, Instant::now() + self.limit)?;
        let path = name::to_path(&item.name);
        let before = store.content(&path)?;
        let argument = self.argument(&path);
        let arguments = arguments(&["insert", "-m", "-f"], &argument);
        tool.put(&arguments, envelope::encode(item))
            .map_err(|failure| {
                store.restore(&path, before);
                self.error("store the item", failure)
            })
    }

    fn remove(&self, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        name::check_inside(name)?;
        let (tool, store) = self.ready()?;
        let _access = store.lock(Access::Exclusive, Instant::now() + self.limit)?;
        let mut existed = self.delete(&tool, &store, &name::to_path(name))?;
        if let Some(path) = name::mangled_path(name)
            && let Some(json) = self.show(&tool, &store, &path)?
            && Self::is_of(&json, name)
        {
            existed |= self.delete(&tool, &store, &path)?;
        }
        Ok(existed)
    }
}

impl fmt::Debug for PassKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassKeystore")
            .field("backend", &self.kind.backend())
            .field("dir", &self.dir)
            .field("prefix", &self.prefix)
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

/// The command with its path, which must not be taken for an option.
fn arguments<'a>(command: &[&'a str], path: &'a OsStr) -> Vec<&'a OsStr> {
    let mut arguments: Vec<_> = command.iter().copied().map(OsStr::new).collect();
    if path.as_encoded_bytes().starts_with(b"-") {
        arguments.push(OsStr::new("--"));
    }
    arguments.push(path);
    arguments
}

/// The terminal by its name, for the passphrase prompt of a GnuPG agent, which has no terminal itself.
fn terminal() -> Option<OsString> {
    let name = rustix::termios::ttyname(std::io::stdin(), Vec::new())
        .or_else(|_| rustix::termios::ttyname(std::io::stderr(), Vec::new()))
        .or_else(|_| rustix::termios::ttyname(std::io::stdout(), Vec::new()));
    Some(OsString::from_vec(name.ok()?.into_bytes()))
}
