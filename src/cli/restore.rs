//! `aws-vault restore`: keys of a backup go back into the keystore; what is there stays, unless asked.

use aws_vault_keystore::Item;

use super::add::drop_sessions;
use super::args::Restore;
use super::context::{Context, from_vault};
use super::output::print;
use super::{backup, table};
use crate::error::CliError;

pub fn run(context: &Context, args: &Restore) -> Result<(), CliError> {
    let opened = backup::open(&args.file, args.identity.as_deref())?;
    let wanted: Vec<&Item> = opened
        .items
        .iter()
        .filter(|item| args.names.is_empty() || args.names.contains(&item.name))
        .collect();
    if let Some(name) = args
        .names
        .iter()
        .find(|name| wanted.iter().all(|item| item.name != **name))
    {
        let names: Vec<_> = opened.items.iter().map(|item| item.name.as_str()).collect();
        return Err(CliError::new(format!("'{name}' is not in the backup"))
            .hint(format!("it holds: {}", names.join(", "))));
    }
    let mut rows = vec![["Key", "Result"].map(str::to_owned)];
    let mut conflicts = 0;
    for item in wanted {
        let state = one(context, args, item)?;
        conflicts += usize::from(state == State::Conflict);
        rows.push([item.name.clone(), state.text(args.dry_run).to_owned()]);
    }
    print(&table::columns(&rows))?;
    context.stored_names()?;
    if conflicts == 0 {
        return Ok(());
    }
    Err(CliError::new(format!(
        "{} stored under the same name as another in the backup; what is stored was left alone",
        if conflicts == 1 {
            "1 key is".to_owned()
        } else {
            format!("{conflicts} keys are")
        }
    ))
    .hint("--overwrite replaces them; `aws-vault status` tells which keys work"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Restored,
    Same,
    Overwritten,
    Conflict,
}

impl State {
    fn text(self, dry_run: bool) -> &'static str {
        match (self, dry_run) {
            (Self::Restored, false) => "restored",
            (Self::Restored, true) => "would be restored",
            (Self::Same, _) => "is stored already",
            (Self::Overwritten, false) => "overwritten",
            (Self::Overwritten, true) => "would be overwritten",
            (Self::Conflict, _) => "another key is stored under this name",
        }
    }
}

fn one(context: &Context, args: &Restore, item: &Item) -> Result<State, CliError> {
    let vault = context.vault().map_err(from_vault)?;
    let state = match vault.item_data(&item.name).map_err(from_vault)? {
        None => State::Restored,
        Some(stored) if stored.expose() == item.data.expose() => State::Same,
        Some(_) if args.overwrite => State::Overwritten,
        Some(_) => State::Conflict,
    };
    if args.dry_run || matches!(state, State::Same | State::Conflict) {
        return Ok(state);
    }
    vault.restore_item(item).map_err(from_vault)?;
    context.note_created(&item.name, None);
    drop_sessions(context, &item.name)?;
    Ok(state)
}
