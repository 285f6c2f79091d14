//! GNOME Keyring, KeePassXC and other stores behind the freedesktop.org Secret Service D-Bus interface.
//!
//! The layout is that of earlier aws-vault releases: one collection; an item's label is its name, its attributes are exactly
//! `{"profile": name}`, its secret is the item's JSON.
//!
//! Talks D-Bus itself, because of what the ready-made client crates do with the session's key: `dbus-secret-service` draws it
//! and the initialisation vectors from a generator that is not made for cryptography and takes 7 ms for it; the others bring
//! an async runtime along. Here every call also has a time limit, and no answer of the service can cause a panic.

mod collection;
mod encryption;
mod interface;
mod listing;
mod path;
mod prompt;
mod session;

use std::cell::RefCell;
use std::fmt;

use crate::bus::{Bus, Failure, Limits};
use crate::item::check_name;
use crate::{Backend, Error, Item, Keystore};
use session::Session;

const BACKEND: Backend = Backend::SecretService;

const SERVICE: &str = "org.freedesktop.secrets";

/// One collection of the Secret Service.
pub struct SecretServiceKeystore {
    collection: String,
    address: Option<String>,
    limits: Limits,
    session: RefCell<Option<Session>>,
}

impl SecretServiceKeystore {
    /// The collection of that name in the user's session.
    pub fn new(collection: &str) -> Self {
        SecretServiceKeystore {
            collection: collection.to_owned(),
            address: None,
            limits: Limits::default(),
            session: RefCell::new(None),
        }
    }

    /// Uses the bus at a D-Bus address instead of the session's.
    #[must_use]
    pub fn at_address(mut self, address: &str) -> Self {
        self.address = Some(address.to_owned());
        self
    }

    /// Waits longer or shorter.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether a service is there or would be started when called; starts and unlocks nothing.
    pub fn probe(&self) -> Result<(), Error> {
        let bus = self.connect(self.limits.of_probe())?;
        if bus.is_owned(SERVICE)? || bus.is_activatable(SERVICE)? {
            Ok(())
        } else {
            Err(unavailable("no secret service runs on the session bus"))
        }
    }

    fn connect(&self, limits: Limits) -> Result<Bus, Error> {
        Bus::connect(BACKEND, self.address.as_deref(), limits)
    }

    /// Runs an operation in a session, in a new one if the service has been restarted since the last operation.
    fn run<T>(&self, operation: impl Fn(&Session) -> Result<T, Failure>) -> Result<T, Error> {
        let mut slot = self.session.borrow_mut();
        if let Some(session) = slot.as_ref() {
            session.restart_clock();
            match operation(session) {
                Err(Failure::Stale(_)) => *slot = None,
                result => return result.map_err(|failure| session.error(failure)),
            }
        }
        let session = slot.insert(Session::open(self.connect(self.limits)?, &self.collection)?);
        operation(session).map_err(|failure| session.error(failure))
    }
}

impl Keystore for SecretServiceKeystore {
    fn backend(&self) -> Backend {
        BACKEND
    }

    fn location(&self) -> String {
        format!("{BACKEND}:{}", self.collection)
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        self.run(Session::names)
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        check_name(name)?;
        self.run(|session| session.read(name))
    }

    fn write(&self, item: &Item) -> Result<(), Error> {
        check_name(&item.name)?;
        self.run(|session| session.write(item))
    }

    fn remove(&self, name: &str) -> Result<bool, Error> {
        check_name(name)?;
        self.run(|session| session.remove(name))
    }
}

impl fmt::Debug for SecretServiceKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretServiceKeystore")
            .field("collection", &self.collection)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn still_locked(name: &str) -> Error {
    Error::Locked {
        backend: BACKEND,
        what: format!("the item {name:?}"),
    }
}

fn failed(operation: &'static str, reason: &str) -> Error {
    Error::failed(BACKEND, operation, reason)
}

fn unavailable(reason: &str) -> Error {
    Error::unavailable(BACKEND, reason)
}
