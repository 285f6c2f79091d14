//! `aws-vault add`: an access key goes into the keystore, and its profile into the config file.

use std::io::IsTerminal;
use std::path::Path;

use secrecy::ExposeSecret;

use super::args::Add;
use super::context::{Context, from_vault};
use super::output::{notice, print};
use crate::config::{self, ConfigFile};
use crate::credentials::AccessKey;
use crate::error::CliError;
use crate::terminal::{Terminal, TerminalError};

pub fn run(context: &Context, args: &Add) -> Result<(), CliError> {
    let config = context.config()?;
    refuse_useless(&config, &args.profile)?;
    let Answers { key, mfa_serial } = if args.env {
        from_environment(context)?
    } else {
        ask()?
    };
    check_shape(&key)?;

    let vault = context.vault().map_err(from_vault)?;
    vault
        .store_access_key(&args.profile, &key)
        .map_err(from_vault)?;
    context.note_created(&args.profile, None);
    print(&format!(
        "Added credentials to profile {:?} in vault\n",
        args.profile
    ))?;
    announce_file_store(context);
    let deleted = drop_sessions(context, &args.profile)?;
    if deleted > 0 {
        print(&format!("Deleted {deleted} existing sessions.\n"))?;
    }
    context.stored_names()?;
    if args.add_config() {
        write_profile(config.path(), &args.profile, mfa_serial.as_deref())?;
    }
    Ok(())
}

/// Drops every session that hangs on the stored key, and what the Go tool left for the profile.
pub fn drop_sessions(context: &Context, name: &str) -> Result<usize, CliError> {
    let location = context.location();
    let own = context.sessions().remove(|header| {
        header.store == location
            && (header.stored_key.as_deref() == Some(name) || header.profile == name)
    })?;
    let vault = context.vault().map_err(from_vault)?;
    Ok(own
        + vault
            .remove_foreign_sessions(Some(name))
            .map_err(from_vault)?)
}

struct Answers {
    key: AccessKey,
    mfa_serial: Option<String>,
}

/// A profile that takes its credentials from another would never use a key stored under its own name. One that names itself
/// does so to stop inheritance, and is fine.
pub fn refuse_useless(config: &ConfigFile, profile: &str) -> Result<(), CliError> {
    let source = config
        .profile(profile)
        .and_then(|section| section.setting("source_profile"));
    match source.map(|source| source.value) {
        Some(source) if source != profile => Err(CliError::new(format!(
            "Your profile has a source_profile of {source}, adding credentials to {profile} won't have any effect"
        ))
        .hint(format!("run `aws-vault add {source}`"))),
        _ => Ok(()),
    }
}

fn from_environment(context: &Context) -> Result<Answers, CliError> {
    Ok(Answers {
        key: key_of_environment(context)?,
        mfa_serial: None,
    })
}

pub fn key_of_environment(context: &Context) -> Result<AccessKey, CliError> {
    let read = |name: &str| {
        context.environment.var(name).ok_or_else(|| {
            CliError::new(format!("Missing value for {name}"))
                .hint(format!("export {name}, or leave --env out to be asked"))
        })
    };
    Ok(AccessKey {
        access_key_id: read("AWS_ACCESS_KEY_ID")?.trim().to_owned(),
        secret_access_key: read("AWS_SECRET_ACCESS_KEY")?.trim().into(),
    })
}

fn ask() -> Result<Answers, CliError> {
    let mut terminal = Terminal::open().map_err(prompt_failed)?;
    let access_key_id = terminal
        .ask("Enter Access Key ID: ")
        .map_err(prompt_failed)?;
    let secret = terminal
        .ask_hidden("Enter Secret Access Key: ")
        .map_err(prompt_failed)?;
    let serial = terminal
        .ask("Enter MFA Device ARN (If MFA is not enabled, leave this blank): ")
        .map_err(prompt_failed)?;
    Ok(Answers {
        key: AccessKey {
            access_key_id: access_key_id.trim().to_owned(),
            secret_access_key: secret.trim().into(),
        },
        mfa_serial: Some(serial.trim().to_owned()).filter(|serial| !serial.is_empty()),
    })
}

/// Pasting the wrong field is the commonest mistake, and AWS would only say InvalidClientTokenId much later.
///
/// Source: IAM User Guide, "Unique identifiers" (AKIA: long-term key, ASIA: temporary).
pub fn check_shape(key: &AccessKey) -> Result<(), CliError> {
    let id = key.access_key_id.as_str();
    let secret = key.secret_access_key.expose_secret();
    if id.is_empty() || secret.is_empty() {
        return Err(CliError::new(
            "the access key id and the secret access key must not be empty",
        ));
    }
    if id.starts_with("ASIA") {
        return Err(CliError::new(
            "that is the id of a temporary access key (ASIA…); its session would expire",
        )
        .hint("store the long-term key of an IAM user; its id begins with AKIA"));
    }
    let id_fits = (16..=128).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !id_fits {
        return Err(CliError::new(
            "that is not the id of an access key: 16 to 128 letters and digits, usually AKIA…",
        )
        .hint("copy the access key id from the IAM console; is it the secret that you pasted?"));
    }
    let secret_fits = secret.len() >= 16 && secret.bytes().all(|byte| byte.is_ascii_graphic());
    if !secret_fits || secret == id {
        return Err(CliError::new(
            "that is not a secret access key: at least 16 characters, usually 40, without spaces",
        )
        .hint("copy the secret access key from the file or page on which IAM showed it"));
    }
    Ok(())
}

fn write_profile(path: &Path, profile: &str, mfa_serial: Option<&str>) -> Result<(), CliError> {
    config::update(path, |config| {
        let Some(section) = config.profile(profile) else {
            return Ok(Some(config.with_profile(profile, mfa_serial)?));
        };
        let known = section.setting("mfa_serial").map(|serial| serial.value);
        if let Some(serial) = mfa_serial.filter(|serial| known.as_deref() != Some(*serial)) {
            notice(&format!(
                "{} has a section for {profile:?} already; add `mfa_serial = {serial}` to it yourself",
                path.display()
            ));
        }
        Ok(None)
    })
}

/// The first key in a file store on a machine without a desktop keyring: say where it went.
fn announce_file_store(context: &Context) {
    let chosen_silently = context.global.backend.is_none() && context.index().backend.is_none();
    if chosen_silently
        && context.backend() == aws_vault_keystore::Backend::File
        && std::io::stderr().is_terminal()
    {
        notice(&format!(
            "no desktop keyring answers here, so keys are kept in encrypted files ({})",
            context.location()
        ));
    }
}

pub fn prompt_failed(error: TerminalError) -> CliError {
    match error {
        TerminalError::Interrupted => CliError::interrupted(),
        TerminalError::NoTerminal(_) => CliError::new("there is no terminal to ask on")
            .hint("run it in a terminal, or use the flags shown by --help"),
        other => CliError::new(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for (id, secret, fits) in [
            ("AKIAIOSFODNN7EXAMPLE", secret, true),
            ("", secret, false),
            ("AKIAIOSFODNN7EXAMPLE", "", false),
            ("ASIAIOSFODNN7EXAMPLE", secret, false),
            (secret, "AKIAIOSFODNN7EXAMPLE", false),
            ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", false),
            ("AKIA", secret, false),
            (
                "AKIAIOSFODNN7EXAMPLE",
                "with a space in the middle of it",
                false,
            ),
        ] {
            let key = AccessKey {
                access_key_id: id.into(),
                secret_access_key: secret.into(),
            };
            assert_eq!(check_shape(&key).is_ok(), fits, "{id}");
        }
    }
}
