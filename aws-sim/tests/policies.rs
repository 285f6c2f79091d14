//! What policies decide, as tables.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aws_sim::{Context, Document, Names, Trust, Verdict, evaluate, trust};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::222233334444:role/DeveloperRole";
const USER: &str = "arn:aws:iam::111122223333:user/elmerfudd";

fn document(statements: &Value) -> Document {
    serde_json::from_value(json!({ "Version": "2012-10-17", "Statement": statements })).unwrap()
}

fn context(pairs: &[(&str, &str)]) -> Context {
    pairs
        .iter()
        .map(|(key, value)| (key.to_string(), vec![value.to_string()]))
        .collect()
}

#[test]
fn actions_and_resources_match_by_pattern() {
    let cases = [
        (json!({ "Action": "*", "Resource": "*" }), Verdict::Allow),
        (
            json!({ "Action": "sts:AssumeRole", "Resource": ROLE }),
            Verdict::Allow,
        ),
        (
            json!({ "Action": "STS:assumerole", "Resource": ROLE }),
            Verdict::Allow,
        ),
        (
            json!({ "Action": ["iam:*", "sts:Assume*"], "Resource": ["*:role/Developer????"] }),
            Verdict::Allow,
        ),
        (
            json!({ "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/developerrole" }),
            Verdict::Unmentioned,
        ),
        (
            json!({ "Action": "sts:Get*", "Resource": "*" }),
            Verdict::Unmentioned,
        ),
        (
            json!({ "NotAction": "iam:*", "Resource": "*" }),
            Verdict::Allow,
        ),
        (
            json!({ "NotAction": "sts:*", "Resource": "*" }),
            Verdict::Unmentioned,
        ),
        (
            json!({ "Action": "*", "NotResource": "arn:aws:iam::222233334444:*" }),
            Verdict::Unmentioned,
        ),
        (
            json!({ "Action": "*", "NotResource": "arn:aws:iam::999999999999:*" }),
            Verdict::Allow,
        ),
    ];
    for (mut statement, expected) in cases {
        statement["Effect"] = "Allow".into();
        let verdict = evaluate(
            [&document(&statement)],
            "sts:AssumeRole",
            ROLE,
            &Context::new(),
        );
        assert_eq!(verdict, expected, "{statement}");
    }
}

#[test]
fn a_denial_wins_wherever_it_stands() {
    let allow = document(&json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]));
    let deny = document(&json!([{ "Effect": "Deny", "Action": "sts:*", "Resource": "*" }]));
    for documents in [[&allow, &deny], [&deny, &allow]] {
        assert_eq!(
            evaluate(documents, "sts:AssumeRole", ROLE, &Context::new()),
            Verdict::Deny
        );
        assert_eq!(
            evaluate(documents, "iam:GetUser", USER, &Context::new()),
            Verdict::Allow
        );
    }
    assert_eq!(
        evaluate([], "sts:AssumeRole", ROLE, &Context::new()),
        Verdict::Unmentioned
    );
}

#[test]
fn variables_stand_for_the_caller() {
    let own = document(
        &json!([{ "Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/${aws:username}" }]),
    );
    let caller = context(&[("aws:username", "elmerfudd")]);
    assert_eq!(
        evaluate([&own], "iam:GetUser", USER, &caller),
        Verdict::Allow
    );
    assert_eq!(
        evaluate(
            [&own],
            "iam:GetUser",
            "arn:aws:iam::111122223333:user/bugs",
            &caller
        ),
        Verdict::Unmentioned
    );
    assert_eq!(
        evaluate([&own], "iam:GetUser", USER, &Context::new()),
        Verdict::Unmentioned,
        "a role has no user name"
    );
}

/// Operator, key, wanted value as JSON, and whether it holds for the request of the test below.
const CONDITIONS: &str = r#"
Bool                      aws:MultiFactorAuthPresent "true"                               holds
Bool                      aws:MultiFactorAuthPresent true                                 holds
Bool                      aws:MultiFactorAuthPresent "false"                              does-not
BoolIfExists              aws:MultiFactorAuthPresent "false"                              does-not
Bool                      aws:SecureTransport        "true"                               does-not
BoolIfExists              aws:SecureTransport        "true"                               holds
NumericLessThan           aws:MultiFactorAuthAge     "3600"                               holds
NumericLessThan           aws:MultiFactorAuthAge     600                                  does-not
NumericLessThanEquals     aws:MultiFactorAuthAge     600                                  holds
StringEquals              sts:ExternalId             "Acme-7"                             holds
StringEquals              STS:externalid             ["x","Acme-7"]                       holds
StringEquals              sts:ExternalId             "acme-7"                             does-not
StringEqualsIgnoreCase    sts:ExternalId             "acme-7"                             holds
StringNotEquals           sts:ExternalId             "acme-8"                             holds
StringNotEquals           sts:ExternalId             ["acme-8","Acme-7"]                  does-not
StringNotEquals           sts:SourceIdentity         "x"                                  holds
StringLike                sts:ExternalId             "Acme-?"                             holds
StringNotLike             sts:ExternalId             "Acme-*"                             does-not
StringLike                sts:RoleSessionName        "${aws:username}"                    holds
StringEquals              sts:SourceIdentity         "elmerfudd"                          does-not
StringEqualsIfExists      sts:SourceIdentity         "elmerfudd"                          holds
StringEquals              aws:RequestTag/Team        "blue"                               holds
IpAddress                 aws:SourceIp               "203.0.113.0/24"                     holds
IpAddress                 aws:SourceIp               "203.0.113.7"                        holds
NotIpAddress              aws:SourceIp               ["203.0.113.0/24","198.51.100.0/24"] does-not
DateLessThan              aws:CurrentTime            "2026-12-01T00:00:00Z"               holds
DateGreaterThan           aws:CurrentTime            "2026-12-01T00:00:00Z"               does-not
Null                      sts:ExternalId             "false"                              holds
Null                      sts:SourceIdentity         "true"                               holds
ForAnyValue:StringEquals  aws:TagKeys                "team"                               does-not
ForAllValues:StringEquals aws:TagKeys                "team"                               holds
"#;

#[test]
fn conditions_hold_or_do_not() {
    let request = &[
        ("aws:multifactorauthage", "600"),
        ("aws:multifactorauthpresent", "true"),
        ("aws:sourceip", "203.0.113.7"),
        ("aws:username", "elmerfudd"),
        ("aws:currenttime", "2026-11-23T06:00:00Z"),
        ("sts:externalid", "Acme-7"),
        ("sts:rolesessionname", "elmerfudd"),
        ("aws:requesttag/team", "blue"),
    ];
    for row in CONDITIONS.lines().skip(1) {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let [operator, key, wanted, holds] = columns[..] else {
            panic!("{row}")
        };
        let wanted: Value = serde_json::from_str(wanted).unwrap();
        let statement = json!({
            "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { operator: { key: wanted } }
        });
        let verdict = evaluate(
            [&document(&statement)],
            "sts:AssumeRole",
            ROLE,
            &context(request),
        );
        let expected = if holds == "holds" {
            Verdict::Allow
        } else {
            Verdict::Unmentioned
        };
        assert_eq!(verdict, expected, "{row}");
    }
}

#[test]
fn what_is_not_understood_denies() {
    let request = context(&[
        ("sts:externalid", "x"),
        ("aws:multifactorauthage", "1"),
        ("aws:sourceip", "203.0.113.7"),
    ]);
    let cases = [
        ("StringSortOfEquals", "sts:ExternalId", "x"),
        ("BinaryEquals", "sts:ExternalId", "x"),
        ("ForSomeValues:StringEquals", "sts:ExternalId", "x"),
        ("StringSortOfEqualsIfExists", "sts:SourceIdentity", "x"),
        ("StringEquals", "ec2:InstanceType", "x"),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "an hour"),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/99"),
    ];
    for (operator, key, wanted) in cases {
        for effect in ["Allow", "Deny"] {
            let statement = json!({ "Effect": effect, "Action": "*", "Resource": "*", "Condition": { operator: { key: wanted } } });
            let verdict = evaluate([&document(&statement)], "sts:AssumeRole", ROLE, &request);
            assert_eq!(verdict, Verdict::Deny, "{effect} {operator} {key} {wanted}");
        }
    }
}

#[test]
fn a_document_with_unknown_elements_is_not_a_document() {
    let cases = [
        json!({ "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*", "NotPrincipal": "*" }] }),
        json!({ "Statement": [{ "Effect": "Perhaps", "Action": "*", "Resource": "*" }] }),
        json!({ "Statements": [] }),
    ];
    for case in cases {
        assert!(
            serde_json::from_value::<Document>(case.clone()).is_err(),
            "{case}"
        );
    }
}

#[test]
fn a_trust_policy_names_its_callers() {
    let user = Names {
        account: "111122223333".into(),
        arns: vec![USER.into()],
    };
    let role = Names {
        account: "111122223333".into(),
        arns: vec![
            "arn:aws:sts::111122223333:assumed-role/Ops/alice".into(),
            "arn:aws:iam::111122223333:role/Ops".into(),
        ],
    };
    let cases = [
        (
            json!({ "AWS": "arn:aws:iam::111122223333:root" }),
            Trust::Account,
            Trust::Account,
        ),
        (
            json!({ "AWS": "111122223333" }),
            Trust::Account,
            Trust::Account,
        ),
        (
            json!({ "AWS": "arn:aws:iam::999999999999:root" }),
            Trust::None,
            Trust::None,
        ),
        (json!({ "AWS": [USER] }), Trust::Principal, Trust::None),
        (
            json!({ "AWS": ["arn:aws:iam::111122223333:root", USER] }),
            Trust::Principal,
            Trust::Account,
        ),
        (
            json!({ "AWS": "arn:aws:iam::111122223333:role/Ops" }),
            Trust::None,
            Trust::Principal,
        ),
        (
            json!({ "AWS": "arn:aws:sts::111122223333:assumed-role/Ops/alice" }),
            Trust::None,
            Trust::Principal,
        ),
        (
            json!({ "AWS": "arn:aws:sts::111122223333:assumed-role/Ops/bob" }),
            Trust::None,
            Trust::None,
        ),
        (json!({ "AWS": "*" }), Trust::Principal, Trust::Principal),
        (json!("*"), Trust::Principal, Trust::Principal),
        (
            json!({ "Service": "ec2.amazonaws.com" }),
            Trust::None,
            Trust::None,
        ),
    ];
    for (principal, as_user, as_role) in cases {
        let policy = document(
            &json!([{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }]),
        );
        assert_eq!(
            trust(&policy, "sts:AssumeRole", &user, &Context::new()),
            as_user,
            "{principal}"
        );
        assert_eq!(
            trust(&policy, "sts:AssumeRole", &role, &Context::new()),
            as_role,
            "{principal}"
        );
        assert_eq!(
            trust(&policy, "sts:TagSession", &user, &Context::new()),
            Trust::None,
            "{principal}"
        );
    }
}

#[test]
fn a_trust_policy_may_deny_and_may_ask_for_mfa() {
    let everyone = json!({ "AWS": "*" });
    let policy = document(&json!([
        { "Effect": "Allow", "Principal": everyone, "Action": "sts:AssumeRole" },
        { "Effect": "Deny", "Principal": everyone, "Action": "sts:AssumeRole",
          "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } } }
    ]));
    let names = Names {
        account: "111122223333".into(),
        arns: vec![USER.into()],
    };
    let cases = [
        (
            context(&[("aws:multifactorauthpresent", "true")]),
            Trust::Principal,
        ),
        (
            context(&[("aws:multifactorauthpresent", "false")]),
            Trust::Deny,
        ),
        (Context::new(), Trust::Deny),
    ];
    for (request, expected) in cases {
        assert_eq!(
            trust(&policy, "sts:AssumeRole", &names, &request),
            expected,
            "{request:?}"
        );
    }
}
