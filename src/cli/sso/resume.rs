//! What a listing that was stopped had found already. Names of accounts and roles, no secret; for its owner only all the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::inventory::Assigned;
use crate::aws::sso::Account;
use crate::files::{self, PathError};

/// Access changes; what was found longer ago is asked anew.
const GOOD_FOR: Duration = Duration::from_hours(1);

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Partial {
    /// Unix seconds.
    started: u64,
    /// `None` before the list of accounts is whole.
    accounts: Option<Vec<Entry>>,
    /// By account id.
    roles: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    id: String,
    name: String,
    email: String,
}

impl Partial {
    /// What an earlier run saved, if it is young enough; else nothing.
    pub fn load(path: &Path, now: SystemTime) -> Self {
        let seconds = |time: SystemTime| {
            time.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs())
        };
        let now = seconds(now);
        std::fs::read(path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok())
            .filter(|partial| {
                now.checked_sub(partial.started)
                    .is_some_and(|age| age < GOOD_FOR.as_secs())
            })
            .unwrap_or_else(|| Self {
                started: now,
                ..Self::default()
            })
    }

    pub fn save(&self, path: &Path) -> Result<(), PathError> {
        files::write_atomically(path, &serde_json::to_vec(self).unwrap_or_default())
    }

    pub fn forget(path: &Path) {
        let _ = std::fs::remove_file(path);
    }

    pub fn has_accounts(&self) -> bool {
        self.accounts.is_some()
    }

    pub fn set_accounts(&mut self, accounts: Vec<Account>) {
        self.accounts = Some(
            accounts
                .into_iter()
                .map(|account| Entry {
                    id: account.id,
                    name: account.name,
                    email: account.email,
                })
                .collect(),
        );
    }

    pub fn add(&mut self, account: &Account, roles: Vec<String>) {
        self.roles.insert(account.id.clone(), roles);
    }

    pub fn total(&self) -> u64 {
        self.accounts.as_ref().map_or(0, |all| all.len() as u64)
    }

    pub fn done(&self) -> u64 {
        self.roles.len() as u64
    }

    /// Accounts whose roles are not known yet.
    pub fn missing(&self) -> Vec<Account> {
        let all = self.accounts.iter().flatten();
        all.filter(|entry| !self.roles.contains_key(&entry.id))
            .map(Entry::account)
            .collect()
    }

    pub fn into_assigned(mut self) -> Vec<Assigned> {
        let mut all: Vec<_> = self
            .accounts
            .take()
            .unwrap_or_default()
            .iter()
            .map(|entry| {
                let mut roles = self.roles.remove(&entry.id).unwrap_or_default();
                roles.sort();
                Assigned {
                    account: entry.account(),
                    roles,
                }
            })
            .collect();
        all.sort_by(|a, b| (&a.account.name, &a.account.id).cmp(&(&b.account.name, &b.account.id)));
        all
    }
}

impl Entry {
    fn account(&self) -> Account {
        Account {
            id: self.id.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
        }
    }
}
