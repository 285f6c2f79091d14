//! Security Token Service, version 2011-06-15.

use secrecy::ExposeSecret;

use crate::api::{ApiCall, invalid_action};
use crate::error::ApiError;
use crate::identity::{Caller, NewSession, Principal, start_session};
use crate::parameters::Parameters;
use crate::policy::{Document, Verdict};
use crate::world::{Session, World};
use crate::xml::Element;
use crate::{assume_role, clock, mfa};

/// The `Version` every STS request names.
pub const VERSION: &str = "2011-06-15";
/// `xmlns` of every answer.
pub const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// What session names may contain besides letters, digits and the underscore.
pub const NAME_EXTRA: &str = "+=,.@-";
/// The same as AWS writes it.
pub const NAME_PATTERN: &str = r"[\w+=,.@-]*";
const USER_SESSION_MOST: u64 = 129_600;

/// The children of the action's `…Result` element.
pub fn perform(
    world: &mut World,
    action: &str,
    call: ApiCall<'_>,
) -> Result<Vec<Element>, ApiError> {
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
        "AssumeRole" => assume_role::perform(world, call),
        "GetFederationToken" => federation_token(world, call),
        "GetAccessKeyInfo" => access_key_info(world, &call),
        _ => Err(invalid_action(action, VERSION)),
    }
}

fn caller_identity(world: &World, caller: &Caller) -> Vec<Element> {
    vec![
        Element::text("Arn", caller.arn(world)),
        Element::text("UserId", caller.user_id(world)),
        Element::text("Account", &caller.account),
    ]
}

fn session_token(world: &mut World, call: ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let ApiCall {
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
    let mfa_at = mfa::check(world, caller, parameters, now)?;
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

fn federation_token(world: &mut World, call: ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let ApiCall {
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

fn access_key_info(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
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

fn long_term_user<'a>(caller: &'a Caller, action: &str) -> Result<&'a str, ApiError> {
    match (&caller.principal, &caller.session) {
        (Principal::User(name), None) => Ok(name),
        _ => Err(ApiError::access_denied(format!(
            "Cannot call {action} with session credentials"
        ))),
    }
}

/// The `Policy` and `PolicyArns` parameters: together they allow what either allows. Of managed policies one is known.
pub fn session_policies(parameters: &Parameters) -> Result<Vec<Document>, ApiError> {
    const READ_ONLY: &str = r#"{"Statement": {"Effect": "Allow", "Action": ["*:Describe*", "*:Get*", "*:List*"], "Resource": "*"}}"#;
    let arns = parameters.list("PolicyArns", ".arn");
    if arns
        .iter()
        .any(|arn| !arn.ends_with("iam::aws:policy/ReadOnlyAccess"))
        || !arns.is_empty() && parameters.optional("Policy").is_some()
    {
        return Err(ApiError::validation(
            "Of managed session policies (PolicyArns) only ReadOnlyAccess, on its own, is simulated.",
        ));
    }
    let managed = arns.first().map(|_| READ_ONLY);
    let policies = parameters.optional("Policy").into_iter().chain(managed);
    policies.map(document).collect()
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

/// How much of the room for session policies is used, in percent.
pub fn packed_policy_size(parameters: &Parameters) -> Element {
    let percent = parameters.optional("Policy").map_or(0, str::len) * 100 / 2048;
    Element::text("PackedPolicySize", percent.to_string())
}

/// The `Credentials` element.
pub fn credentials(id: &str, session: &Session) -> Element {
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
