//! Why a command line makes no sense, in the words of the Go tool's parser.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::CliError;

/// The parser of the Go tool has the opposite of every switch.
const ASK_FOR_NOTHING: [&str; 2] = ["--no-help", "--no-version"];

/// The refusal of `error`, or `None` for a kind that the Go tool has no words for.
pub(super) fn refusal(error: &Error) -> Option<CliError> {
    let argument = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let flag = argument.split([' ', '=']).next().unwrap_or_default();
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with("--") => {
            format!("unknown long flag '{argument}'")
        }
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            format!("unknown short flag '{argument}'")
        }
        ErrorKind::UnknownArgument => format!("unexpected {argument}"),
        ErrorKind::InvalidSubcommand => format!(
            "expected command but got {:?}",
            text(error, ContextKind::InvalidSubcommand)?
        ),
        ErrorKind::MissingSubcommand => "command not specified".to_owned(),
        ErrorKind::MissingRequiredArgument => missing(&texts(error, ContextKind::InvalidArg)),
        ErrorKind::ArgumentConflict if text(error, ContextKind::PriorArg) == Some(argument) => {
            format!("flag '{}' cannot be repeated", flag.trim_start_matches('-'))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("expected argument for flag '{flag}'")
        }
        ErrorKind::InvalidValue => {
            let valid = texts(error, ContextKind::ValidValue).join(",");
            format!("{flag}: enum value must be one of {valid}, got '{value}'")
        }
        ErrorKind::ValueValidation => {
            format!("{flag}: {}", std::error::Error::source(error)?)
        }
        _ => return None,
    };
    let error_with_hint = |hint| CliError::usage(try_help(&message)).hint(hint);
    if ASK_FOR_NOTHING.contains(&argument) {
        return Some(error_with_hint(
            "leave it out: it asks for nothing".to_owned(),
        ));
    }
    Some(match suggestion(error) {
        Some(suggestion) => error_with_hint(format!("did you mean {suggestion}?")),
        None => CliError::usage(try_help(&message)),
    })
}

/// What the Go tool's parser adds to each of its errors.
pub(super) fn try_help(message: &str) -> String {
    format!("{message}, try --help")
}

/// `<PROFILE>` and `--from <NAME>` are how clap names what is missing.
fn missing(names: &[&str]) -> String {
    let (flags, arguments): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|name| name.starts_with('-'));
    if let Some(argument) = arguments.first() {
        let name = argument.trim_matches(['<', '>', '.']).to_lowercase();
        return format!("required argument '{name}' not provided");
    }
    let flags = flags
        .iter()
        .filter_map(|flag| flag.split([' ', '=']).next());
    let quoted: Vec<_> = flags.map(|flag| format!("'{flag}'")).collect();
    format!("required flag(s) {} not provided", quoted.join(", "))
}

fn suggestion(error: &Error) -> Option<String> {
    let kinds = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ];
    kinds.into_iter().find_map(|kind| {
        let first = text(error, kind).or_else(|| texts(error, kind).first().copied())?;
        Some(format!("'{first}'"))
    })
}

fn text(error: &Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

fn texts(error: &Error, kind: ContextKind) -> Vec<&str> {
    match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.iter().map(String::as_str).collect(),
        Some(ContextValue::String(text)) => vec![text],
        _ => Vec::new(),
    }
}
