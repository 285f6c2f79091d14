//! `aws-vault migrate-backend`: stored keys go from one store to another.

use std::fmt::Write as _;

use aws_vault_keystore::{self as keystore, Backend, Keystore};

use super::args::MigrateBackend;
use super::context::{Context, from_vault};
use super::output::{notice, print};
use crate::credentials::rfc3339;
use crate::error::{CliError, visible};
use crate::index::Chosen;
use crate::migration::{self, Error, Migration, Outcome};
use crate::vault::{self, ItemName};

pub fn run(context: &Context, args: &MigrateBackend) -> Result<(), CliError> {
    let (from, to) = (args.from.keystore(), args.to.keystore());
    if from == to {
        return Err(CliError::usage(
            "source and destination backends must differ",
        ));
    }
    let source = context.open(from).map_err(from_vault)?;
    let unfinished = migration::unfinished_rotations(&*source).map_err(failed)?;
    if let Some(name) = unfinished.first() {
        return Err(CliError::new(format!(
            "the rotation of '{name}' in the {from} store is not finished"
        ))
        .hint(format!(
            "finish it first: `aws-vault --backend={from} rotate --resume`"
        )));
    }
    let names = migration::names(&*source, args.profile.as_deref()).map_err(failed)?;
    if names.is_empty() {
        return print(&format!("No credentials found in source backend {from}.\n"));
    }
    if args.dry_run {
        return print(&announcement(&names, from, to));
    }
    let destination = context.open(to).map_err(from_vault)?;
    let migration = Migration {
        from: &*source,
        to: &*destination,
        overwrite: args.overwrite,
        delete_source: args.delete_source,
    };
    let mut outcomes = Vec::new();
    for name in &names {
        print(&format!("Migrating {}... ", visible(name)))?;
        match migration.run(name) {
            Ok(outcome) => {
                print(&format!("{}\n", text(outcome)))?;
                outcomes.push(outcome);
            }
            Err(error) => {
                print(&format!(
                    "failed: {}\nMigration stopped. Source credentials were not deleted for the failed profile.\n",
                    visible(&error.to_string())
                ))?;
                remember(context, &migration);
                return Err(failed(error));
            }
        }
    }
    print(&summary(&outcomes))?;
    remember(context, &migration);
    say_what_is_used(context, to);
    Ok(())
}

fn announcement(names: &std::collections::BTreeSet<String>, from: Backend, to: Backend) -> String {
    let mut text = format!(
        "Would migrate {} credential profile(s) from {from} to {to}:\n",
        names.len()
    );
    for name in names {
        let _ = writeln!(text, "  {}", visible(name));
    }
    text.push_str("\nNo changes made.\n");
    text
}

fn text(outcome: Outcome) -> String {
    let what = match outcome {
        Outcome::Copied { .. } => "copied, verified",
        Outcome::Overwritten { .. } => "overwritten, verified",
        Outcome::Skipped => "skipped, already exists in destination",
    };
    let deleted = if outcome.deleted() {
        ", deleted source"
    } else {
        ""
    };
    format!("{what}{deleted}")
}

fn summary(outcomes: &[Outcome]) -> String {
    let count = |which: fn(&Outcome) -> bool| outcomes.iter().copied().filter(which).count();
    format!(
        "\nMigration summary:\n  copied: {}\n  overwritten: {}\n  skipped: {}\n  deleted from source: {}\n",
        count(|outcome| matches!(outcome, Outcome::Copied { .. })),
        count(|outcome| matches!(outcome, Outcome::Overwritten { .. })),
        count(|outcome| matches!(outcome, Outcome::Skipped)),
        count(|outcome| outcome.deleted()),
    )
}

/// Notes the names that both stores hold now. A recorded store that has been emptied makes way for the one its keys went to:
/// the next run would find nothing in it.
fn remember(context: &Context, migration: &Migration<'_>) {
    let (from, to) = (migration.from, migration.to);
    let (Ok(mut left), Ok(mut arrived)) =
        (migration::names(from, None), migration::names(to, None))
    else {
        return;
    };
    let before = context.index();
    let mut index = before.clone();
    if index.chosen() == Some(from.backend()) && left.is_empty() && !arrived.is_empty() {
        index.backend = Some(Chosen {
            name: to.backend().to_string(),
            since: rfc3339(context.now()),
        });
    }
    for names in [&mut left, &mut arrived] {
        names.retain(|name| matches!(ItemName::parse(name), ItemName::Credential(_)));
    }
    let rotations = std::collections::BTreeSet::new();
    index.note(&from.location(), &left, &rotations);
    index.note(&to.location(), &arrived, &rotations);
    // The index can be had again.
    let _ = index.save_if_changed(context.sessions().dir(), &before);
}

/// The keys are in another store; which one the next `exec` opens is not to be guessed.
fn say_what_is_used(context: &Context, to: Backend) {
    let used = context.backend();
    if used == to {
        notice(&format!("the {to} store is the one in use"));
    } else {
        notice(&format!(
            "the {used} store is still the one in use; --backend={to} or AWS_VAULT_BACKEND={to} chooses the other"
        ));
    }
}

fn failed(error: Error) -> CliError {
    match error {
        Error::Keystore(error) => from_vault(vault::Error::from(error)),
        Error::NotFound { .. } => {
            CliError::new(error).hint("--dry-run without --profile shows the names")
        }
        error => CliError::new(error),
    }
}

impl Context {
    /// Any store, in use or not. Asks for nothing yet.
    fn open(&self, backend: Backend) -> Result<Box<dyn Keystore>, vault::Error> {
        Ok(keystore::open(
            backend,
            self.settings(),
            Box::new(super::passphrase::TerminalPassphrase::new(
                &self.environment,
            )),
        )?)
    }
}
