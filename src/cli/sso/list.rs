//! `aws-vault sso list`

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::args::SsoList;
use super::super::context::Context;
use super::super::output::print;
use super::instance;
use super::inventory::{self, Assigned};
use crate::config::{ConfigFile, start_url};
use crate::error::{CliError, visible};
use crate::provider::Instance;

pub fn run(context: &Context, args: &SsoList) -> Result<(), CliError> {
    let config = context.config()?;
    let instance = instance(context, &config, args.name.as_deref())?;
    let assigned = inventory::take(context, &instance)?;
    let profiles = profiles(&config, &instance);
    print(&if args.json {
        json(&instance, &assigned, &profiles)
    } else {
        table(&assigned, &profiles)
    })
}

/// Names of profiles by account and role.
type Profiles = BTreeMap<(String, String), Vec<String>>;

/// As the profiles' own sections say it: what is inherited is no profile for this role.
fn profiles(config: &ConfigFile, instance: &Instance) -> Profiles {
    let mut found = Profiles::new();
    for entry in config.profiles() {
        let Some(section) = config.profile(entry.name) else {
            continue;
        };
        let text = |key: &str| section.setting(key).map(|setting| setting.value);
        let session = text("sso_session");
        let start_url = match &session {
            Some(name) => config
                .sso_session(name)
                .and_then(|session| session.setting("sso_start_url"))
                .map(|setting| setting.value),
            None => text("sso_start_url"),
        };
        let same = start_url
            .is_some_and(|url| start_url::plain(&url) == start_url::plain(instance.start_url()));
        if let (true, Some(account), Some(role)) =
            (same, text("sso_account_id"), text("sso_role_name"))
        {
            found
                .entry((account, role))
                .or_default()
                .push(entry.name.to_owned());
        }
    }
    found
}

fn table(assigned: &[Assigned], profiles: &Profiles) -> String {
    let mut lines = vec![["Account", "Name", "Role", "Profile"].map(str::to_owned)];
    for Assigned { account, roles } in assigned {
        for role in roles {
            let names = profiles.get(&(account.id.clone(), role.clone()));
            lines.push([
                cell(&account.id),
                cell(&account.name),
                cell(role),
                names.map_or_else(|| "-".to_owned(), |names| cell(&names.join(", "))),
            ]);
        }
    }
    let width = |column: usize| {
        let longest = lines.iter().map(|line| line[column].chars().count()).max();
        longest.unwrap_or(0) + 2
    };
    let widths = [width(0), width(1), width(2)];
    lines.iter().fold(String::new(), |mut text, line| {
        for (cell, width) in line.iter().zip(widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
        }
        text.push_str(&line[3]);
        text.push('\n');
        text
    })
}

/// One line, whatever people called it.
fn cell(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    visible(text).replace('\n', "\\u{a}")
}

/// The document of `sso list --json`; its members only ever gain company. Documented in docs/json.md.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    session: &'a str,
    start_url: &'a str,
    accounts: Vec<AccountEntry<'a>>,
}

#[derive(Serialize)]
struct AccountEntry<'a> {
    id: &'a str,
    name: &'a str,
    email: &'a str,
    roles: Vec<RoleEntry<'a>>,
}

#[derive(Serialize)]
struct RoleEntry<'a> {
    name: &'a str,
    profiles: &'a [String],
}

fn json(instance: &Instance, assigned: &[Assigned], profiles: &Profiles) -> String {
    let accounts = assigned
        .iter()
        .map(|Assigned { account, roles }| AccountEntry {
            id: &account.id,
            name: &account.name,
            email: &account.email,
            roles: roles
                .iter()
                .map(|role| RoleEntry {
                    name: role,
                    profiles: profiles
                        .get(&(account.id.clone(), role.clone()))
                        .map_or(&[], Vec::as_slice),
                })
                .collect(),
        })
        .collect();
    let document = Document {
        version: 1,
        session: instance.name(),
        start_url: instance.start_url(),
        accounts,
    };
    format!(
        "{}\n",
        serde_json::to_string_pretty(&document).unwrap_or_default()
    )
}
