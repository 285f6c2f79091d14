//! What the environment says where the command line says nothing.

use std::time::Duration;

use clap::ValueEnum;

use crate::cli::args::{Cli, Command, Global, OnePassword, Prompt, Session};
use crate::cli::{other_stores, parse, usage_error};
use crate::config::profile::{Origin, Setting};
use crate::environment::Environment;
use crate::error::CliError;

const BACKEND: &str = "AWS_VAULT_BACKEND";
const BIOMETRICS: &str = "AWS_VAULT_BIOMETRICS";
const UNLOCK_TTL: &str = "AWS_VAULT_UNLOCK_TTL";

/// A flag wins over its variable; a variable counts only when it is not empty, and only for the command given.
pub fn fill(cli: &mut Cli, environment: &Environment) -> Result<(), CliError> {
    fill_global(&mut cli.global, environment)?;
    match &mut cli.command {
        Command::Exec(exec) => {
            fill_session(&mut exec.session, environment)?;
            fill_bool(&mut exec.stdout, environment, "AWS_VAULT_STDOUT")?;
            fill_bool(&mut exec.profile_env, environment, "AWS_VAULT_PROFILE_ENV")?;
            fill_profile(&mut exec.profile, &exec.session, environment);
        }
        // `export` without a profile does not fall back to AWS_PROFILE: the Go tool's `export` never did.
        Command::Export(export) => {
            fill_session(&mut export.session, environment)?;
            fill_bool(&mut export.stdout, environment, "AWS_VAULT_STDOUT")?;
        }
        Command::Explain(explain) => {
            fill_session(&mut explain.session, environment)?;
            fill_profile(&mut explain.profile, &explain.session, environment);
        }
        Command::Signin(signin) => {
            fill_text(&mut signin.profile, environment, "AWS_PROFILE");
            fill_bool(&mut signin.stdout, environment, "AWS_VAULT_STDOUT")?;
        }
        Command::Login(login) => {
            fill_session(&mut login.session, environment)?;
            fill_profile(&mut login.profile, &login.session, environment);
            fill_bool(&mut login.stdout, environment, "AWS_VAULT_STDOUT")?;
            fill_bool(&mut login.auto_logout, environment, "AWS_VAULT_AUTO_LOGOUT")?;
        }
        Command::Server(server) => {
            fill_session(&mut server.session, environment)?;
            fill_bool(&mut server.stdout, environment, "AWS_VAULT_STDOUT")?;
        }
        Command::Sso(sso) => {
            if let Some(flags) = sso.command.flags_mut() {
                fill_bool(&mut flags.stdout, environment, "AWS_VAULT_STDOUT")?;
            }
        }
        Command::Add(_)
        | Command::List(_)
        | Command::Lock(_)
        | Command::Remove(_)
        | Command::Clear(_)
        | Command::Proxy(_)
        | Command::Rotate(_)
        | Command::Status(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::SwitchRoles(_)
        | Command::Backends(_)
        | Command::Bastion(_)
        | Command::Import(_)
        | Command::MigrateBackend(_)
        | Command::Version(_)
        | Command::Completion(_) => {}
    }
    Ok(())
}

fn fill_global(global: &mut Global, environment: &Environment) -> Result<(), CliError> {
    let flag = global.backend.is_some();
    if let Some(name) = environment.var(BACKEND).filter(|_| !flag)
        && let Some(mut error) = other_stores::refusal(name)
    {
        error.message = format!("{BACKEND}: {}", error.message);
        return Err(error);
    }
    fill_choice(&mut global.backend, environment, BACKEND)?;
    global.backend_of_variable = !flag && global.backend.is_some();
    fill_choice(&mut global.prompt, environment, "AWS_VAULT_PROMPT")?;
    fill_duration(&mut global.unlock_ttl, environment, UNLOCK_TTL)?;
    fill_one_password(&mut global.one_password, environment)?;
    fill_bool(&mut global.elsewhere.biometrics, environment, BIOMETRICS)?;
    if global.elsewhere.biometrics && cfg!(target_os = "macos") {
        return Err(no_biometrics());
    }
    if global.prompt == Some(Prompt::Pass) {
        return Err(pass_removed());
    }
    if global.file_dir.is_none() {
        global.file_dir = environment.var_os("AWS_VAULT_FILE_DIR").map(Into::into);
    }
    if global.pass_dir.is_none() {
        let dir = environment.var_os("AWS_VAULT_PASS_PASSWORD_STORE_DIR");
        global.pass_dir = dir.map(Into::into);
    }
    fill_text(&mut global.keychain, environment, "AWS_VAULT_KEYCHAIN_NAME");
    fill_text(&mut global.pass_cmd, environment, "AWS_VAULT_PASS_CMD");
    fill_text(
        &mut global.pass_prefix,
        environment,
        "AWS_VAULT_PASS_PREFIX",
    );
    fill_text(
        &mut global.secret_service_collection,
        environment,
        "AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME",
    );
    Ok(())
}

fn fill_one_password(flags: &mut OnePassword, environment: &Environment) -> Result<(), CliError> {
    fill_duration(&mut flags.op_timeout, environment, "AWS_VAULT_OP_TIMEOUT")?;
    for (flag, name) in [
        (&mut flags.op_vault_id, "AWS_VAULT_OP_VAULT_ID"),
        (
            &mut flags.op_item_title_prefix,
            "AWS_VAULT_OP_ITEM_TITLE_PREFIX",
        ),
        (&mut flags.op_item_tag, "AWS_VAULT_OP_ITEM_TAG"),
        (&mut flags.op_connect_host, "AWS_VAULT_OP_CONNECT_HOST"),
    ] {
        fill_text(flag, environment, name);
    }
    Ok(())
}

fn fill_duration(
    duration: &mut Option<Duration>,
    environment: &Environment,
    name: &str,
) -> Result<(), CliError> {
    if duration.is_none()
        && let Some(text) = environment.var(name)
    {
        let value =
            parse::plain_duration(text).map_err(|why| unusable(&format!("{name}: {why}")))?;
        *duration = Some(value);
    }
    Ok(())
}

fn fill_session(session: &mut Session, environment: &Environment) -> Result<(), CliError> {
    const NAME: &str = "AWS_VAULT_DURATION";
    if session.duration.is_none()
        && let Some(text) = environment.var(NAME)
    {
        let value = parse::parsed(text).map_err(|why| unusable(&format!("{NAME}: {why}")))?;
        session.duration = Some(Setting::new(value, Origin::Environment(NAME)));
    }
    Ok(())
}

/// A source that was named is not one of two.
fn fill_profile(profile: &mut Option<String>, session: &Session, environment: &Environment) {
    if session.source.is_none() {
        fill_text(profile, environment, "AWS_PROFILE");
    }
}

fn fill_text(text: &mut Option<String>, environment: &Environment, name: &str) {
    if text.is_none() {
        *text = environment.var(name).map(str::to_owned);
    }
}

fn fill_bool(flag: &mut bool, environment: &Environment, name: &str) -> Result<(), CliError> {
    if !*flag && let Some(text) = environment.var(name) {
        *flag = boolean(text).map_err(|why| unusable(&format!("{name}: {why}")))?;
    }
    Ok(())
}

fn fill_choice<T: ValueEnum>(
    choice: &mut Option<T>,
    environment: &Environment,
    name: &str,
) -> Result<(), CliError> {
    if choice.is_none()
        && let Some(text) = environment.var(name)
    {
        let value = T::from_str(text, false)
            .map_err(|_| unusable(&not_one_of::<T>(&format!("{name}:"), text)))?;
        *choice = Some(value);
    }
    Ok(())
}

pub fn not_one_of<T: ValueEnum>(what: &str, given: &str) -> String {
    let names: Vec<_> = T::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    format!(
        "{what} value must be one of {}, got '{given}'",
        names.join(",")
    )
}

/// The Go tool took codes from `pass` once, and tells those who still ask for it.
fn pass_removed() -> CliError {
    CliError::usage(
        "--prompt=pass (or AWS_VAULT_PROMPT=pass) has been removed from aws-vault: a second factor that lies beside the first is none",
    )
    .hint("to go on with it, add `mfa_process = pass otp <your mfa_serial>` to profiles in your ~/.aws/config file")
}

/// Elsewhere the flag has no effect in the Go tool either; here it would promise a protection that is not there.
fn no_biometrics() -> CliError {
    CliError::usage("this version of aws-vault cannot ask for Touch ID").hint(format!(
        "leave --biometrics and {BIOMETRICS} out: macOS asks for the keychain's password at every read of an access key"
    ))
}

/// The spellings of Go's `strconv.ParseBool`, and its words for everything else.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!(
            "strconv.ParseBool: parsing {text:?}: invalid syntax"
        )),
    }
}

/// A value that cannot be used, in the Go tool's words.
pub fn unusable(message: &str) -> CliError {
    CliError::usage(usage_error::try_help(message))
}
