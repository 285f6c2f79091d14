//! Where the first credentials of a chain come from, when they are not a stored access key.

use super::chain::{AssumeRole, Base, Request, SessionPolicies, TokenSource};
use super::error::{Error, Place, shown};
use super::file::profile_of_header;
use super::lifetime::{self, SignedBy};
use super::plan::service;
use super::profile::{Origin, Profile, Setting, Sso};
use super::recursion;

/// The base that the profile's own settings name; `target` is the profile asked for.
pub(super) fn own(base: &Profile, target: &Profile, request: &Request) -> Result<Base, Error> {
    let profile = base.name.clone();
    if let Some(sso) = base.sso.as_ref().filter(|sso| sso.start_url.is_some()) {
        complete(base, sso)?;
        return Ok(Base::Sso {
            profile,
            sso: sso.clone(),
            endpoints: base.endpoints.clone(),
        });
    }
    if let Some((key, token)) = first_of(
        (
            "web_identity_token_file",
            base.web_identity_token_file.as_ref(),
        ),
        (
            "web_identity_token_process",
            base.web_identity_token_process.as_ref(),
        ),
    ) {
        let role = proved_role(base, target, (key, &token), request)?;
        return Ok(Base::WebIdentity {
            profile,
            token,
            role,
        });
    }
    if let Some((key, assertion)) = first_of(
        ("saml_assertion_file", base.saml_assertion_file.as_ref()),
        (
            "saml_assertion_process",
            base.saml_assertion_process.as_ref(),
        ),
    ) {
        let role = proved_role(base, target, (key, &assertion), request)?;
        let principal_arn = base
            .saml_principal_arn
            .clone()
            .ok_or_else(|| incomplete(base, (key, &assertion), "saml_principal_arn"))?;
        return Ok(Base::Saml {
            profile,
            assertion,
            principal_arn,
            role: AssumeRole {
                session_name: None,
                ..role
            },
        });
    }
    if let Some(command) = base.credential_process.clone()
        && !recursion::calls_for(&command.value, &profile)
    {
        return Ok(Base::CredentialProcess { profile, command });
    }
    if let Some(source) = base.credential_source.clone() {
        known_credential_source(base, &source)?;
        return Ok(Base::CredentialSource {
            profile,
            source,
            fact: base.credential_source_fact.clone(),
        });
    }
    if let Some(session) = base.login_session.clone() {
        return Ok(Base::LoginSession {
            profile,
            session,
            service: service(base, target),
        });
    }
    if let Some(key) = request.static_keys.of_profile(&base.name) {
        return Ok(Base::StaticKey {
            profile,
            file: request.static_keys.path.clone(),
            key: key.clone(),
        });
    }
    Err(no_credentials(base))
}

pub(super) fn signed_by(base: &Base) -> SignedBy {
    match base {
        Base::Sso { .. } | Base::WebIdentity { .. } | Base::Saml { .. } => SignedBy::Role,
        Base::CredentialSource { .. } if !is_unknown(base) => SignedBy::Role,
        _ => SignedBy::AccessKeyOrUnknown,
    }
}

/// Whether the base's credentials may or may not be those of a role.
pub(super) fn is_unknown(base: &Base) -> bool {
    match base {
        Base::CredentialProcess { .. } | Base::LoginSession { .. } => true,
        Base::CredentialSource { source, .. } => source.value.eq_ignore_ascii_case("Environment"),
        Base::StaticKey { key, .. } => key.is_temporary,
        Base::Stored { .. } | Base::Sso { .. } | Base::WebIdentity { .. } | Base::Saml { .. } => {
            false
        }
    }
}

/// Whether the role of the profile with the base is assumed with the base's credentials.
///
/// The Go tool ignores it next to Identity Center and `credential_process`, where it is mostly inherited from `[default]`. The
/// AWS CLI assumes it when the profile names itself as its source, so we do when both stand in the profile's own section, and
/// for a role given on the command line.
pub(super) fn role_follows(base: &Base, profile: &Profile) -> bool {
    let in_own_section = |origin: Option<&Origin>| match origin {
        Some(Origin::File { section, .. }) => profile_of_header(section) == Some(&profile.name),
        _ => false,
    };
    let role = profile.role_arn.as_ref().map(|role| &role.origin);
    match base {
        Base::Stored { .. } | Base::CredentialSource { .. } | Base::StaticKey { .. } => true,
        Base::WebIdentity { .. } | Base::Saml { .. } => false,
        Base::Sso { .. } | Base::CredentialProcess { .. } | Base::LoginSession { .. } => {
            matches!(role, Some(Origin::Flag(_)))
                || in_own_section(role) && in_own_section(profile.own_source.as_ref())
        }
    }
}

pub(super) fn ignored_role(base: &Base, profile: &Profile) -> Option<String> {
    if matches!(base, Base::WebIdentity { .. } | Base::Saml { .. }) {
        return None;
    }
    let role = profile.role_arn.as_ref()?;
    Some(format!(
        "role_arn of profile '{0}' ({1}) is not used, because the profile has credentials of its own; to assume the role with \
         them, write role_arn and source_profile = {0} in its section",
        shown(&profile.name),
        role.origin
    ))
}

/// A file comes before a process.
fn first_of(
    file: (&'static str, Option<&Setting<String>>),
    process: (&'static str, Option<&Setting<String>>),
) -> Option<(&'static str, TokenSource)> {
    let from_file = || Some((file.0, TokenSource::File(file.1?.clone())));
    let from_process = || Some((process.0, TokenSource::Process(process.1?.clone())));
    from_file().or_else(from_process)
}

/// The role that somebody else's token proves a right to.
fn proved_role(
    profile: &Profile,
    target: &Profile,
    present: (&'static str, &TokenSource),
    request: &Request,
) -> Result<AssumeRole, Error> {
    let role_arn = profile
        .role_arn
        .clone()
        .ok_or_else(|| incomplete(profile, present, "role_arn"))?;
    // These calls know no external id and no MFA; tags and source identity come with the token.
    Ok(AssumeRole {
        profile: profile.name.clone(),
        session_name: profile.role_session_name.clone(),
        duration: lifetime::of_role(profile, SignedBy::AccessKeyOrUnknown, request)?,
        mfa: None,
        external_id: None,
        tags: Vec::new(),
        transitive_tags: Vec::new(),
        source_identity: None,
        policies: SessionPolicies::of_role(
            profile,
            (profile.name == target.name).then_some(&request.policies),
            &role_arn.value,
        )?,
        role_arn,
        service: service(profile, target),
    })
}

fn incomplete(
    profile: &Profile,
    (present, source): (&'static str, &TokenSource),
    missing: &'static str,
) -> Error {
    let (TokenSource::File(setting) | TokenSource::Process(setting)) = source;
    Error::Incomplete {
        profile: profile.name.clone(),
        present,
        missing,
        place: Place::new(&profile.file, &setting.origin),
    }
}

fn complete(profile: &Profile, sso: &Sso) -> Result<(), Error> {
    let keys = [
        ("sso_region", &sso.region),
        ("sso_account_id", &sso.account_id),
        ("sso_role_name", &sso.role_name),
    ];
    match (
        keys.iter().find(|(_, setting)| setting.is_none()),
        &sso.start_url,
    ) {
        (Some((missing, _)), Some(url)) => Err(Error::Incomplete {
            profile: profile.name.clone(),
            present: "sso_start_url",
            missing,
            place: Place::new(&profile.file, &url.origin),
        }),
        _ => Ok(()),
    }
}

fn known_credential_source(profile: &Profile, source: &Setting<String>) -> Result<(), Error> {
    let known = ["Environment", "Ec2InstanceMetadata", "EcsContainer"];
    if known
        .iter()
        .any(|known| known.eq_ignore_ascii_case(&source.value))
    {
        return Ok(());
    }
    Err(Error::Value {
        place: Box::new(Place::new(&profile.file, &source.origin)),
        key: "credential_source",
        value: source.value.clone(),
        expected: "Environment, Ec2InstanceMetadata or EcsContainer",
    })
}

fn no_credentials(profile: &Profile) -> Error {
    if let Some(session) = profile.sso.as_ref().and_then(|sso| sso.session.as_ref()) {
        return Error::SsoSessionNotFound {
            profile: profile.name.clone(),
            session: session.value.clone(),
            place: Box::new(Place::new(&profile.file, &session.origin)),
        };
    }
    match &profile.credential_process {
        Some(command) => Error::CallsItself {
            profile: profile.name.clone(),
            place: Box::new(Place::new(&profile.file, &command.origin)),
        },
        None => Error::CredentialsMissing {
            profile: profile.name.clone(),
        },
    }
}
