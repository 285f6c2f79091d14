//! What is remembered in clear beside the sessions: which store is in use, and the names (never the content) of the keys in
//! each store, so that a warm run need not list a store and the tool never silently switches from one store to another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aws_vault_keystore::Backend;
use serde::{Deserialize, Serialize};

use crate::credentials::rfc3339;
use crate::files::{self, PathError};

const FILE_NAME: &str = "index.json";

/// The content of `index.json`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The store that was chosen when none was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<Chosen>,
    /// Names of long-term keys, by store location.
    #[serde(default)]
    pub stores: BTreeMap<String, BTreeSet<String>>,
    /// Rotations that are not finished, by store location and name of the key. Written before anything is done at AWS, so that
    /// whatever runs next can say so without opening a store.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rotations: BTreeMap<String, BTreeMap<String, Unfinished>>,
    /// When keys were made, by store location and name. IAM's word, good for showing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub created: BTreeMap<String, BTreeMap<String, String>>,
}

/// Why a rotation has a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfinished {
    /// It was interrupted.
    Interrupted,
    /// The old key is deactivated and kept, as `--keep-old` asked.
    OldKeyKept,
}

/// The store in use and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    pub name: String,
    /// RFC 3339 UTC.
    pub since: String,
}

impl Index {
    /// Reads the index in `dir`. A missing or damaged one is empty: it can be had again from the stores.
    pub fn load(dir: &Path) -> Self {
        std::fs::read(dir.join(FILE_NAME))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Writes the index unless `before` says the same already.
    pub fn save_if_changed(&self, dir: &Path, before: &Self) -> Result<(), PathError> {
        if self == before {
            return Ok(());
        }
        files::create_private_dir(dir)?;
        let path: PathBuf = dir.join(FILE_NAME);
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        files::write_atomically(&path, format!("{text}\n").as_bytes())
    }

    /// The store that earlier runs chose, if this build knows it.
    pub fn chosen(&self) -> Option<Backend> {
        self.backend.as_ref()?.name.parse().ok()
    }

    /// The names of stored keys last seen at `location`; `None` when that store was never listed.
    pub fn names(&self, location: &str) -> Option<&BTreeSet<String>> {
        self.stores.get(location)
    }

    /// Notes what a store holds now, and forgets what is said of names that are gone.
    pub fn note(
        &mut self,
        location: &str,
        credentials: &BTreeSet<String>,
        rotations: &BTreeSet<String>,
    ) {
        self.stores.insert(location.to_owned(), credentials.clone());
        let known = self.rotations.remove(location).unwrap_or_default();
        for name in rotations {
            let why = known.get(name).copied();
            self.note_rotation(location, name, Some(why.unwrap_or(Unfinished::Interrupted)));
        }
        if let Some(created) = self.created.get_mut(location) {
            created.retain(|name, _| credentials.contains(name));
        }
    }

    /// Notes how the rotation of one key stands; `None`: there is none.
    pub fn note_rotation(&mut self, location: &str, name: &str, state: Option<Unfinished>) {
        let rotations = self.rotations.entry(location.to_owned()).or_default();
        match state {
            Some(state) => drop(rotations.insert(name.to_owned(), state)),
            None => drop(rotations.remove(name)),
        }
        self.rotations.retain(|_, rotations| !rotations.is_empty());
    }

    /// Notes when a key was made; `None` forgets it, as another key is stored under the name.
    pub fn note_created(&mut self, location: &str, name: &str, created: Option<SystemTime>) {
        let dates = self.created.entry(location.to_owned()).or_default();
        match created {
            Some(created) => drop(dates.insert(name.to_owned(), rfc3339(created))),
            None => drop(dates.remove(name)),
        }
        self.created.retain(|_, dates| !dates.is_empty());
    }

    /// When the key stored under a name was made, if that was ever asked.
    pub fn created(&self, location: &str, name: &str) -> Option<SystemTime> {
        humantime::parse_rfc3339(self.created.get(location)?.get(name)?).ok()
    }

    /// Locations and names of the rotations that were interrupted.
    pub fn interrupted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rotations.iter().flat_map(|(location, rotations)| {
            rotations
                .iter()
                .filter(|(_, why)| **why == Unfinished::Interrupted)
                .map(|(name, _)| (location.as_str(), name.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_index_is_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        for garbage in ["", "{", "[]", "\0\0"] {
            std::fs::write(dir.path().join(FILE_NAME), garbage).unwrap();
            assert_eq!(Index::load(dir.path()), Index::default(), "{garbage:?}");
        }
    }

    #[test]
    fn round_trip() {
        let dir = tempfile::tempdir().unwrap();
        let mut index = Index::default();
        index
            .stores
            .insert("file:/k".into(), ["bastion".to_owned()].into());
        index
            .save_if_changed(dir.path(), &Index::default())
            .unwrap();
        assert_eq!(Index::load(dir.path()), index);
    }
}
