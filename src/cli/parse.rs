//! From the words of the command line and the environment to a `Cli`. Pure: what is to be printed is returned.

use std::ffi::OsString;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser as _};
use secrecy::SecretString;

use crate::cli::args::{Cli, Command, Prompt};
use crate::cli::{negations, other_stores, quick, usage_error, variables};
use crate::config::console::console_seconds;
use crate::config::duration;
use crate::config::profile::{Origin, Setting};
use crate::console::services::{self, Service};
use crate::environment::Environment;
use crate::error::{CliError, Kind, visible};

/// What is printed instead of running a command: help, the version, or why the command line makes no sense.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub text: String,
    /// Standard output if true (asked for), else standard error.
    pub to_stdout: bool,
    pub exit_code: u8,
}

/// Parses the words after the program's name and fills in what the environment says.
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
        variables::fill(&mut cli, environment).map_err(|error| refusal(&error))?;
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
    variables::fill(&mut cli, environment).map_err(|error| refusal(&error))?;
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
        return refusal(&variables::unusable(&variables::not_one_of::<Prompt>(
            "--prompt", value,
        )));
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

/// Go's durations, with `d` and `w` as the Go tool's flags accept them.
pub(super) fn parsed(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|error| error.to_string())
}
