//! The policy documents that we write, and what is checked about every document before it is sent.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::model::{Layout, Trust};
use super::quotas;
use crate::config::arn::Partition;

mod judge;

pub use judge::{Meant, trust_problems};

/// A policy document in the order in which people write them.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<BTreeMap<&'static str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<OneOrMany>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<OneOrMany>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<OneOrMany>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<&'static str, OneOrMany>>,
}

/// A list of one is written without brackets, as the console does.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A role's trust policy. For people it is the deck's document: the exact bastion account, and MFA.
pub fn trust(layout: &Layout, trust: &Trust) -> String {
    let (account, sid) = match trust {
        Trust::Bastion { .. } => (&layout.bastion.id, "AllowBastionAccountUserWithMFA"),
        Trust::ThirdParty { account, .. } => (account, "AllowThirdPartyWithExternalId"),
    };
    let root = format!("arn:{}:iam::{account}:root", layout.partition.id());
    written(vec![Statement {
        sid,
        effect: "Allow",
        principal: Some(BTreeMap::from([("AWS", root)])),
        action: Some(one("sts:AssumeRole")),
        condition: conditions(trust),
        ..Statement::default()
    }])
}

fn conditions(trust: &Trust) -> BTreeMap<&'static str, BTreeMap<&'static str, OneOrMany>> {
    let mut conditions = BTreeMap::new();
    let mut add = |operator, key, value| {
        conditions.insert(operator, BTreeMap::from([(key, value)]));
    };
    match trust {
        Trust::Bastion {
            mfa_max_age,
            source_ip,
        } => {
            add("Bool", "aws:MultiFactorAuthPresent", one("true"));
            if let Some(seconds) = mfa_max_age {
                let seconds = one(&seconds.to_string());
                add("NumericLessThan", "aws:MultiFactorAuthAge", seconds);
            }
            if !source_ip.is_empty() {
                add("IpAddress", "aws:SourceIp", many(source_ip.iter()));
            }
        }
        Trust::ThirdParty { external_id, .. } => {
            add("StringEquals", "sts:ExternalId", one(external_id));
        }
    }
    conditions
}

/// The policies that let a group assume these roles: as few as hold the ARNs, in their order. None for no role.
pub fn assume(role_arns: &[String]) -> Vec<String> {
    let document = |arns: &[String]| {
        written(vec![Statement {
            effect: "Allow",
            action: Some(one("sts:AssumeRole")),
            resource: Some(many(arns.iter())),
            ..Statement::default()
        }])
    };
    // Quotes and a comma for each ARN; the rest is the document around them.
    let around = quotas::policy_chars(&document(&[String::new(), String::new()]));
    let mut documents = Vec::new();
    let mut rest = role_arns;
    while !rest.is_empty() {
        let mut size = around;
        let fits = rest.iter().take_while(|arn| {
            size += arn.chars().count() + 3;
            size <= quotas::MANAGED_POLICY_CHARS
        });
        let count = fits.count().max(1);
        documents.push(document(&rest[..count]));
        rest = &rest[count..];
    }
    documents
}

/// What every user needs to keep a password, access keys and an MFA device, and no more before the device has been proved.
///
/// Source: IAM User Guide, "AWS: Allows MFA-authenticated IAM users to manage their own credentials on the Security credentials
/// page". The statements on certificates and repositories are left out: a bastion account's users have none.
pub fn self_manage(partition: Partition) -> String {
    let own = |kind: &str| one(&format!("arn:{}:iam::*:{kind}", partition.id()));
    let allow = |sid, actions: &[&str], resource| Statement {
        sid,
        effect: "Allow",
        action: Some(many(actions.iter())),
        resource: Some(resource),
        ..Statement::default()
    };
    let user = "user/${aws:username}";
    written(vec![
        allow(
            "AllowViewAccountInfo",
            &["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"],
            one("*"),
        ),
        allow(
            "AllowManageOwnPasswords",
            &["iam:ChangePassword", "iam:GetLoginProfile", "iam:GetUser"],
            own(user),
        ),
        allow(
            "AllowManageOwnAccessKeys",
            &[
                "iam:CreateAccessKey",
                "iam:DeleteAccessKey",
                "iam:GetAccessKeyLastUsed",
                "iam:ListAccessKeys",
                "iam:UpdateAccessKey",
            ],
            own(user),
        ),
        allow(
            "AllowManageOwnVirtualMFADevice",
            &["iam:CreateVirtualMFADevice"],
            own("mfa/*"),
        ),
        allow(
            "AllowManageOwnUserMFA",
            &[
                "iam:DeactivateMFADevice",
                "iam:EnableMFADevice",
                "iam:GetMFADevice",
                "iam:ListMFADevices",
                "iam:ResyncMFADevice",
            ],
            own(user),
        ),
        Statement {
            sid: "DenyAllExceptListedIfNoMFA",
            effect: "Deny",
            not_action: Some(many(
                [
                    "iam:CreateVirtualMFADevice",
                    "iam:EnableMFADevice",
                    "iam:GetMFADevice",
                    "iam:GetUser",
                    "iam:ListMFADevices",
                    "iam:ListVirtualMFADevices",
                    "iam:ResyncMFADevice",
                    // With it a user proves the device to the API.
                    "sts:GetSessionToken",
                ]
                .iter(),
            )),
            resource: Some(one("*")),
            condition: BTreeMap::from([(
                "BoolIfExists",
                BTreeMap::from([("aws:MultiFactorAuthPresent", one("false"))]),
            )]),
            ..Statement::default()
        },
    ])
}

/// Two-space JSON: what people see in the console is what the deck shows. White space does not count towards any quota.
fn written(statement: Vec<Statement>) -> String {
    let document = Document {
        version: "2012-10-17",
        statement,
    };
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

fn one(text: &str) -> OneOrMany {
    OneOrMany::One(text.to_owned())
}

fn many<T: ToString>(texts: impl ExactSizeIterator<Item = T>) -> OneOrMany {
    let mut texts: Vec<String> = texts.map(|text| text.to_string()).collect();
    match (texts.pop(), texts.is_empty()) {
        (Some(only), true) => OneOrMany::One(only),
        (last, _) => {
            texts.extend(last);
            OneOrMany::Many(texts)
        }
    }
}

/// What is wrong with an identity policy that somebody else wrote, in words that follow its name.
pub fn identity_problem(document: &str) -> Option<String> {
    let value: Value = match serde_json::from_str(document) {
        Ok(value) => value,
        Err(error) => return Some(format!("is not JSON: {error}")),
    };
    let statements = statements(&value);
    if statements.is_empty() {
        return Some("has no Statement".to_owned());
    }
    let has = |statement: &Value, key: &str| statement.get(key).is_some();
    statements.iter().find_map(|statement| {
        if has(statement, "Principal") || has(statement, "NotPrincipal") {
            Some("has a Principal; only trust policies have one".to_owned())
        } else if !has(statement, "Effect") {
            Some("has a statement without Effect".to_owned())
        } else if !has(statement, "Action") && !has(statement, "NotAction") {
            Some("has a statement without Action".to_owned())
        } else if !has(statement, "Resource") && !has(statement, "NotResource") {
            Some("has a statement without Resource".to_owned())
        } else {
            None
        }
    })
}

fn account_of(principal: &str) -> Option<String> {
    let id = principal.split(':').nth(4).unwrap_or(principal);
    (id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())).then(|| id.to_owned())
}

fn statements(document: &Value) -> Vec<&Value> {
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => Vec::new(),
    }
}

/// One text or a list of texts; a boolean counts as its text.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        value => vec![text(value)],
    }
}

/// Whether two documents say the same: AWS and people reorder keys and lists, and write lists of one with and without brackets.
pub fn same(left: &str, right: &str) -> bool {
    match (serde_json::from_str(left), serde_json::from_str(right)) {
        (Ok(left), Ok(right)) => normal(&left) == normal(&right),
        _ => left == right,
    }
}

fn normal(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(key, value)| !(*key == "Sid" && value.as_str() == Some("")))
                .map(|(key, value)| (key.clone(), normal(value)))
                .collect(),
        ),
        Value::Array(values) => {
            let mut values: Vec<Value> = values.iter().map(normal).collect();
            if let [only] = values.as_slice() {
                return only.clone();
            }
            values.sort_by_key(Value::to_string);
            Value::Array(values)
        }
        // A principal may be written as the bare account id; AWS shows the ARN.
        Value::String(text) if account_of(text).is_some() && text.ends_with(":root") => {
            account_of(text).map_or_else(|| value.clone(), Value::String)
        }
        Value::Bool(flag) => Value::String(flag.to_string()),
        Value::Number(number) => Value::String(number.to_string()),
        other => other.clone(),
    }
}

/// A document for people to read: two-space JSON, or as it is.
pub fn pretty(document: &str) -> String {
    serde_json::from_str::<Value>(document)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| document.to_owned())
}

#[cfg(test)]
#[path = "policies/tests.rs"]
mod tests;
