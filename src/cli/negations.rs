//! `--no-x` for every switch `--x`, which the parser of the Go tool has: `--no-stdout` overrules `AWS_VAULT_STDOUT=1`. They are
//! in no help and no completion, and looked for only when a command line makes no sense without them.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, Error};

use crate::environment::Environment;

/// Whether the command line may make sense with negations.
pub(super) fn would_help(error: &Error) -> bool {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return false;
    };
    error.kind() == ErrorKind::UnknownArgument && flag.starts_with("--no-")
}

/// The command line with a negation for each of its switches.
pub(super) fn add(command: Command) -> Command {
    let has = |long: &str| {
        command
            .get_arguments()
            .any(|it| it.get_long() == Some(long))
    };
    let negations: Vec<Arg> = command
        .get_arguments()
        .filter(|switch| matches!(switch.get_action(), ArgAction::SetTrue))
        .filter_map(|switch| {
            // clap takes static texts alone, unless it copies all of them; this runs once in a process, and seldom.
            let id: &'static str = format!("{PREFIX}{}", switch.get_long()?).leak();
            let long = id.trim_start_matches(MARK);
            let others = switch.get_all_aliases().unwrap_or_default();
            let negation = Arg::new(id)
                .long(long)
                .aliases(others.iter().map(|other| &*format!("no-{other}").leak()))
                .action(ArgAction::SetTrue)
                .hide(true)
                .conflicts_with(switch.get_id())
                .global(switch.is_global_set());
            (!has(long)).then_some(negation)
        })
        .collect();
    command.args(negations).mut_subcommands(add)
}

/// The environment without the variables of switches that were negated.
pub(super) fn overrule(matches: &ArgMatches, environment: &Environment) -> Environment {
    let negated: Vec<String> = matches
        .subcommand()
        .into_iter()
        .flat_map(|(_, matches)| {
            matches
                .ids()
                .filter_map(|it| it.as_str().strip_prefix(PREFIX).zip(Some(it)))
                .filter(|(_, id)| matches.get_flag(id.as_str()))
                .map(|(switch, _)| switch)
        })
        .map(|switch| format!("AWS_VAULT_{}", switch.to_uppercase().replace('-', "_")))
        .collect();
    environment
        .iter()
        .filter(|(name, _)| !negated.iter().any(|negated| *name == negated.as_str()))
        .collect()
}

/// How the ids of negations begin, and no others: those of derived arguments are Rust's identifiers.
const PREFIX: &str = "!no-";
const MARK: char = '!';
