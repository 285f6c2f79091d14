//! KDE Wallet, through its D-Bus interface `org.kde.KWallet`.
//!
//! The layout is that of earlier aws-vault releases: a wallet `aws-vault` with a folder `aws-vault`, and in it one entry of
//! bytes per item, whose key is the item's name and whose value is the item's JSON. The interface has no encryption of its own:
//! whoever can watch the user's session bus sees what goes through it.

use std::cell::RefCell;
use std::fmt;

use dbus::arg::AppendAll;
use zeroize::Zeroizing;

use crate::bus::{Bus, Failure, Limits, Method};
use crate::item::check_name;
use crate::{Backend, Error, Item, Keystore, envelope};

const BACKEND: Backend = Backend::Kwallet;

/// Wallet, folder and application, as KDE's wallet manager shows them.
const NAME: &str = "aws-vault";

/// A message bus carries no larger arrays than 64 MiB; libdbus would end the process.
const MAX_JSON: usize = 32 << 20;

/// What the service answers when there is no entry to remove.
const NO_ENTRY: i32 = -3;

/// One generation of the service.
#[derive(Clone, Copy)]
struct Service {
    name: &'static str,
    path: &'static str,
}

/// The newest first.
const SERVICES: [Service; 2] = [
    Service {
        name: "org.kde.kwalletd6",
        path: "/modules/kwalletd6",
    },
    Service {
        name: "org.kde.kwalletd5",
        path: "/modules/kwalletd5",
    },
];

/// The wallet `aws-vault`.
pub struct KwalletKeystore {
    address: Option<String>,
    limits: Limits,
    session: RefCell<Option<Session>>,
}

impl KwalletKeystore {
    /// The wallet in the user's session.
    pub fn new() -> Self {
        KwalletKeystore {
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

    /// Whether a service is there or would be started when called; starts none and opens no wallet.
    pub fn probe(&self) -> Result<(), Error> {
        find_service(&self.connect(self.limits.of_probe())?).map(drop)
    }

    fn connect(&self, limits: Limits) -> Result<Bus, Error> {
        Bus::connect(BACKEND, self.address.as_deref(), limits)
    }

    /// Runs an operation in a session, in a new one if the service has been restarted since the last operation.
    fn run<T>(&self, operation: impl Fn(&Session) -> Result<T, Failure>) -> Result<T, Error> {
        let mut slot = self.session.borrow_mut();
        if let Some(session) = slot.as_ref() {
            session.bus.restart_clock();
            match operation(session) {
                Err(Failure::Stale(_)) => *slot = None,
                result => return result.map_err(|failure| session.bus.error(failure)),
            }
        }
        let bus = self.connect(self.limits)?;
        let session = slot.insert(Session {
            service: find_service(&bus)?,
            bus,
        });
        operation(session).map_err(|failure| session.bus.error(failure))
    }
}

impl Default for KwalletKeystore {
    fn default() -> Self {
        Self::new()
    }
}

impl Keystore for KwalletKeystore {
    fn backend(&self) -> Backend {
        BACKEND
    }

    fn location(&self) -> String {
        format!("{BACKEND}:{NAME}")
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

impl fmt::Debug for KwalletKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KwalletKeystore")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A service that runs goes before one that would be started: two at once would overwrite each other's changes, as both
/// have the same files.
fn find_service(bus: &Bus) -> Result<Service, Error> {
    for service in SERVICES {
        if bus.is_owned(service.name)? {
            return Ok(service);
        }
    }
    for service in SERVICES {
        if bus.is_activatable(service.name)? {
            return Ok(service);
        }
    }
    Err(Error::unavailable(
        BACKEND,
        "no KDE Wallet runs on the session bus",
    ))
}

/// A connection to the service.
struct Session {
    service: Service,
    bus: Bus,
}

impl Session {
    fn names(&self) -> Result<Vec<String>, Failure> {
        let method = self.method("folderDoesNotExist", "look for its folder");
        if self.is_known_absent(method, (NAME, NAME))? {
            return Ok(Vec::new());
        }
        let wallet = self.open()?;
        let method = self.method("entryList", "list its items");
        let (mut names,): (Vec<String>,) = self.bus.call(method, (wallet, NAME, NAME))?;
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Failure> {
        let Some(wallet) = self.find(name)? else {
            return Ok(None);
        };
        let method = self.method("readEntry", "read the item");
        let (json,): (Vec<u8>,) = self.bus.call(method, (wallet, NAME, name, NAME))?;
        let json = Zeroizing::new(json);
        // An entry that has just been removed reads as an empty one.
        if json.is_empty() && !self.has_entry(wallet, name)? {
            return Ok(None);
        }
        Ok(Some(envelope::decode(name, &json)?))
    }

    fn write(&self, item: &Item) -> Result<(), Failure> {
        let json = envelope::encode(item);
        if json.len() > MAX_JSON {
            return Err(failed("store the item", "it is too large"));
        }
        let wallet = self.open()?;
        // Another process may make it between two calls.
        if !(self.has_folder(wallet)? || self.make_folder(wallet)? || self.has_folder(wallet)?) {
            return Err(failed("make its folder", "it refused"));
        }
        let method = self.method("writeEntry", "store the item");
        let arguments = (wallet, NAME, item.name.as_str(), json.as_slice(), NAME);
        match self.bus.call(method, arguments)? {
            (0,) => self.save(wallet),
            (code,) => Err(refused(method, code)),
        }
    }

    fn has_folder(&self, wallet: i32) -> Result<bool, Failure> {
        let method = self.method("hasFolder", "look for its folder");
        let (has,) = self.bus.call(method, (wallet, NAME, NAME))?;
        Ok(has)
    }

    fn make_folder(&self, wallet: i32) -> Result<bool, Failure> {
        let method = self.method("createFolder", "make its folder");
        let (made,) = self.bus.call(method, (wallet, NAME, NAME))?;
        Ok(made)
    }

    fn remove(&self, name: &str) -> Result<bool, Failure> {
        let Some(wallet) = self.find(name)? else {
            return Ok(false);
        };
        let method = self.method("removeEntry", "remove the item");
        match self.bus.call(method, (wallet, NAME, name, NAME))? {
            (0,) => self.save(wallet).map(|()| true),
            // Somebody else was faster.
            (NO_ENTRY,) => Ok(false),
            (code,) => Err(refused(method, code)),
        }
    }

    /// Opens the wallet if it has an entry of that name.
    fn find(&self, name: &str) -> Result<Option<i32>, Failure> {
        let method = self.method("keyDoesNotExist", "look for the item");
        if self.is_known_absent(method, (NAME, NAME, name))? {
            return Ok(None);
        }
        let wallet = self.open()?;
        Ok(self.has_entry(wallet, name)?.then_some(wallet))
    }

    /// Asks the closed wallet, so that nobody is asked for the password of one that has nothing for us.
    fn is_known_absent(
        &self,
        method: Method<'static>,
        arguments: impl AppendAll,
    ) -> Result<bool, Failure> {
        let is_open = self.method("isOpen", "say whether its wallet is open");
        if let (true,) = self.bus.call(is_open, (NAME,))? {
            return Ok(false);
        }
        // A wallet that GnuPG encrypts has to be decrypted even for this.
        let (absent,) = self.bus.call_with_prompt(method, arguments)?;
        Ok(absent)
    }

    fn has_entry(&self, wallet: i32, name: &str) -> Result<bool, Failure> {
        let method = self.method("hasEntry", "look for the item");
        let (has,) = self.bus.call(method, (wallet, NAME, name, NAME))?;
        Ok(has)
    }

    /// The number of the wallet, open. Asks for its password, or for a new one, if that is what it takes.
    ///
    /// Done for each operation: the number that the service had given before it was restarted may be valid again, but not for
    /// us, and then reading finds nothing and says no more.
    fn open(&self) -> Result<i32, Failure> {
        let method = self.method("open", "open its wallet");
        let no_window = 0_i64;
        let (wallet,): (i32,) = self.bus.call_with_prompt(method, (NAME, no_window, NAME))?;
        if wallet < 0 {
            return Err(self.why_not_open());
        }
        Ok(wallet)
    }

    fn why_not_open(&self) -> Failure {
        let method = self.method("isEnabled", "say whether it is switched on");
        match self.bus.call(method, ()) {
            Ok((false,)) => {
                let reason = "KDE Wallet is switched off in the system settings";
                Error::unavailable(BACKEND, reason).into()
            }
            Ok((true,)) => Error::Dismissed { backend: BACKEND }.into(),
            Err(failure) => failure,
        }
    }

    /// Has the wallet written to its file, which the service would do some seconds later.
    fn save(&self, wallet: i32) -> Result<(), Failure> {
        let method = self.method("sync", "save its wallet");
        self.bus.call(method, (wallet, NAME))
    }

    fn method(&self, member: &'static str, purpose: &'static str) -> Method<'static> {
        Method {
            service: self.service.name,
            path: self.service.path,
            interface: "org.kde.KWallet",
            member,
            purpose,
        }
    }
}

fn failed(operation: &'static str, reason: &str) -> Failure {
    Error::failed(BACKEND, operation, reason).into()
}

fn refused(method: Method<'_>, code: i32) -> Failure {
    failed(method.purpose, &format!("it answered {code}"))
}
