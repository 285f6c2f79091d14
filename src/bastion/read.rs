//! Enters every account and reads what is there: many at once, and each only as far as the layout asks.

use super::desired::Desired;
use super::whole::Failure;
use crate::aws::iam::account::{AccountIam, Door};
use crate::aws::iam::detail::{AccountDetail, Wanted};
use crate::aws::parallel;
use crate::aws::{Aws, Error};

/// Accounts at a time. AWS throttles each account on its own, so this bounds only our own sockets.
pub const AT_ONCE: usize = 32;

/// An account that was entered and read.
#[derive(Debug)]
pub struct Entered {
    pub desired: Desired,
    pub iam: AccountIam,
    pub found: AccountDetail,
}

/// How an account is to be entered, or why that is known to fail.
#[derive(Debug)]
pub struct Entry {
    pub desired: Desired,
    pub wanted: Wanted,
    pub door: Result<Door, Failure>,
}

/// Every account in the order given. What fails in one does not keep the others from being read.
pub fn all(
    aws: &Aws,
    entries: Vec<Entry>,
    done: impl FnMut(),
) -> Result<Vec<Result<Entered, Failure>>, Error> {
    let names: Vec<(String, String)> = entries
        .iter()
        .map(|entry| {
            let account = &entry.desired.account;
            (account.id.clone(), account.name.clone())
        })
        .collect();
    let results = aws.wait(parallel::each(entries, AT_ONCE, one, done))?;
    let lost = |(account, name): (String, String)| Failure {
        account,
        name,
        message: "reading it ended unexpectedly".to_owned(),
        hints: Vec::new(),
        forbids_writing: false,
    };
    Ok(results
        .into_iter()
        .zip(names)
        .map(|(result, name)| result.unwrap_or_else(|| Err(lost(name))))
        .collect())
}

async fn one(entry: Entry) -> Result<Entered, Failure> {
    let Entry {
        desired,
        wanted,
        door,
    } = entry;
    let failed = |error: &Error| failure(&desired, error);
    let iam = door?.open().await.map_err(|error| failed(&error))?;
    if iam.account != desired.account.id {
        return Err(wrong_account(&desired, &iam));
    }
    let found = iam.read(&wanted).await.map_err(|error| failed(&error))?;
    Ok(Entered {
        desired,
        iam,
        found,
    })
}

/// An error of AWS, with the account it happened in.
pub fn failure(desired: &Desired, error: &Error) -> Failure {
    let mut hints = error.hints();
    if error.code() == Some("AccessDenied") {
        let message = error.to_string();
        hints = vec![if message.contains("sts:AssumeRole") {
            format!(
                "is account {} closed, does it have the role, and does the role trust the account of [admin]'s profile?",
                desired.account.id
            )
        } else {
            "give the profile that enters this account the permission named above".to_owned()
        }];
    }
    Failure {
        account: desired.account.id.clone(),
        name: desired.account.name.clone(),
        message: error.to_string(),
        hints,
        forbids_writing: false,
    }
}

fn wrong_account(desired: &Desired, iam: &AccountIam) -> Failure {
    Failure {
        account: desired.account.id.clone(),
        name: desired.account.name.clone(),
        message: format!(
            "the credentials for it are those of account {} ({})",
            iam.account, iam.caller
        ),
        hints: vec![
            "correct the account's id or its profile in the file; nothing was written".to_owned(),
        ],
        forbids_writing: true,
    }
}
