//! One session with the service: the specification's calls, put together to the operations of a keystore.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use dbus::arg::{PropMap, Variant};
use dbus::strings::Path;

use super::encryption::{self, KeyPair, SessionKey};
use super::interface::{
    ATTRIBUTE, ITEM_INTERFACE, NO_OBJECT, collection_method, item_method, service_method,
};
use super::listing::ListedItem;
use super::{failed, still_locked};
use crate::bus::{self, Bus, Failure};
use crate::{Error, Item, envelope};

const CONTENT_TYPE: &str = "application/json";

/// A message bus carries no larger arrays than 64 MiB; libdbus would end the process.
const MAX_JSON: usize = 32 << 20;

/// `(oayays)`: session, parameters, value, content type.
type EncryptedSecret = (Path<'static>, Vec<u8>, Vec<u8>, String);

/// A connection with an agreed key.
pub(super) struct Session {
    pub(super) bus: Bus,
    /// Of the collection.
    pub(super) name: String,
    /// The collection's object path once it is known; it is guessed until then.
    pub(super) collection: RefCell<Option<Path<'static>>>,
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
                Err(Failure::Locked) => return Err(still_locked(name).into()),
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
        let put = |collection: &Path<'static>| {
            if self.replace(collection, &item.name, &secret)? {
                return Ok(());
            }
            self.unlocking(collection, || {
                self.create_item(collection, &item.name, secret.clone())
            })
        };
        if self.in_collection(put)?.is_none() {
            put(&self.create_collection()?)?;
        }
        Ok(())
    }

    pub(super) fn remove(&self, name: &str) -> Result<bool, Failure> {
        let mut existed = false;
        for path in self.find(name)? {
            existed |= self.delete(&path, name)?;
        }
        Ok(existed)
    }

    /// Changes the secret of the item that is there, if one is, instead of having the service replace it: KeePassXC 2.7 shows a
    /// prompt for that and never completes it. Of several items of one name, one stays.
    fn replace(
        &self,
        collection: &Path<'static>,
        name: &str,
        secret: &EncryptedSecret,
    ) -> Result<bool, Failure> {
        let mut replaced = false;
        for path in self.search(collection, name)? {
            if replaced {
                self.delete(&path, name)?;
                continue;
            }
            let set = item_method(&path, "SetSecret", "store the item");
            match self.unlocking(&path, || self.bus.call(set, (secret.clone(),))) {
                Ok(()) => replaced = true,
                // Removed since it was found.
                Err(Failure::NoObject) => {}
                Err(Failure::Locked) => return Err(still_locked(name).into()),
                Err(failure) => return Err(failure),
            }
        }
        Ok(replaced)
    }

    /// Says whether it was there.
    fn delete(&self, path: &Path<'static>, name: &str) -> Result<bool, Failure> {
        let delete = item_method(path, "Delete", "remove the item");
        match self.unlocking(path, || self.bus.call::<_, (Path<'static>,)>(delete, ())) {
            Ok((prompt,)) if &*prompt == NO_OBJECT => Ok(true),
            Ok((prompt,)) => self.bus.prompt(&prompt, "remove the item").and(Ok(true)),
            // Somebody else was faster.
            Err(Failure::NoObject) => Ok(false),
            Err(Failure::Locked) => Err(still_locked(name).into()),
            Err(failure) => Err(failure),
        }
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
}
