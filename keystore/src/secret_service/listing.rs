//! Finding items in the collection.

use std::collections::HashMap;

use dbus::arg::PropMap;
use dbus::strings::Path;

use super::interface::{ATTRIBUTE, ITEM_INTERFACE, all_properties, collection_method};
use super::session::Session;
use crate::bus::Failure;

impl Session {
    /// The items of that name. By attribute if there are any, else by label, as people can see and change only that.
    pub(super) fn find(&self, name: &str) -> Result<Vec<Path<'static>>, Failure> {
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

    pub(super) fn search(
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

    pub(super) fn items(&self, collection: &Path<'static>) -> Result<Vec<ListedItem>, Failure> {
        let method = collection_method(collection, "", "list its items");
        let paths: Vec<Path<'static>> = self.bus.property(method, "Items")?;
        let properties = all_properties("list its items");
        let answers = self
            .bus
            .call_each::<(PropMap,)>(&paths, properties, ITEM_INTERFACE)?;
        let items = paths.into_iter().zip(answers);
        Ok(items
            .filter_map(|(path, answer)| Some(ListedItem::from_properties(path, &answer?.0)))
            .collect())
    }
}

/// What a listing tells about an item.
pub(super) struct ListedItem {
    pub(super) path: Path<'static>,
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

    pub(super) fn is_named(&self) -> bool {
        self.profile.is_some() || !self.label.is_empty()
    }

    /// What the item is found by.
    pub(super) fn name(self) -> Option<String> {
        self.profile
            .or(Some(self.label))
            .filter(|name| !name.is_empty())
    }
}

pub(super) fn text<'p>(properties: &'p PropMap, name: &str) -> Option<&'p String> {
    dbus::arg::prop_cast(properties, name)
}
