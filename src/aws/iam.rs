//! IAM operations on a user's own access keys.

use std::time::SystemTime;
pub mod account;
pub mod detail;
mod read;
mod write;

pub use write::NewRole;

use aws_sdk_iam::Client;
use aws_sdk_iam::config::Builder;
use aws_sdk_iam::types::StatusType;

use super::wire::Watch;
use super::{Aws, Call, Error, Target};
use crate::config::chain::Service;
use crate::credentials::{AccessKey, Credentials, StoredKey};

/// One of a user's access keys, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKeyMetadata {
    pub access_key_id: String,
    pub active: bool,
    pub created: Option<SystemTime>,
}

/// IAM for one user: with `user` unset, IAM takes the user from the signature.
#[derive(Debug)]
pub struct Iam<'a> {
    pub(super) aws: &'a Aws,
    credentials: &'a Credentials,
    service: &'a Service,
    user: Option<&'a str>,
}

impl Aws {
    pub fn iam<'a>(
        &'a self,
        credentials: &'a Credentials,
        service: &'a Service,
        user: Option<&'a str>,
    ) -> Iam<'a> {
        Iam {
            aws: self,
            credentials,
            service,
            user,
        }
    }
}

impl Iam<'_> {
    pub fn list_access_keys(&self) -> Result<Vec<AccessKeyMetadata>, Error> {
        let call = Call::new("iam:ListAccessKeys");
        let request = self
            .client(&call)?
            .list_access_keys()
            .set_user_name(self.user());
        let output = self
            .aws
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        Ok(output
            .access_key_metadata
            .into_iter()
            .map(|key| AccessKeyMetadata {
                access_key_id: key.access_key_id.unwrap_or_default(),
                active: key.status == Some(StatusType::Active),
                created: key.create_date.and_then(|date| date.try_into().ok()),
            })
            .collect())
    }

    /// Never sent twice: a lost answer may have made a key, and a second one would leave it orphaned.
    pub fn create_access_key(&self) -> Result<StoredKey, Error> {
        let call = Call::new("iam:CreateAccessKey");
        let config = self
            .aws
            .config(Target::Iam, self.service, self.credentials)?;
        let client = Client::from_conf(
            Builder::from(&config)
                .interceptor(Watch(call.wire.clone()))
                .retry_classifier(super::wire::OneTimeCode)
                .build(),
        );
        let request = client.create_access_key().set_user_name(self.user());
        let output = self
            .aws
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        let key = output
            .access_key
            .filter(|key| !key.access_key_id.is_empty() && !key.secret_access_key.is_empty())
            .ok_or_else(|| Error::Unreadable {
                operation: call.operation,
                host: call.wire.host(),
                reason: "the new key is missing".to_owned(),
            })?;
        Ok(StoredKey {
            created: key.create_date.and_then(|date| date.try_into().ok()),
            key: AccessKey {
                access_key_id: key.access_key_id,
                secret_access_key: key.secret_access_key.into(),
            },
        })
    }

    pub fn deactivate_access_key(&self, access_key_id: &str) -> Result<(), Error> {
        self.set_status(access_key_id, StatusType::Inactive)
    }

    pub fn reactivate_access_key(&self, access_key_id: &str) -> Result<(), Error> {
        self.set_status(access_key_id, StatusType::Active)
    }

    fn set_status(&self, access_key_id: &str, status: StatusType) -> Result<(), Error> {
        let call = Call::new("iam:UpdateAccessKey");
        let request = self
            .client(&call)?
            .update_access_key()
            .access_key_id(access_key_id)
            .status(status)
            .set_user_name(self.user());
        self.aws
            .wait(request.send())?
            .map(drop)
            .map_err(|error| Error::from_sdk(&call, error))
    }

    pub fn delete_access_key(&self, access_key_id: &str) -> Result<(), Error> {
        let call = Call::new("iam:DeleteAccessKey");
        let request = self
            .client(&call)?
            .delete_access_key()
            .access_key_id(access_key_id)
            .set_user_name(self.user());
        self.aws
            .wait(request.send())?
            .map(drop)
            .map_err(|error| Error::from_sdk(&call, error))
    }

    pub(super) fn client(&self, call: &Call) -> Result<Client, Error> {
        let config = self
            .aws
            .config(Target::Iam, self.service, self.credentials)?;
        Ok(Client::from_conf(
            Builder::from(&config)
                .interceptor(Watch(call.wire.clone()))
                .build(),
        ))
    }

    pub(super) fn user(&self) -> Option<String> {
        self.user.map(str::to_owned)
    }
}
