//! The layout that `bastion.toml` describes, as plain data: accounts, roles, groups, users.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::arn::Partition;

/// Path of everything that cannot carry a tag where it is read back: groups and managed policies. What lies there is ours.
pub const OWN_PATH: &str = "/aws-vault/";

/// Tag of roles and users that we made. Its value is the id of the bastion account.
pub const OWNER_TAG: &str = "aws-vault:bastion";

/// Everything `bastion.toml` says, with every name resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub partition: Partition,
    /// Where people live: users and groups, no compute resources.
    pub bastion: Account,
    /// Where things live, by name.
    pub accounts: Vec<Account>,
    pub admin: Admin,
    pub roles: Vec<Role>,
    pub groups: Vec<Group>,
    pub users: Vec<User>,
}

/// An AWS account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    /// Twelve digits.
    pub id: String,
    /// Profile that may administer IAM there; without one, `Admin` says how to get in.
    pub profile: Option<String>,
    /// What the console shows the account in, six hexadecimal digits.
    pub color: Option<String>,
    /// Region that `bastion config` writes for the account's profiles.
    pub region: Option<String>,
}

/// How accounts are entered that name no profile of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admin {
    /// Used as it is in its own account.
    pub profile: Option<String>,
    /// Assumed with that profile in every other account, e.g. `OrganizationAccountAccessRole`.
    pub role: Option<String>,
}

/// A role, the same in each of its accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    /// Names of accounts; the bastion account may be one of them.
    pub accounts: Vec<String>,
    /// ARNs.
    pub managed_policies: BTreeSet<String>,
    /// JSON documents by name.
    pub inline_policies: BTreeMap<String, String>,
    /// Seconds, 3,600 to 43,200.
    pub max_session_duration: u32,
    /// Begins and ends with a slash.
    pub path: String,
    pub description: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// ARN of a managed policy.
    pub permissions_boundary: Option<String>,
    pub trust: Trust,
}

/// Who may assume a role, on what conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// People of the bastion account who have proved an MFA device.
    Bastion {
        /// Seconds since the code was checked.
        mfa_max_age: Option<u32>,
        /// Address ranges, in CIDR form.
        source_ip: Vec<String>,
    },
    /// Programs of somebody else's account, who must name the external ID (the confused-deputy problem); they have no MFA.
    ThirdParty {
        account: String,
        external_id: String,
    },
}

/// A group of the bastion account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub assume: Vec<Assumable>,
    /// ARNs, besides those that we write.
    pub managed_policies: BTreeSet<String>,
}

/// One role in one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assumable {
    pub account: String,
    pub role: String,
}

/// A user of the bastion account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub groups: BTreeSet<String>,
    /// Whether the user signs in to the console with a password.
    pub console: bool,
    /// Whether the user has an access key.
    pub access_key: bool,
}

impl Layout {
    /// The bastion account, then the others.
    pub fn all_accounts(&self) -> impl Iterator<Item = &Account> {
        std::iter::once(&self.bastion).chain(&self.accounts)
    }

    pub fn account(&self, name: &str) -> Option<&Account> {
        self.all_accounts().find(|account| account.name == name)
    }

    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// `arn:aws:iam::222233334444:role/DeveloperRole`; `None` for an account or role that the layout does not have.
    pub fn role_arn(&self, assumable: &Assumable) -> Option<String> {
        let account = self.account(&assumable.account)?;
        let role = self.role(&assumable.role)?;
        Some(self.arn(account, &format!("role{}{}", role.path, role.name)))
    }

    /// An ARN of IAM in one account.
    pub fn arn(&self, account: &Account, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition.id(), account.id)
    }

    /// What a user may become through all of its groups, each once.
    pub fn assumable_by(&self, user: &User) -> BTreeSet<&Assumable> {
        self.groups
            .iter()
            .filter(|group| user.groups.contains(&group.name))
            .flat_map(|group| &group.assume)
            .collect()
    }

    /// Serial number of the device that `enroll-mfa` makes for a user.
    pub fn mfa_serial(&self, user: &str) -> String {
        self.arn(&self.bastion, &format!("mfa/{user}"))
    }
}
