//! The store for tests.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::rc::Rc;

use aws_vault_keystore::{
    AskError, AskPassphrase, Asked, Backend, Error, Item, Keystore, MemoryKeystore,
    PassphraseRequest, Settings, open,
};
use secrecy::SecretString;
use support::{conformance, item};

#[test]
fn conforms() {
    let store = Shared(Rc::new(MemoryKeystore::default()));
    conformance::check(|| store.clone());
}

#[test]
fn forgets_when_closed() {
    let settings = Settings::new(Path::new("/nonexistent").to_owned());
    let open = || open(Backend::Memory, &settings, Box::new(NoAsker)).unwrap();
    open().write(&item("jon", "secret")).unwrap();
    assert!(open().read("jon").unwrap().is_none());
}

struct NoAsker;

impl AskPassphrase for NoAsker {
    fn ask(&self, _: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
        Err(AskError::NoTerminal(Asked::Passphrase))
    }
}

#[derive(Clone)]
struct Shared(Rc<MemoryKeystore>);

impl Keystore for Shared {
    fn backend(&self) -> Backend {
        self.0.backend()
    }
    fn location(&self) -> String {
        self.0.location()
    }
    fn names(&self) -> Result<Vec<String>, Error> {
        self.0.names()
    }
    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        self.0.read(name)
    }
    fn write(&self, item: &Item) -> Result<(), Error> {
        self.0.write(item)
    }
    fn remove(&self, name: &str) -> Result<bool, Error> {
        self.0.remove(name)
    }
}
