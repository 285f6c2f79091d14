//! The state: accounts with their users, keys, MFA devices and roles, and the sessions made from them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

use crate::aws_managed;
use crate::clock;
use crate::faults::Faults;
use crate::identity::Principal;
use crate::identity_center::IdentityCenter;
use crate::ids::Ids;
use crate::log::Call;
use crate::metadata::Machine;
use crate::oauth;
use crate::policy::Document;
use crate::signin;
use crate::totp::{self, Device};

/// A world file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// Not JSON, or a field or policy element that is not known.
    #[error("the world file is not valid: {0}")]
    Syntax(#[from] serde_json::Error),
    /// A user's group does not exist.
    #[error("user {user} is in group {group}, which the account does not have")]
    UnknownGroup {
        /// The user's name.
        user: String,
        /// The missing group.
        group: String,
    },
    /// A seed is not base32.
    #[error("MFA device {serial}: {source}")]
    Seed {
        /// The device's serial number.
        serial: String,
        /// What is wrong.
        source: totp::InvalidSeed,
    },
    /// The system gave no randomness.
    #[error("no random numbers: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// Everything the simulated AWS knows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// By account id.
    pub accounts: BTreeMap<String, Account>,
    /// Identity Center, whose roles are those of `accounts`.
    #[serde(default)]
    pub identity_center: IdentityCenter,
    /// What differs from the plain AWS.
    #[serde(default)]
    pub options: Options,
    /// The account that manages the organization, of which every account is a member.
    #[serde(default)]
    pub management_account: Option<String>,
    /// Makes ids and secrets repeatable.
    #[serde(default)]
    seed: Option<u64>,
    /// The machine whose credential servers these are.
    #[serde(default)]
    pub machine: Option<Machine>,
    #[serde(skip)]
    pub(crate) ids: Ids,
    /// By access key id.
    #[serde(skip)]
    pub(crate) sessions: BTreeMap<String, Session>,
    #[serde(skip)]
    pub(crate) signin: signin::State,
    #[serde(skip)]
    pub(crate) oauth: oauth::State,
    #[serde(skip)]
    pub(crate) calls: Vec<Call>,
    /// Calls answered so far.
    #[serde(skip)]
    pub(crate) served: u64,
    #[serde(skip)]
    pub(crate) faults: Faults,
    /// Seconds by which this AWS's clock is ahead of the machine's.
    #[serde(skip)]
    pub(crate) clock_offset_s: i64,
}

/// Switches a test may turn, in the world file or by `PUT /_sim/options`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Milliseconds during which a new access key answers `InvalidClientTokenId`.
    pub key_propagation_ms: u64,
    /// Sessions made by a key die with it. (AWS lets them live.)
    pub sessions_end_with_key: bool,
    /// An MFA code works as often as one likes within its window.
    pub allow_code_reuse: bool,
    /// 30-second steps further back and forth than AWS allows, in which an MFA code is good: for slow machines.
    pub extra_mfa_steps: u64,
    /// As AWS does: session tags need `sts:TagSession`, a source identity needs `sts:SetSourceIdentity`.
    pub require_session_actions: bool,
    /// The address every request seems to come from.
    pub source_ip: Option<IpAddr>,
    /// Sends a login for an AWS console on to this server's own `/console` page.
    pub local_console: bool,
    /// Who is signed in to the console in everybody's browser: `ACCOUNT/USER`.
    pub console_user: Option<String>,
}

/// One AWS account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    #[serde(default = "aws_partition")]
    pub partition: String,
    /// What AWS Organizations calls it.
    #[serde(default)]
    pub name: String,
    /// Customer-managed policies by name.
    #[serde(default)]
    pub managed_policies: BTreeMap<String, ManagedPolicy>,
    /// Virtual MFA devices that belong to nobody yet.
    #[serde(skip)]
    pub(crate) unassigned_devices: Vec<Device>,
    /// By name.
    #[serde(default)]
    pub users: BTreeMap<String, User>,
    /// By name.
    #[serde(default)]
    pub groups: BTreeMap<String, Group>,
    /// By name.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// By host and path, as in their ARN.
    #[serde(default)]
    pub oidc_providers: BTreeMap<String, OidcProvider>,
    /// Issuers by name, as in the provider's ARN.
    #[serde(default)]
    pub saml_providers: BTreeMap<String, String>,
}

/// Whose web identity tokens are believed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// Client ids.
    pub audiences: Vec<String>,
    /// What tokens are signed with (HS256).
    pub key: String,
}

/// An IAM user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// `AIDA…`; made up if empty.
    #[serde(default)]
    pub id: String,
    /// Begins and ends with a slash.
    #[serde(default = "root_path")]
    pub path: String,
    /// Names of groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Inline policies by name.
    #[serde(default)]
    pub policies: BTreeMap<String, Document>,
    /// ARNs of attached policies.
    #[serde(default)]
    pub attached: BTreeSet<String>,
    /// By key.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Whether there is a console password; whether it must be changed.
    #[serde(skip)]
    pub login_profile: Option<bool>,
    /// At most two.
    #[serde(default)]
    pub access_keys: Vec<AccessKey>,
    /// Virtual devices.
    #[serde(default)]
    pub mfa_devices: Vec<Device>,
    /// When the user was made.
    #[serde(default = "long_ago", deserialize_with = "iso8601")]
    pub created: SystemTime,
}

/// A group: policies that its users share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Begins and ends with a slash.
    #[serde(default = "root_path")]
    pub path: String,
    /// By name.
    #[serde(default)]
    pub policies: BTreeMap<String, Document>,
    /// ARNs of attached policies.
    #[serde(default)]
    pub attached: BTreeSet<String>,
}

/// A customer-managed policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedPolicy {
    /// Begins and ends with a slash.
    #[serde(default = "root_path")]
    pub path: String,
    /// Number and text of every version that is kept.
    pub versions: BTreeMap<u32, Document>,
    /// The version that counts.
    pub default_version: u32,
}

/// An IAM role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// `AROA…`; made up if empty.
    #[serde(default)]
    pub id: String,
    /// Begins and ends with a slash.
    #[serde(default = "root_path")]
    pub path: String,
    /// Seconds, 3,600 to 43,200.
    #[serde(default = "one_hour")]
    pub max_session_duration: u64,
    /// Who may assume it.
    pub trust: Document,
    /// What it may do, by name.
    #[serde(default)]
    pub policies: BTreeMap<String, Document>,
    /// ARNs of attached policies.
    #[serde(default)]
    pub attached: BTreeSet<String>,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// By key.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// ARN of the policy that bounds it; kept, not evaluated.
    #[serde(default)]
    pub permissions_boundary: Option<String>,
}

/// A long-term access key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: String,
    /// 40 characters.
    pub secret: SecretString,
    /// Only active keys work.
    #[serde(default)]
    pub status: Status,
    /// When it was made.
    #[serde(default = "long_ago", deserialize_with = "iso8601")]
    pub created: SystemTime,
    /// The newest request it signed.
    #[serde(skip)]
    pub last_used: Option<LastUsed>,
}

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Status {
    /// It may.
    #[default]
    Active,
    /// It may not.
    Inactive,
}

/// Where a key was used last.
#[derive(Debug, Clone)]
pub struct LastUsed {
    pub(crate) at: SystemTime,
    pub(crate) service: String,
    pub(crate) region: String,
}

/// Temporary credentials and what they stand for.
#[derive(Debug, Clone)]
pub struct Session {
    pub(crate) secret: SecretString,
    pub(crate) token: SecretString,
    pub(crate) account: String,
    pub(crate) principal: Principal,
    /// The long-term key at the root of the chain.
    pub(crate) root_key: String,
    pub(crate) issued: SystemTime,
    pub(crate) expires: SystemTime,
    /// When the MFA code was checked, if one was.
    pub(crate) mfa_at: Option<SystemTime>,
    /// Made with credentials that were temporary themselves.
    pub(crate) chained: bool,
    pub(crate) source_identity: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) transitive_tag_keys: BTreeSet<String>,
    /// Session policies: the session may do what they and the identity's own policies both allow.
    pub(crate) policies: Vec<Document>,
}

impl World {
    /// Reads a world file (JSON; the format is in the README).
    pub fn from_json(text: &str) -> Result<Self, WorldError> {
        let mut world: Self = serde_json::from_str(text)?;
        world.ids = match world.seed {
            Some(seed) => Ids::repeatable(seed),
            None => Ids::fresh()?,
        };
        world.check()?;
        world.fill_in_ids();
        Ok(world)
    }

    /// The built-in example: a bastion account with one user, and a master account with a role behind MFA.
    pub fn deck() -> Result<Self, WorldError> {
        Self::from_json(Self::DECK)
    }

    /// The text of the built-in example.
    pub const DECK: &'static str = include_str!("deck.json");

    /// The same accounts before anything of the talk was set up: an administrator, and the roles of AWS Organizations.
    pub const EMPTY: &'static str = include_str!("empty.json");

    /// Moves this AWS's clock ahead of the machine's, or behind it.
    pub fn set_clock_offset(&mut self, seconds: i64) {
        self.clock_offset_s = seconds;
    }

    /// This AWS's idea of the time.
    pub fn time(&self, now: SystemTime) -> SystemTime {
        clock::shifted(now, self.clock_offset_s)
    }

    /// The owner of a long-term key: account id, user name, key.
    pub(crate) fn access_key(&self, id: &str) -> Option<(&str, &str, &AccessKey)> {
        self.accounts.iter().find_map(|(account_id, account)| {
            account.users.iter().find_map(|(name, user)| {
                let key = user.access_keys.iter().find(|key| key.id == id)?;
                Some((account_id.as_str(), name.as_str(), key))
            })
        })
    }

    pub(crate) fn user(&self, account: &str, name: &str) -> Option<&User> {
        self.accounts.get(account)?.users.get(name)
    }

    pub(crate) fn user_mut(&mut self, account: &str, name: &str) -> Option<&mut User> {
        self.accounts.get_mut(account)?.users.get_mut(name)
    }

    /// The role an ARN names: account id, name, role.
    pub(crate) fn role_at(&self, arn: &str) -> Option<(&str, &str, &Role)> {
        self.accounts.iter().find_map(|(id, account)| {
            let (name, role) = account
                .roles
                .iter()
                .find(|(name, role)| account.role_arn(id, name, role) == arn)?;
            Some((id.as_str(), name.as_str(), role))
        })
    }

    fn check(&self) -> Result<(), WorldError> {
        for account in self.accounts.values() {
            for (name, user) in &account.users {
                if let Some(group) = user
                    .groups
                    .iter()
                    .find(|group| !account.groups.contains_key(*group))
                {
                    return Err(WorldError::UnknownGroup {
                        user: name.clone(),
                        group: group.clone(),
                    });
                }
                for device in &user.mfa_devices {
                    let seed = |source| WorldError::Seed {
                        serial: device.serial.clone(),
                        source,
                    };
                    device.next_code(0).map_err(seed)?;
                }
            }
        }
        Ok(())
    }

    fn fill_in_ids(&mut self) {
        for account in self.accounts.values_mut() {
            for user in account.users.values_mut().filter(|user| user.id.is_empty()) {
                user.id = self.ids.entity("AIDA", 21);
            }
            for role in account.roles.values_mut().filter(|role| role.id.is_empty()) {
                role.id = self.ids.entity("AROA", 21);
            }
        }
    }
}

impl Account {
    pub(crate) fn user_arn(&self, account_id: &str, name: &str, user: &User) -> String {
        format!(
            "arn:{}:iam::{account_id}:user{}{name}",
            self.partition, user.path
        )
    }

    pub(crate) fn role_arn(&self, account_id: &str, name: &str, role: &Role) -> String {
        format!(
            "arn:{}:iam::{account_id}:role{}{name}",
            self.partition, role.path
        )
    }

    /// The user's own policies and those of its groups.
    pub(crate) fn user_policies<'a>(
        &'a self,
        user: &'a User,
    ) -> impl Iterator<Item = &'a Document> {
        let groups = user.groups.iter().filter_map(|name| self.groups.get(name));
        let own = user.policies.values().chain(self.attached(&user.attached));
        own.chain(groups.flat_map(|group| {
            group
                .policies
                .values()
                .chain(self.attached(&group.attached))
        }))
    }

    /// The role's own policies and those attached to it.
    pub(crate) fn role_policies<'a>(
        &'a self,
        role: &'a Role,
    ) -> impl Iterator<Item = &'a Document> {
        role.policies.values().chain(self.attached(&role.attached))
    }

    fn attached<'a>(&'a self, arns: &'a BTreeSet<String>) -> impl Iterator<Item = &'a Document> {
        arns.iter()
            .filter_map(|arn| aws_managed::document(arn).or_else(|| self.managed(arn)))
    }

    /// The version that counts of a customer-managed policy.
    fn managed(&self, arn: &str) -> Option<&Document> {
        let (_, below) = arn.split_once(":policy")?;
        let mut policies = self.managed_policies.iter();
        let (_, policy) =
            policies.find(|(name, policy)| format!("{}{name}", policy.path) == below)?;
        policy.versions.get(&policy.default_version)
    }
}

fn aws_partition() -> String {
    "aws".into()
}

fn root_path() -> String {
    "/".into()
}

fn one_hour() -> u64 {
    3600
}

fn long_ago() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_525_687_628)
}

fn iso8601<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    clock::parse_iso8601(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("{text:?} is not like 2026-11-23T06:00:00Z"))
    })
}
