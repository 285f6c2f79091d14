//! `AssumeRoleWithWebIdentity` and `AssumeRoleWithSAML`: unsigned calls whose caller is proved by somebody else's token.
//!
//! Simplified on purpose: a web identity token is signed with HMAC (HS256) where real providers use RSA, and the signature of
//! a SAML assertion is not checked.

use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::clock;
use crate::conditions::Context;
use crate::error::ApiError;
use crate::identity::{Caller, NewSession, Principal, start_session};
use crate::parameters::Parameters;
use crate::policy::{self, Names, Trust};
use crate::sigv4::hmac_sha256;
use crate::sts::{self, NAME_EXTRA, NAME_PATTERN};
use crate::world::World;
use crate::xml::Element;

pub const WEB_IDENTITY: &str = "AssumeRoleWithWebIdentity";
pub const SAML: &str = "AssumeRoleWithSAML";

/// Whom a token proves, and what of it conditions may ask.
struct Proof {
    provider_arn: String,
    session_name: String,
    context: Context,
    /// What the answer says besides the credentials.
    facts: Vec<Element>,
}

/// The children of the action's `…Result` element.
pub fn perform(
    world: &mut World,
    action: &str,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Vec<Element>, ApiError> {
    let arn = parameters.required("RoleArn")?;
    let duration = parameters.seconds("DurationSeconds", 3_600, 900, 43_200)?;
    let policies = sts::session_policies(parameters)?;
    let proof = if action == SAML {
        saml(world, parameters, now)?
    } else {
        web_identity(world, parameters, now)?
    };
    let denied = || ApiError::access_denied(format!("Not authorized to perform sts:{action}"));
    let (account, name, role) = world.role_at(arn).ok_or_else(denied)?;
    let caller = Names {
        account: String::new(),
        arns: vec![proof.provider_arn],
    };
    let trust = policy::trust(
        &role.trust,
        &format!("sts:{action}"),
        &caller,
        &proof.context,
    );
    if trust != Trust::Principal {
        return Err(denied());
    }
    if duration > role.max_session_duration {
        return Err(ApiError::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let assumed = Caller {
        account: account.to_owned(),
        principal: Principal::AssumedRole(name.to_owned(), proof.session_name),
        access_key_id: String::new(),
        session: None,
    };
    let new = NewSession {
        duration,
        policies,
        ..NewSession::default()
    };
    let principal = assumed.principal.clone();
    let (id, session) = start_session(world, &assumed, &assumed.account, principal, new, now);
    let user = vec![
        Element::text("AssumedRoleId", assumed.user_id(world)),
        Element::text("Arn", assumed.arn(world)),
    ];
    let mut result = vec![
        Element::new("AssumedRoleUser", user),
        sts::credentials(&id, &session),
    ];
    result.extend(proof.facts);
    Ok(result)
}

fn web_identity(
    world: &World,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Proof, ApiError> {
    let token = parameters.required("WebIdentityToken")?;
    let session_name = parameters.required("RoleSessionName")?.to_owned();
    parameters.check("RoleSessionName", (2, 64), NAME_EXTRA, NAME_PATTERN)?;
    let invalid = |why: &str| ApiError::new(400, "InvalidIdentityToken", why);
    let (signed, signature) = token
        .rsplit_once('.')
        .ok_or_else(|| invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"))?;
    let claims = signed
        .split_once('.')
        .and_then(|(_, payload)| BASE64_URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|payload| serde_json::from_slice::<Map<String, Value>>(&payload).ok())
        .ok_or_else(|| invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"))?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let host = claim("iss").trim_start_matches("https://").to_owned();
    let (provider_arn, provider) = world
        .accounts
        .iter()
        .find_map(|(id, account)| {
            let provider = account.oidc_providers.get(&host)?;
            let arn = format!("arn:{}:iam::{id}:oidc-provider/{host}", account.partition);
            Some((arn, provider))
        })
        .ok_or_else(|| invalid("No OpenIDConnect provider found in your account for the issuer"))?;
    let expected = hmac_sha256(provider.key.as_bytes(), signed);
    if BASE64_URL_SAFE_NO_PAD.decode(signature).ok() != Some(expected) {
        return Err(invalid(
            "Couldn't retrieve verification key from your identity provider",
        ));
    }
    if !provider.audiences.iter().any(|known| known == claim("aud")) {
        return Err(invalid("Incorrect token audience"));
    }
    let expires = claims
        .get("exp")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let now = clock::unix(now);
    if expires <= now {
        let message = format!(
            "Token expired: current date/time {now} must be before the expiration date/time {expires}"
        );
        return Err(ApiError::new(400, "ExpiredTokenException", message));
    }
    let context = ["aud", "sub"].map(|name| {
        let key = format!("{host}:{name}").to_ascii_lowercase();
        (key, vec![claim(name).to_owned()])
    });
    Ok(Proof {
        session_name,
        context: context.into_iter().collect(),
        facts: vec![
            Element::text("SubjectFromWebIdentityToken", claim("sub")),
            Element::text("Audience", claim("aud")),
            Element::text("Provider", &provider_arn),
        ],
        provider_arn,
    })
}

fn saml(world: &World, parameters: &Parameters, now: SystemTime) -> Result<Proof, ApiError> {
    let role = parameters.required("RoleArn")?;
    let provider_arn = parameters.required("PrincipalArn")?;
    let assertion = parameters.required("SAMLAssertion")?;
    let invalid = |why: &str| ApiError::new(400, "InvalidIdentityToken", why);
    let xml = BASE64_STANDARD
        .decode(assertion)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|xml| xml.contains("Assertion"))
        .ok_or_else(|| invalid("Invalid base64 SAMLResponse"))?;
    let issuers: BTreeMap<String, &str> = world
        .accounts
        .iter()
        .flat_map(|(id, account)| {
            account.saml_providers.iter().map(move |(name, issuer)| {
                let arn = format!("arn:{}:iam::{id}:saml-provider/{name}", account.partition);
                (arn, issuer.as_str())
            })
        })
        .collect();
    let issuer = between(&xml, "Issuer>", "<").unwrap_or_default();
    if issuers.get(provider_arn) != Some(&issuer) {
        return Err(invalid("Issuer not present in specified provider"));
    }
    let pairs = [
        format!("{role},{provider_arn}"),
        format!("{provider_arn},{role}"),
    ];
    if !pairs.iter().any(|pair| xml.contains(&format!(">{pair}<"))) {
        return Err(ApiError::access_denied(
            "Not authorized to perform sts:AssumeRoleWithSAML",
        ));
    }
    let until = between(&xml, "NotOnOrAfter=\"", "\"").unwrap_or_default();
    if until <= clock::iso8601(now).as_str() {
        let message = "Token must be redeemed within 5 minutes of issuance";
        return Err(ApiError::new(400, "ExpiredTokenException", message));
    }
    let session_name = xml
        .split_once("RoleSessionName\"")
        .and_then(|(_, rest)| between(rest, "AttributeValue>", "<"))
        .ok_or_else(|| invalid("RoleSessionName is required in AuthnResponse"))?;
    let audience = "https://signin.aws.amazon.com/saml";
    Ok(Proof {
        provider_arn: provider_arn.to_owned(),
        session_name: session_name.to_owned(),
        context: [("saml:aud".to_owned(), vec![audience.to_owned()])]
            .into_iter()
            .collect(),
        facts: vec![
            Element::text("Subject", session_name),
            Element::text("Issuer", issuer),
            Element::text("Audience", audience),
        ],
    })
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inside, _)| inside)
}

/// A token as an OIDC provider with this key makes it, for tests.
pub fn web_identity_token(key: &str, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = serde_json::json!({ "alg": "HS256", "typ": "JWT" });
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256(key.as_bytes(), &signed));
    format!("{signed}.{signature}")
}

/// A SAML response as an identity provider posts it, before base64, for tests. `until` is an ISO 8601 time.
pub fn saml_response(issuer: &str, role_and_principal: &str, session: &str, until: &str) -> String {
    let attribute = |name: &str, value: &str| {
        format!(
            "<saml2:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/{name}\">\
             <saml2:AttributeValue>{value}</saml2:AttributeValue></saml2:Attribute>"
        )
    };
    format!(
        "<saml2p:Response xmlns:saml2p=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_1\" Version=\"2.0\">\
         <saml2:Issuer>{issuer}</saml2:Issuer>\
         <saml2:Subject><saml2:SubjectConfirmation><saml2:SubjectConfirmationData NotOnOrAfter=\"{until}\"/>\
         </saml2:SubjectConfirmation></saml2:Subject>\
         <saml2:AttributeStatement>{}{}</saml2:AttributeStatement></saml2:Assertion></saml2p:Response>",
        attribute("Role", role_and_principal),
        attribute("RoleSessionName", session),
    )
}
