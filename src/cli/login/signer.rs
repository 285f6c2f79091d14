//! Whose console session it will be, and how long AWS lets it last.

use std::time::SystemTime;

use crate::cli::args::{Login, Session};
use crate::cli::context::Context;
use crate::cli::obtain::{Obtained, Wish, duration_setting};
use crate::cli::output::notice;
use crate::config::arn::{Arn, Partition};
use crate::config::chain::{Base, Chain, Link, Purpose, Request, Service, Ttl, service};
use crate::config::duration::compact;
use crate::config::profile::{Profile, Setting};
use crate::config::{Overrides, resolve};
use crate::credentials::{AccessKey, Credentials, SessionCredentials};
use crate::error::CliError;

/// Whose keys sign, before anything is asked of anybody.
pub(super) struct Signer {
    /// What resolves to the profile: its name, or that of a role's source.
    name: String,
    pub(super) profile: Profile,
    keys: Keys,
    pub(super) service: Service,
    /// The first word was a link to a page, and the profile was chosen otherwise.
    url_is_first: bool,
}

enum Keys {
    /// Those that the profile yields.
    OfProfile,
    /// Those of the environment.
    Given(Credentials),
}

/// Who signs in.
pub(super) enum Identity {
    /// A role, or a federated user; with what may be asked of AWS about the session's length.
    Federated {
        session: SessionCredentials,
        duration: Option<u32>,
    },
    /// A user or the root user by an AWS sign-in session: the browser has the console session that it came from.
    OfBrowser { arn: String },
}

/// Where a profile leads, as far as its configuration tells.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) role: Option<&'a str>,
}

impl Signer {
    pub(super) fn find(context: &Context, args: &Login) -> Result<Self, CliError> {
        let (name, url_is_first) = named(context, args);
        let name = match name {
            name if args.session.role_arn.is_some() => {
                Some(context.target(name.as_deref(), &args.session)?)
            }
            name => name,
        };
        if let Some(name) = name {
            return Self::of_profile(context, args, &name, url_is_first);
        }
        if let Some(signer) = Self::of_environment(context, args, url_is_first)? {
            return Ok(signer);
        }
        let name = context.picked_or(nobody())?;
        Self::of_profile(context, args, &name, url_is_first)
    }

    /// The profile alone, for a link that needs no credentials.
    pub(super) fn profile(context: &Context, args: &Login) -> Result<Profile, CliError> {
        let name = context.target(args.profile.as_deref(), &args.session)?;
        context.resolve(&context.config()?, &wish(&name, &args.session))
    }

    fn of_profile(
        context: &Context,
        args: &Login,
        name: &str,
        url_is_first: bool,
    ) -> Result<Self, CliError> {
        let profile = context.resolve(&context.config()?, &wish(name, &args.session))?;
        Ok(Self {
            keys: Keys::OfProfile,
            service: service(&profile, &profile),
            url_is_first,
            name: name.to_owned(),
            profile,
        })
    }

    /// Without a profile, the keys of the environment: what the Go tool does too.
    fn of_environment(
        context: &Context,
        args: &Login,
        url_is_first: bool,
    ) -> Result<Option<Self>, CliError> {
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
        Ok(Some(Self {
            keys: Keys::Given(credentials),
            service: service(&profile, &profile),
            url_is_first,
            name: profile.name.clone(),
            profile,
        }))
    }

    /// The link to a page that was given.
    pub(super) fn url<'a>(&self, args: &'a Login) -> Option<&'a str> {
        let first = args.profile.as_deref().filter(|_| self.url_is_first);
        first.or(args.url.as_deref())
    }

    /// The console's region; outside the commercial partition there must be one, since it tells the partition.
    pub(super) fn region(&self) -> Option<String> {
        let configured = self.profile.region.as_ref();
        configured.map(|region| region.value.clone()).or_else(|| {
            let derived = &self.service.region.as_ref()?.value;
            (Partition::of_region(derived) != Partition::Aws).then(|| derived.clone())
        })
    }

    pub(super) fn place(&self) -> Place<'_> {
        match self.keys {
            Keys::OfProfile => place(&self.profile),
            Keys::Given(_) => Place::default(),
        }
    }

    /// Gets the credentials and finds out what AWS will do with them; also the service whose endpoint settings the sign-in shares.
    pub(super) fn identity(
        self,
        context: &Context,
        args: &Login,
    ) -> Result<(Identity, Service), CliError> {
        let wanted = match &args.console_duration {
            Some(flag) => duration_setting(Some(flag))?,
            None => self.profile.console.duration.clone(),
        };
        let (identity, service) = match self.keys {
            Keys::Given(credentials) => {
                let service = self.service;
                let identity = of_environment(context, args, credentials, &service, wanted)?;
                (identity, service)
            }
            Keys::OfProfile => {
                let session = session_for(&args.session, &self.profile, wanted.as_ref());
                let obtained = context.obtain(&wish(&self.name, &session), &args.mfa)?;
                let service = signing_service(&obtained);
                let identity = of_profile(
                    &self.profile.name,
                    context,
                    args,
                    obtained,
                    &service,
                    wanted,
                )?;
                (identity, service)
            }
        };
        Ok((identity, service))
    }
}

/// The profile's name, and whether a link came in its place.
fn named(context: &Context, args: &Login) -> (Option<String>, bool) {
    match &args.profile {
        Some(link) if link.starts_with("https://") && args.url.is_none() => (
            context.environment.var("AWS_PROFILE").map(str::to_owned),
            true,
        ),
        name => (name.clone(), false),
    }
}

fn wish<'a>(profile: &'a str, session: &'a Session) -> Wish<'a> {
    Wish {
        profile,
        purpose: Purpose::Login,
        session,
    }
}

fn nobody() -> CliError {
    CliError::usage("no profile given, and no AWS keys in the environment")
        .hint("name a profile; `aws-vault list` shows them")
}

/// Of the role nearest to the profile, else of Identity Center's, else of the sign-in session, else of the MFA device's owner.
pub(super) fn place(profile: &Profile) -> Place<'_> {
    for profile in profile.lineage() {
        if let Some(arn) = profile
            .role_arn
            .as_ref()
            .and_then(|role| Arn::parse(&role.value))
        {
            return Place {
                account: Some(arn.account),
                role: arn.resource.rsplit('/').next(),
            };
        }
        if let Some(sso) = &profile.sso
            && let Some(account) = &sso.account_id
        {
            return Place {
                account: Some(&account.value),
                role: sso.role_name.as_ref().map(|role| role.value.as_str()),
            };
        }
        let owner = profile
            .login_session
            .as_ref()
            .or(profile.mfa_serial.as_ref());
        if profile.source_profile.is_none()
            && let Some(arn) = owner.and_then(|setting| Arn::parse(&setting.value))
        {
            return Place {
                account: Some(arn.account),
                role: None,
            };
        }
    }
    Place::default()
}

/// AWS takes a `SessionDuration` for a role only if no session's credentials assumed it; so if the console is to stay open for
/// longer than a session of the role, a single role is assumed with the access key itself.
fn session_for(session: &Session, profile: &Profile, wanted: Option<&Setting<u32>>) -> Session {
    const LONGEST_CHAINED: u32 = 3_600;
    let roles = profile
        .lineage()
        .filter(|profile| profile.role_arn.is_some())
        .count();
    let mut session = session.clone();
    session.no_session |= roles == 1 && wanted.is_some_and(|wish| wish.value > LONGEST_CHAINED);
    session
}

/// AWS is asked who it is only where the chain does not tell.
fn of_profile(
    name: &str,
    context: &Context,
    args: &Login,
    obtained: Obtained,
    service: &Service,
    wanted: Option<Setting<u32>>,
) -> Result<Identity, CliError> {
    let Obtained {
        chain, credentials, ..
    } = obtained;
    if matches!(credentials, Credentials::AccessKey(_)) {
        return federate(context, args, &credentials, service, wanted);
    }
    if chain.yields_role_session() {
        return federated(credentials, limited(wanted, why_no_duration(&chain)));
    }
    if !chain.links.is_empty() {
        return Err(of_iam_user(&format!("profile '{name}' yields a session")).hint(
            "log in with the profile that holds the access key, or with one that has a role_arn",
        ));
    }
    let arn = context.aws.caller_identity(&credentials, service)?.arn;
    if is_role_or_federated(&arn) {
        let why_not = "nobody can tell how its credentials came about";
        return federated(credentials, limited(wanted, Some(why_not)));
    }
    if matches!(chain.base, Base::LoginSession { .. }) {
        return Ok(Identity::OfBrowser { arn });
    }
    Err(of_iam_user(&format!("profile '{name}' yields a session"))
        .hint("log in with a profile that has a role_arn"))
}

fn of_environment(
    context: &Context,
    args: &Login,
    credentials: Credentials,
    service: &Service,
    wanted: Option<Setting<u32>>,
) -> Result<Identity, CliError> {
    if matches!(credentials, Credentials::AccessKey(_)) {
        return federate(context, args, &credentials, service, wanted);
    }
    let arn = context.aws.caller_identity(&credentials, service)?.arn;
    if !is_role_or_federated(&arn) {
        return Err(of_iam_user("the session in the environment is that").hint(
            "name a profile with a role, or leave the subshell and log in with the user's own profile",
        ));
    }
    let why_not = "the environment does not tell how its credentials came about";
    federated(credentials, limited(wanted, Some(why_not)))
}

fn federated(credentials: Credentials, duration: Option<u32>) -> Result<Identity, CliError> {
    match credentials {
        Credentials::Session(session) => Ok(Identity::Federated { session, duration }),
        Credentials::Timeless(session) => Ok(Identity::Federated {
            session: SessionCredentials {
                access_key_id: session.access_key_id,
                secret_access_key: session.secret_access_key,
                session_token: session.session_token,
                // Not told, and not needed: AWS knows.
                expiration: SystemTime::UNIX_EPOCH,
            },
            duration,
        }),
        Credentials::AccessKey(_) => Err(CliError::new(
            "a role yielded long-term keys, which cannot sign in",
        )),
    }
}

/// The console session of an IAM user: GetFederationToken under the user's own name. AWS takes no `SessionDuration` for it, but
/// the session lasts as long as the token.
fn federate(
    context: &Context,
    args: &Login,
    credentials: &Credentials,
    service: &Service,
    wanted: Option<Setting<u32>>,
) -> Result<Identity, CliError> {
    let request = Request {
        duration: duration_setting(args.session.duration.as_ref())?.or(wanted),
        ttl: Ttl::from_environment(&context.environment),
        ..Request::default()
    };
    let seconds = request.federation_lifetime()?.seconds;
    let identity = context.aws.caller_identity(credentials, service)?;
    let user = identity.arn.rsplit('/').next().unwrap_or("user");
    let session =
        context
            .aws
            .get_federation_token(credentials, service, user, seconds, context.now())?;
    Ok(Identity::Federated {
        session,
        duration: None,
    })
}

/// The service of the last call.
fn signing_service(obtained: &Obtained) -> Service {
    match obtained.chain.links.last() {
        Some(Link::AssumeRole(step)) => step.service.clone(),
        Some(Link::GetSessionToken(step)) => step.service.clone(),
        None => {
            let owner = obtained.profile.lineage().last();
            service(owner.unwrap_or(&obtained.profile), &obtained.profile)
        }
    }
}

/// Why AWS takes no `SessionDuration` for the chain's role; `None` when it does.
///
/// Source: IAM User Guide, "Enable custom identity broker access to the AWS console", step 3.
fn why_no_duration(chain: &Chain) -> Option<&'static str> {
    const CHAINED: &str = "AWS lets nobody choose it for a role that was assumed with a session's or another role's credentials (role chaining)";
    match (chain.links.as_slice(), &chain.base) {
        ([], Base::Sso { .. } | Base::WebIdentity { .. })
        | ([Link::AssumeRole(_)], Base::Stored { .. }) => None,
        ([], _) => Some("AWS lets nobody choose it for the role of a machine"),
        _ => Some(CHAINED),
    }
}

/// What to ask of AWS. A wish that cannot be asked is told, not dropped in silence.
fn limited(wanted: Option<Setting<u32>>, why_not: Option<&str>) -> Option<u32> {
    let wanted = wanted?;
    match why_not {
        None => Some(wanted.value),
        Some(why) => {
            notice(&format!(
                "the console session lasts as long as its credentials, not {} ({}): {why}",
                compact(u64::from(wanted.value)),
                wanted.origin
            ));
            None
        }
    }
}

/// Who may sign in with a session.
///
/// Source: IAM User Guide, "Compare AWS STS credentials": a session of GetSessionToken can neither sign in nor ask for a
/// federation token.
fn is_role_or_federated(arn: &str) -> bool {
    arn.contains(":assumed-role/") || arn.contains(":federated-user/")
}

fn of_iam_user(whose: &str) -> CliError {
    CliError::new(format!(
        "{whose} of an IAM user, and AWS signs only roles and federated users in"
    ))
}

#[cfg(test)]
mod tests;
