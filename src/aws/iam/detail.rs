//! What IAM knows about an account's roles, policies, groups and users, as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// The part of an account that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountDetail {
    pub roles: BTreeMap<String, RoleDetail>,
    /// Customer-managed policies by name.
    pub policies: BTreeMap<String, PolicyDetail>,
    pub groups: BTreeMap<String, GroupDetail>,
    pub users: BTreeMap<String, UserDetail>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleDetail {
    pub arn: String,
    pub path: String,
    /// JSON.
    pub trust: String,
    pub description: Option<String>,
    /// Seconds; `None` when only the account's listing was read, which leaves it out.
    pub max_session_duration: Option<u32>,
    /// JSON documents by name.
    pub inline_policies: BTreeMap<String, String>,
    /// ARNs.
    pub attached_policies: BTreeSet<String>,
    pub permissions_boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyDetail {
    pub arn: String,
    pub path: String,
    /// JSON of the default version.
    pub document: String,
    /// Ids of the other versions, oldest first.
    pub old_versions: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupDetail {
    pub path: String,
    pub attached_policies: BTreeSet<String>,
    /// Names of inline policies.
    pub inline_policies: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserDetail {
    pub arn: String,
    pub path: String,
    pub groups: BTreeSet<String>,
    pub attached_policies: BTreeSet<String>,
    /// Names of inline policies.
    pub inline_policies: BTreeSet<String>,
    pub permissions_boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
}

/// A virtual or hardware MFA device of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaDevice {
    pub serial: String,
}

/// One of a user's access keys as `ListAccessKeys` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAge {
    pub access_key_id: String,
    pub active: bool,
    pub created: Option<SystemTime>,
}

/// What is to be read of an account; everything else is passed over while it arrives, so that memory stays flat.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Roles of these names, and those that bear this tag.
    pub roles: BTreeSet<String>,
    /// Every role, whoever made it.
    pub all_roles: bool,
    pub owner_tag: Option<&'static str>,
    /// Users, groups and policies too.
    pub people: bool,
}
