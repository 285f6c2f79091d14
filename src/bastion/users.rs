//! One user coming and going: what is there decides what is left to do, so that either can be broken off and run again.

use std::collections::BTreeSet;

use secrecy::SecretString;

use super::desired::Desired;
use super::plan::{AccountPlan, Action};
use crate::aws::Error;
use crate::aws::iam::account::AccountIam;
use crate::aws::iam::detail::{KeyAge, MfaDevice, UserDetail};

const PASSWORD_CHARS: usize = 24;
/// Without letters and digits that look alike.
const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const CAPITALS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS: &[u8] = b"23456789";
const SIGNS: &[u8] = b"!@#$%^&*()_+-=[]{}|";

/// What a user has besides groups and policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belongings {
    pub console: bool,
    pub keys: Vec<KeyAge>,
    pub devices: Vec<MfaDevice>,
}

pub async fn belongings(iam: &AccountIam, user: &str) -> Result<Belongings, Error> {
    Ok(Belongings {
        console: iam.has_login_profile(user).await?,
        keys: iam.access_keys(user).await?,
        devices: iam.mfa_devices(user).await?,
    })
}

/// The part of the account's plan that concerns one user.
pub fn only(plan: AccountPlan, user: &str) -> AccountPlan {
    let concerns = |action: &Action| match action {
        Action::CreateUser { user: name, .. }
        | Action::TagUser { user: name, .. }
        | Action::AddUserToGroup { user: name, .. }
        | Action::RemoveUserFromGroup { user: name, .. } => name == user,
        _ => false,
    };
    let mut plan = plan;
    let what = format!("user/{user}@");
    plan.actions.retain(concerns);
    plan.conflicts
        .retain(|conflict| conflict.what.starts_with(&what));
    plan.unknown.clear();
    plan
}

/// Groups of the user that `apply` has yet to make.
pub fn missing_groups<'a>(
    desired: &'a Desired,
    found: &BTreeSet<String>,
    user: &str,
) -> Vec<&'a str> {
    let groups = desired.users.get(user).map(|user| &user.groups);
    groups
        .into_iter()
        .flatten()
        .filter(|group| !found.contains(*group))
        .map(String::as_str)
        .collect()
}

/// One thing that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    LoginProfile,
    AccessKey(String),
    DeactivateMfa(String),
    DeleteMfa(String),
    Group(String),
    AttachedPolicy(String),
    InlinePolicy(String),
    User,
}

/// Everything of a user, in the order in which AWS lets it go, and access first.
pub fn removals(user: &UserDetail, belongings: &Belongings) -> Vec<Removal> {
    let mut removals = Vec::new();
    if belongings.console {
        removals.push(Removal::LoginProfile);
    }
    let keys = belongings.keys.iter();
    removals.extend(keys.map(|key| Removal::AccessKey(key.access_key_id.clone())));
    for device in &belongings.devices {
        removals.push(Removal::DeactivateMfa(device.serial.clone()));
        // Hardware devices have serial numbers of their own; virtual ones are entities that stay behind.
        if device.serial.starts_with("arn:") && device.serial.contains(":mfa/") {
            removals.push(Removal::DeleteMfa(device.serial.clone()));
        }
    }
    removals.extend(user.groups.iter().cloned().map(Removal::Group));
    let attached = user.attached_policies.iter();
    removals.extend(attached.cloned().map(Removal::AttachedPolicy));
    removals.extend(
        user.inline_policies
            .iter()
            .cloned()
            .map(Removal::InlinePolicy),
    );
    removals.push(Removal::User);
    removals
}

impl Removal {
    /// For the list that is shown before anything is removed.
    pub fn told(&self) -> String {
        match self {
            Self::LoginProfile => "the console password".to_owned(),
            Self::AccessKey(id) => format!("the access key {id}"),
            Self::DeactivateMfa(serial) => format!("the MFA device {serial}"),
            Self::DeleteMfa(serial) => format!("the virtual device {serial} itself"),
            Self::Group(group) => format!("the membership of {group}"),
            Self::AttachedPolicy(arn) => format!("the attached policy {arn}"),
            Self::InlinePolicy(name) => format!("the inline policy {name}"),
            Self::User => "the user".to_owned(),
        }
    }

    pub async fn perform(&self, iam: &AccountIam, user: &str) -> Result<(), Error> {
        match self {
            Self::LoginProfile => iam.delete_login_profile(user).await,
            Self::AccessKey(id) => iam.delete_key_of(user, id).await,
            Self::DeactivateMfa(serial) => iam.deactivate_mfa_device(user, serial).await,
            Self::DeleteMfa(serial) => iam.delete_virtual_mfa_device(serial).await,
            Self::Group(group) => iam.remove_user_from_group(user, group).await,
            Self::AttachedPolicy(arn) => iam.detach_user_policy(user, arn).await,
            Self::InlinePolicy(name) => iam.delete_user_policy(user, name).await,
            Self::User => iam.delete_user(user).await,
        }
    }
}

/// A password that satisfies every policy an account can have: 24 characters of all four kinds.
pub fn password() -> Result<SecretString, getrandom::Error> {
    let kinds = [LETTERS, CAPITALS, DIGITS, SIGNS];
    let all: Vec<u8> = kinds.concat();
    let mut text = zeroize::Zeroizing::new(String::with_capacity(PASSWORD_CHARS));
    while !kinds
        .iter()
        .all(|kind| text.bytes().any(|c| kind.contains(&c)))
    {
        text.clear();
        while text.len() < PASSWORD_CHARS {
            let mut byte = [0];
            getrandom::fill(&mut byte)?;
            // Rejection keeps every character equally likely.
            if usize::from(byte[0]) < 256 / all.len() * all.len() {
                text.push(char::from(all[usize::from(byte[0]) % all.len()]));
            }
        }
    }
    Ok(SecretString::from(text.as_str()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn access_goes_first_and_the_user_last() {
        let user = UserDetail {
            groups: BTreeSet::from(["Developers".to_owned()]),
            attached_policies: BTreeSet::from(["arn:p".to_owned()]),
            inline_policies: BTreeSet::from(["Own".to_owned()]),
            ..UserDetail::default()
        };
        let belongings = Belongings {
            console: true,
            keys: vec![KeyAge {
                access_key_id: "AKIA1".into(),
                active: true,
                created: None,
            }],
            devices: ["arn:aws:iam::111122223333:mfa/x", "GAHT12345678"]
                .map(|serial| MfaDevice {
                    serial: serial.into(),
                })
                .to_vec(),
        };
        assert_eq!(
            removals(&user, &belongings),
            [
                Removal::LoginProfile,
                Removal::AccessKey("AKIA1".into()),
                Removal::DeactivateMfa("arn:aws:iam::111122223333:mfa/x".into()),
                Removal::DeleteMfa("arn:aws:iam::111122223333:mfa/x".into()),
                Removal::DeactivateMfa("GAHT12345678".into()),
                Removal::Group("Developers".into()),
                Removal::AttachedPolicy("arn:p".into()),
                Removal::InlinePolicy("Own".into()),
                Removal::User,
            ]
        );
    }

    #[test]
    fn passwords_are_long_mixed_and_never_the_same() {
        let passwords: Vec<_> = (0..50).map(|_| password().unwrap()).collect();
        for password in &passwords {
            let text = password.expose_secret();
            assert_eq!(text.len(), PASSWORD_CHARS);
            for kind in [LETTERS, CAPITALS, DIGITS, SIGNS] {
                assert!(text.bytes().any(|c| kind.contains(&c)), "{text}");
            }
        }
        let distinct: BTreeSet<&str> = passwords.iter().map(SecretString::expose_secret).collect();
        assert_eq!(distinct.len(), 50);
    }
}
