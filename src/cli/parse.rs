//! From the words of the command line and the environment to a `Cli`. Pure: what is to be printed is returned.

use std::ffi::OsString;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser as _, ValueEnum};
use secrecy::SecretString;

use crate::cli::args::{Cli, Command, Global, OnePassword, Prompt, Session};
use crate::cli::{negations, other_stores, quick, usage_error};
use crate::config::console::console_seconds;
use crate::config::duration;
use crate::config::profile::{Origin, Setting};
use crate::console::services::{self, Service};
use crate::environment::Environment;
use crate::error::{CliError, Kind, visible};

const BACKEND: &str = "AWS_VAULT_BACKEND";
const BIOMETRICS: &str = "AWS_VAULT_BIOMETRICS";
const UNLOCK_TTL: &str = "AWS_VAULT_UNLOCK_TTL";

/// What is printed instead of running a command: help, the version, or why the command line makes no sense.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub text: String,
    /// Standard output if true (asked for), else standard error.
    pub to_stdout: bool,
    pub exit_code: u8,
}

/// Parses the words after the program's name and fills in what the environment says.
///
/// A flag wins over its variable; a variable counts only when it is not empty, and only for the command given.
pub fn parse<I>(words: I, environment: &Environment) -> Result<Cli, Message>
where
    I: IntoIterator<Item = OsString>,
{
    let words: Vec<OsString> = words.into_iter().collect();
    // Scripts ask for the version before anything else; that need not build the whole command line first.
    if let [word] = words.as_slice()
        && (word == "--version" || word == "-v")
    {
        return Err(version());
    }
    if let Some(mut cli) = quick::parse(&words) {
        separate(&mut cli, &words);
        fill(&mut cli, environment).map_err(|error| refusal(&error))?;
        return Ok(cli);
    }
    let mut words = words.into_iter().peekable();
    if words.peek().is_some_and(|word| word == "--help-long") {
        return Err(help_of_everything());
    }
    if words.peek().is_some_and(|word| word == "--help-man") {
        let error = CliError::usage("there is no man page in the program");
        return Err(refusal(
            &error.hint("`make man` writes one for each command"),
        ));
    }
    let words: Vec<_> = std::iter::once(OsString::from("aws-vault"))
        .chain(modern(words))
        .collect();
    match Cli::command().try_get_matches_from(&words) {
        Ok(matches) => filled(&matches, &words, environment),
        Err(error) if negations::would_help(&error) => {
            let matches = negations::add(Cli::command())
                .try_get_matches_from(&words)
                .map_err(|error| message(&error))?;
            filled(
                &matches,
                &words,
                &negations::overrule(&matches, environment),
            )
        }
        Err(error) => Err(message(&error)),
    }
}

fn filled(
    matches: &ArgMatches,
    words: &[OsString],
    environment: &Environment,
) -> Result<Cli, Message> {
    let mut cli = Cli::from_arg_matches(matches).map_err(|error| message(&error))?;
    separate(&mut cli, &words[1..]);
    fill(&mut cli, environment).map_err(|error| refusal(&error))?;
    Ok(cli)
}

/// `exec --role-arn ARN -- aws s3 ls` names no profile: what stands behind the dashes is the command. (Without `--role-arn` it
/// is the profile, as for the Go tool.)
fn separate(cli: &mut Cli, words: &[OsString]) {
    let Command::Exec(exec) = &mut cli.command else {
        return;
    };
    let (Some(_), Some(at)) = (
        &exec.session.role_arn,
        words.iter().position(|word| word == "--"),
    ) else {
        return;
    };
    let program = OsString::from("aws-vault");
    let before = std::iter::once(&program).chain(&words[..at]);
    let names_none = Cli::try_parse_from(before)
        .is_ok_and(|cli| matches!(cli.command, Command::Exec(exec) if exec.profile.is_none()));
    if names_none {
        let word = exec.profile.take().map(OsString::from);
        exec.command.splice(0..0, word);
    }
}

/// The profile a command needs.
pub fn required(profile: Option<&str>) -> Result<&str, CliError> {
    profile.filter(|name| !name.is_empty()).ok_or_else(|| {
        CliError::usage("no profile given").hint("name a profile; `aws-vault list` shows them")
    })
}

pub(super) fn plain_duration(text: &str) -> Result<Duration, String> {
    // `0` alone is how people switch a time-out off.
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    parsed(text)
}

pub(super) fn duration_flag(text: &str) -> Result<Setting<Duration>, String> {
    parsed(text).map(|value| Setting::new(value, Origin::Flag("--duration")))
}

pub(super) fn console_duration_flag(text: &str) -> Result<Setting<Duration>, String> {
    let duration = parsed(text)?;
    console_seconds(duration)
        .ok_or_else(|| "AWS opens a console for 15 minutes to 12 hours".to_owned())?;
    Ok(Setting::new(duration, Origin::Flag("--console-duration")))
}

pub(super) fn service_flag(text: &str) -> Result<Service, String> {
    Service::find(text).ok_or_else(|| {
        let near: Vec<_> = services::names()
            .filter(|name| text.len() > 1 && (name.contains(text) || text.contains(name)))
            .take(5)
            .collect();
        let near = if near.is_empty() {
            String::new()
        } else {
            format!(" (there are {})", near.join(", "))
        };
        format!("no service is known by that name{near}; docs/login.md lists them, and --path opens any page")
    })
}

/// Fails for nothing; clap wants a `Result`.
#[expect(clippy::unnecessary_wraps)]
pub(super) fn region_flag(text: &str) -> Result<Setting<String>, String> {
    Ok(Setting::new(text.to_owned(), Origin::Flag("--region")))
}

#[expect(clippy::unnecessary_wraps)]
pub(super) fn secret_flag(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text))
}

/// The Go tool's spelling of `completion SHELL`, which stands in many people's shell start-up files.
fn modern(words: impl IntoIterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let mut words = words.into_iter();
    let first: Vec<OsString> = match words.next() {
        Some(word) if word == "--completion-script-bash" => {
            ["completion", "bash"].map(OsString::from).into()
        }
        Some(word) if word == "--completion-script-zsh" => {
            ["completion", "zsh"].map(OsString::from).into()
        }
        other => other.into_iter().collect(),
    };
    first.into_iter().chain(words)
}

/// `--help-long`: the help of the program and of every command, one after the other.
fn help_of_everything() -> Message {
    let mut cli = Cli::command();
    cli.build();
    let mut parts = vec![cli.render_long_help().to_string()];
    add_help_below("aws-vault", &mut cli, &mut parts);
    Message {
        text: parts.join("\n"),
        to_stdout: true,
        exit_code: 0,
    }
}

/// Commands with commands of their own (`bastion`, `sso`) come before those.
fn add_help_below(above: &str, command: &mut clap::Command, parts: &mut Vec<String>) {
    let commands = command.get_subcommands_mut();
    for command in commands.filter(|it| it.get_name() != "help") {
        let name = format!("{above} {}", command.get_name());
        let help = command.render_long_help();
        let line = "-".repeat(name.len());
        parts.push(format!("{name}\n{line}\n{help}"));
        add_help_below(&name, command, parts);
    }
}

/// The Go tool prints the bare version too, and scripts compare it.
fn version() -> Message {
    Message {
        text: concat!(env!("CARGO_PKG_VERSION"), "\n").to_owned(),
        to_stdout: true,
        exit_code: 0,
    }
}

fn message(error: &clap::Error) -> Message {
    if let Some(value) = unknown_value(error, &["--prompt"]) {
        return refusal(&unusable(&not_one_of::<Prompt>("--prompt", value)));
    }
    if let Some(other) =
        unknown_value(error, &["--backend", "--from", "--to"]).and_then(other_stores::refusal)
    {
        return refusal(&other);
    }
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp => Message {
            text,
            to_stdout: true,
            exit_code: 0,
        },
        ErrorKind::DisplayVersion => version(),
        // No arguments at all: the Go tool prints its usage on stderr and succeeds.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Message {
            text,
            to_stdout: false,
            exit_code: 0,
        },
        _ => usage_error::refusal(error).map_or_else(
            || Message {
                text: format!("aws-vault: {}", visible(&text)),
                to_stdout: false,
                exit_code: Kind::Usage.exit_code(),
            },
            |error| refusal(&error),
        ),
    }
}

fn refusal(error: &CliError) -> Message {
    Message {
        text: error.render(None),
        to_stdout: false,
        exit_code: error.kind.exit_code(),
    }
}

/// A value that cannot be used, in the Go tool's words.
fn unusable(message: &str) -> CliError {
    CliError::usage(usage_error::try_help(message))
}

/// The value that one of the flags does not have.
fn unknown_value<'a>(error: &'a clap::Error, flags: &[&str]) -> Option<&'a str> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?.split(' ').next()?;
    let is_of_these = error.kind() == ErrorKind::InvalidValue && flags.contains(&flag);
    text(ContextKind::InvalidValue).filter(|value| is_of_these && !value.is_empty())
}

fn fill(cli: &mut Cli, environment: &Environment) -> Result<(), CliError> {
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
        let value = plain_duration(text).map_err(|why| unusable(&format!("{name}: {why}")))?;
        *duration = Some(value);
    }
    Ok(())
}

fn fill_session(session: &mut Session, environment: &Environment) -> Result<(), CliError> {
    const NAME: &str = "AWS_VAULT_DURATION";
    if session.duration.is_none()
        && let Some(text) = environment.var(NAME)
    {
        let value = parsed(text).map_err(|why| unusable(&format!("{NAME}: {why}")))?;
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

fn not_one_of<T: ValueEnum>(what: &str, given: &str) -> String {
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
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!(
            "strconv.ParseBool: parsing {text:?}: invalid syntax"
        )),
    }
}

/// Go's durations, with `d` and `w` as the Go tool's flags accept them.
fn parsed(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|error| error.to_string())
}
