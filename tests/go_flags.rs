//! Every flag and variable of the Go tools (`go_flags/`, one list for each release) is known: accepted, or refused with a hint.

#![allow(clippy::unwrap_used)]

use std::ffi::OsString;

use aws_vault::cli::completion::OLD_PROTOCOL;
use aws_vault::cli::parse::{Message, parse};
use aws_vault::environment::Environment;

const LISTS: [&str; 2] = [
    include_str!("go_flags/99designs-7.2.0.txt"),
    include_str!("go_flags/byteness-7.13.5.txt"),
];

/// Refused, with a hint.
const REFUSED: [&str; 3] = ["--help-man", "--no-help", "--no-version"];

/// Accepted, and without effect: settings of stores that are not in this version, and are refused by their names.
const WITHOUT_EFFECT: [&str; 5] = [
    "--op-desktop-account-id",
    "--proton-pass-api-base",
    "--proton-pass-item-title-prefix",
    "--proton-pass-share-id",
    "--proton-pass-timeout",
];

/// Values that make sense, where not any text does.
const VALUES: [(&str, &str); 10] = [
    ("--backend", "file"),
    ("--duration", "1h"),
    ("--format", "json"),
    ("--from", "file"),
    ("--mfa-token", "123456"),
    ("--op-timeout", "20s"),
    ("--prompt", "terminal"),
    ("--proton-pass-timeout", "20s"),
    ("--to", "pass"),
    ("--stop", ""),
];

struct Flag<'a> {
    /// `*` for all of them.
    command: &'a str,
    long: &'a str,
    short: Option<&'a str>,
    is_switch: bool,
    variable: Option<&'a str>,
}

fn flags() -> Vec<Flag<'static>> {
    let given = |text: &'static str| Some(text).filter(|text| *text != "-");
    LISTS
        .iter()
        .flat_map(|list| list.lines())
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<_> = line.split(' ').collect();
            let [command, long, short, kind, variable] = fields[..] else {
                panic!("{line}")
            };
            Flag {
                command,
                long,
                short: given(short),
                is_switch: kind == "switch",
                variable: given(variable),
            }
        })
        .collect()
}

impl Flag<'_> {
    fn value(&self) -> &'static str {
        let value = VALUES.iter().find(|(flag, _)| *flag == self.long);
        value.map_or("x", |(_, value)| value)
    }

    /// A command line with it, once before the command where that is allowed, and once after it.
    fn lines(&self, flag: &str) -> Vec<Vec<String>> {
        let mut words = vec![flag.to_owned()];
        if !self.is_switch {
            words.push(self.value().to_owned());
        }
        let command = match self.command {
            "*" => vec!["list"],
            "migrate-backend" if self.long == "--from" => vec!["migrate-backend", "--to", "pass"],
            "migrate-backend" if self.long == "--to" => vec!["migrate-backend", "--from", "file"],
            "migrate-backend" => vec!["migrate-backend", "--from", "file", "--to", "pass"],
            command => vec![command],
        };
        let mut command: Vec<String> = command.into_iter().map(str::to_owned).collect();
        let after = [command.clone(), words.clone(), self.operand()].concat();
        if self.command == "*" {
            words.append(&mut command);
            return vec![words, after];
        }
        vec![after]
    }

    fn operand(&self) -> Vec<String> {
        let takes_profile = !["*", "list", "migrate-backend", "proxy"].contains(&self.command);
        takes_profile
            .then(|| "work".to_owned())
            .into_iter()
            .collect()
    }
}

fn parsed(line: &[String], variables: &[(&str, &str)]) -> Result<String, Message> {
    let environment: Environment = variables.iter().copied().collect();
    parse(line.iter().map(OsString::from), &environment).map(|cli| format!("{cli:?}"))
}

#[test]
fn every_flag_is_known() {
    for flag in flags() {
        if flag.long == OLD_PROTOCOL {
            continue;
        }
        // What asks for help stands alone.
        let alone = flag.command == "*" && flag.is_switch && flag.long.contains("-script-")
            || flag.long.starts_with("--help");
        let mut lines = flag.lines(flag.long);
        lines.extend(flag.short.into_iter().flat_map(|short| flag.lines(short)));
        if alone {
            lines = vec![vec![flag.long.to_owned()]];
        }
        for line in lines {
            check(flag.long, &line);
        }
    }
}

/// The Go tools' parser makes them by itself.
#[test]
fn every_switch_has_its_opposite() {
    let has_opposite = |flag: &Flag<'_>| {
        let asks_for_text =
            flag.long.starts_with("--help-") || flag.long.starts_with("--completion-");
        flag.is_switch && !asks_for_text
    };
    for flag in flags().into_iter().filter(has_opposite) {
        let opposite = flag.long.replacen("--", "--no-", 1);
        for line in flag.lines(&opposite) {
            check(&opposite, &line);
        }
    }
}

fn check(flag: &str, line: &[String]) {
    let shown = line.join(" ");
    match parsed(line, &[]) {
        Ok(_) => assert!(!REFUSED.contains(&flag), "{shown} is accepted"),
        Err(message) if REFUSED.contains(&flag) => {
            assert!(
                message.text.contains("\nhint: "),
                "{shown}: {}",
                message.text
            );
            assert_eq!(message.exit_code, 2, "{shown}");
        }
        Err(message) => assert_eq!(message.exit_code, 0, "{shown}: {}", message.text),
    }
}

#[test]
fn every_variable_counts_as_its_flag_does() {
    for flag in flags() {
        let Some(variable) = flag.variable else {
            continue;
        };
        let value = if flag.is_switch { "true" } else { flag.value() };
        for line in flag.lines(flag.long) {
            let line: Vec<_> = line
                .into_iter()
                .filter(|word| word != flag.long && word != flag.value())
                .collect();
            let without = parsed(&line, &[]).unwrap();
            let with = parsed(&line, &[(variable, value)]).unwrap();
            let counts = !WITHOUT_EFFECT.contains(&flag.long);
            assert_eq!(without != with, counts, "{variable} and {line:?}");
        }
    }
}

#[test]
fn what_is_refused_or_without_effect_is_documented() {
    let page = include_str!("../docs/differences.md");
    for flag in REFUSED.iter().chain(&WITHOUT_EFFECT) {
        let family = "--proton-pass-*";
        let named = page.contains(&format!("`{flag}`"));
        assert!(
            named || flag.starts_with(&family[..family.len() - 1]) && page.contains(family),
            "{flag}"
        );
    }
}
