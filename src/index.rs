//! What is remembered in clear beside the sessions: which store is in use, and the names (never the content) of the keys in
//! each store, so that a warm run need not list a store and the tool never silently switches from one store to another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aws_vault_keystore::Backend;
use serde::{Deserialize, Serialize};

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
