//! `aws-vault sso populate`

use std::collections::BTreeSet;
use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::super::args::SsoPopulate;
use super::super::context::Context;
use super::super::output::{print, stdout_is_terminal};
use super::instance;
use super::inventory::{self, Assigned};
use crate::config::populate::{Grant, Populated, Wish, populate};
use crate::config::{self, ConfigFile};
use crate::error::{CliError, visible};
use crate::terminal::{Terminal, TerminalError};

pub fn run(context: &Context, args: &SsoPopulate) -> Result<(), CliError> {
    let config = context.config()?;
    let instance = instance(context, &config, args.name.as_deref())?;
    let session = instance.name();
    if config.sso_session(session).is_none() {
        return Err(CliError::new(format!(
            "the profiles would need a section [sso-session {0}], which {1} does not have",
            visible(session),
            config.path().display()
        ))
        .hint("add the section with sso_start_url and sso_region, and name it here"));
    }
    let wish = Wish {
        session,
        template: &args.template,
        region: args.region.as_deref(),
        prune: args.prune,
    };
    // A mistake in the template should not cost thousands of calls.
    planned(&config, &BTreeSet::new(), &wish)?;
    check_region(args.region.as_deref())?;
    let grants = grants(&inventory::take(context, &instance)?);
    let plan = planned(&config, &grants, &wish)?;
    // One after the other: taken together, a diff would pair lines of sections that have nothing to do with each other.
    let colours = colours(context);
    print(&difference(config.text(), &plan.pruned, colours))?;
    print(&difference(&plan.pruned, &plan.text, colours))?;
    print(&summary(&plan))?;
    if plan.text == config.text() || args.dry_run || !agreed(args, &config)? {
        return Ok(());
    }
    // What others wrote while the question was on the screen stays, too.
    config::update(config.path(), |now: &ConfigFile| {
        Ok::<_, CliError>(Some(planned(now, &grants, &wish)?.text))
    })?;
    print(&format!("Wrote {}.\n", config.path().display()))
}

fn planned(
    config: &ConfigFile,
    grants: &BTreeSet<Grant>,
    wish: &Wish<'_>,
) -> Result<Populated, CliError> {
    populate(config, grants, wish).map_err(|error| {
        CliError::usage(format!("--template: {error}"))
            .hint("it may hold {account_name}, {account_id}, {role} and {session}")
    })
}

fn check_region(region: Option<&str>) -> Result<(), CliError> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match region {
        Some(region) if region.is_empty() || !region.chars().all(is_name) => Err(CliError::usage(
            format!("'{}' is not the name of a region", visible(region)),
        )),
        _ => Ok(()),
    }
}

fn grants(assigned: &[Assigned]) -> BTreeSet<Grant> {
    assigned
        .iter()
        .flat_map(|Assigned { account, roles }| {
            roles.iter().map(|role| Grant {
                account_id: account.id.clone(),
                account_name: account.name.clone(),
                role: role.clone(),
            })
        })
        .collect()
}

fn agreed(args: &SsoPopulate, config: &ConfigFile) -> Result<bool, CliError> {
    if args.yes {
        return Ok(true);
    }
    let question = format!("Write these changes to {}? (y|N) ", config.path().display());
    let answer = Terminal::open().and_then(|mut terminal| terminal.confirm(&question));
    answer.map_err(|error| match error {
        TerminalError::NoTerminal(_) => CliError::new("there is no terminal to ask on")
            .hint("--yes writes without asking, --dry-run only shows the changes"),
        error => error.into(),
    })
}

/// https://no-color.org
fn colours(context: &Context) -> bool {
    stdout_is_terminal() && context.environment.var_os("NO_COLOR").is_none()
}

/// Added and removed lines with a little around them.
fn difference(old: &str, new: &str, colours: bool) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for (index, group) in diff.grouped_ops(2).iter().enumerate() {
        if index > 0 {
            text.push_str("...\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, colour) = match change.tag() {
                ChangeTag::Delete => ('-', "\u{1b}[31m"),
                ChangeTag::Insert => ('+', "\u{1b}[32m"),
                ChangeTag::Equal => (' ', ""),
            };
            let line = visible(change.value().trim_end_matches(['\n', '\r']));
            let _ = if colours && !colour.is_empty() {
                writeln!(text, "{colour}{sign}{line}\u{1b}[0m")
            } else {
                writeln!(text, "{sign}{line}")
            };
        }
    }
    text
}

fn summary(plan: &Populated) -> String {
    let mut text = format!(
        "{} profiles to add, {} to remove, {} there already.\n",
        plan.added.len(),
        plan.removed.len(),
        plan.kept
    );
    if !plan.stale.is_empty() {
        let names = plan.stale.iter().map(|name| visible(name));
        let _ = writeln!(
            text,
            "No longer yours, and left alone (--prune removes those that nobody has added to): {}",
            names.collect::<Vec<_>>().join(", ")
        );
    }
    text
}
