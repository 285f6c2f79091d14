//! Policy documents and what they decide: identity policies, session policies and trust policies.
//! A document with an element that is not understood here is refused when it is read, never ignored.

use std::collections::BTreeMap;

use serde::Deserialize;
use wildmatch::WildMatch;

use crate::conditions::{self, Context};

/// What a set of documents says about one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Some statement allows it and none denies it.
    Allow,
    /// No statement speaks of it.
    Unmentioned,
    /// Some statement denies it, or one that would apply has a condition that is not understood.
    Deny,
}

/// What a role's trust policy says about one caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The caller itself is named (or everybody is). In its own account it needs no identity policy.
    Principal,
    /// Its account is named: the account's own policies decide on.
    Account,
    /// Nothing speaks of the caller.
    None,
    /// A statement denies it.
    Deny,
}

/// The names under which a trust policy may mean a caller.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// `111122223333`.
    pub account: String,
    /// The caller's ARN, and for a role session the role's ARN too.
    pub arns: Vec<String>,
}

/// A policy document.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub struct Document {
    statement: OneOrMany<Statement>,
    /// The text as it was given.
    source: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Elements {
    #[serde(rename = "Version")]
    _version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<Statement>,
}

impl TryFrom<serde_json::Value> for Document {
    type Error = serde_json::Error;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        Self::parse(&value.to_string())
    }
}

impl Document {
    /// Reads a document's text, and keeps it.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let Elements { statement, .. } = serde_json::from_str(text)?;
        Ok(Self {
            statement,
            source: text.to_owned(),
        })
    }

    /// The text as it was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether some statement has a `Principal`, as only trust policies do.
    pub fn names_principals(&self) -> bool {
        let mut statements = self.statement.as_slice().iter();
        statements.any(|statement| statement.principal.is_some())
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    principal: Option<Principal>,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    #[serde(default)]
    condition: conditions::Block,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Principal {
    Anyone(String),
    Named(BTreeMap<String, OneOrMany<String>>),
}

/// JSON policies write a list of one without brackets.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// `["x", "y"]`. First, because a lone value of any type would take a list too.
    Many(Vec<T>),
    /// `"x"`
    One(T),
}

impl<T> OneOrMany<T> {
    /// The values as a slice.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// What identity (or session) policies say about an action on a resource.
pub fn evaluate<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    action: &str,
    resource: &str,
    context: &Context,
) -> Verdict {
    let statements = documents
        .into_iter()
        .flat_map(|document| document.statement.as_slice());
    statements
        .filter(|statement| {
            statement.covers_action(action) && statement.covers_resource(resource, context)
        })
        .map(|statement| statement.verdict(context))
        .fold(Verdict::Unmentioned, strongest)
}

/// What a trust policy says about a caller that asks for `action` (`sts:AssumeRole`).
pub fn trust(document: &Document, action: &str, caller: &Names, context: &Context) -> Trust {
    let mut trust = Trust::None;
    for statement in document
        .statement
        .as_slice()
        .iter()
        .filter(|statement| statement.covers_action(action))
    {
        let named = statement
            .principal
            .as_ref()
            .map_or(Trust::None, |principal| principal.means(caller));
        if named == Trust::None {
            continue;
        }
        match statement.verdict(context) {
            Verdict::Deny => return Trust::Deny,
            Verdict::Allow if trust != Trust::Principal => trust = named,
            Verdict::Allow | Verdict::Unmentioned => {}
        }
    }
    trust
}

impl Statement {
    fn covers_action(&self, action: &str) -> bool {
        let matches = |patterns: &OneOrMany<String>| {
            patterns
                .as_slice()
                .iter()
                .any(|pattern| glob_ignoring_case(pattern, action))
        };
        match (&self.action, &self.not_action) {
            (Some(patterns), _) => matches(patterns),
            (None, Some(patterns)) => !matches(patterns),
            (None, None) => false,
        }
    }

    fn covers_resource(&self, resource: &str, context: &Context) -> bool {
        let matches = |patterns: &OneOrMany<String>| {
            let substituted = patterns
                .as_slice()
                .iter()
                .filter_map(|pattern| conditions::substituted(pattern, context));
            substituted
                .into_iter()
                .any(|pattern| WildMatch::new(&pattern).matches(resource))
        };
        match (&self.resource, &self.not_resource) {
            (Some(patterns), _) => matches(patterns),
            (None, Some(patterns)) => !matches(patterns),
            (None, None) => false,
        }
    }

    fn verdict(&self, context: &Context) -> Verdict {
        match (conditions::hold(&self.condition, context), self.effect) {
            (None, _) | (Some(true), Effect::Deny) => Verdict::Deny,
            (Some(true), Effect::Allow) => Verdict::Allow,
            (Some(false), _) => Verdict::Unmentioned,
        }
    }
}

impl Principal {
    fn means(&self, caller: &Names) -> Trust {
        let aws = match self {
            Self::Anyone(star) => vec![star],
            Self::Named(kinds) => ["AWS", "Federated"]
                .iter()
                .filter_map(|kind| kinds.get(*kind))
                .flat_map(OneOrMany::as_slice)
                .collect(),
        };
        let is_account = |name: &&String| {
            **name == caller.account
                || name
                    .strip_suffix(":root")
                    .is_some_and(|arn| arn.ends_with(&format!(":iam::{}", caller.account)))
        };
        if aws
            .iter()
            .any(|name| *name == "*" || caller.arns.contains(name))
        {
            Trust::Principal
        } else if aws.iter().any(is_account) {
            Trust::Account
        } else {
            Trust::None
        }
    }
}

fn strongest(left: Verdict, right: Verdict) -> Verdict {
    match (left, right) {
        (Verdict::Deny, _) | (_, Verdict::Deny) => Verdict::Deny,
        (Verdict::Allow, _) | (_, Verdict::Allow) => Verdict::Allow,
        _ => Verdict::Unmentioned,
    }
}

/// Action names are case-insensitive; resources are not.
fn glob_ignoring_case(pattern: &str, text: &str) -> bool {
    WildMatch::new(&pattern.to_ascii_lowercase()).matches(&text.to_ascii_lowercase())
}
