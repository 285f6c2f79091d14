//! Removing stored keys from the file they were found in, and putting them back.

use std::path::Path;

use super::super::add::prompt_failed;
use super::super::args::Import;
use super::super::context::{Context, from_vault};
use super::super::output::{notice, print};
use super::source::Source;
use crate::config;
use crate::error::CliError;
use crate::import::cut::cut;
use crate::import::undo::Record;
use crate::import::{self, Error, Found};
use crate::terminal::{Terminal, TerminalError};

/// Removes the keys if the user wants it.
pub fn offer(
    context: &Context,
    args: &Import,
    source: &Source,
    text: &str,
    stored: &[&Found],
) -> Result<(), CliError> {
    let Ok(path) = source.file() else {
        notice(
            "the variables stay set in your shell: `unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY`",
        );
        return Ok(());
    };
    if wanted(args, path, stored.len())? {
        remove(context, path, text, stored)?;
        return print(&format!(
            "Removed {} from {source}; `aws-vault import --undo{}` puts back what was removed.\n",
            counted(stored.len()),
            if args.csv.is_some() {
                " --csv FILE"
            } else {
                ""
            },
        ));
    }
    notice(&format!(
        "the keys still stand in {source}; `aws-vault import --scrub` removes them"
    ));
    Ok(())
}

/// Puts back what the newest import removed from the file.
pub fn undo(context: &Context, path: &Path) -> Result<(), CliError> {
    let text = import::read(path)?;
    import::check_writable(path)?;
    let vault = context.vault().map_err(from_vault)?;
    let kept = vault
        .import_undo(path)
        .map_err(from_vault)?
        .ok_or_else(|| Error::NothingToUndo { path: path.into() })?;
    let mut record = Record::decode(path, kept.expose())?;
    let restored = record.undo(path, &text)?;
    replace(path, &text, &restored)?;
    record.settle(&restored);
    if record.is_empty() {
        vault.remove_import_undo(path).map_err(from_vault)?;
    } else {
        store(context, path, &record)?;
    }
    print(&format!(
        "Put back what was removed from {}.\n",
        crate::error::visible(&path.display().to_string())
    ))
}

pub fn counted(keys: usize) -> String {
    match keys {
        1 => "1 access key".to_owned(),
        keys => format!("{keys} access keys"),
    }
}

fn wanted(args: &Import, path: &Path, keys: usize) -> Result<bool, CliError> {
    if args.scrub || args.no_scrub {
        return Ok(args.scrub);
    }
    if import::check_writable(path).is_err() {
        return Ok(false);
    }
    let question = format!("Remove {} from {}? (y|N) ", counted(keys), path.display());
    match Terminal::open().and_then(|mut terminal| terminal.confirm(&question)) {
        // Nobody is there to say yes.
        Err(TerminalError::NoTerminal(_) | TerminalError::Closed) => Ok(false),
        answer => answer.map_err(prompt_failed),
    }
}

/// The way back is in the store before the file changes.
fn remove(context: &Context, path: &Path, text: &str, stored: &[&Found]) -> Result<(), CliError> {
    let ranges: Vec<_> = stored
        .iter()
        .flat_map(|found| found.bytes.iter().cloned())
        .collect();
    let (rest, pieces) = cut(text, &ranges);
    let vault = context.vault().map_err(from_vault)?;
    let mut record = match vault.import_undo(path).map_err(from_vault)? {
        Some(kept) => Record::decode(path, kept.expose())?,
        None => Record::new(path),
    };
    record.push(text, &rest, pieces);
    store(context, path, &record)?;
    Ok(replace(path, text, &rest)?)
}

fn store(context: &Context, path: &Path, record: &Record) -> Result<(), CliError> {
    let json = record.encode().map_err(|error| Error::BadRecord {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let vault = context.vault().map_err(from_vault)?;
    vault.store_import_undo(path, json).map_err(from_vault)
}

/// Replaces the file, whole or not at all, unless it is no longer what was read.
fn replace(path: &Path, before: &str, after: &str) -> Result<(), Error> {
    let write = || {
        if import::read(path)?.as_str() != before {
            return Err(Error::Changed { path: path.into() });
        }
        config::write_atomically(path, after).map_err(|error| failed(path, error))
    };
    config::exclusively(path, write).map_err(|source| Error::Write {
        path: path.into(),
        source,
    })?
}

fn failed(path: &Path, error: config::Error) -> Error {
    let source = match error {
        config::Error::Write { source, .. } => source,
        other => std::io::Error::other(other),
    };
    Error::Write {
        path: path.to_owned(),
        source,
    }
}
