//! Whom a trust policy lets in that it should not: what everybody may write, and what has opened accounts before.

use serde_json::Value;

use super::{account_of, statements, texts};

/// Whom a role is meant for.
#[derive(Debug, Clone, Copy)]
pub enum Meant<'a> {
    /// People of this bastion account, with MFA.
    People(&'a str),
    /// Programs of this account, with an external ID.
    ThirdParty(&'a str),
}

/// What a trust policy allows beyond "the bastion account with MFA, others with an external ID", in words that follow "it".
pub fn trust_problems(document: &str, meant: Meant<'_>) -> Vec<String> {
    let Ok(value) = serde_json::from_str::<Value>(document) else {
        return vec!["is not JSON".to_owned()];
    };
    let mut problems = Vec::new();
    for statement in statements(&value) {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        if statement.get("NotPrincipal").is_some() {
            problems.push("trusts everybody but a few (NotPrincipal)".to_owned());
        }
        for principal in principals(statement, "AWS") {
            if principal == "*" {
                problems.push("trusts everybody (Principal \"*\")".to_owned());
            } else if let Some(account) = account_of(&principal) {
                problems.extend(account_problem(statement, &account, meant));
            }
        }
        for provider in principals(statement, "Federated") {
            problems.extend(provider_problem(statement, &provider));
        }
    }
    problems.sort();
    problems.dedup();
    problems
}

fn account_problem(statement: &Value, account: &str, meant: Meant<'_>) -> Option<String> {
    match meant {
        Meant::People(bastion) if account == bastion => {
            (!requires_mfa(statement)).then(|| "does not require MFA".to_owned())
        }
        // Somebody else's program may be told any role ARN: the external ID says for whom it acts (the confused deputy).
        _ => (!requires_external_id(statement))
            .then(|| format!("trusts account {account} without an external ID")),
    }
}

/// OpenID Connect providers sign tokens for all their customers. With SAML, the provider is the account's own.
///
/// Source: IAM User Guide, "Create a role for OpenID Connect federation".
fn provider_problem(statement: &Value, provider: &str) -> Option<String> {
    let is_oidc = provider.contains(":oidc-provider/") || !provider.starts_with("arn:");
    // Whose token it is, is in the subject alone: the audience of a workflow at GitHub is AWS, whoever's it is.
    let ends: &[&str] = if provider.contains("token.actions.githubusercontent.com") {
        &[":sub"]
    } else {
        &[":sub", ":aud"]
    };
    let bound = conditions(statement).any(|(operator, key, values)| {
        let key = key.to_ascii_lowercase();
        is_binding(operator, &values) && ends.iter().any(|end| key.ends_with(end))
    });
    let name = provider
        .rsplit(":oidc-provider/")
        .next()
        .unwrap_or(provider);
    (is_oidc && !bound).then(|| format!("trusts every identity of {name}"))
}

fn requires_mfa(statement: &Value) -> bool {
    // `BoolIfExists` would let long-term keys in: they have no such key at all.
    conditions(statement).any(|(operator, key, values)| {
        let present = operator == "Bool"
            && key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent")
            && values == ["true"];
        let recent = operator.starts_with("NumericLessThan")
            && !operator.ends_with("IfExists")
            && key.eq_ignore_ascii_case("aws:MultiFactorAuthAge");
        present || recent
    })
}

fn requires_external_id(statement: &Value) -> bool {
    conditions(statement).any(|(operator, key, values)| {
        is_binding(operator, &values) && key.eq_ignore_ascii_case("sts:ExternalId")
    })
}

/// The key must be there and have one of some values. `IfExists` and `ForAllValues:` are true without it, `*` with any.
fn is_binding(operator: &str, values: &[String]) -> bool {
    let operator = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    let open = |value: &String| {
        let said: String = value.chars().filter(|c| !"*?".contains(*c)).collect();
        // Any repository of any owner at GitHub.
        ["", "repo:", "repo:/", "repo:/:"].contains(&said.as_str())
    };
    ["StringEquals", "StringLike", "StringEqualsIgnoreCase"].contains(&operator)
        && !values.iter().any(open)
}

/// Operator, key and values of each condition.
fn conditions(statement: &Value) -> impl Iterator<Item = (&str, &str, Vec<String>)> {
    let operators = statement.get("Condition").and_then(Value::as_object);
    operators
        .into_iter()
        .flatten()
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, value)| (operator.as_str(), key.as_str(), texts(value)))
        })
}

/// Principals of one kind. `"Principal": "*"` is everybody, by whatever way.
fn principals(statement: &Value, kind: &str) -> Vec<String> {
    match statement.get("Principal") {
        Some(Value::String(text)) if kind == "AWS" => vec![text.clone()],
        Some(Value::Object(kinds)) => kinds.get(kind).map(texts).unwrap_or_default(),
        _ => Vec::new(),
    }
}
