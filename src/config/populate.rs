//! A profile for each account and role of Identity Center: from the config file and what is somebody's there to a new text of the
//! file. Pure. What people wrote stays, byte by byte.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::append_section;
use super::file::ConfigFile;
use super::ini::line_ranges;
use super::start_url::plain;

/// Marks the sections that are ours to remove. The value is the session's name; other tools ignore the key.
pub const MARK: &str = "aws_vault_populated_from";

/// A role that is somebody's in one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub account_id: String,
    pub account_name: String,
    pub role: String,
}

/// What the new profiles are to look like.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// `[sso-session NAME]`
    pub session: &'a str,
    /// Names of profiles, with `{account_name}`, `{account_id}`, `{role}` and `{session}`.
    pub template: &'a str,
    pub region: Option<&'a str>,
    pub prune: bool,
}

/// What will become of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Populated {
    pub text: String,
    /// The text between: what was removed is gone, what is new not there yet.
    pub pruned: String,
    /// Names of new profiles.
    pub added: Vec<String>,
    /// Names of profiles that are removed.
    pub removed: Vec<String>,
    /// Names of profiles of ours that lead nowhere: without `prune` all of them, with it those that people have added to.
    pub stale: Vec<String>,
    /// How many grants had a profile already.
    pub kept: usize,
}

/// A template that names nothing of an account or a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the template has '{{{0}}}', which is not known")]
    Unknown(String),
    #[error("the template has a brace without its other half")]
    Unbalanced,
    #[error(
        "the template names neither the account nor the role, so all profiles would have one name"
    )]
    Constant,
}

/// Decides the new text.
pub fn populate(
    config: &ConfigFile,
    grants: &BTreeSet<Grant>,
    wish: &Wish<'_>,
) -> Result<Populated, TemplateError> {
    check(wish.template)?;
    let existing = Existing::of(config, wish.session);
    let mut result = Populated {
        text: config.text().to_owned(),
        ..Populated::default()
    };
    let wanted: BTreeSet<(&str, &str)> = grants
        .iter()
        .map(|grant| (grant.account_id.as_str(), grant.role.as_str()))
        .collect();
    let mut lines = BTreeMap::new();
    for ours in &existing.ours {
        if wanted.contains(&(ours.account.as_str(), ours.role.as_str())) {
            continue;
        }
        if wish.prune && !ours.edited {
            lines.insert(ours.first_line, ours.last_line);
            result.removed.push(ours.name.clone());
        } else {
            result.stale.push(ours.name.clone());
        }
    }
    if !lines.is_empty() {
        result.text = without(config.text(), &lines);
    }
    result.pruned.clone_from(&result.text);
    let removed: BTreeSet<&String> = result.removed.iter().collect();
    let mut taken: BTreeSet<String> = existing
        .names
        .iter()
        .filter(|name| !removed.contains(name))
        .cloned()
        .collect();
    let mut text = Appended::to(&result.text);
    for grant in grants {
        if existing
            .targets
            .contains_key(&(grant.account_id.clone(), grant.role.clone()))
        {
            result.kept += 1;
            continue;
        }
        let name = free_name(&named(wish, grant), grant, &taken);
        text.profile(&name, wish, grant);
        taken.insert(name.clone());
        result.added.push(name);
    }
    result.text = text.finish();
    Ok(result)
}

/// The file as it is.
struct Existing {
    names: BTreeSet<String>,
    /// By account and role: the profile that leads there.
    targets: BTreeMap<(String, String), String>,
    ours: Vec<Ours>,
}

struct Ours {
    name: String,
    /// Of the header, from 1.
    first_line: usize,
    /// Of the last key.
    last_line: usize,
    account: String,
    role: String,
    /// Somebody added a key of his own.
    edited: bool,
}

impl Existing {
    fn of(config: &ConfigFile, session: &str) -> Self {
        let mut existing = Self {
            names: BTreeSet::new(),
            targets: BTreeMap::new(),
            ours: Vec::new(),
        };
        let page = config
            .sso_session(session)
            .and_then(|section| section.setting("sso_start_url"))
            .map(|url| plain(&url.value));
        for entry in config.profiles() {
            existing.names.insert(entry.name.to_owned());
            let Some(section) = config.profile(entry.name) else {
                continue;
            };
            let text = |key: &str| section.setting(key).map(|setting| setting.value);
            let (Some(account), Some(role)) = (text("sso_account_id"), text("sso_role_name"))
            else {
                continue;
            };
            let leads_there = match text("sso_session") {
                Some(name) => name == session,
                None => page.is_some() && text("sso_start_url").map(|url| plain(&url)) == page,
            };
            if !leads_there {
                continue;
            }
            existing
                .targets
                .entry((account.clone(), role.clone()))
                .or_insert_with(|| entry.name.to_owned());
            if text(MARK).as_deref() == Some(session) {
                let edited = section.properties().any(|property| {
                    ![
                        "sso_session",
                        "sso_account_id",
                        "sso_role_name",
                        "region",
                        MARK,
                    ]
                    .contains(&property.key)
                });
                existing.ours.push(Ours {
                    name: entry.name.to_owned(),
                    first_line: section.line(),
                    last_line: section
                        .properties()
                        .map(|property| property.line)
                        .max()
                        .unwrap_or(section.line()),
                    account,
                    role,
                    edited,
                });
            }
        }
        existing
    }
}

/// The text without some sections, each given by the lines of its header and of its last key. Comments stay: people wrote them.
fn without(text: &str, sections: &BTreeMap<usize, usize>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut last = 0;
    let mut blank_is_left_over = false;
    for (range, number) in line_ranges(text).into_iter().zip(1..) {
        if let Some(end) = sections.get(&number) {
            last = *end;
        }
        let line = &text[range];
        let is_comment = line.trim_start().starts_with(['#', ';']);
        let drop = if number <= last {
            blank_is_left_over = true;
            !is_comment
        } else {
            // The blank line before the section goes on to divide its neighbours.
            blank_is_left_over &= line.trim().is_empty();
            blank_is_left_over
        };
        if !drop {
            result.push_str(line);
        }
    }
    result
}

/// The file's text and the sections behind it. Six thousand profiles are appended in one go.
struct Appended {
    text: String,
    sections: String,
}

impl Appended {
    fn to(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            sections: String::new(),
        }
    }

    fn profile(&mut self, name: &str, wish: &Wish<'_>, grant: &Grant) {
        let header = format!("profile {name}");
        let mut properties = vec![
            ("sso_session", wish.session),
            ("sso_account_id", grant.account_id.as_str()),
            ("sso_role_name", grant.role.as_str()),
        ];
        properties.extend(wish.region.map(|region| ("region", region)));
        properties.push((MARK, wish.session));
        if self.sections.is_empty() {
            // The first one takes care of the line ending and of the blank line before it.
            let whole = append_section(&self.text, &header, &properties);
            whole[self.text.len()..].clone_into(&mut self.sections);
            return;
        }
        let ending = if self.sections.ends_with("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        self.sections.push_str(ending);
        self.sections.extend(["[", &header, "]", ending]);
        for (key, value) in properties {
            self.sections.extend([key, "=", value, ending]);
        }
    }

    fn finish(self) -> String {
        self.text + &self.sections
    }
}

fn check(template: &str) -> Result<(), TemplateError> {
    let mut varies = false;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (variable, after) = after.split_once('}').ok_or(TemplateError::Unbalanced)?;
        if before.contains('}') || variable.contains('{') {
            return Err(TemplateError::Unbalanced);
        }
        match variable {
            "account_name" | "account_id" | "role" => varies = true,
            "session" => {}
            other => return Err(TemplateError::Unknown(other.to_owned())),
        }
        rest = after;
    }
    if rest.contains('}') {
        Err(TemplateError::Unbalanced)
    } else if varies {
        Ok(())
    } else {
        Err(TemplateError::Constant)
    }
}

fn named(wish: &Wish<'_>, grant: &Grant) -> String {
    let account = if grant.account_name.trim().is_empty() {
        &grant.account_id
    } else {
        &grant.account_name
    };
    // One pass: an account may be called `{role}`.
    let mut name = String::new();
    let mut rest = wish.template;
    while let Some((before, after)) = rest.split_once('{') {
        let (variable, after) = after.split_once('}').unwrap_or((after, ""));
        name.push_str(before);
        name.push_str(match variable {
            "account_name" => account,
            "account_id" => &grant.account_id,
            "role" => &grant.role,
            _ => wish.session,
        });
        rest = after;
    }
    name.push_str(rest);
    shell_safe(&name)
}

/// Letters, digits and `_.@+=,/-`: what every tool and shell takes unquoted. Runs of anything else become one `-`. Account names
/// are other people's text, and must not become a section or a key.
fn shell_safe(name: &str) -> String {
    let mut result = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() || "_.@+=,/".contains(c) {
            result.push(c);
        } else if !result.ends_with('-') {
            result.push('-');
        }
    }
    let trimmed = result.trim_matches('-');
    if trimmed.is_empty() || trimmed == "default" {
        format!("account-{trimmed}")
            .trim_end_matches('-')
            .to_owned()
    } else {
        trimmed.to_owned()
    }
}

/// Two accounts may have one name; their ids differ.
fn free_name(name: &str, grant: &Grant, taken: &BTreeSet<String>) -> String {
    let candidates = [
        name.to_owned(),
        format!("{name}-{}", grant.account_id),
        shell_safe(&format!("{name}-{}-{}", grant.account_id, grant.role)),
    ];
    let numbered = (2..).map(|number| format!("{name}-{}-{number}", grant.account_id));
    candidates
        .into_iter()
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
