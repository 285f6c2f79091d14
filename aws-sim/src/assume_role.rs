//! `AssumeRole`: who may become whom, for how long, and what the session carries on.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::ApiCall;
use crate::conditions::Context;
use crate::error::ApiError;
use crate::identity::{Caller, NewSession, Principal, start_session};
use crate::mfa;
use crate::parameters::{Parameters, constraint};
use crate::policy::{self, Trust, Verdict};
use crate::sts::{self, NAME_EXTRA, NAME_PATTERN};
use crate::world::{Role, World};
use crate::xml::Element;

const NAME_LENGTHS: (usize, usize) = (2, 64);
const ROLE_SESSION_MOST: u64 = 43_200;
const CHAINED_SESSION_MOST: u64 = 3_600;

type Tags = BTreeMap<String, String>;

/// The children of `AssumeRoleResult`.
pub fn perform(world: &mut World, call: ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let ApiCall {
        caller,
        parameters,
        mut context,
        now,
    } = call;
    let arn = parameters.required("RoleArn")?;
    let session_name = parameters.required("RoleSessionName")?;
    check_assume_role(parameters)?;
    let asked = parameters.seconds("DurationSeconds", 3_600, 900, ROLE_SESSION_MOST)?;
    let (tags, transitive_tag_keys) = session_tags(caller, parameters)?;
    let policies = sts::session_policies(parameters)?;
    let source_identity = source_identity(world, caller, parameters, arn)?;
    let mfa_at = mfa::check(world, caller, parameters, now)?;
    if mfa_at.is_some() {
        context.insert("aws:multifactorauthpresent".into(), vec!["true".into()]);
        context.insert("aws:multifactorauthage".into(), vec!["0".into()]);
    }
    add_role_keys(&mut context, parameters, &tags);

    let denied = || ApiError::not_authorized(&caller.arn(world), "sts:AssumeRole", arn);
    let (account, name, role) = world.role_at(arn).ok_or_else(denied)?;
    for action in needed_actions(world, parameters, &tags) {
        if !may_assume(world, caller, action, (account, arn, role), &context) {
            return Err(ApiError::not_authorized(&caller.arn(world), action, arn));
        }
    }
    let duration = role_duration(caller, role, asked)?;

    let principal = Principal::AssumedRole(name.to_owned(), session_name.to_owned());
    let account = account.to_owned();
    // AWS documents that role sessions carry no MFA information, even if the call that made them proved MFA.
    let new = NewSession {
        duration,
        mfa_at: None,
        source_identity: source_identity.clone(),
        tags,
        transitive_tag_keys,
        policies,
    };
    let (id, session) = start_session(world, caller, &account, principal.clone(), new, now);
    let assumed = Caller {
        account,
        principal,
        access_key_id: id.clone(),
        session: None,
    };
    let user = vec![
        Element::text("AssumedRoleId", assumed.user_id(world)),
        Element::text("Arn", assumed.arn(world)),
    ];
    let mut result = vec![
        Element::new("AssumedRoleUser", user),
        sts::credentials(&id, &session),
    ];
    result.extend(source_identity.map(|identity| Element::text("SourceIdentity", identity)));
    if !session.policies.is_empty() || !session.tags.is_empty() {
        result.push(sts::packed_policy_size(parameters));
    }
    Ok(result)
}

fn check_assume_role(parameters: &Parameters) -> Result<(), ApiError> {
    let arn = parameters.required("RoleArn")?;
    if arn.len() < 20 {
        return Err(constraint(
            arn,
            "RoleArn",
            "Member must have length greater than or equal to 20",
        ));
    }
    if !arn.starts_with("arn:") || !arn.contains(":role/") {
        return Err(ApiError::validation(format!("{arn} is invalid")));
    }
    parameters.check("RoleSessionName", NAME_LENGTHS, NAME_EXTRA, NAME_PATTERN)?;
    parameters.check("SourceIdentity", NAME_LENGTHS, NAME_EXTRA, NAME_PATTERN)?;
    parameters.check("ExternalId", (2, 1224), "+=,.@:/-", r"[\w+=,.@:\/-]*")
}

/// Within an account the trust policy suffices if it names the caller itself; otherwise caller and role must agree.
fn may_assume(
    world: &World,
    caller: &Caller,
    action: &str,
    (account, arn, role): (&str, &str, &Role),
    context: &Context,
) -> bool {
    let own = caller.verdict(world, action, arn, context);
    let trust = policy::trust(&role.trust, action, &caller.names(world), context);
    match (own, trust) {
        (Verdict::Allow, Trust::Account | Trust::Principal) => true,
        (Verdict::Unmentioned, Trust::Principal) => caller.account == account,
        _ => false,
    }
}

fn needed_actions(world: &World, parameters: &Parameters, tags: &Tags) -> Vec<&'static str> {
    let mut actions = vec!["sts:AssumeRole"];
    if world.options.require_session_actions && !tags.is_empty() {
        actions.push("sts:TagSession");
    }
    if world.options.require_session_actions && parameters.optional("SourceIdentity").is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    actions
}

/// Credentials that are temporary themselves may ask for an hour at most, those of `GetSessionToken` included
/// (99designs/aws-vault issue 263).
fn role_duration(caller: &Caller, role: &Role, asked: u64) -> Result<u64, ApiError> {
    if asked > role.max_session_duration {
        return Err(ApiError::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    if caller.session.is_some() && asked > CHAINED_SESSION_MOST {
        return Err(ApiError::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    Ok(asked)
}

/// The session's tags: those asked for, over those that the calling session hands on.
fn session_tags(
    caller: &Caller,
    parameters: &Parameters,
) -> Result<(Tags, BTreeSet<String>), ApiError> {
    let keys = parameters.list("Tags", ".Key");
    let values = parameters.list("Tags", ".Value");
    if keys.len() > 50 {
        return Err(constraint(
            format!("[{}]", keys.join(", ")),
            "Tags",
            "Member must have length less than or equal to 50",
        ));
    }
    let unique: BTreeSet<String> = keys.iter().map(|key| key.to_ascii_lowercase()).collect();
    if unique.len() != keys.len() {
        return Err(ApiError::validation(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ));
    }
    if keys.iter().any(|key| key.is_empty() || key.len() > 128)
        || values.iter().any(|value| value.len() > 256)
    {
        return Err(ApiError::validation(
            "Tag keys have 1 to 128 characters, tag values at most 256.",
        ));
    }
    let (mut tags, mut transitive) = inherited_tags(caller);
    if keys.iter().any(|key| {
        transitive
            .iter()
            .any(|inherited| inherited.eq_ignore_ascii_case(key))
    }) {
        return Err(ApiError::validation(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
        ));
    }
    for key in parameters.list("TransitiveTagKeys", "") {
        if !keys.contains(&key) {
            return Err(ApiError::validation(
                "The specified transitive tag key must be included in the requested tags.",
            ));
        }
        transitive.insert(key.to_owned());
    }
    tags.extend(
        keys.iter()
            .zip(values)
            .map(|(key, value)| ((*key).to_owned(), value.to_owned())),
    );
    Ok((tags, transitive))
}

fn inherited_tags(caller: &Caller) -> (Tags, BTreeSet<String>) {
    let Some(session) = &caller.session else {
        return Default::default();
    };
    let transitive = session.transitive_tag_keys.clone();
    let tags = session
        .tags
        .iter()
        .filter(|(key, _)| transitive.contains(*key));
    (
        tags.map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        transitive,
    )
}

/// A source identity, once set, stays for the whole chain.
fn source_identity(
    world: &World,
    caller: &Caller,
    parameters: &Parameters,
    role_arn: &str,
) -> Result<Option<String>, ApiError> {
    let asked = parameters.optional("SourceIdentity").map(str::to_owned);
    let inherited = caller
        .session
        .as_ref()
        .and_then(|session| session.source_identity.clone());
    match (inherited, asked) {
        (Some(inherited), Some(asked)) if inherited != asked => Err(ApiError::not_authorized(
            &caller.arn(world),
            "sts:SetSourceIdentity",
            role_arn,
        )),
        (inherited, asked) => Ok(inherited.or(asked)),
    }
}

fn add_role_keys(context: &mut Context, parameters: &Parameters, tags: &Tags) {
    let copied = [
        ("ExternalId", "sts:externalid"),
        ("RoleSessionName", "sts:rolesessionname"),
        ("SourceIdentity", "sts:sourceidentity"),
    ];
    for (parameter, key) in copied {
        if let Some(value) = parameters.optional(parameter) {
            context.insert(key.to_owned(), vec![value.to_owned()]);
        }
    }
    for (key, value) in tags {
        context.insert(
            format!("aws:requesttag/{}", key.to_ascii_lowercase()),
            vec![value.clone()],
        );
    }
    if !tags.is_empty() {
        context.insert("aws:tagkeys".to_owned(), tags.keys().cloned().collect());
    }
    let transitive: Vec<String> = parameters
        .list("TransitiveTagKeys", "")
        .into_iter()
        .map(str::to_owned)
        .collect();
    if !transitive.is_empty() {
        context.insert("sts:transitivetagkeys".to_owned(), transitive);
    }
}
