//! Security Token Service, version 2011-06-15.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use secrecy::ExposeSecret;

use crate::clock;
use crate::conditions::Context;
use crate::error::ApiError;
use crate::identity::{Caller, NewSession, Principal, start_session};
use crate::parameters::{Parameters, constraint};
use crate::policy::{self, Document, Trust, Verdict};
use crate::world::{Role, Session, World};
use crate::xml::Element;

/// The `Version` every STS request names.
pub const VERSION: &str = "2011-06-15";
/// `xmlns` of every answer.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

const NAME_LENGTHS: (usize, usize) = (2, 64);
const NAME_EXTRA: &str = "+=,.@-";
const NAME_PATTERN: &str = r"[\w+=,.@-]*";
const ROLE_SESSION_MOST: u64 = 43_200;
const CHAINED_SESSION_MOST: u64 = 3_600;
const USER_SESSION_MOST: u64 = 129_600;

/// One authenticated call.
#[derive(Debug)]
pub struct Call<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// What is asked.
    pub parameters: &'a Parameters,
    /// Condition keys of caller and request.
    pub context: Context,
    /// This AWS's time.
    pub now: SystemTime,
}

/// The children of the action's `…Result` element.
pub fn perform(world: &mut World, action: &str, call: Call<'_>) -> Result<Vec<Element>, ApiError> {
    if let Principal::FederatedUser(..) = call.caller.principal
        && action != "GetCallerIdentity"
    {
        return Err(ApiError::access_denied(format!(
            "Cannot call {action} with federation credentials"
        )));
    }
    match action {
        "GetCallerIdentity" => Ok(caller_identity(world, call.caller)),
        "GetSessionToken" => session_token(world, call),
        "AssumeRole" => assume_role(world, call),
        "GetFederationToken" => federation_token(world, call),
        "GetAccessKeyInfo" => access_key_info(world, &call),
        _ => Err(ApiError::new(
            400,
            "InvalidAction",
            format!("Could not find operation {action} for version {VERSION}"),
        )),
    }
}

fn caller_identity(world: &World, caller: &Caller) -> Vec<Element> {
    vec![
        Element::text("Arn", caller.arn(world)),
        Element::text("UserId", caller.user_id(world)),
        Element::text("Account", &caller.account),
    ]
}

fn session_token(world: &mut World, call: Call<'_>) -> Result<Vec<Element>, ApiError> {
    let Call {
        caller,
        parameters,
        context,
        now,
    } = call;
    let user = long_term_user(caller, "GetSessionToken")?;
    let duration = parameters.seconds("DurationSeconds", 43_200, 900, USER_SESSION_MOST)?;
    // Needs no permission, but a policy may forbid it.
    if caller.verdict(world, "sts:GetSessionToken", "*", &context) == Verdict::Deny {
        return Err(ApiError::not_authorized(
            &caller.arn(world),
            "sts:GetSessionToken",
            "*",
        ));
    }
    let mfa_at = check_mfa(world, caller, parameters, now)?;
    let new = NewSession {
        duration,
        mfa_at,
        ..NewSession::default()
    };
    let (id, session) = start_session(
        world,
        caller,
        &caller.account,
        Principal::User(user.to_owned()),
        new,
        now,
    );
    Ok(vec![credentials(&id, &session)])
}

fn federation_token(world: &mut World, call: Call<'_>) -> Result<Vec<Element>, ApiError> {
    let Call {
        caller,
        parameters,
        context,
        now,
    } = call;
    let user = long_term_user(caller, "GetFederationToken")?.to_owned();
    let name = parameters.required("Name")?;
    parameters.check("Name", (2, 32), NAME_EXTRA, NAME_PATTERN)?;
    let duration = parameters.seconds("DurationSeconds", 43_200, 900, USER_SESSION_MOST)?;
    let federated = Caller {
        principal: Principal::FederatedUser(name.to_owned(), user),
        ..caller.clone()
    };
    let arn = federated.arn(world);
    if caller.verdict(world, "sts:GetFederationToken", &arn, &context) != Verdict::Allow {
        return Err(ApiError::not_authorized(
            &caller.arn(world),
            "sts:GetFederationToken",
            &arn,
        ));
    }
    let mut policies = session_policies(parameters)?;
    if policies.is_empty() {
        // A federated user that was given no policy may do nothing.
        policies.push(document(r#"{"Statement": []}"#)?);
    }
    let new = NewSession {
        duration,
        policies,
        ..NewSession::default()
    };
    let (id, session) = start_session(
        world,
        caller,
        &caller.account,
        federated.principal.clone(),
        new,
        now,
    );
    let user = vec![
        Element::text("FederatedUserId", federated.user_id(world)),
        Element::text("Arn", arn),
    ];
    Ok(vec![
        credentials(&id, &session),
        Element::new("FederatedUser", user),
        packed_policy_size(parameters),
    ])
}

fn access_key_info(world: &World, call: &Call<'_>) -> Result<Vec<Element>, ApiError> {
    let id = call.parameters.required("AccessKeyId")?;
    call.parameters
        .check("AccessKeyId", (16, 128), "", r"[\w]*")?;
    if call
        .caller
        .verdict(world, "sts:GetAccessKeyInfo", "*", &call.context)
        != Verdict::Allow
    {
        return Err(ApiError::not_authorized(
            &call.caller.arn(world),
            "sts:GetAccessKeyInfo",
            "*",
        ));
    }
    let long_term = world.access_key(id).map(|(account, ..)| account);
    let account = long_term.or_else(|| {
        world
            .sessions
            .get(id)
            .map(|session| session.account.as_str())
    });
    let account = account
        .ok_or_else(|| ApiError::validation(format!("{id} is not a valid access key id")))?;
    Ok(vec![Element::text("Account", account)])
}

fn assume_role(world: &mut World, call: Call<'_>) -> Result<Vec<Element>, ApiError> {
    let Call {
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
    let policies = session_policies(parameters)?;
    let source_identity = source_identity(world, caller, parameters, arn)?;
    let mfa_at = check_mfa(world, caller, parameters, now)?;
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
        credentials(&id, &session),
    ];
    result.extend(source_identity.map(|identity| Element::text("SourceIdentity", identity)));
    if !session.policies.is_empty() || !session.tags.is_empty() {
        result.push(packed_policy_size(parameters));
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

fn needed_actions(
    world: &World,
    parameters: &Parameters,
    tags: &BTreeMap<String, String>,
) -> Vec<&'static str> {
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

/// Checks the code of the caller's own device. `None` if the call brings no code.
fn check_mfa(
    world: &mut World,
    caller: &Caller,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Option<SystemTime>, ApiError> {
    let (serial, code) = match (
        parameters.optional("SerialNumber"),
        parameters.optional("TokenCode"),
    ) {
        (None, None) => return Ok(None),
        (Some(serial), Some(code)) => (serial, code),
        _ => {
            return Err(ApiError::access_denied(
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
            ));
        }
    };
    parameters.check("SerialNumber", (9, 256), "+=/:,.@-", r"[\w+=/:,.@-]*")?;
    check_code_shape(code)?;
    let unknown = || {
        ApiError::access_denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
        )
    };
    // A role or federated user has no device, whoever is behind it.
    let Principal::User(name) = &caller.principal else {
        return Err(unknown());
    };
    let reuse = world.options.allow_code_reuse;
    let devices = world
        .user_mut(&caller.account, name)
        .map(|user| &mut user.mfa_devices);
    let device = devices
        .into_iter()
        .flatten()
        .find(|device| device.serial == serial)
        .ok_or_else(unknown)?;
    if device
        .accept(code, clock::unix(now), reuse)
        .map_err(|_| unknown())?
    {
        return Ok(Some(now));
    }
    // The space at the end is AWS's.
    Err(ApiError::access_denied(
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    ))
}

fn check_code_shape(code: &str) -> Result<(), ApiError> {
    let rule = match code.len() {
        0..6 => "Member must have length greater than or equal to 6",
        6 if code.bytes().all(|byte| byte.is_ascii_digit()) => return Ok(()),
        6 => r"Member must satisfy regular expression pattern: [\d]*",
        _ => "Member must have length less than or equal to 6",
    };
    Err(constraint(code, "TokenCode", rule))
}

fn long_term_user<'a>(caller: &'a Caller, action: &str) -> Result<&'a str, ApiError> {
    match (&caller.principal, &caller.session) {
        (Principal::User(name), None) => Ok(name),
        _ => Err(ApiError::access_denied(format!(
            "Cannot call {action} with session credentials"
        ))),
    }
}

type Tags = BTreeMap<String, String>;

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

fn session_policies(parameters: &Parameters) -> Result<Vec<Document>, ApiError> {
    if !parameters.list("PolicyArns", ".arn").is_empty() {
        return Err(ApiError::validation(
            "Managed session policies (PolicyArns) are not simulated.",
        ));
    }
    parameters
        .optional("Policy")
        .map(document)
        .transpose()
        .map(|policy| policy.into_iter().collect())
}

fn document(text: &str) -> Result<Document, ApiError> {
    serde_json::from_str(text).map_err(|_| {
        ApiError::new(
            400,
            "MalformedPolicyDocument",
            "The policy is not in the valid JSON format.",
        )
    })
}

fn packed_policy_size(parameters: &Parameters) -> Element {
    let percent = parameters.optional("Policy").map_or(0, str::len) * 100 / 2048;
    Element::text("PackedPolicySize", percent.to_string())
}

fn credentials(id: &str, session: &Session) -> Element {
    Element::new(
        "Credentials",
        vec![
            Element::text("AccessKeyId", id),
            Element::text("SecretAccessKey", session.secret.expose_secret()),
            Element::text("SessionToken", session.token.expose_secret()),
            Element::text("Expiration", clock::iso8601(session.expires)),
        ],
    )
}
