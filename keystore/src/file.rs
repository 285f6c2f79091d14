//! One encrypted file per item in a directory of the user's, opened by a passphrase.
//!
//! The layout is that of earlier aws-vault releases, which take every entry of the directory for an item: the file's name is
//! the item's with `%` and `/` as `%25` and `%2F`, its content one compact JWE without a newline around the item's JSON.

mod disk;

use std::cell::RefCell;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::item::check_name;
use crate::jwe::{self, DerivedKeys, Randomness, Unreadable};
use crate::{
    AskPassphrase, Backend, Error, Item, Keystore, PassphraseRequest, directory_location, envelope,
    file_name,
};
use disk::{existing, lock, make_private_dir, sync_dir};

/// Far above any item; bounds what a device or a planted file could make us read.
const MAX_FILE: u64 = 64 << 20;

/// How many items are tried before a passphrase counts as wrong. More than one, because earlier releases never checked a
/// passphrase: a typing error left an item behind that only the misspelt one opens.
const ITEMS_TRIED: usize = 16;

/// Encrypted files in one directory.
pub struct FileKeystore {
    dir: PathBuf,
    asker: Box<dyn AskPassphrase>,
    iterations: u32,
    passphrase: RefCell<Option<Passphrase>>,
}

struct Passphrase {
    text: SecretString,
    /// It has opened an item of this store, or the store was made with it.
    proven: bool,
    keys: DerivedKeys,
}

impl Passphrase {
    fn unproven(text: SecretString) -> Self {
        Passphrase {
            text,
            proven: false,
            keys: DerivedKeys::default(),
        }
    }
}

impl FileKeystore {
    /// The store in `dir`, which need not exist before the first item is written.
    pub fn new(dir: &Path, asker: Box<dyn AskPassphrase>) -> Self {
        FileKeystore {
            dir: dir.to_owned(),
            asker,
            iterations: jwe::ITERATIONS,
            passphrase: RefCell::new(None),
        }
    }

    /// Another number of rounds of PBKDF2 for new items than the 600,000 that real passphrases deserve; for tests.
    #[must_use]
    pub fn with_iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }
}

impl Keystore for FileKeystore {
    fn backend(&self) -> Backend {
        Backend::File
    }

    fn location(&self) -> String {
        location(&self.dir)
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for entry in existing(fs::read_dir(&self.dir), &self.dir)?
            .into_iter()
            .flatten()
        {
            let entry = entry.map_err(|error| Error::io(&self.dir, error))?;
            let Some(name) = entry.file_name().to_str().and_then(file_name::decode) else {
                continue;
            };
            // Not the entry's own type: a symbolic link counts as what it points to.
            if fs::metadata(entry.path()).is_ok_and(|meta| meta.is_file()) {
                names.push(name);
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        check_name(name)?;
        let Some(sealed) = self.sealed(name)? else {
            return Ok(None);
        };
        // Before anyone is asked for a passphrase that cannot help.
        jwe::check_form(&sealed).map_err(|problem| Error::corrupt(name, problem.to_string()))?;
        self.ask_to_unlock()?;
        let json = self.open_sealed(name, &sealed)?;
        envelope::decode(name, &json).map(Some)
    }

    fn write(&self, item: &Item) -> Result<(), Error> {
        check_name(&item.name)?;
        if !file_name::is_listed(&item.name) {
            return Err(Error::InvalidName {
                name: item.name.clone(),
                reason: "a file of that name would be taken for a hidden file or a backup copy",
            });
        }
        let creating = !self.prove_passphrase()?;
        let sealed = self.seal(item)?;
        make_private_dir(&self.dir)?;
        let lock = if creating {
            Some(lock(&self.dir)?)
        } else {
            None
        };
        if creating && !self.sample()?.is_empty() {
            // Another process made the store while the passphrase was being typed.
            self.check_against_items()?;
        }
        disk::replace(&self.dir, &self.path(&item.name), sealed.as_bytes())?;
        drop(lock);
        self.set_proven();
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        let path = self.path(name);
        let existed = existing(fs::remove_file(&path), &path)?.is_some();
        if existed {
            sync_dir(&self.dir)?;
        }
        Ok(existed)
    }
}

impl FileKeystore {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(file_name::encode(name))
    }

    fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(name);
        let Some(file) = existing(File::open(&path), &path)? else {
            return Ok(None);
        };
        let mut sealed = Vec::new();
        file.take(MAX_FILE + 1)
            .read_to_end(&mut sealed)
            .map_err(|error| Error::io(&path, error))?;
        if sealed.len() as u64 > MAX_FILE {
            return Err(Error::corrupt(name, "it is too large"));
        }
        Ok(Some(sealed))
    }

    fn seal(&self, item: &Item) -> Result<String, Error> {
        let random = Randomness::from_system().map_err(Error::Random)?;
        let json = envelope::encode(item);
        let created = rfc3339(SystemTime::now());
        Ok(self.with_passphrase(|passphrase| {
            jwe::seal(&json, passphrase, self.iterations, &created, &random)
        }))
    }

    /// Opens one item by the passphrase at hand, and forgets a passphrase that has never opened anything, so that the person
    /// can be asked again.
    fn open_sealed(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.with_passphrase(|passphrase| jwe::open(sealed, passphrase)) {
            Ok(json) => {
                self.set_proven();
                Ok(json)
            }
            Err(Unreadable::Passphrase) if self.is_proven() => Err(Error::OtherPassphrase {
                name: name.to_owned(),
                dir: self.dir.clone(),
            }),
            Err(Unreadable::Passphrase) => {
                self.passphrase.take();
                Err(Error::WrongPassphrase {
                    dir: self.dir.clone(),
                })
            }
            Err(problem) => Err(Error::corrupt(name, problem.to_string())),
        }
    }

    /// Makes sure that what is written next can be opened together with what is there: `true` when the passphrase opens an
    /// item, `false` when there is none yet and the passphrase is a new one.
    fn prove_passphrase(&self) -> Result<bool, Error> {
        if self.is_proven() {
            return Ok(true);
        }
        if !self.sample()?.is_empty() {
            self.ask_to_unlock()?;
            self.check_against_items()?;
            return Ok(true);
        }
        let text = self
            .asker
            .ask(PassphraseRequest::Create { dir: &self.dir })?;
        if text.expose_secret().is_empty() {
            return Err(Error::EmptyPassphrase);
        }
        self.passphrase.replace(Some(Passphrase::unproven(text)));
        Ok(false)
    }

    fn check_against_items(&self) -> Result<(), Error> {
        for sealed in self.sample()? {
            if self
                .with_passphrase(|passphrase| jwe::open(&sealed, passphrase))
                .is_ok()
            {
                self.set_proven();
                return Ok(());
            }
        }
        self.passphrase.take();
        Err(Error::WrongPassphrase {
            dir: self.dir.clone(),
        })
    }

    /// Some items a passphrase can be tried on. Files that are no items prove nothing either way; but a store whose items
    /// cannot be read is not an empty one.
    fn sample(&self) -> Result<Vec<Vec<u8>>, Error> {
        let mut sample = Vec::new();
        let mut first_error = None;
        for name in self.names()? {
            match self.sealed(&name) {
                Ok(Some(sealed)) if jwe::check_form(&sealed).is_ok() => sample.push(sealed),
                Err(error @ Error::Io { .. }) => first_error = first_error.or(Some(error)),
                _ => {}
            }
            if sample.len() == ITEMS_TRIED {
                break;
            }
        }
        match first_error {
            Some(error) if sample.is_empty() => Err(error),
            _ => Ok(sample),
        }
    }

    fn ask_to_unlock(&self) -> Result<(), Error> {
        if self.passphrase.borrow().is_none() {
            let text = self
                .asker
                .ask(PassphraseRequest::Unlock { dir: &self.dir })?;
            self.passphrase.replace(Some(Passphrase::unproven(text)));
        }
        Ok(())
    }

    fn with_passphrase<T>(&self, use_it: impl FnOnce((&[u8], &mut DerivedKeys)) -> T) -> T {
        let mut passphrase = self.passphrase.borrow_mut();
        match passphrase.as_mut() {
            Some(passphrase) => use_it((
                passphrase.text.expose_secret().as_bytes(),
                &mut passphrase.keys,
            )),
            None => use_it((b"", &mut DerivedKeys::default())),
        }
    }

    fn is_proven(&self) -> bool {
        self.passphrase
            .borrow()
            .as_ref()
            .is_some_and(|passphrase| passphrase.proven)
    }

    fn set_proven(&self) {
        if let Some(passphrase) = self.passphrase.borrow_mut().as_mut() {
            passphrase.proven = true;
        }
    }
}

impl fmt::Debug for FileKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKeystore")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

pub(crate) fn location(dir: &Path) -> String {
    directory_location(Backend::File, dir)
}

/// A directory that is not there yet can be made later; anything else in its place cannot be used.
pub(crate) fn probe(dir: &Path) -> Result<(), Error> {
    match existing(fs::read_dir(dir), dir) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::unavailable(Backend::File, error.to_string())),
    }
}

/// Empty for times that RFC 3339 cannot write; nobody reads it but people.
fn rfc3339(time: SystemTime) -> String {
    use fmt::Write;

    let mut text = String::new();
    if time < SystemTime::UNIX_EPOCH
        || write!(text, "{}", humantime::format_rfc3339_seconds(time)).is_err()
    {
        text.clear();
    }
    text
}
