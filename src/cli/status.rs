//! `aws-vault status`: every stored key, and what AWS says of it. Never a secret.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::args::Status;
use super::context::{Context, from_vault};
use super::output::print;
use super::{key_age, rotate, table};
use crate::aws::iam_report::LastUsed;
use crate::config::recursion::Running;
use crate::credentials::{StoredKey, masked, rfc3339};
use crate::error::CliError;
use crate::mfa::CodeSource;
use crate::rotation::journal::Phase;
use crate::rotation::{copy, journals};
use crate::status::{Answer, Question, ask_all};
use crate::terminal::progress;

pub fn run(context: &Context, args: &Status) -> Result<(), CliError> {
    let report = Report::take(context)?;
    print(&if args.json {
        report.json()
    } else {
        report.table()
    })?;
    let failed = report
        .keys
        .iter()
        .filter(|key| key.answer.account.is_none())
        .count();
    if failed == 0 {
        return Ok(());
    }
    Err(CliError::new(format!(
        "{failed} of {} keys could not be asked about",
        report.keys.len()
    ))
    .hint("the table says why; `aws-vault remove NAME` forgets a key that is gone"))
}

struct Report {
    keys: Vec<Key>,
    mfa_seeds: BTreeSet<String>,
    backend: String,
    now: SystemTime,
    limit: Option<Duration>,
}

struct Key {
    access_key_id: String,
    created: Option<SystemTime>,
    rotation: Option<&'static str>,
    answer: Answer,
}

impl Report {
    fn take(context: &Context) -> Result<Self, CliError> {
        let inventory = context.inventory()?;
        let journals = journals(context.vault().map_err(from_vault)?)?;
        let rotation = |name: &str| {
            let journal = journals
                .iter()
                .find(|journal| journal.names.iter().any(|known| known == name));
            journal.map(|journal| match journal.phase {
                Phase::OldKeyKept => "old key kept",
                Phase::Forward | Phase::Back => "unfinished",
            })
        };
        let mut questions = Vec::new();
        let mut keys = Vec::new();
        for name in inventory.credentials {
            let mut key = Key {
                access_key_id: String::new(),
                created: None,
                rotation: rotation(&name),
                answer: Answer {
                    name: name.clone(),
                    ..Answer::default()
                },
            };
            match question(context, &name) {
                Ok((question, stored)) => {
                    key.access_key_id = stored.key.access_key_id;
                    key.created = stored.created;
                    questions.push(question);
                }
                Err(error) => key.answer.problems.push(error.message),
            }
            keys.push(key);
        }
        if questions.len() > 1 {
            progress(&format!("Asking AWS about {} keys …", questions.len()));
        }
        for answer in ask_all(&questions) {
            if let Some(key) = keys.iter_mut().find(|key| key.answer.name == answer.name) {
                key.created = answer.created.or(key.created);
                if key.created.is_some() {
                    context.note_created(&answer.name, key.created);
                }
                key.answer = answer;
            }
        }
        Ok(Self {
            keys,
            mfa_seeds: inventory.mfa_seeds,
            backend: context.backend().to_string(),
            now: context.now(),
            limit: key_age::limit(context)?,
        })
    }

    fn table(&self) -> String {
        let head = [
            "Key",
            "Access key",
            "Account",
            "User",
            "Age",
            "Last used",
            "MFA",
            "Rotation",
            "Problems",
        ];
        let rows = self.keys.iter().map(|key| {
            let Answer { account, user, .. } = &key.answer;
            let or_dash = |text: Option<String>| {
                text.filter(|text| !text.is_empty())
                    .unwrap_or_else(|| "-".to_owned())
            };
            [
                key.answer.name.clone(),
                or_dash(
                    Some(key.access_key_id.clone())
                        .filter(|id| !id.is_empty())
                        .map(|id| masked(&id)),
                ),
                or_dash(account.clone()),
                or_dash(user.clone()),
                key_age::text(key.created, self.now, self.limit),
                or_dash(key.answer.last_used.as_ref().map(|used| self.used(used))),
                or_dash(self.mfa(key).map(str::to_owned)),
                or_dash(key.rotation.map(str::to_owned)),
                or_dash(Some(key.answer.problems.join("; "))),
            ]
        });
        let rows: Vec<_> = std::iter::once(head.map(str::to_owned))
            .chain(rows)
            .collect();
        table::columns(&rows)
    }

    fn mfa(&self, key: &Key) -> Option<&'static str> {
        let devices = key.answer.mfa_devices.as_ref()?;
        Some(if devices.is_empty() {
            "no"
        } else if self.keeps_seed(key) {
            "yes (seed kept here)"
        } else {
            "yes"
        })
    }

    /// The key and one of its second factors are in the same store.
    fn keeps_seed(&self, key: &Key) -> bool {
        let mut devices = key.answer.mfa_devices.iter().flatten();
        devices.any(|serial| self.mfa_seeds.contains(serial))
    }

    fn used(&self, used: &LastUsed) -> String {
        let Some(at) = used.at else {
            return "never".to_owned();
        };
        let when = match key_age::days(at, self.now) {
            0 => "today".to_owned(),
            days => format!("{days}d ago"),
        };
        match &used.service {
            Some(service) => format!("{when} ({service})"),
            None => when,
        }
    }

    fn json(&self) -> String {
        let document = Document {
            version: 1,
            backend: &self.backend,
            max_age_days: self.limit.map(|limit| limit.as_secs() / 86_400),
            access_keys: self.keys.iter().map(|key| self.entry(key)).collect(),
        };
        format!(
            "{}\n",
            serde_json::to_string_pretty(&document).unwrap_or_default()
        )
    }

    fn entry<'a>(&self, key: &'a Key) -> Entry<'a> {
        let used = key.answer.last_used.as_ref();
        Entry {
            name: &key.answer.name,
            access_key_suffix: masked(&key.access_key_id)
                .trim_start_matches('*')
                .to_owned(),
            account: key.answer.account.as_deref(),
            user: key.answer.user.as_deref(),
            arn: key.answer.arn.as_deref(),
            created: key.created.map(rfc3339),
            age_days: key.created.map(|created| key_age::days(created, self.now)),
            too_old: key
                .created
                .is_some_and(|created| key_age::is_over(created, self.now, self.limit)),
            last_used: used.and_then(|used| used.at).map(rfc3339),
            last_used_service: used.and_then(|used| used.service.as_deref()),
            last_used_region: used.and_then(|used| used.region.as_deref()),
            mfa_devices: key.answer.mfa_devices.as_ref().map(Vec::len),
            mfa_seed_kept: self.keeps_seed(key),
            keys_of_user: key.answer.keys_of_user,
            rotation: key.rotation.map(|rotation| rotation.replace(' ', "_")),
            problems: &key.answer.problems,
        }
    }
}

/// The document of `status --json`; documented in docs/json.md.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    backend: &'a str,
    max_age_days: Option<u64>,
    access_keys: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    access_key_suffix: String,
    account: Option<&'a str>,
    user: Option<&'a str>,
    arn: Option<&'a str>,
    created: Option<String>,
    age_days: Option<u64>,
    too_old: bool,
    last_used: Option<String>,
    last_used_service: Option<&'a str>,
    last_used_region: Option<&'a str>,
    mfa_devices: Option<usize>,
    mfa_seed_kept: bool,
    keys_of_user: Option<usize>,
    rotation: Option<String>,
    problems: &'a [String],
}

/// With a session of the profile that is cached already: nobody is asked for a code.
fn question(context: &Context, name: &str) -> Result<(Question, StoredKey), CliError> {
    let stored = key_age::stored(context, name)?;
    let plan = rotate::plan(context, name, false, &[])?;
    let nobody = CodeSource::new(
        None,
        Box::new(|_| Err(crate::mfa::Error::Interrupted)),
        Running::of(&context.environment),
    );
    let location = context.location();
    let session = context.with_provider(&nobody, &location, |provider| {
        Ok(provider.from_cache(&plan.chain)?)
    });
    let question = Question {
        name: name.to_owned(),
        key: copy(&stored.key),
        session: session.ok().flatten().filter(|_| plan.master == name),
        service: plan.service,
    };
    Ok((question, stored))
}
