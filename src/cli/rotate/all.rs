//! `aws-vault rotate --all`: every stored key that is old enough, one after the other, and one table in the end. For cron: the
//! exit code is 0 when every key that was due has been rotated, and 1 when one could not be.

use std::collections::BTreeSet;

use super::{Plan, plan, with_rotation};
use crate::cli::args::Rotate;
use crate::cli::context::Context;
use crate::cli::key_age;
use crate::cli::output::{notice, print};
use crate::cli::table;
use crate::credentials::{StoredKey, masked};
use crate::error::{CliError, Kind};
use crate::mfa::CodeSource;
use crate::rotation::Outcome;

pub fn run(context: &Context, args: &Rotate, codes: &CodeSource) -> Result<(), CliError> {
    let mut rows = vec![["Key", "Access key", "Age", "Result"].map(str::to_owned)];
    let mut failed = 0;
    let mut done = BTreeSet::new();
    for name in context.stored_names()? {
        let key = key_age::stored(context, &name)?;
        let id = key.key.access_key_id.clone();
        // One key under several names is rotated once, for all of them.
        if !done.insert(id.clone()) {
            rows.push([
                name,
                masked(&id),
                "-".to_owned(),
                "with the name above".to_owned(),
            ]);
            continue;
        }
        let (age, result) = one(context, args, &name, &key, codes);
        let result = match result {
            Ok((text, new)) => {
                done.extend(new);
                text
            }
            Err(error) if error.kind == Kind::Interrupted => return Err(error),
            Err(error) => {
                failed += 1;
                notice(&format!("{name}: {}", error.message));
                format!("failed: {}", error.message)
            }
        };
        rows.push([name, masked(&id), age, result]);
    }
    print(&table::columns(&rows))?;
    if failed == 0 {
        return Ok(());
    }
    Err(CliError::new(format!("{failed} of {} keys could not be rotated", rows.len() - 1))
        .hint("`aws-vault rotate NAME` shows more of each; `aws-vault rotate --resume` finishes what was begun"))
}

/// The age as shown; what was done, and the id of the new key.
fn one(
    context: &Context,
    args: &Rotate,
    name: &str,
    key: &StoredKey,
    codes: &CodeSource,
) -> (String, Result<(String, Option<String>), CliError>) {
    let plan = match plan(context, name, args.no_session, &[]) {
        Ok(plan) => plan,
        Err(error) => return ("-".to_owned(), Err(error)),
    };
    // Whose profile takes another key would rotate that one twice, and this one never.
    if plan.master != name {
        let text = format!("not used: the profile takes the key of '{}'", plan.master);
        return ("-".to_owned(), Ok((text, None)));
    }
    let now = context.now();
    let created = key_age::created(context, name, key, &plan.service);
    let age = key_age::text(created.as_ref().ok().copied(), now, args.older_than);
    if args.older_than.is_some() {
        match created {
            Err(error) => {
                let message = format!("its age is not known: {}", error.message);
                return (age, Err(CliError { message, ..error }));
            }
            Ok(created) if !key_age::is_over(created, now, args.older_than) => {
                return (age, Ok(("young enough".to_owned(), None)));
            }
            Ok(_) => {}
        }
    }
    if args.dry_run {
        return (age, Ok(("would be rotated".to_owned(), None)));
    }
    (age, rotated(context, args, &plan, codes))
}

fn rotated(
    context: &Context,
    args: &Rotate,
    plan: &Plan,
    codes: &CodeSource,
) -> Result<(String, Option<String>), CliError> {
    notice(&format!("rotating '{}'", plan.master));
    let outcome = with_rotation(context, args, plan, codes, |rotation| {
        rotation.run(&plan.master)
    })?;
    Ok(match outcome {
        Outcome::Rotated { new, .. } => (format!("rotated, now {}", masked(&new)), Some(new)),
        Outcome::OldKeyKept { new, .. } => (
            format!(
                "rotated, now {}; the old one is deactivated and kept",
                masked(&new)
            ),
            Some(new),
        ),
        Outcome::BackAtOld { .. } => ("an interrupted rotation was undone".to_owned(), None),
        Outcome::NothingToDo => ("rotated by another aws-vault".to_owned(), None),
    })
}
