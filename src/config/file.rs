//! The user's config file: found, read with care, and indexed by name.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::error::{Error, Place};
use super::ini::{Ini, Property, Section};
use super::profile::{Origin, Setting};
use crate::environment::Environment;

/// A config file is written by hand; what is longer is a mistake or an attack on our memory.
const MAX_BYTES: u64 = 16 << 20;

/// The config file, parsed and indexed. Immutable: resolving a profile reads nothing else.
#[derive(Debug, Default)]
pub struct ConfigFile {
    path: PathBuf,
    ini: Ini,
    profiles: Names,
    sso_sessions: Names,
    services: Names,
    /// `None` when there is no file.
    metadata: Option<Metadata>,
}

/// Positions of the sections that bear a name, in file order.
type Names = HashMap<Box<str>, Vec<usize>>;

/// A profile as it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileEntry<'a> {
    pub name: &'a str,
    /// Line of its first header.
    pub line: usize,
    /// No key stands in it: `list` leaves out such a `[default]`.
    pub is_empty: bool,
}

/// All sections of one name; later keys win over earlier ones.
#[derive(Debug, Clone, Copy)]
pub struct NamedSection<'a> {
    ini: &'a Ini,
    positions: &'a [usize],
}

/// What a header says.
enum Header<'a> {
    /// `[default]`
    Default,
    /// `[profile NAME]`
    Profile(&'a str),
    /// `[sso-session NAME]`
    SsoSession(&'a str),
    /// `[services NAME]`
    Services(&'a str),
    Other,
}

impl ConfigFile {
    /// `AWS_CONFIG_FILE`, else `~/.aws/config`. A leading `~/` in the variable is the home directory, as for the AWS CLI.
    pub fn path_from(environment: &Environment) -> Result<PathBuf, Error> {
        if let Some(path) = environment.var_os("AWS_CONFIG_FILE") {
            let path = Path::new(path);
            return Ok(match (path.strip_prefix("~"), environment.home()) {
                (Ok(below), Some(home)) => home.join(below),
                _ => path.to_owned(),
            });
        }
        let home = environment.home().ok_or(Error::NoHome)?;
        Ok(home.join(".aws").join("config"))
    }

    /// Reads the file; one that does not exist is empty.
    ///
    /// Never waits (a pipe is refused) and never reads more than 16 MiB.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::parse(path, ""),
            Err(source) => return Err(read_error(path, source)),
        };
        // People switch the file off with AWS_CONFIG_FILE=/dev/null.
        if path == Path::new("/dev/null") {
            return Self::parse(path, "");
        }
        if let Some(kind) = no_file(&metadata) {
            return Err(Error::NotAFile {
                path: path.to_owned(),
                kind,
            });
        }
        let mut bytes =
            Vec::with_capacity(usize::try_from(metadata.len().min(MAX_BYTES)).unwrap_or(0));
        File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|source| read_error(path, source))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Error::TooLarge {
                path: path.to_owned(),
                limit: MAX_BYTES,
            });
        }
        let file = Self::parse(path, text(path, bytes)?)?;
        Ok(Self {
            metadata: Some(metadata),
            ..file
        })
    }

    /// The same for a text that is at hand; `path` is for messages.
    pub fn parse(path: &Path, text: impl Into<String>) -> Result<Self, Error> {
        let ini = Ini::parse(text).map_err(|error| Error::Syntax {
            path: path.to_owned(),
            error,
        })?;
        let mut file = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        let mut spelled_out_default = Vec::new();
        for (position, section) in ini.sections().enumerate() {
            let (names, name) = match Header::read(section.header()) {
                Header::Profile("default") => {
                    spelled_out_default.push(position);
                    continue;
                }
                Header::Default => (&mut file.profiles, "default"),
                Header::Profile(name) => (&mut file.profiles, name),
                Header::SsoSession(name) => (&mut file.sso_sessions, name),
                Header::Services(name) => (&mut file.services, name),
                Header::Other => continue,
            };
            names.entry(name.into()).or_default().push(position);
        }
        // The Go tool ignores [profile default] altogether, the AWS CLI reads it: it counts where there is no [default].
        if !spelled_out_default.is_empty() {
            file.profiles
                .entry("default".into())
                .or_insert(spelled_out_default);
        }
        file.ini = ini;
        Ok(file)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn text(&self) -> &str {
        self.ini.text()
    }

    /// Every profile once, in file order.
    pub fn profiles(&self) -> impl Iterator<Item = ProfileEntry<'_>> {
        self.ini
            .sections()
            .enumerate()
            .filter_map(|(position, section)| {
                let name = profile_of_header(section.header())?;
                let positions = self.profiles.get(name)?;
                (positions.first() == Some(&position)).then(|| ProfileEntry {
                    name,
                    line: section.line(),
                    is_empty: self.named(positions).properties().next().is_none(),
                })
            })
    }

    /// The section of a profile, its own keys only.
    pub fn profile(&self, name: &str) -> Option<NamedSection<'_>> {
        self.profiles
            .get(self.canonical(name))
            .map(|positions| self.named(positions))
    }

    /// `[sso-session NAME]`
    pub fn sso_session(&self, name: &str) -> Option<NamedSection<'_>> {
        self.sso_sessions
            .get(name)
            .map(|positions| self.named(positions))
    }

    /// `[services NAME]`
    pub fn services(&self, name: &str) -> Option<NamedSection<'_>> {
        self.services
            .get(name)
            .map(|positions| self.named(positions))
    }

    /// Names in `[sso-session NAME]`, sorted.
    pub fn sso_session_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.sso_sessions.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        names
    }

    /// The name under which a profile is known: the Go tool keeps the quotes of `[profile "a b"]`, so `"a b"` means `a b`
    /// unless a profile is really called so.
    pub fn canonical<'n>(&self, name: &'n str) -> &'n str {
        let bare = unquoted(name);
        if !self.profiles.contains_key(name) && self.profiles.contains_key(bare) {
            bare
        } else {
            name
        }
    }

    /// Whether only `uid` (and root) can change the file, asked before a command from it is run.
    ///
    /// A group with the user's own number is the user's private group. There are no owners to ask about on Windows.
    pub fn trusted_by(&self, uid: u32) -> Result<(), Error> {
        match self
            .metadata
            .as_ref()
            .and_then(|metadata| distrust(metadata, uid))
        {
            None => Ok(()),
            Some(why) => Err(Error::Untrusted {
                path: self.path.clone(),
                why,
            }),
        }
    }

    pub(super) fn place(&self, origin: &Origin) -> Place {
        Place::new(&self.path, origin)
    }

    fn named<'a>(&'a self, positions: &'a [usize]) -> NamedSection<'a> {
        NamedSection {
            ini: &self.ini,
            positions,
        }
    }
}

impl<'a> NamedSection<'a> {
    /// Line of the first header.
    pub fn line(&self) -> usize {
        self.sections().next().map_or(0, |section| section.line())
    }

    /// The keys that are not nested, in file order, repeated ones included.
    pub fn properties(&self) -> impl Iterator<Item = Property<'a>> + use<'a> {
        self.sections().flat_map(|section| section.properties())
    }

    /// A value that is not empty, with the line it stands on.
    pub fn setting(&self, key: &str) -> Option<Setting<String>> {
        self.last(|section| section.property(key))
    }

    /// The same under `parent =`.
    pub fn nested(&self, parent: &str, key: &str) -> Option<Setting<String>> {
        self.last(|section| section.nested(parent, key))
    }

    /// The last word of the file counts, even when it is empty.
    fn last(&self, find: impl Fn(&Section<'a>) -> Option<Property<'a>>) -> Option<Setting<String>> {
        let (section, property) = self
            .sections()
            .rev()
            .find_map(|section| Some((section, find(&section)?)))?;
        let origin = Origin::File {
            line: property.line,
            section: section.header().to_owned(),
        };
        (!property.value.is_empty()).then(|| Setting::new(property.value.to_owned(), origin))
    }

    fn sections(&self) -> impl DoubleEndedIterator<Item = Section<'a>> + use<'a> {
        let ini = self.ini;
        self.positions
            .iter()
            .filter_map(move |position| ini.section(*position))
    }
}

impl<'a> Header<'a> {
    fn read(header: &'a str) -> Self {
        if header == "default" {
            return Self::Default;
        }
        let Some((kind, name)) = header.split_once(char::is_whitespace) else {
            return Self::Other;
        };
        let name = unquoted(name.trim());
        match kind {
            _ if name.is_empty() => Self::Other,
            "profile" => Self::Profile(name),
            "sso-session" => Self::SsoSession(name),
            "services" => Self::Services(name),
            _ => Self::Other,
        }
    }
}

/// The profile whose section `[header]` begins.
pub(super) fn profile_of_header(header: &str) -> Option<&str> {
    match Header::read(header) {
        Header::Default => Some("default"),
        Header::Profile(name) => Some(name),
        _ => None,
    }
}

/// Without one pair of quotes around the whole.
fn unquoted(name: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| name.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(name)
}

/// What stands in place of a file, if it is none.
fn no_file(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a directory")
    } else {
        // Reading a pipe or a terminal would wait for somebody to write.
        Some("not an ordinary file")
    }
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    let refuse = |before: &[u8], what| Error::NotText {
        path: path.to_owned(),
        line: before.split(|byte| *byte == b'\n').count(),
        what,
    };
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(refuse(&bytes[..at], "a NUL byte"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        refuse(&error.as_bytes()[..valid], "bytes that are not UTF-8")
    })
}

fn read_error(path: &Path, source: io::Error) -> Error {
    Error::Read {
        path: path.to_owned(),
        source,
    }
}

#[cfg(unix)]
fn distrust(metadata: &Metadata, uid: u32) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt as _;
    if metadata.uid() != uid && metadata.uid() != 0 {
        Some("belongs to another user")
    } else if metadata.mode() & 0o002 != 0 {
        Some("can be written by every user")
    } else if metadata.mode() & 0o020 != 0 && metadata.gid() != uid {
        Some("can be written by a group of users")
    } else {
        None
    }
}

#[cfg(not(unix))]
fn distrust(_: &Metadata, _: u32) -> Option<&'static str> {
    None
}
