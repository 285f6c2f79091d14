//! Reading an account: one listing for everything but what it leaves out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types as iam;
use aws_sdk_iam::types::{EntityType, StatusType};

use super::super::Error;
use super::account::AccountIam;
use super::detail::{
    AccountDetail, GroupDetail, KeyAge, MfaDevice, PolicyDetail, RoleDetail, UserDetail, Wanted,
};

const PAGE: i32 = 1000;

impl AccountIam {
    /// What is wanted of the account. One call for each thousand entities, and one for each role that is wanted by name,
    /// because the listing knows neither its description nor how long its sessions may last.
    pub async fn read(&self, wanted: &Wanted) -> Result<AccountDetail, Error> {
        let mut detail = self.listing(wanted).await?;
        for name in &wanted.roles {
            if let Some(role) = detail.roles.get_mut(name) {
                self.complete(name, role).await?;
            }
        }
        Ok(detail)
    }

    async fn listing(&self, wanted: &Wanted) -> Result<AccountDetail, Error> {
        let mut detail = AccountDetail::default();
        let mut marker: Option<String> = None;
        loop {
            let mut request = self
                .client
                .get_account_authorization_details()
                .max_items(PAGE)
                .set_marker(marker.clone())
                .filter(EntityType::Role);
            if wanted.people {
                for kind in [
                    EntityType::User,
                    EntityType::Group,
                    EntityType::LocalManagedPolicy,
                ] {
                    request = request.filter(kind);
                }
            }
            let page = request
                .send()
                .await
                .map_err(|error| self.failed("iam:GetAccountAuthorizationDetails", error))?;
            let truncated = page.is_truncated;
            marker.clone_from(&page.marker);
            take(page, wanted, &mut detail);
            if !truncated || marker.is_none() {
                return Ok(detail);
            }
        }
    }

    async fn complete(&self, name: &str, role: &mut RoleDetail) -> Result<(), Error> {
        let output = self.client.get_role().role_name(name).send().await;
        let output = output.map_err(|error| self.failed("iam:GetRole", error))?;
        if let Some(found) = output.role {
            role.description = found.description.filter(|text| !text.is_empty());
            role.max_session_duration = found
                .max_session_duration
                .and_then(|seconds| u32::try_from(seconds).ok());
            role.permissions_boundary = boundary(found.permissions_boundary);
        }
        Ok(())
    }

    /// A user's MFA devices, virtual and hardware.
    pub async fn mfa_devices(&self, user: &str) -> Result<Vec<MfaDevice>, Error> {
        let output = self.client.list_mfa_devices().user_name(user).send().await;
        let output = output.map_err(|error| self.failed("iam:ListMFADevices", error))?;
        let devices = output.mfa_devices.into_iter();
        Ok(devices
            .map(|device| MfaDevice {
                serial: device.serial_number,
            })
            .collect())
    }

    pub async fn access_keys(&self, user: &str) -> Result<Vec<KeyAge>, Error> {
        let output = self.client.list_access_keys().user_name(user).send().await;
        let output = output.map_err(|error| self.failed("iam:ListAccessKeys", error))?;
        let keys = output.access_key_metadata.into_iter();
        Ok(keys
            .map(|key| KeyAge {
                access_key_id: key.access_key_id.unwrap_or_default(),
                active: key.status == Some(StatusType::Active),
                created: key
                    .create_date
                    .and_then(|date| SystemTime::try_from(date).ok()),
            })
            .collect())
    }

    /// Whether the user has a console password.
    pub async fn has_login_profile(&self, user: &str) -> Result<bool, Error> {
        match self.client.get_login_profile().user_name(user).send().await {
            Ok(_) => Ok(true),
            Err(error) => match self.failed("iam:GetLoginProfile", error) {
                error if error.code() == Some("NoSuchEntity") => Ok(false),
                error => Err(error),
            },
        }
    }

    /// Serials of virtual devices that belong to nobody: left behind by an enrolment that was broken off.
    pub async fn unassigned_devices(&self) -> Result<BTreeSet<String>, Error> {
        let output = self
            .client
            .list_virtual_mfa_devices()
            .assignment_status(iam::AssignmentStatusType::Unassigned)
            .send()
            .await
            .map_err(|error| self.failed("iam:ListVirtualMFADevices", error))?;
        let devices = output.virtual_mfa_devices.into_iter();
        Ok(devices.map(|device| device.serial_number).collect())
    }
}

fn take(page: GetAccountAuthorizationDetailsOutput, wanted: &Wanted, detail: &mut AccountDetail) {
    for role in page.role_detail_list.unwrap_or_default() {
        let name = role.role_name.clone().unwrap_or_default();
        let role = self::role(role);
        let owned = wanted
            .owner_tag
            .is_some_and(|tag| role.tags.contains_key(tag));
        if wanted.all_roles || owned || wanted.roles.contains(&name) {
            detail.roles.insert(name, role);
        }
    }
    for policy in page.policies.unwrap_or_default() {
        // moto leaves the name out; it is the ARN's last part.
        let of_arn = || policy.arn.as_deref()?.rsplit('/').next().map(str::to_owned);
        let name = policy.policy_name.clone().or_else(of_arn);
        let name = name.unwrap_or_default();
        detail.policies.insert(name, self::policy(policy));
    }
    for group in page.group_detail_list.unwrap_or_default() {
        let name = group.group_name.clone().unwrap_or_default();
        detail.groups.insert(
            name,
            GroupDetail {
                path: group.path.unwrap_or_default(),
                attached_policies: attached(group.attached_managed_policies),
                inline_policies: names(group.group_policy_list),
            },
        );
    }
    for user in page.user_detail_list.unwrap_or_default() {
        let name = user.user_name.clone().unwrap_or_default();
        detail.users.insert(
            name,
            UserDetail {
                arn: user.arn.unwrap_or_default(),
                path: user.path.unwrap_or_default(),
                groups: user.group_list.unwrap_or_default().into_iter().collect(),
                attached_policies: attached(user.attached_managed_policies),
                inline_policies: names(user.user_policy_list),
                permissions_boundary: boundary(user.permissions_boundary),
                tags: tags(user.tags),
            },
        );
    }
}

fn role(role: iam::RoleDetail) -> RoleDetail {
    let inline = role.role_policy_list.unwrap_or_default().into_iter();
    RoleDetail {
        arn: role.arn.unwrap_or_default(),
        path: role.path.unwrap_or_default(),
        trust: decoded(role.assume_role_policy_document.as_deref()),
        description: None,
        max_session_duration: None,
        inline_policies: inline
            .map(|policy| {
                let document = decoded(policy.policy_document.as_deref());
                (policy.policy_name.unwrap_or_default(), document)
            })
            .collect(),
        attached_policies: attached(role.attached_managed_policies),
        permissions_boundary: boundary(role.permissions_boundary),
        tags: tags(role.tags),
    }
}

fn policy(policy: iam::ManagedPolicyDetail) -> PolicyDetail {
    let versions = policy.policy_version_list.unwrap_or_default();
    let default = versions.iter().find(|version| version.is_default_version);
    let document = decoded(default.and_then(|version| version.document.as_deref()));
    let mut old: Vec<_> = versions
        .into_iter()
        .filter(|version| !version.is_default_version)
        .map(|version| {
            let created = version
                .create_date
                .map(|date| (date.secs(), date.subsec_nanos()));
            (created, version.version_id.unwrap_or_default())
        })
        .collect();
    old.sort_by(|left, right| {
        let number = |id: &str| {
            id.trim_start_matches('v')
                .parse::<u32>()
                .unwrap_or_default()
        };
        left.0
            .cmp(&right.0)
            .then(number(&left.1).cmp(&number(&right.1)))
    });
    PolicyDetail {
        arn: policy.arn.unwrap_or_default(),
        path: policy.path.unwrap_or_default(),
        document,
        old_versions: old.into_iter().map(|(_, id)| id).collect(),
    }
}

fn attached(policies: Option<Vec<iam::AttachedPolicy>>) -> BTreeSet<String> {
    let policies = policies.unwrap_or_default().into_iter();
    policies.filter_map(|policy| policy.policy_arn).collect()
}

fn names(policies: Option<Vec<iam::PolicyDetail>>) -> BTreeSet<String> {
    let policies = policies.unwrap_or_default().into_iter();
    policies.filter_map(|policy| policy.policy_name).collect()
}

fn boundary(boundary: Option<iam::AttachedPermissionsBoundary>) -> Option<String> {
    boundary?.permissions_boundary_arn
}

fn tags(tags: Option<Vec<iam::Tag>>) -> BTreeMap<String, String> {
    let tags = tags.unwrap_or_default().into_iter();
    tags.map(|tag| (tag.key, tag.value)).collect()
}

/// IAM percent-encodes policy documents in its answers (RFC 3986).
fn decoded(document: Option<&str>) -> String {
    let document = document.unwrap_or_default();
    if document.trim_start().starts_with('{') {
        return document.to_owned();
    }
    // A plus sign stands for itself here; the decoder of forms would make a space of it.
    let document = document.replace('+', "%2B");
    form_urlencoded::parse(document.as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded() {
        assert_eq!(
            decoded(Some("%7B%22a%22%3A%20%22b+c%26d%3De%22%7D")),
            r#"{"a": "b+c&d=e"}"#
        );
        assert_eq!(decoded(Some(r#"{"a": "b"}"#)), r#"{"a": "b"}"#);
        assert_eq!(decoded(None), "");
    }
}
