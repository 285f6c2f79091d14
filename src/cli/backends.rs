//! `aws-vault backends`: every keystore, whether it can be used here, and which one is in use. Unlocks nothing.

use std::fmt::Write as _;

use aws_vault_keystore::{self as keystore, Backend};
use serde::Serialize;

use super::args::Backends;
use super::context::Context;
use super::output::print;
use crate::error::{CliError, visible};
use crate::index::Index;

pub fn run(context: &Context, args: &Backends) -> Result<(), CliError> {
    let survey = Survey::take(context);
    print(&if args.json {
        survey.json()
    } else {
        survey.text()
    })
}

/// The document of `backends --json`; its members only ever gain company. Documented in docs/json.md.
#[derive(Debug, Serialize)]
struct Survey {
    version: u32,
    in_use: InUse,
    backends: Vec<Store>,
}

#[derive(Debug, Serialize)]
struct InUse {
    name: String,
    why: Why,
    /// RFC 3339 UTC; `None` until the choice has been recorded.
    since: Option<String>,
}

#[derive(Debug, Serialize)]
struct Store {
    name: String,
    in_use: bool,
    usable: bool,
    /// Why it cannot be used.
    reason: Option<String>,
    location: String,
}

/// What decided on the store in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Why {
    Flag,
    Variable,
    Recorded,
    Default,
}

impl Survey {
    fn take(context: &Context) -> Self {
        let used = context.backend();
        let index = context.index();
        Self {
            version: 1,
            in_use: InUse {
                name: used.to_string(),
                why: why(context, &index),
                since: since(&index, used),
            },
            backends: Backend::ALL
                .iter()
                .map(|backend| Store::look(context, *backend, used))
                .collect(),
        }
    }

    fn json(&self) -> String {
        format!(
            "{}\n",
            serde_json::to_string_pretty(self).unwrap_or_default()
        )
    }

    fn text(&self) -> String {
        let width = |cell: fn(&Store) -> usize, head: &str| {
            let longest = self.backends.iter().map(cell).max().unwrap_or(0);
            longest.max(head.len()) + 2
        };
        let names = width(|store| store.name.chars().count(), "Backend");
        let mut text = String::new();
        for [name, usable, note] in [
            ["Backend", "Usable", "Where, or why not"],
            ["=======", "======", "================="],
        ] {
            let _ = writeln!(text, "{name:names$}{usable:8}{note}");
        }
        for store in &self.backends {
            let usable = if store.usable { "yes" } else { "no" };
            let note = store.reason.as_ref().unwrap_or(&store.location);
            let _ = writeln!(text, "{:names$}{usable:8}{}", store.name, one_line(note));
        }
        let _ = writeln!(text, "\n{}", self.in_use.sentence());
        text
    }
}

impl InUse {
    fn sentence(&self) -> String {
        let why = match self.why {
            Why::Flag => "--backend says so",
            Why::Variable => "AWS_VAULT_BACKEND says so",
            Why::Recorded => "keys were stored there",
            Why::Default => "the first that works here; recorded when a key is stored",
        };
        match &self.since {
            Some(since) => format!("In use: {}, since {} ({why})", self.name, one_line(since)),
            None => format!("In use: {} ({why})", self.name),
        }
    }
}

impl Store {
    fn look(context: &Context, backend: Backend, used: Backend) -> Self {
        let probed = keystore::probe(backend, context.settings());
        Self {
            name: backend.to_string(),
            in_use: backend == used,
            usable: probed.is_ok(),
            reason: probed.err().map(|error| error.to_string()),
            location: keystore::location(backend, context.settings()),
        }
    }
}

fn why(context: &Context, index: &Index) -> Why {
    match context.global.backend {
        Some(_) if context.global.backend_of_variable => Why::Variable,
        Some(_) => Why::Flag,
        None if index.chosen().is_some() => Why::Recorded,
        None => Why::Default,
    }
}

/// A record of another store says nothing about the one in use.
fn since(index: &Index, used: Backend) -> Option<String> {
    (index.chosen() == Some(used))
        .then(|| index.backend.as_ref().map(|chosen| chosen.since.clone()))
        .flatten()
}

/// A reason may be somebody else's text, and a directory may be called anything.
fn one_line(text: &str) -> String {
    visible(text).replace('\n', " ")
}
