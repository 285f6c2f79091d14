//! AWS Organizations: which accounts there are.

use std::sync::Arc;

use super::wire::{Watch, Wire};
use super::{Aws, Call, Error};
use crate::config::chain::Service;
use crate::credentials::Credentials;

/// A member of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Twelve digits.
    pub id: String,
    pub name: String,
    /// Neither suspended nor closed.
    pub active: bool,
}

impl Aws {
    /// Every account. Only the management account and delegated administrators may ask.
    pub fn list_accounts(
        &self,
        credentials: &Credentials,
        service: &Service,
    ) -> Result<Vec<Member>, Error> {
        let wire = Arc::new(Wire::default());
        let call = Call {
            operation: "organizations:ListAccounts",
            wire: wire.clone(),
        };
        let config = self.config(super::Target::Organizations, service, credentials)?;
        let client = aws_sdk_organizations::Client::from_conf(
            aws_sdk_organizations::config::Builder::from(&config)
                .interceptor(Watch(wire))
                .build(),
        );
        let mut members = Vec::new();
        let mut next = None;
        loop {
            let request = client.list_accounts().set_next_token(next);
            let page = self
                .wait(request.send())?
                .map_err(|error| Error::from_sdk(&call, error))?;
            members.extend(page.accounts.unwrap_or_default().into_iter().map(member));
            next = page.next_token;
            if next.is_none() {
                return Ok(members);
            }
        }
    }
}

fn member(account: aws_sdk_organizations::types::Account) -> Member {
    // AWS replaces Status by State in September 2026; until then, and elsewhere, only the old one may be there.
    let status = account
        .status
        .as_ref()
        .map(|status| status.as_str() == "ACTIVE");
    let state = account
        .state
        .as_ref()
        .map(|state| state.as_str() == "ACTIVE");
    Member {
        active: state.or(status).unwrap_or(true),
        id: account.id.unwrap_or_default(),
        name: account.name.unwrap_or_default(),
    }
}
