//! IAM Identity Center's portal: what a signed-in person may use, and the credentials of it.
//!
//! Source: IAM Identity Center Portal API Reference.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_sso::Client;
use aws_sdk_sso::config::Builder;
use aws_smithy_types::retry::RetryConfig;
use secrecy::{ExposeSecret as _, SecretString};

use super::sts::NOTICEABLE_SKEW_SECONDS;
use super::wire::Watch;
use super::{Aws, Call, Error, Target};
use crate::config::chain::Service;
use crate::credentials::SessionCredentials;

/// Permission sets last 12 hours at most, and clocks differ a little.
const LONGEST_LIFE: Duration = Duration::from_hours(13);
/// The longest page AWS gives.
const PAGE: i32 = 100;

/// An account that the person may use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub email: String,
}

/// The portal for one access token. Calls may run at the same time.
#[derive(Debug, Clone)]
pub struct Portal {
    client: Client,
    token: Arc<SecretString>,
}

impl Aws {
    /// Retries nothing by itself: who lists thousands of accounts paces all calls together.
    pub fn portal(&self, service: &Service, token: &SecretString) -> Result<Portal, Error> {
        let config = self.unsigned_config(Target::Sso, service)?;
        let builder = Builder::from(&config).retry_config(RetryConfig::disabled());
        Ok(Portal {
            client: Client::from_conf(builder.build()),
            token: Arc::new(token.expose_secret().into()),
        })
    }

    pub fn role_credentials(
        &self,
        service: &Service,
        token: &SecretString,
        account: &str,
        role: &str,
        now: SystemTime,
    ) -> Result<SessionCredentials, Error> {
        let call = Call::new("sso:GetRoleCredentials");
        let request = self
            .sso(&call, service)?
            .get_role_credentials()
            .account_id(account)
            .role_name(role)
            .access_token(token.expose_secret());
        let output = self
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        let unreadable = |reason: &str| Error::Unreadable {
            operation: call.operation,
            host: call.wire.host(),
            reason: reason.to_owned(),
        };
        let role = output
            .role_credentials
            .ok_or_else(|| unreadable("no credentials in it"))?;
        let milliseconds = u64::try_from(role.expiration).unwrap_or_default();
        let expiration = UNIX_EPOCH + Duration::from_millis(milliseconds);
        let left = expiration.duration_since(now).unwrap_or_default();
        if left.is_zero() {
            let skew_seconds = call.wire.skew_seconds().unwrap_or_default();
            return Err(if skew_seconds.abs() > NOTICEABLE_SKEW_SECONDS {
                Error::ExpiredOnArrival {
                    operation: call.operation,
                    host: call.wire.host(),
                    skew_seconds,
                }
            } else {
                unreadable("the credentials have expired already")
            });
        }
        if left > LONGEST_LIFE {
            return Err(unreadable("the expiration is further away than AWS grants"));
        }
        let present = |text: Option<String>, missing: &str| {
            text.filter(|text| !text.is_empty())
                .ok_or_else(|| unreadable(missing))
        };
        Ok(SessionCredentials {
            access_key_id: present(role.access_key_id, "the access key id is missing")?,
            secret_access_key: present(role.secret_access_key, "the secret access key is missing")?
                .into(),
            session_token: present(role.session_token, "the session token is missing")?.into(),
            expiration,
        })
    }

    /// Ends the person's session at the portal, for every program that uses its token.
    pub fn logout(&self, service: &Service, token: &SecretString) -> Result<(), Error> {
        let call = Call::new("sso:Logout");
        let request = self
            .sso(&call, service)?
            .logout()
            .access_token(token.expose_secret());
        self.wait(request.send())?
            .map(drop)
            .map_err(|error| Error::from_sdk(&call, error))
    }

    fn sso(&self, call: &Call, service: &Service) -> Result<Client, Error> {
        let config = self.unsigned_config(Target::Sso, service)?;
        let builder = Builder::from(&config).interceptor(Watch(call.wire.clone()));
        Ok(Client::from_conf(builder.build()))
    }
}

impl Portal {
    /// Every account, page by page.
    pub async fn accounts(
        &self,
        next: Option<String>,
    ) -> Result<(Vec<Account>, Option<String>), Error> {
        let call = Call::new("sso:ListAccounts");
        let output = self
            .client
            .list_accounts()
            .access_token(self.token.expose_secret())
            .max_results(PAGE)
            .set_next_token(next)
            .customize()
            .interceptor(Watch(call.wire.clone()))
            .send()
            .await
            .map_err(|error| Error::from_sdk(&call, error))?;
        let accounts = output
            .account_list
            .unwrap_or_default()
            .into_iter()
            .filter_map(|account| {
                Some(Account {
                    id: account.account_id?,
                    name: account.account_name.unwrap_or_default(),
                    email: account.email_address.unwrap_or_default(),
                })
            })
            .collect();
        Ok((accounts, output.next_token))
    }

    /// Names of the roles (permission sets) in one account, page by page.
    pub async fn roles(
        &self,
        account: &str,
        next: Option<String>,
    ) -> Result<(Vec<String>, Option<String>), Error> {
        let call = Call::new("sso:ListAccountRoles");
        let output = self
            .client
            .list_account_roles()
            .access_token(self.token.expose_secret())
            .account_id(account)
            .max_results(PAGE)
            .set_next_token(next)
            .customize()
            .interceptor(Watch(call.wire.clone()))
            .send()
            .await
            .map_err(|error| Error::from_sdk(&call, error))?;
        let roles = output
            .role_list
            .unwrap_or_default()
            .into_iter()
            .filter_map(|role| role.role_name)
            .collect();
        Ok((roles, output.next_token))
    }
}
