//! `aws-vault backup`: an encrypted copy of what cannot be had again, proved by opening it.

use std::path::Path;

use age::secrecy::SecretString;
use aws_vault_keystore::Item;
use secrecy::ExposeSecret as _;

use super::add::prompt_failed;
use super::args;
use super::context::{Context, from_vault};
use super::output::print;
use super::table;
use crate::backup::{self, Backup, Key, Lock};
use crate::error::CliError;
use crate::files;
use crate::terminal::{Terminal, progress};
use crate::vault::ItemName;

pub fn run(context: &Context, args: &args::Backup) -> Result<(), CliError> {
    if args.verify {
        return verify(context, args);
    }
    if args.file.exists() && !args.overwrite {
        return Err(
            CliError::new(format!("{} is there already", args.file.display()))
                .hint("--overwrite replaces it"),
        );
    }
    let recipients = recipients(args)?;
    let vault = context.vault().map_err(from_vault)?;
    let backup = Backup {
        created: context.now(),
        store: context.location(),
        items: vault.precious_items().map_err(from_vault)?,
    };
    if backup.items.is_empty() {
        return Err(CliError::new(format!(
            "no access key is stored in the {} store",
            context.backend()
        ))
        .hint("--backend chooses another store"));
    }
    let lock = match recipients {
        Some(recipients) => Lock::Recipients(recipients),
        None => Lock::Passphrase(new_passphrase()?),
    };
    progress("Encrypting …");
    let sealed = backup
        .seal(&lock)
        .map_err(|error| failed(&args.file, &error))?;
    files::write_atomically(&args.file, &sealed)?;
    let read = std::fs::read(&args.file).map_err(|error| cannot(&args.file, &error))?;
    let proof = match &lock {
        // What was written opens, and holds what was meant.
        Lock::Passphrase(passphrase) => {
            let opened = Backup::open(&read, &Key::Passphrase(passphrase.clone()));
            let opened = opened.map_err(|error| failed(&args.file, &error))?;
            if !is_same(&opened, &backup) {
                return Err(CliError::new(format!(
                    "{} does not hold what was written",
                    args.file.display()
                )));
            }
            "it was opened again and compared"
        }
        Lock::Recipients(_) if read == sealed => {
            "`aws-vault backup --verify -i FILE` opens it and compares"
        }
        Lock::Recipients(_) => {
            return Err(CliError::new(format!(
                "{} does not hold what was written",
                args.file.display()
            )));
        }
    };
    print(&format!(
        "Wrote {} to {}; {proof}.\n",
        counted(&backup.items),
        args.file.display()
    ))
}

/// A test restore: opened and compared, and nothing is changed.
fn verify(context: &Context, args: &args::Backup) -> Result<(), CliError> {
    let opened = open(&args.file, args.identity.as_deref())?;
    let vault = context.vault().map_err(from_vault)?;
    let mut rows = vec![["Key", "In the backup"].map(str::to_owned)];
    for item in &opened.items {
        let stored = vault.item_data(&item.name).map_err(from_vault)?;
        let state = match stored {
            None => "not stored here",
            Some(stored) if stored.expose() == item.data.expose() => "as stored",
            Some(_) => "another key than is stored",
        };
        rows.push([item.name.clone(), state.to_owned()]);
    }
    let missing = vault
        .precious_items()
        .map_err(from_vault)?
        .into_iter()
        .filter(|stored| {
            let known = opened.items.iter().any(|item| item.name == stored.name);
            !known
        });
    rows.extend(missing.map(|item| [item.name, "missing in the backup".to_owned()]));
    print(&table::columns(&rows))?;
    let stale = rows
        .iter()
        .skip(1)
        .filter(|row| row[1] != "as stored")
        .count();
    if stale == 0 {
        return Ok(());
    }
    Err(
        CliError::new("the backup can be opened, but it is not what is stored now")
            .hint("make a new one"),
    )
}

/// Opens a backup by whatever it wants.
pub fn open(file: &Path, identity: Option<&Path>) -> Result<Backup, CliError> {
    let sealed = std::fs::read(file).map_err(|error| cannot(file, &error))?;
    let wants_passphrase =
        backup::wants_passphrase(&sealed).map_err(|error| failed(file, &error))?;
    let key = match identity {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| cannot(path, &error))?;
            let text = zeroize::Zeroizing::new(text);
            Key::Identities(backup::identities(&text).map_err(|error| failed(path, &error))?)
        }
        None if wants_passphrase => Key::Passphrase(asked("Passphrase of the backup: ")?),
        None => return Err(failed(file, &backup::Error::NeedsIdentity)),
    };
    progress("Opening …");
    Backup::open(&sealed, &key).map_err(|error| failed(file, &error))
}

/// `None`: nobody is named, so a passphrase it is.
fn recipients(args: &args::Backup) -> Result<Option<Vec<age::x25519::Recipient>>, CliError> {
    let mut found = Vec::new();
    for text in &args.recipient {
        let recipient = backup::recipient(text);
        found.push(
            recipient
                .map_err(|error| with_hint(CliError::usage(format!("{text}: {error}")), &error))?,
        );
    }
    for path in &args.recipients_file {
        let text = std::fs::read_to_string(path).map_err(|error| cannot(path, &error))?;
        found.extend(backup::recipients(&text).map_err(|error| failed(path, &error))?);
    }
    let named = !args.recipient.is_empty() || !args.recipients_file.is_empty();
    match (named, found.is_empty()) {
        (false, _) => Ok(None),
        (true, true) => Err(CliError::new(
            "there is no public key in the file of recipients",
        )),
        (true, false) => Ok(Some(found)),
    }
}

fn new_passphrase() -> Result<SecretString, CliError> {
    let first = asked("New passphrase for the backup: ")?;
    if first.expose_secret().is_empty() {
        return Err(CliError::new("an empty passphrase protects nothing")
            .hint("choose one that you will remember in a year"));
    }
    let second = asked("The same again: ")?;
    if first.expose_secret() == second.expose_secret() {
        Ok(first)
    } else {
        Err(CliError::new(
            "the two passphrases differ; nothing was written",
        ))
    }
}

fn asked(prompt: &str) -> Result<SecretString, CliError> {
    let text = Terminal::open()
        .and_then(|mut terminal| terminal.ask_hidden(prompt))
        .map_err(|error| {
            prompt_failed(error).hint("in scripts, encrypt for a public key of age: --recipient")
        })?;
    Ok(SecretString::from(text.as_str()))
}

fn is_same(one: &Backup, other: &Backup) -> bool {
    one.items.len() == other.items.len()
        && one
            .items
            .iter()
            .zip(&other.items)
            .all(|(one, other)| one.name == other.name && one.data.expose() == other.data.expose())
}

fn counted(items: &[Item]) -> String {
    let is_seed = |item: &&Item| matches!(ItemName::parse(&item.name), ItemName::MfaSeed(_));
    let seeds = items.iter().filter(is_seed).count();
    let some = |count: usize, what| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let keys = some(items.len() - seeds, "key");
    if seeds == 0 {
        keys
    } else {
        format!("{keys} and {}", some(seeds, "MFA seed"))
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> CliError {
    CliError::new(format!("{}: {error}", path.display()))
}

fn failed(path: &Path, error: &backup::Error) -> CliError {
    with_hint(CliError::new(format!("{}: {error}", path.display())), error)
}

fn with_hint(shown: CliError, error: &backup::Error) -> CliError {
    match error.hint() {
        Some(hint) => shown.hint(hint),
        None => shown,
    }
}
