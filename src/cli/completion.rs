//! Completion in the user's shell: a script that calls us as words are typed, and our answers to it.
//!
//! Answering reads the names of profiles through the caller's function and nothing else: pressing Tab must not unlock a keystore
//! or wait for D-Bus.

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use clap_complete::CompletionCandidate;
use clap_complete::engine::{self, ArgValueCandidates};
use clap_complete::env::{EnvCompleter, Shells};

use crate::cli::args::{Cli, Command, Shell};
use crate::environment::Environment;
use crate::error::CliError;

/// Holds the shell's name when we are called by its completion.
const VARIABLE: &str = "AWS_VAULT_COMPLETE";
const NAME: &str = "aws-vault";
/// Commands whose `PROFILE` names an existing one. `add` makes a new one.
const TAKING_PROFILES: [&str; 7] = [
    "clear", "exec", "explain", "export", "login", "remove", "rotate",
];

/// Flags of `bastion`'s commands that name an existing profile.
const BASTION_TAKING_PROFILES: [(&str, &str); 4] = [
    ("init", "admin_profile"),
    ("import", "admin_profile"),
    ("enroll-mfa", "profile"),
    ("verify", "profile"),
];

/// The script for a shell's start-up file.
pub fn script(shell: Shell) -> Result<String, CliError> {
    let name = match shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
        Shell::Powershell => "powershell",
    };
    let mut script = Vec::new();
    completer(name)?
        .write_registration(VARIABLE, NAME, NAME, NAME, &mut script)
        .map_err(CliError::new)?;
    let mut script = String::from_utf8(script).map_err(CliError::new)?;
    script.push_str(match shell {
        Shell::Bash => BASH_DELEGATION,
        Shell::Zsh => ZSH_DELEGATION,
        Shell::Fish | Shell::Powershell => "",
    });
    Ok(script)
}

/// Whether a completion script calls, rather than a person.
pub fn is_asked(environment: &Environment) -> bool {
    environment.var(VARIABLE).is_some()
}

/// The candidates, in the form the shell's script expects.
///
/// `words` are those of our own command line, our name first. `profiles` is called only where a profile can stand.
pub fn answer<F>(
    words: &[OsString],
    environment: &Environment,
    current_dir: Option<&Path>,
    profiles: F,
) -> Result<Vec<u8>, CliError>
where
    F: Fn() -> Vec<String> + Clone + Send + Sync + 'static,
{
    let shell = completer(environment.var(VARIABLE).unwrap_or_default())?;
    // The script puts the line being typed behind a `--`.
    let start = words
        .iter()
        .position(|word| word == "--")
        .map_or(words.len(), |at| at + 1);
    let line = &words[start..];
    let mut answer = Vec::new();
    if !is_inside_command(line, environment) {
        shell
            .write_complete(
                &mut command(profiles),
                line.to_vec(),
                current_dir,
                &mut answer,
            )
            .map_err(CliError::new)?;
    }
    Ok(answer)
}

/// The word that the Go tool's completion scripts call with, which stand in many people's shell start-up files.
pub const OLD_PROTOCOL: &str = "--completion-bash";

/// The answer to such a script: candidates for the last of its words, one a line, with no newline after the last.
pub fn old_answer<F>(
    words: &[OsString],
    environment: &Environment,
    current_dir: Option<&Path>,
    profiles: F,
) -> Result<Vec<u8>, CliError>
where
    F: Fn() -> Vec<String> + Clone + Send + Sync + 'static,
{
    let mut line = vec![OsString::from(NAME)];
    line.extend(words.iter().cloned());
    // Old scripts leave an empty last word out.
    if words.is_empty() {
        line.push(OsString::new());
    }
    let ends_at = line.iter().position(|word| word == "--");
    if ends_at.is_some() || is_inside_command(&line, environment) {
        return Ok(Vec::new());
    }
    let last = line.len() - 1;
    let candidates =
        engine::complete(&mut command(profiles), line, last, current_dir).map_err(CliError::new)?;
    let candidates: Vec<_> = candidates
        .into_iter()
        .map(|candidate| candidate.get_value().to_string_lossy().into_owned())
        .collect();
    Ok(candidates.join("\n").into_bytes())
}

/// From the first word of `exec`'s command on, our flags mean nothing; the shell then completes file names.
fn is_inside_command(line: &[OsString], environment: &Environment) -> bool {
    let typed = environment
        .var("_CLAP_COMPLETE_INDEX")
        .and_then(|index| index.parse().ok())
        .unwrap_or(line.len().saturating_sub(1));
    let before = &line[..line.len().min(typed)];
    Cli::try_parse_from(before)
        .is_ok_and(|cli| matches!(cli.command, Command::Exec(exec) if !exec.command.is_empty()))
}

fn command<F>(profiles: F) -> clap::Command
where
    F: Fn() -> Vec<String> + Clone + Send + Sync + 'static,
{
    let candidates = move || {
        let names = profiles().into_iter().filter(|name| is_plain(name));
        names.map(CompletionCandidate::new).collect::<Vec<_>>()
    };
    let taking = |command: clap::Command, argument: &'static str| {
        let candidates = candidates.clone();
        command.mut_arg(argument, |argument| {
            argument.add(ArgValueCandidates::new(candidates))
        })
    };
    let command = TAKING_PROFILES
        .into_iter()
        .fold(Cli::command(), |command, name| {
            command.mut_subcommand(name, |command| taking(command, "profile"))
        });
    command.mut_subcommand("bastion", |bastion| {
        BASTION_TAKING_PROFILES
            .into_iter()
            .fold(bastion, |bastion, (name, argument)| {
                bastion.mut_subcommand(name, |command| taking(command, argument))
            })
    })
}

/// bash puts a candidate on the command line as it is, so `[profile x;rm]` of some config file must not be offered.
fn is_plain(name: &str) -> bool {
    !name.starts_with('-')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "_+=:,./@-".contains(c))
}

fn completer(name: &str) -> Result<&'static dyn EnvCompleter, CliError> {
    let Shells(shells) = Shells::builtins();
    shells
        .iter()
        .copied()
        .find(|shell| shell.is(name))
        .ok_or_else(|| CliError::usage(format!("there is no completion for '{name}'")))
}

/// After `--` the command's own completion answers, where bash-completion is installed.
const BASH_DELEGATION: &str = r#"
_aws_vault() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]] && declare -F _command_offset >/dev/null; then
            compopt +o nospace 2>/dev/null
            _command_offset $((i + 1))
            return
        fi
    done
    _clap_complete_aws_vault "$@"
}
complete -o nospace -o bashdefault -F _aws_vault aws-vault
"#;

/// The same in zsh, which completes commands by itself.
const ZSH_DELEGATION: &str = r#"
_aws_vault() {
    local i=${words[(i)--]}
    if (( i < CURRENT )); then
        shift $i words
        (( CURRENT -= i ))
        _normal
    else
        _clap_dynamic_completer_aws_vault "$@"
    fi
}
compdef _aws_vault aws-vault
"#;
