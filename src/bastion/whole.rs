//! The plan for all accounts together, what could not be planned, and the digest that ties `apply` to what was read.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::plan::{AccountPlan, Action, Kind};

/// Everything that would be done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Plan {
    pub accounts: Vec<AccountPlan>,
    /// Accounts that could not be read.
    pub failures: Vec<Failure>,
}

/// Why an account has no plan, or its plan was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    pub account: String,
    pub name: String,
    pub message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// The file is wrong about an account: nothing may be written anywhere.
    #[serde(skip)]
    pub forbids_writing: bool,
}

/// How many changes of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub create: usize,
    pub change: usize,
    pub delete: usize,
    pub unchanged: usize,
    pub conflicts: usize,
    pub unknown: usize,
}

impl Plan {
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.accounts.iter().all(AccountPlan::is_clean)
    }

    pub fn has_actions(&self) -> bool {
        self.accounts.iter().any(|plan| !plan.actions.is_empty())
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for plan in &self.accounts {
            for action in &plan.actions {
                match action.kind() {
                    Kind::Create => counts.create += 1,
                    Kind::Change => counts.change += 1,
                    Kind::Delete => counts.delete += 1,
                }
            }
            counts.unchanged += plan.unchanged;
            counts.conflicts += plan.conflicts.len();
            counts.unknown += plan.unknown.len();
        }
        counts
    }

    /// The first 64 bits of a SHA-256 over every change in every account, in hexadecimal: two plans with the same digest do the same.
    pub fn digest(&self) -> String {
        let changes: Vec<(&str, &[Action])> = self
            .accounts
            .iter()
            .filter(|plan| !plan.actions.is_empty())
            .map(|plan| (plan.account.as_str(), plan.actions.as_slice()))
            .collect();
        // Plain data of strings and numbers always serializes.
        let text = serde_json::to_vec(&changes).unwrap_or_default();
        let hash = Sha256::digest(text);
        let first = hash.iter().take(8);
        let number = first.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{number:016x}")
    }
}
