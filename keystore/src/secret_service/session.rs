//! One session with the service: the specification's calls, put together to the operations of a keystore.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use dbus::arg::{PropMap, Variant};
use dbus::strings::Path;

use super::encryption::{self, KeyPair, SessionKey};
use super::{SERVICE, failed, path};
use crate::bus::{self, Bus, Failure, Method};
use crate::{Error, Item, envelope};

const SERVICE_PATH: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
const ITEM_INTERFACE: &str = "org.freedesktop.Secret.Item";

/// The path that the Secret Service gives for "none".
const NO_OBJECT: &str = "/";

const ATTRIBUTE: &str = "profile";
const CONTENT_TYPE: &str = "application/json";

/// A message bus carries no larger arrays than 64 MiB; libdbus would end the process.
const MAX_JSON: usize = 32 << 20;

/// `(oayays)`: session, parameters, value, content type.
type EncryptedSecret = (Path<'static>, Vec<u8>, Vec<u8>, String);

/// A connection with an agreed key.
pub(super) struct Session {
    bus: Bus,
    name: String,
    /// The collection's object path once it is known; it is guessed until then.
    collection: RefCell<Option<Path<'static>>>,
    path: Path<'static>,
    key_pair: KeyPair,
    service_key: Vec<u8>,
    /// Computed on first use: most listings and failed searches never need it.
    key: OnceCell<SessionKey>,
}

impl Session {
    pub(super) fn open(bus: Bus, collection: &str) -> Result<Self, Error> {
        let key_pair = KeyPair::generate().map_err(Error::Random)?;
        let method = service_method("OpenSession", "open an encrypted session");
        let argument = (
            encryption::ALGORITHM,
            Variant(key_pair.public_key().to_vec()),
        );
        let (Variant(service_key), path): (Variant<Vec<u8>>, Path<'static>) = bus
            .call(method, argument)
            .map_err(|failure| bus.error(failure))?;
        Ok(Session {
            bus,
            name: collection.to_owned(),
            collection: RefCell::new(None),
            path,
            key_pair,
            service_key,
            key: OnceCell::new(),
        })
    }

    /// Gives the operation that begins its full time.
    pub(super) fn restart_clock(&self) {
        self.bus.restart_clock();
    }

    pub(super) fn error(&self, failure: Failure) -> Error {
        self.bus.error(failure)
    }

    pub(super) fn names(&self) -> Result<Vec<String>, Failure> {
        let items = self.in_collection(|collection| {
            let items = self.items(collection)?;
            // A locked collection may show its items' labels (GNOME Keyring, once it has been unlocked), items without labels
            // (GNOME Keyring before that), or no items. Only the last two are worth a prompt.
            if items.iter().all(ListedItem::is_named) && !items.is_empty() {
                return Ok(items);
            }
            if self.unlock_if_locked(collection)? {
                return self.items(collection);
            }
            Ok(items)
        })?;
        let mut names: Vec<String> = items
            .into_iter()
            .flatten()
            .filter_map(ListedItem::name)
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    pub(super) fn read(&self, name: &str) -> Result<Option<Item>, Failure> {
        let Some(path) = self.find(name)?.into_iter().next() else {
            return Ok(None);
        };
        let get = item_method(&path, "GetSecret", "give the secret");
        let secret: (EncryptedSecret,) =
            match self.unlocking(&path, || self.bus.call(get, (&self.path,))) {
                // Removed since it was found.
                Err(Failure::NoObject) => return Ok(None),
                secret => secret?,
            };
        let (_, parameters, value, _) = secret.0;
        let json = self.key()?.decrypt(&parameters, value).ok_or_else(|| {
            Error::corrupt(
                name,
                "the secret service sent it with another key than agreed",
            )
        })?;
        Ok(Some(envelope::decode(name, &json)?))
    }

    pub(super) fn write(&self, item: &Item) -> Result<(), Failure> {
        let json = envelope::encode(item);
        if json.len() > MAX_JSON {
            return Err(failed("store the item", "it is too large").into());
        }
        let (parameters, value) = self.key()?.encrypt(&json).map_err(Error::Random)?;
        let secret: EncryptedSecret = (
            self.path.clone(),
            parameters.to_vec(),
            value,
            CONTENT_TYPE.to_owned(),
        );
        let create = |collection: &Path<'static>| {
            self.unlocking(collection, || {
                self.create_item(collection, &item.name, secret.clone())
            })
        };
        if self.in_collection(create)?.is_none() {
            create(&self.create_collection()?)?;
        }
        Ok(())
    }

    pub(super) fn remove(&self, name: &str) -> Result<bool, Failure> {
        let mut existed = false;
        for path in self.find(name)? {
            let delete = item_method(&path, "Delete", "remove the item");
            match self.unlocking(&path, || self.bus.call::<_, (Path<'static>,)>(delete, ())) {
                Ok((prompt,)) if &*prompt == NO_OBJECT => existed = true,
                Ok((prompt,)) => {
                    self.bus.prompt(&prompt, "remove the item")?;
                    existed = true;
                }
                // Somebody else was faster.
                Err(Failure::NoObject) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(existed)
    }

    fn key(&self) -> Result<&SessionKey, Error> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let key = self
            .key_pair
            .agree(&self.service_key)
            .ok_or_else(|| failed("open an encrypted session", "it sent no valid public key"))?;
        Ok(self.key.get_or_init(|| key))
    }

    /// The items of that name. By attribute if there are any, else by label, as people can see and change only that.
    fn find(&self, name: &str) -> Result<Vec<Path<'static>>, Failure> {
        let found = self.in_collection(|collection| {
            let found = self.search(collection, name)?;
            if !found.is_empty() {
                return Ok(found);
            }
            // Some services show nothing of what is locked.
            if self.unlock_if_locked(collection)? {
                let found = self.search(collection, name)?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            let items = self.items(collection)?.into_iter();
            Ok(items
                .filter(|item| item.label == name)
                .map(|item| item.path)
                .collect())
        })?;
        Ok(found.unwrap_or_default())
    }

    fn search(
        &self,
        collection: &Path<'static>,
        name: &str,
    ) -> Result<Vec<Path<'static>>, Failure> {
        let method = collection_method(collection, "SearchItems", "search for the item");
        let (found,) = self
            .bus
            .call(method, (HashMap::from([(ATTRIBUTE, name)]),))?;
        Ok(found)
    }

    fn items(&self, collection: &Path<'static>) -> Result<Vec<ListedItem>, Failure> {
        let method = collection_method(collection, "", "list its items");
        let paths: Vec<Path<'static>> = self.bus.property(method, "Items")?;
        let properties = Method {
            service: SERVICE,
            path: NO_OBJECT,
            interface: "org.freedesktop.DBus.Properties",
            member: "GetAll",
            purpose: "list its items",
        };
        let answers = self
            .bus
            .call_each::<(PropMap,)>(&paths, properties, ITEM_INTERFACE)?;
        let items = paths.into_iter().zip(answers);
        Ok(items
            .filter_map(|(path, answer)| Some(ListedItem::from_properties(path, &answer?.0)))
            .collect())
    }

    /// Does something in the collection; `None` if there is no collection. Tries the path it usually has before asking for
    /// the list, which saves a call on the way to every secret.
    fn in_collection<T>(
        &self,
        attempt: impl Fn(&Path<'static>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let known = self.collection.borrow().clone();
        let path = match known {
            Some(path) => path,
            None => path::usual_path(&self.name),
        };
        match attempt(&path) {
            Err(Failure::NoObject) => {}
            result => return result.map(Some),
        }
        let found = self.find_collection()?;
        self.collection.replace(found.clone());
        found.map(|path| attempt(&path)).transpose()
    }

    /// The collection among all collections: by its path, which services escape differently, else by its label.
    fn find_collection(&self) -> Result<Option<Path<'static>>, Failure> {
        let paths: Vec<Path<'static>> = self
            .bus
            .property(service_method("", "list its collections"), "Collections")?;
        if let Some(path) = paths.iter().find(|path| path::is_of(path, &self.name)) {
            return Ok(Some(path.clone()));
        }
        let properties = Method {
            service: SERVICE,
            path: NO_OBJECT,
            interface: "org.freedesktop.DBus.Properties",
            member: "GetAll",
            purpose: "list its collections",
        };
        let answers = self
            .bus
            .call_each::<(PropMap,)>(&paths, properties, COLLECTION_INTERFACE)?;
        let labelled = |answer: &Option<(PropMap,)>| {
            answer
                .as_ref()
                .and_then(|(properties,)| text(properties, "Label"))
                == Some(&self.name)
        };
        Ok(paths
            .into_iter()
            .zip(&answers)
            .find(|(_, answer)| labelled(answer))
            .map(|(path, _)| path))
    }

    fn create_collection(&self) -> Result<Path<'static>, Failure> {
        let purpose = "create the collection";
        let label = PropMap::from([(
            format!("{COLLECTION_INTERFACE}.Label"),
            bus::boxed(self.name.clone()),
        )]);
        let (path, prompt): (Path<'static>, Path<'static>) = self
            .bus
            .call(service_method("CreateCollection", purpose), (label, ""))?;
        let path = if &*path == NO_OBJECT {
            self.bus
                .prompt(&prompt, purpose)?
                .ok_or_else(|| failed(purpose, "it did not say where it is"))?
        } else {
            path
        };
        self.collection.replace(Some(path.clone()));
        Ok(path)
    }

    fn create_item(
        &self,
        collection: &Path<'static>,
        name: &str,
        secret: EncryptedSecret,
    ) -> Result<(), Failure> {
        let purpose = "store the item";
        let attributes = HashMap::from([(ATTRIBUTE.to_owned(), name.to_owned())]);
        let properties = PropMap::from([
            (
                format!("{ITEM_INTERFACE}.Label"),
                bus::boxed(name.to_owned()),
            ),
            (
                format!("{ITEM_INTERFACE}.Attributes"),
                bus::boxed(attributes),
            ),
        ]);
        let method = collection_method(collection, "CreateItem", purpose);
        let (path, prompt): (Path<'static>, Path<'static>) =
            self.bus.call(method, (properties, secret, true))?;
        if &*path == NO_OBJECT {
            self.bus.prompt(&prompt, purpose)?;
        }
        Ok(())
    }

    /// Tries, and tries again after unlocking if that is what it takes.
    fn unlocking<T>(
        &self,
        object: &Path<'static>,
        attempt: impl Fn() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match attempt() {
            Err(Failure::Locked) => {
                self.unlock(object)?;
                attempt()
            }
            result => result,
        }
    }

    fn unlock_if_locked(&self, collection: &Path<'static>) -> Result<bool, Failure> {
        let method = collection_method(collection, "", "say whether it is locked");
        let locked = self.bus.property(method, "Locked")?;
        if locked {
            self.unlock(collection)?;
        }
        Ok(locked)
    }

    fn unlock(&self, object: &Path<'static>) -> Result<(), Failure> {
        let method = service_method("Unlock", "unlock");
        let (_, prompt): (Vec<Path<'static>>, Path<'static>) =
            self.bus.call(method, (vec![object],))?;
        if &*prompt == NO_OBJECT {
            return Ok(());
        }
        self.bus.prompt(&prompt, "unlock").map(drop)
    }
}

/// What a listing tells about an item.
struct ListedItem {
    path: Path<'static>,
    label: String,
    profile: Option<String>,
}

impl ListedItem {
    fn from_properties(path: Path<'static>, properties: &PropMap) -> Self {
        let attributes: Option<&HashMap<String, String>> =
            dbus::arg::prop_cast(properties, "Attributes");
        ListedItem {
            path,
            label: text(properties, "Label").cloned().unwrap_or_default(),
            profile: attributes
                .and_then(|attributes| attributes.get(ATTRIBUTE))
                .cloned(),
        }
    }

    fn is_named(&self) -> bool {
        self.profile.is_some() || !self.label.is_empty()
    }

    /// What the item is found by.
    fn name(self) -> Option<String> {
        self.profile
            .or(Some(self.label))
            .filter(|name| !name.is_empty())
    }
}

fn text<'p>(properties: &'p PropMap, name: &str) -> Option<&'p String> {
    dbus::arg::prop_cast(properties, name)
}

fn service_method(member: &'static str, purpose: &'static str) -> Method<'static> {
    Method {
        service: SERVICE,
        path: SERVICE_PATH,
        interface: SERVICE_INTERFACE,
        member,
        purpose,
    }
}

fn collection_method<'p>(path: &'p str, member: &'static str, purpose: &'static str) -> Method<'p> {
    Method {
        service: SERVICE,
        path,
        interface: COLLECTION_INTERFACE,
        member,
        purpose,
    }
}

fn item_method<'p>(path: &'p str, member: &'static str, purpose: &'static str) -> Method<'p> {
    Method {
        service: SERVICE,
        path,
        interface: ITEM_INTERFACE,
        member,
        purpose,
    }
}
