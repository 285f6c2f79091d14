//! Condition blocks. An operator or key that is not known here makes the whole decision a denial: a simulated AWS
//! that guesses would let a wrong policy pass its tests.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;
use wildmatch::WildMatch;

use crate::policy::OneOrMany;

/// Operator → key → wanted values, as written in the policy.
pub type Block = BTreeMap<String, BTreeMap<String, OneOrMany<Value>>>;

/// What is known about a request: lower-case key → values. A key that is absent is not in the request.
pub type Context = BTreeMap<String, Vec<String>>;

/// Keys this simulation fills in whenever AWS would; only these may appear in conditions.
const KEYS: &[&str] = &[
    "aws:currenttime",
    "aws:epochtime",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:sourceidentity",
    "aws:sourceip",
    "aws:tagkeys",
    "aws:tokenissuetime",
    "aws:useragent",
    "aws:userid",
    "aws:username",
    "sts:externalid",
    "sts:rolesessionname",
    "sts:sourceidentity",
    "sts:transitivetagkeys",
];
const KEY_FAMILIES: &[&str] = &["aws:principaltag/", "aws:requesttag/"];

/// Whether every condition holds; `None` if one of them is not understood.
pub fn hold(block: &Block, context: &Context) -> Option<bool> {
    let mut all = true;
    for (operator, keys) in block {
        for (key, wanted) in keys {
            all &= holds(operator, &key.to_ascii_lowercase(), &texts(wanted), context)?;
        }
    }
    Some(all)
}

/// Replaces policy variables such as `${aws:username}`; `None` if the request has no such value, in which case AWS
/// lets nothing match.
pub fn substituted(pattern: &str, context: &Context) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}')?;
        out += before;
        out += match variable {
            "*" | "?" | "$" => variable,
            key => context.get(&key.to_ascii_lowercase())?.first()?,
        };
        rest = after;
    }
    Some(out + rest)
}

fn holds(operator: &str, key: &str, wanted: &[String], context: &Context) -> Option<bool> {
    // Keys that begin with an identity provider's name are known where its token filled them in.
    let is_known = KEYS.contains(&key)
        || KEY_FAMILIES.iter().any(|family| key.starts_with(family))
        || context.contains_key(key);
    if !is_known {
        return None;
    }
    let (quantifier, operator) = match operator.split_once(':') {
        Some((quantifier @ ("ForAllValues" | "ForAnyValue"), operator)) => {
            (Some(quantifier), operator)
        }
        Some(_) => return None,
        None => (None, operator),
    };
    let present = context.get(key);
    if operator == "Null" {
        return Some(
            wanted
                .iter()
                .any(|absent| (absent == "true") == present.is_none()),
        );
    }
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let (operator, negated) = positive(operator);
    // Judged even when the key is absent, so that an unknown operator never goes unnoticed.
    let test = Test::named(&operator)?;
    let Some(values) = present else {
        return Some(if_exists || negated || quantifier == Some("ForAllValues"));
    };
    let wanted: Vec<String> = wanted
        .iter()
        .filter_map(|value| substituted(value, context))
        .collect();
    let mut matches = Vec::new();
    for value in values {
        let mut hit = false;
        for wanted in &wanted {
            hit |= test.passes(value, wanted)?;
        }
        matches.push(hit != negated);
    }
    Some(if quantifier == Some("ForAllValues") {
        matches.iter().all(|m| *m)
    } else {
        matches.iter().any(|m| *m)
    })
}

/// `StringNotEquals` is `StringEquals` turned round; same for Arn, IpAddress, Numeric and Date.
fn positive(operator: &str) -> (String, bool) {
    match operator.find("Not") {
        Some(_) => (operator.replacen("Not", "", 1), true),
        None => (operator.to_owned(), false),
    }
}

#[derive(Debug, Clone, Copy)]
enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Bool,
    Address,
    Number(fn(&f64, &f64) -> bool),
    Date(fn(&str, &str) -> bool),
}

impl Test {
    fn named(operator: &str) -> Option<Self> {
        Some(match operator {
            "StringEquals" => Self::Equals,
            "StringEqualsIgnoreCase" => Self::EqualsIgnoreCase,
            "StringLike" | "ArnEquals" | "ArnLike" => Self::Like,
            "Bool" => Self::Bool,
            "IpAddress" => Self::Address,
            "NumericEquals" => Self::Number(|value, wanted| value.total_cmp(wanted).is_eq()),
            "NumericLessThan" => Self::Number(f64::lt),
            "NumericLessThanEquals" => Self::Number(f64::le),
            "NumericGreaterThan" => Self::Number(f64::gt),
            "NumericGreaterThanEquals" => Self::Number(f64::ge),
            "DateLessThan" => Self::Date(|value, wanted| value < wanted),
            "DateLessThanEquals" => Self::Date(|value, wanted| value <= wanted),
            "DateGreaterThan" => Self::Date(|value, wanted| value > wanted),
            "DateGreaterThanEquals" => Self::Date(|value, wanted| value >= wanted),
            _ => return None,
        })
    }

    /// `None` if either side is not of the operator's type.
    fn passes(self, value: &str, wanted: &str) -> Option<bool> {
        Some(match self {
            Self::Equals => value == wanted,
            Self::EqualsIgnoreCase => value.eq_ignore_ascii_case(wanted),
            Self::Like => WildMatch::new(wanted).matches(value),
            Self::Bool => {
                value.parse::<bool>().ok()? == wanted.to_ascii_lowercase().parse::<bool>().ok()?
            }
            Self::Address => range(wanted)?.contains(&value.parse::<IpAddr>().ok()?),
            Self::Number(compare) => compare(&value.parse().ok()?, &wanted.parse().ok()?),
            // Both sides are `2026-11-23T06:00:00Z`, which sorts as text.
            Self::Date(compare) => {
                crate::clock::parse_iso8601(wanted)?;
                compare(value, wanted)
            }
        })
    }
}

fn range(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn texts(values: &OneOrMany<Value>) -> Vec<String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    values.as_slice().iter().map(text).collect()
}
