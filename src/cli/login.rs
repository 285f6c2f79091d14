//! `aws-vault login`: the AWS console in the browser, with temporary credentials and the role assumed.

use std::path::Path;
use std::time::SystemTime;

use secrecy::ExposeSecret;

use super::args::Login;
use super::context::Context;
use super::obtain::{Wish, duration_setting};
use super::output::print;
use crate::browser;
use crate::config::arn::Partition;
use crate::config::chain::{Link, Purpose, Service, Ttl, service};
use crate::config::profile::{Endpoints, Profile, Setting};
use crate::config::{Overrides, resolve};
use crate::console::{self, SignIn};
use crate::credentials::{AccessKey, Credentials, SessionCredentials};
use crate::error::CliError;

/// GetFederationToken's time unless told otherwise: an hour, as for a role.
const DEFAULT_FEDERATION_SECONDS: u32 = 3600;

pub fn run(context: &Context, args: &Login) -> Result<(), CliError> {
    let signer = match args.profile.as_deref() {
        Some(profile) => Signer::of_profile(context, args, profile)?,
        None => match Signer::of_environment(context, args)? {
            Some(signer) => signer,
            None => Signer::of_profile(context, args, &context.picked_or(nobody())?)?,
        },
    };
    let region = signer.region();
    let Signer {
        credentials,
        is_role,
        service,
        ..
    } = signer;
    let session = if is_role {
        session_of_role(credentials)?
    } else {
        federate(context, args, &credentials, &service)?
    };
    let endpoints = &service.endpoints;
    let link = console::link(
        &session,
        &SignIn {
            region: region.as_deref(),
            path: args.path.as_deref(),
            session_duration: None,
            endpoint: sign_in_endpoint(endpoints),
            ca_bundle: endpoints
                .ca_bundle
                .as_ref()
                .map(|path| Path::new(path.value.as_str())),
            auto_logout: args.auto_logout,
        },
    )?;
    if args.stdout {
        return print(&format!("{}\n", link.expose_secret()));
    }
    browser::open(&link, &context.environment)
        .map_err(|error| CliError::new(error).hint("--stdout prints the link for you to open"))
}

/// Whose console session it will be.
struct Signer {
    credentials: Credentials,
    /// Role sessions sign in directly; a user needs GetFederationToken.
    is_role: bool,
    /// The region configured, not one derived.
    configured_region: Option<String>,
    service: Service,
}

impl Signer {
    fn of_profile(context: &Context, args: &Login, name: &str) -> Result<Self, CliError> {
        let wish = Wish {
            profile: name,
            purpose: Purpose::Login,
            session: &args.session,
        };
        let obtained = context.obtain(&wish, &args.mfa)?;
        let is_role = obtained.chain.yields_role_session();
        if !is_role && matches!(obtained.credentials, Credentials::Session(_)) {
            return Err(CliError::new(format!(
                "profile '{name}' yields a session of an IAM user, and AWS signs only roles and federated users in"
            ))
            .hint("log in with the profile that holds the access key, or with one that has a role_arn"));
        }
        let service = match obtained.chain.links.last() {
            Some(Link::AssumeRole(step)) => step.service.clone(),
            Some(Link::GetSessionToken(step)) => step.service.clone(),
            None => own_service(&obtained.profile),
        };
        Ok(Self {
            credentials: obtained.credentials,
            is_role,
            configured_region: obtained.chain.region.map(|region| region.value),
            service,
        })
    }

    /// Without a profile, the keys of the environment: what the Go tool does too.
    fn of_environment(context: &Context, args: &Login) -> Result<Option<Self>, CliError> {
        let environment = &context.environment;
        let either = |names: [&str; 2]| names.iter().find_map(|name| environment.var(name));
        let id = either(["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]);
        let secret = either(["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"]);
        let (Some(id), Some(secret)) = (id, secret) else {
            return Ok(None);
        };
        let credentials = match environment.var("AWS_SESSION_TOKEN") {
            None => Credentials::AccessKey(AccessKey {
                access_key_id: id.to_owned(),
                secret_access_key: secret.into(),
            }),
            Some(token) => Credentials::Session(SessionCredentials {
                access_key_id: id.to_owned(),
                secret_access_key: secret.into(),
                session_token: token.into(),
                // Not told by the environment, and not needed: AWS knows.
                expiration: SystemTime::UNIX_EPOCH,
            }),
        };
        let overrides = Overrides {
            region: args
                .session
                .region
                .as_ref()
                .map(|region| region.value.clone()),
            ..Overrides::default()
        };
        let profile = resolve(&context.config()?, "default", environment, &overrides)?;
        let service = own_service(&profile);
        let is_role = matches!(credentials, Credentials::Session(_))
            && is_role_or_federated(&context.aws.caller_identity(&credentials, &service)?.arn)?;
        Ok(Some(Self {
            credentials,
            is_role,
            configured_region: profile.region.map(|region| region.value),
            service,
        }))
    }

    /// The console's region; outside the commercial partition there must be one, since it tells the partition.
    fn region(&self) -> Option<String> {
        self.configured_region.clone().or_else(|| {
            let derived = &self.service.region.as_ref()?.value;
            (Partition::of_region(derived) != Partition::Aws).then(|| derived.clone())
        })
    }
}

fn nobody() -> CliError {
    CliError::usage("no profile given, and no AWS keys in the environment")
        .hint("name a profile; `aws-vault list` shows them")
}

/// The sign-in endpoint receives the session itself, not a signature, so a general `endpoint_url` counts only on this computer.
fn sign_in_endpoint(endpoints: &Endpoints) -> Option<&str> {
    let on_loopback = |url: &&Setting<String>| url.value.starts_with("http://");
    endpoints
        .signin
        .as_ref()
        .or(endpoints.all.as_ref().filter(on_loopback))
        .map(|url| url.value.as_str())
}

fn own_service(profile: &Profile) -> Service {
    let owner = profile.lineage().last().unwrap_or(profile);
    service(owner, profile)
}

/// A session that GetSessionToken made can neither sign in nor ask for a federation token.
///
/// Source: IAM User Guide, "Compare AWS STS credentials".
fn is_role_or_federated(arn: &str) -> Result<bool, CliError> {
    if arn.contains(":assumed-role/") || arn.contains(":federated-user/") {
        return Ok(true);
    }
    Err(CliError::new(
        "the session in the environment is that of an IAM user, and AWS signs only roles and federated users in",
    )
    .hint("name a profile with a role, or leave the subshell and log in with the user's own profile"))
}

fn session_of_role(credentials: Credentials) -> Result<SessionCredentials, CliError> {
    match credentials {
        Credentials::Session(session) => Ok(session),
        Credentials::Timeless(session) => Ok(SessionCredentials {
            access_key_id: session.access_key_id,
            secret_access_key: session.secret_access_key,
            session_token: session.session_token,
            // Not told, and not needed: AWS knows.
            expiration: SystemTime::UNIX_EPOCH,
        }),
        Credentials::AccessKey(_) => Err(CliError::new(
            "a role yielded long-term keys, which cannot sign in",
        )),
    }
}

/// The console session of an IAM user: GetFederationToken under the user's own name.
fn federate(
    context: &Context,
    args: &Login,
    credentials: &Credentials,
    service: &Service,
) -> Result<SessionCredentials, CliError> {
    let identity = context.aws.caller_identity(credentials, service)?;
    let user = identity.arn.rsplit('/').next().unwrap_or("user");
    let ttl = Ttl::from_environment(&context.environment).federation_token;
    let seconds = duration_setting(args.session.duration.as_ref())?
        .or(ttl)
        .map_or(DEFAULT_FEDERATION_SECONDS, |setting| setting.value);
    Ok(context
        .aws
        .get_federation_token(credentials, service, user, seconds, context.now())?)
}
