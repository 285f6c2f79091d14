//! `aws-vault list`: profiles, the keys stored for them, and the sessions that are alive. Unlocks nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::args::List;
use super::context::Context;
use super::key_age;
use super::output::{self, print};
use super::table::{self, Row};
use crate::config::ConfigFile;
use crate::config::file::NamedSection;
use crate::config::start_url;
use crate::credentials::rfc3339;
use crate::error::CliError;
use crate::sessions::Header;

pub fn run(context: &Context, args: &List) -> Result<(), CliError> {
    let inventory = Inventory::take(context)?;
    let text = if args.json {
        inventory.json()
    } else if args.credentials {
        lines(inventory.credentials.iter().cloned())
    } else if args.profiles {
        lines(inventory.profiles.iter().cloned())
    } else if args.sessions {
        lines(
            inventory
                .sign_ins
                .iter()
                .map(|sign_in| sign_in.label.clone())
                .chain(
                    inventory
                        .sessions
                        .iter()
                        .map(|header| inventory.label(header)),
                ),
        )
    } else if args.age {
        table::render_with_age(&inventory.rows(), &|name| inventory.age(name))
    } else {
        table::render(&inventory.rows())
    };
    print(&text)?;
    if output::stdout_is_terminal() && !args.json {
        inventory.tell_of_old_keys();
    }
    Ok(())
}

/// What there is, before it is shown.
struct Inventory {
    profiles: Vec<String>,
    credentials: BTreeSet<String>,
    sign_ins: Vec<SignIn>,
    sessions: Vec<Header>,
    /// When keys were made, of those of which it is known.
    created: BTreeMap<String, SystemTime>,
    rotations: BTreeSet<String>,
    mfa_seeds: BTreeSet<String>,
    limit: Option<Duration>,
    backend: String,
    now: u64,
}

/// The document of `list --json`; its members only ever gain company. Documented in docs/json.md.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    backend: &'a str,
    profiles: Vec<ProfileEntry<'a>>,
    credentials: &'a BTreeSet<String>,
    access_keys: Vec<KeyEntry<'a>>,
    mfa_seeds: &'a BTreeSet<String>,
    sign_ins: Vec<SignInEntry<'a>>,
    sessions: Vec<SessionEntry<'a>>,
}

#[derive(Serialize)]
struct KeyEntry<'a> {
    name: &'a str,
    created: Option<String>,
    age_days: Option<u64>,
    too_old: bool,
    rotation_unfinished: bool,
}

#[derive(Serialize)]
struct ProfileEntry<'a> {
    name: &'a str,
    has_stored_credentials: bool,
}

#[derive(Serialize)]
struct SignInEntry<'a> {
    name: &'a str,
    start_url: &'a str,
    expiration: String,
    remaining_seconds: u64,
}

#[derive(Serialize)]
struct SessionEntry<'a> {
    profile: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    expiration: String,
    remaining_seconds: u64,
    access_key_suffix: &'a str,
    stored_credentials: Option<&'a str>,
}

impl Inventory {
    fn take(context: &Context) -> Result<Self, CliError> {
        let config = context.config()?;
        let now = context.now();
        let (tokens, sessions): (Vec<_>, Vec<_>) = context
            .sessions()
            .list()
            .into_iter()
            .filter(|header| header.expires_at() > now)
            .partition(Header::is_token);
        let found = context.inventory()?;
        let (index, location) = (context.index(), context.location());
        let created = |name: &String| Some((name.clone(), index.created(&location, name)?));
        Ok(Self {
            created: found.credentials.iter().filter_map(created).collect(),
            rotations: found.rotations,
            mfa_seeds: found.mfa_seeds,
            limit: key_age::limit(context)?,
            sign_ins: tokens
                .into_iter()
                .map(|header| SignIn::of(header, &config))
                .collect(),
            sessions,
            profiles: config
                .profiles()
                .map(|profile| profile.name.to_owned())
                .collect(),
            credentials: found.credentials,
            backend: context.backend().to_string(),
            now: now
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        })
    }

    fn time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.now)
    }

    fn age(&self, name: &str) -> String {
        key_age::text(self.created.get(name).copied(), self.time(), self.limit)
    }

    fn key_entry<'a>(&self, name: &'a str) -> KeyEntry<'a> {
        let created = self.created.get(name).copied();
        KeyEntry {
            name,
            created: created.map(rfc3339),
            age_days: created.map(|created| key_age::days(created, self.time())),
            too_old: created
                .is_some_and(|created| key_age::is_over(created, self.time(), self.limit)),
            rotation_unfinished: self.rotations.contains(name),
        }
    }

    /// For a person who reads the table; its columns belong to scripts.
    fn tell_of_old_keys(&self) {
        for (name, created) in &self.created {
            if key_age::is_over(*created, self.time(), self.limit) {
                output::notice(&format!(
                    "the key '{name}' is {} days old: `aws-vault rotate {name}` replaces it",
                    key_age::days(*created, self.time())
                ));
            }
        }
    }

    fn rows(&self) -> Vec<Row> {
        let mut by_profile: std::collections::HashMap<&str, Vec<&Header>> =
            std::collections::HashMap::new();
        for header in &self.sessions {
            by_profile.entry(&header.profile).or_default().push(header);
        }
        let labels = |headers: Option<Vec<&Header>>| {
            headers
                .unwrap_or_default()
                .into_iter()
                .map(|header| self.label(header))
                .collect::<Vec<_>>()
        };
        let mut rows: Vec<_> = self
            .profiles
            .iter()
            .map(|name| Row {
                profile: Some(name.clone()),
                credentials: self.credentials.contains(name).then(|| name.clone()),
                sessions: self
                    .sign_ins
                    .iter()
                    .filter(|sign_in| sign_in.profiles.contains(name))
                    .map(|sign_in| sign_in.label.clone())
                    .chain(labels(by_profile.remove(name.as_str())))
                    .collect(),
            })
            .collect();
        let listed: std::collections::HashSet<&str> =
            self.profiles.iter().map(String::as_str).collect();
        for name in self
            .credentials
            .iter()
            .filter(|name| !listed.contains(name.as_str()))
        {
            rows.push(Row {
                profile: None,
                credentials: Some(name.clone()),
                sessions: labels(by_profile.remove(name.as_str())),
            });
        }
        for sign_in in self.sign_ins.iter().filter(|it| it.profiles.is_empty()) {
            rows.push(Row {
                profile: None,
                credentials: None,
                sessions: vec![sign_in.label.clone()],
            });
        }
        for header in self
            .sessions
            .iter()
            .filter(|header| by_profile.contains_key(header.profile.as_str()))
        {
            rows.push(Row {
                profile: None,
                credentials: None,
                sessions: vec![self.label(header)],
            });
        }
        rows
    }

    fn label(&self, header: &Header) -> String {
        table::session_label(
            &header.kind,
            i64::try_from(self.remaining(header)).unwrap_or(i64::MAX),
        )
    }

    fn remaining(&self, header: &Header) -> u64 {
        header.expires.saturating_sub(self.now)
    }

    fn json(&self) -> String {
        let document = Document {
            version: 1,
            backend: &self.backend,
            profiles: self
                .profiles
                .iter()
                .map(|name| ProfileEntry {
                    name,
                    has_stored_credentials: self.credentials.contains(name),
                })
                .collect(),
            credentials: &self.credentials,
            access_keys: self
                .credentials
                .iter()
                .map(|name| self.key_entry(name))
                .collect(),
            mfa_seeds: &self.mfa_seeds,
            sign_ins: self
                .sign_ins
                .iter()
                .map(|sign_in| SignInEntry {
                    name: &sign_in.header.profile,
                    start_url: sign_in.header.start_url.as_deref().unwrap_or_default(),
                    expiration: rfc3339(sign_in.header.expires_at()),
                    remaining_seconds: self.remaining(&sign_in.header),
                })
                .collect(),
            sessions: self
                .sessions
                .iter()
                .map(|header| SessionEntry {
                    profile: &header.profile,
                    kind: &header.kind,
                    expiration: rfc3339(header.expires_at()),
                    remaining_seconds: self.remaining(header),
                    access_key_suffix: &header.access_key_suffix,
                    stored_credentials: header.stored_key.as_deref(),
                })
                .collect(),
        };
        format!(
            "{}\n",
            serde_json::to_string_pretty(&document).unwrap_or_default()
        )
    }
}

/// A token of Identity Center that lives.
struct SignIn {
    /// `oidc:NAME`, without a time: with a refresh token the sign-in outlives the token.
    label: String,
    header: Header,
    /// Those whose own section names its start URL.
    profiles: BTreeSet<String>,
}

impl SignIn {
    fn of(header: Header, config: &ConfigFile) -> Self {
        let wanted = header.start_url.as_deref().map(start_url::plain);
        let url = |section: &NamedSection<'_>| {
            let value = |section: &NamedSection<'_>, key| Some(section.setting(key)?.value);
            match value(section, "sso_session") {
                Some(session) => value(&config.sso_session(&session)?, "sso_start_url"),
                None => value(section, "sso_start_url"),
            }
        };
        let profiles = config
            .profiles()
            .filter(|entry| {
                let url = config.profile(entry.name).and_then(|section| url(&section));
                url.as_deref().map(start_url::plain) == wanted
            })
            .map(|entry| entry.name.to_owned())
            .collect();
        Self {
            label: format!("oidc:{}", header.profile),
            header,
            profiles,
        }
    }
}

fn lines(names: impl Iterator<Item = String>) -> String {
    names.fold(String::new(), |mut text, name| {
        text.push_str(&crate::error::visible(&name));
        text.push('\n');
        text
    })
}
