//! Finding, making and unlocking the collection.

use dbus::arg::PropMap;
use dbus::strings::Path;

use super::interface::{
    COLLECTION_INTERFACE, NO_OBJECT, all_properties, collection_method, service_method,
};
use super::listing::text;
use super::session::Session;
use super::{failed, path};
use crate::bus::{self, Failure};

impl Session {
    /// Does something in the collection; `None` if there is no collection. Tries the path it usually has before asking for
    /// the list, which saves a call on the way to every secret.
    pub(super) fn in_collection<T>(
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
        let properties = all_properties("list its collections");
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

    pub(super) fn create_collection(&self) -> Result<Path<'static>, Failure> {
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

    /// Tries, and tries again after unlocking if that is what it takes.
    pub(super) fn unlocking<T>(
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

    pub(super) fn unlock_if_locked(&self, collection: &Path<'static>) -> Result<bool, Failure> {
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
