//! Every change to an account that a bastion layout needs: one call each, so that a run that is killed leaves nothing half-made.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;
use secrecy::{ExposeSecret as _, SecretString};

use super::super::Error;
use super::super::wire::OneTimeCode;
use super::account::AccountIam;
use crate::credentials::AccessKey;

type Done = Result<(), Error>;
type Tags = BTreeMap<String, String>;

/// Sends the request, and names the operation in the error.
macro_rules! send {
    ($self:ident, $operation:literal, $request:expr) => {
        $request
            .send()
            .await
            .map_err(|error| $self.failed(concat!("iam:", $operation), error))
    };
}

/// A role as it is made.
#[derive(Debug, Clone, Copy)]
pub struct NewRole<'a> {
    pub name: &'a str,
    pub path: &'a str,
    pub trust: &'a str,
    pub description: Option<&'a str>,
    /// Seconds.
    pub max_session_duration: u32,
    pub permissions_boundary: Option<&'a str>,
    pub tags: &'a Tags,
}

impl AccountIam {
    pub async fn create_role(&self, role: NewRole<'_>) -> Done {
        let request = self
            .client
            .create_role()
            .role_name(role.name)
            .path(role.path)
            .assume_role_policy_document(role.trust)
            .set_description(role.description.map(str::to_owned))
            .max_session_duration(seconds(role.max_session_duration))
            .set_permissions_boundary(role.permissions_boundary.map(str::to_owned))
            .set_tags(Some(tags(role.tags)));
        send!(self, "CreateRole", request).map(drop)
    }

    pub async fn update_trust(&self, role: &str, document: &str) -> Done {
        let request = self.client.update_assume_role_policy();
        let request = request.role_name(role).policy_document(document);
        send!(self, "UpdateAssumeRolePolicy", request).map(drop)
    }

    pub async fn update_role(&self, role: &str, description: Option<&str>, duration: u32) -> Done {
        let request = self.client.update_role().role_name(role);
        // A description that is left out stays as it is; an empty one removes it.
        let request = request
            .description(description.unwrap_or_default())
            .max_session_duration(seconds(duration));
        send!(self, "UpdateRole", request).map(drop)
    }

    pub async fn delete_role(&self, role: &str) -> Done {
        send!(
            self,
            "DeleteRole",
            self.client.delete_role().role_name(role)
        )
        .map(drop)
    }

    pub async fn tag_role(&self, role: &str, new: &Tags) -> Done {
        let request = self.client.tag_role().role_name(role);
        send!(self, "TagRole", request.set_tags(Some(tags(new)))).map(drop)
    }

    pub async fn put_role_policy(&self, role: &str, name: &str, document: &str) -> Done {
        let request = self.client.put_role_policy().role_name(role);
        let request = request.policy_name(name).policy_document(document);
        send!(self, "PutRolePolicy", request).map(drop)
    }

    pub async fn delete_role_policy(&self, role: &str, name: &str) -> Done {
        let request = self.client.delete_role_policy().role_name(role);
        send!(self, "DeleteRolePolicy", request.policy_name(name)).map(drop)
    }

    pub async fn attach_role_policy(&self, role: &str, arn: &str) -> Done {
        let request = self.client.attach_role_policy().role_name(role);
        send!(self, "AttachRolePolicy", request.policy_arn(arn)).map(drop)
    }

    pub async fn detach_role_policy(&self, role: &str, arn: &str) -> Done {
        let request = self.client.detach_role_policy().role_name(role);
        send!(self, "DetachRolePolicy", request.policy_arn(arn)).map(drop)
    }

    pub async fn put_boundary(&self, role: &str, arn: &str) -> Done {
        let request = self.client.put_role_permissions_boundary().role_name(role);
        send!(
            self,
            "PutRolePermissionsBoundary",
            request.permissions_boundary(arn)
        )
        .map(drop)
    }

    pub async fn delete_boundary(&self, role: &str) -> Done {
        let request = self.client.delete_role_permissions_boundary();
        send!(
            self,
            "DeleteRolePermissionsBoundary",
            request.role_name(role)
        )
        .map(drop)
    }

    pub async fn create_policy(&self, name: &str, path: &str, document: &str, own: &Tags) -> Done {
        let request = self.client.create_policy().policy_name(name).path(path);
        let request = request.policy_document(document).set_tags(Some(tags(own)));
        send!(self, "CreatePolicy", request).map(drop)
    }

    /// The new version takes effect at once.
    pub async fn create_policy_version(&self, arn: &str, document: &str) -> Done {
        let request = self.client.create_policy_version().policy_arn(arn);
        let request = request.policy_document(document).set_as_default(true);
        send!(self, "CreatePolicyVersion", request).map(drop)
    }

    pub async fn delete_policy_version(&self, arn: &str, version: &str) -> Done {
        let request = self.client.delete_policy_version().policy_arn(arn);
        send!(self, "DeletePolicyVersion", request.version_id(version)).map(drop)
    }

    pub async fn delete_policy(&self, arn: &str) -> Done {
        send!(
            self,
            "DeletePolicy",
            self.client.delete_policy().policy_arn(arn)
        )
        .map(drop)
    }

    pub async fn create_group(&self, name: &str, path: &str) -> Done {
        let request = self.client.create_group().group_name(name).path(path);
        send!(self, "CreateGroup", request).map(drop)
    }

    pub async fn delete_group(&self, name: &str) -> Done {
        send!(
            self,
            "DeleteGroup",
            self.client.delete_group().group_name(name)
        )
        .map(drop)
    }

    pub async fn delete_group_policy(&self, group: &str, name: &str) -> Done {
        let request = self.client.delete_group_policy().group_name(group);
        send!(self, "DeleteGroupPolicy", request.policy_name(name)).map(drop)
    }

    pub async fn attach_group_policy(&self, group: &str, arn: &str) -> Done {
        let request = self.client.attach_group_policy().group_name(group);
        send!(self, "AttachGroupPolicy", request.policy_arn(arn)).map(drop)
    }

    pub async fn detach_group_policy(&self, group: &str, arn: &str) -> Done {
        let request = self.client.detach_group_policy().group_name(group);
        send!(self, "DetachGroupPolicy", request.policy_arn(arn)).map(drop)
    }

    pub async fn create_user(&self, name: &str, own: &Tags) -> Done {
        let request = self.client.create_user().user_name(name);
        send!(self, "CreateUser", request.set_tags(Some(tags(own)))).map(drop)
    }

    pub async fn tag_user(&self, name: &str, new: &Tags) -> Done {
        let request = self.client.tag_user().user_name(name);
        send!(self, "TagUser", request.set_tags(Some(tags(new)))).map(drop)
    }

    pub async fn delete_user(&self, name: &str) -> Done {
        send!(
            self,
            "DeleteUser",
            self.client.delete_user().user_name(name)
        )
        .map(drop)
    }

    pub async fn detach_user_policy(&self, user: &str, arn: &str) -> Done {
        let request = self.client.detach_user_policy().user_name(user);
        send!(self, "DetachUserPolicy", request.policy_arn(arn)).map(drop)
    }

    pub async fn delete_user_policy(&self, user: &str, name: &str) -> Done {
        let request = self.client.delete_user_policy().user_name(user);
        send!(self, "DeleteUserPolicy", request.policy_name(name)).map(drop)
    }

    pub async fn add_user_to_group(&self, user: &str, group: &str) -> Done {
        let request = self.client.add_user_to_group().user_name(user);
        send!(self, "AddUserToGroup", request.group_name(group)).map(drop)
    }

    pub async fn remove_user_from_group(&self, user: &str, group: &str) -> Done {
        let request = self.client.remove_user_from_group().user_name(user);
        send!(self, "RemoveUserFromGroup", request.group_name(group)).map(drop)
    }

    /// A password for the first sign-in, which asks for another one.
    pub async fn create_login_profile(&self, user: &str, password: &SecretString) -> Done {
        let request = self.client.create_login_profile().user_name(user);
        let request = request
            .password(password.expose_secret())
            .password_reset_required(true);
        send!(self, "CreateLoginProfile", request).map(drop)
    }

    pub async fn delete_login_profile(&self, user: &str) -> Done {
        let request = self.client.delete_login_profile().user_name(user);
        send!(self, "DeleteLoginProfile", request).map(drop)
    }

    pub async fn create_key_of(&self, user: &str) -> Result<AccessKey, Error> {
        // Never sent twice: a lost answer may have made a key, and a second one would leave it orphaned.
        let once = aws_sdk_iam::config::Builder::new().retry_classifier(OneTimeCode);
        let request = self.client.create_access_key().user_name(user);
        let request = request.customize().config_override(once);
        let output = send!(self, "CreateAccessKey", request)?;
        let key = output.access_key.ok_or_else(|| Error::Unreadable {
            operation: "iam:CreateAccessKey",
            host: self.wire.host(),
            reason: "the new key is missing".to_owned(),
        })?;
        Ok(AccessKey {
            access_key_id: key.access_key_id,
            secret_access_key: key.secret_access_key.into(),
        })
    }

    pub async fn delete_key_of(&self, user: &str, access_key_id: &str) -> Done {
        let request = self.client.delete_access_key().user_name(user);
        send!(
            self,
            "DeleteAccessKey",
            request.access_key_id(access_key_id)
        )
        .map(drop)
    }

    /// The seed of a new device, in base32: AWS tells it once.
    pub async fn create_virtual_mfa_device(
        &self,
        name: &str,
        own: &Tags,
    ) -> Result<SecretString, Error> {
        let request = self.client.create_virtual_mfa_device();
        let request = request
            .virtual_mfa_device_name(name)
            .set_tags(Some(tags(own)));
        let output = send!(self, "CreateVirtualMFADevice", request)?;
        let seed = output
            .virtual_mfa_device
            .and_then(|device| device.base32_string_seed)
            .and_then(|seed| String::from_utf8(seed.into_inner()).ok());
        seed.map(SecretString::from)
            .ok_or_else(|| Error::Unreadable {
                operation: "iam:CreateVirtualMFADevice",
                host: self.wire.host(),
                reason: "the device's seed is missing".to_owned(),
            })
    }

    pub async fn enable_mfa_device(&self, user: &str, serial: &str, codes: [&str; 2]) -> Done {
        let request = self.client.enable_mfa_device().user_name(user);
        let request = request
            .serial_number(serial)
            .authentication_code1(codes[0])
            .authentication_code2(codes[1]);
        send!(self, "EnableMFADevice", request).map(drop)
    }

    pub async fn deactivate_mfa_device(&self, user: &str, serial: &str) -> Done {
        let request = self.client.deactivate_mfa_device().user_name(user);
        send!(self, "DeactivateMFADevice", request.serial_number(serial)).map(drop)
    }

    pub async fn delete_virtual_mfa_device(&self, serial: &str) -> Done {
        let request = self.client.delete_virtual_mfa_device();
        send!(
            self,
            "DeleteVirtualMFADevice",
            request.serial_number(serial)
        )
        .map(drop)
    }
}

fn tags(tags: &Tags) -> Vec<Tag> {
    tags.iter()
        .filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok())
        .collect()
}

fn seconds(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}
