//! The chain as plain data: which steps turn a stored secret into the credentials asked for. Pure: no keystore, no network,
//! no clock.

pub use super::plan::{plan, service};
use super::profile::{Endpoints, Origin, Setting};
pub use super::session_policies::SessionPolicies;
pub use super::static_keys::{StaticKey, StaticKeys};

/// What is wanted of a profile, besides what its configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub purpose: Purpose,
    /// `--no-session`: no GetSessionToken. Roles are still assumed.
    pub no_session: bool,
    /// `--duration` or `AWS_VAULT_DURATION`, in seconds: for every step of the chain. 0 counts as unset.
    pub duration: Option<Setting<u32>>,
    pub ttl: Ttl,
    /// Keys in clear text, for profiles that have nothing else.
    pub static_keys: StaticKeys,
    /// `--policy`, `--policy-arn`, `--read-only`: for the role of the profile asked for.
    pub policies: SessionPolicies,
}

/// What the credentials are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// For a command, an export or a server.
    #[default]
    Exec,
    /// For the console: a profile with keys of its own is not given a session, because AWS refuses GetFederationToken to one.
    Login,
    /// For IAM: AWS refuses it to a session without MFA.
    Rotate,
}

/// Durations from the environment, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ttl {
    /// `AWS_SESSION_TOKEN_TTL`: GetSessionToken for the profile itself.
    pub session_token: Option<Setting<u32>>,
    /// `AWS_CHAINED_SESSION_TOKEN_TTL`: GetSessionToken for a profile that others start from.
    pub chained_session_token: Option<Setting<u32>>,
    /// `AWS_ASSUME_ROLE_TTL`
    pub assume_role: Option<Setting<u32>>,
    /// `AWS_FEDERATION_TOKEN_TTL`
    pub federation_token: Option<Setting<u32>>,
    /// Variables that hold no duration and are therefore ignored.
    pub notes: Vec<String>,
}

/// Everything that will happen for one profile, decided before anything is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The profile asked for.
    pub profile: String,
    /// What the child is told as `AWS_REGION`; `None` leaves it alone.
    pub region: Option<Setting<String>>,
    /// `endpoint_url` that the child is told as `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<Setting<String>>,
    pub base: Base,
    /// Steps after the base, in the order they run.
    pub links: Vec<Link>,
    /// Remarks for `explain` and `--debug`, e.g. why no GetSessionToken step is there.
    pub notes: Vec<String>,
}

/// One step of a chain, in the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    Base(&'a Base),
    Link(&'a Link),
}

impl Chain {
    /// The base, then the links.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = Step<'_>> {
        std::iter::once(Step::Base(&self.base)).chain(self.links.iter().map(Step::Link))
    }

    /// Whether the credentials are those of a role, with which the console can be opened directly.
    ///
    /// `false` for a `credential_process` and others whose credentials may be anything: ask GetCallerIdentity.
    pub fn yields_role_session(&self) -> bool {
        match self.links.last() {
            Some(Link::AssumeRole(_)) => true,
            Some(Link::GetSessionToken(_)) => false,
            None => self.base.yields_role_session(),
        }
    }

    /// What narrows the credentials that the chain yields.
    pub fn session_policies(&self) -> Option<&SessionPolicies> {
        match (self.links.last(), &self.base) {
            (Some(Link::AssumeRole(role)), _)
            | (None, Base::WebIdentity { role, .. } | Base::Saml { role, .. }) => {
                Some(&role.policies)
            }
            _ => None,
        }
    }

    /// Whether the stored access key itself is handed out.
    pub fn yields_access_key(&self) -> bool {
        self.links.is_empty() && self.base.is_access_key()
    }
}

impl Base {
    /// The profile that names this base.
    pub fn profile(&self) -> &str {
        match self {
            Self::Stored { profile }
            | Self::Sso { profile, .. }
            | Self::WebIdentity { profile, .. }
            | Self::Saml { profile, .. }
            | Self::CredentialProcess { profile, .. }
            | Self::CredentialSource { profile, .. }
            | Self::LoginSession { profile, .. }
            | Self::StaticKey { profile, .. } => profile,
        }
    }

    /// Whether it is the long-term key of an IAM user for certain.
    pub fn is_access_key(&self) -> bool {
        match self {
            Self::Stored { .. } => true,
            Self::StaticKey { key, .. } => !key.is_temporary,
            _ => false,
        }
    }

    fn yields_role_session(&self) -> bool {
        match self {
            Self::Sso { .. } | Self::WebIdentity { .. } | Self::Saml { .. } => true,
            // An instance and a task have roles; the environment may hold anything.
            Self::CredentialSource { source, .. } => {
                !source.value.eq_ignore_ascii_case("Environment")
            }
            Self::Stored { .. }
            | Self::CredentialProcess { .. }
            | Self::LoginSession { .. }
            | Self::StaticKey { .. } => false,
        }
    }
}

impl Link {
    /// The profile whose settings the call follows.
    pub fn profile(&self) -> &str {
        match self {
            Self::GetSessionToken(step) => &step.profile,
            Self::AssumeRole(step) => &step.profile,
        }
    }

    /// The device whose code goes with the call.
    pub fn mfa(&self) -> Option<&Mfa> {
        match self {
            Self::GetSessionToken(step) => step.mfa.as_ref(),
            Self::AssumeRole(step) => step.mfa.as_ref(),
        }
    }
}

impl<'a> Step<'a> {
    /// The profile whose settings the step follows.
    pub fn profile(self) -> &'a str {
        match self {
            Self::Base(base) => base.profile(),
            Self::Link(link) => link.profile(),
        }
    }

    /// The command of the user's that is run when the step runs.
    pub fn command(self) -> Option<&'a Setting<String>> {
        match self {
            Self::Base(
                Base::CredentialProcess { command, .. }
                | Base::WebIdentity {
                    token: TokenSource::Process(command),
                    ..
                }
                | Base::Saml {
                    assertion: TokenSource::Process(command),
                    ..
                },
            ) => Some(command),
            step => step.mfa()?.process.as_ref(),
        }
    }

    /// The MFA device that is asked when the step runs.
    pub fn mfa(self) -> Option<&'a Mfa> {
        match self {
            Self::Base(_) => None,
            Self::Link(link) => link.mfa(),
        }
    }
}

/// Where the first credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Long-term keys in the keystore under the name of `profile`.
    ///
    /// ```ini
    /// [profile bastion]
    /// ```
    Stored { profile: String },
    /// ```ini
    /// sso_session = my-sso
    /// sso_account_id = 111122223333
    /// sso_role_name = ReadOnly
    /// ```
    Sso {
        profile: String,
        sso: super::profile::Sso,
        endpoints: Endpoints,
    },
    /// ```ini
    /// role_arn = arn:aws:iam::111122223333:role/ci
    /// web_identity_token_file = /var/run/token
    /// ```
    WebIdentity {
        profile: String,
        token: TokenSource,
        role: AssumeRole,
    },
    /// ```ini
    /// role_arn = arn:aws:iam::111122223333:role/staff
    /// saml_principal_arn = arn:aws:iam::111122223333:saml-provider/Example
    /// saml_assertion_process = /usr/local/bin/assertion
    /// ```
    Saml {
        profile: String,
        assertion: TokenSource,
        principal_arn: Setting<String>,
        /// The session's name and its longest life stand in the assertion.
        role: AssumeRole,
    },
    /// ```ini
    /// credential_process = /usr/local/bin/helper
    /// ```
    CredentialProcess {
        profile: String,
        command: Setting<String>,
    },
    /// ```ini
    /// credential_source = Environment
    /// ```
    CredentialSource {
        profile: String,
        source: Setting<String>,
        /// See [`Profile::credential_source_fact`](super::profile::Profile::credential_source_fact).
        fact: Option<Setting<String>>,
    },
    /// ```ini
    /// login_session = arn:aws:iam::111122223333:user/jon
    /// ```
    LoginSession {
        profile: String,
        session: Setting<String>,
        service: Service,
    },
    /// A key in clear text in `~/.aws/credentials`.
    StaticKey {
        profile: String,
        file: std::path::PathBuf,
        key: StaticKey,
    },
}

/// Where a web identity token or a SAML assertion is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    File(Setting<String>),
    Process(Setting<String>),
}

/// One STS call that turns the credentials before it into others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a chain has two or three")]
pub enum Link {
    GetSessionToken(GetSessionToken),
    AssumeRole(AssumeRole),
}

/// `sts:GetSessionToken` with the keys of an IAM user.
///
/// Source: STS API Reference, GetSessionToken (900 to 129,600 seconds).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetSessionToken {
    /// The profile whose keys and MFA device are used: the session is shared by every profile that starts from it.
    pub profile: String,
    pub duration: Lifetime,
    pub mfa: Option<Mfa>,
    pub service: Service,
}

/// `sts:AssumeRole`.
///
/// Source: STS API Reference, AssumeRole (900 seconds to the role's maximum, at most 43,200).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssumeRole {
    pub profile: String,
    pub role_arn: Setting<String>,
    pub session_name: Option<Setting<String>>,
    pub duration: Lifetime,
    /// Sent with this very call. `None` also when an earlier step already proved the same device.
    pub mfa: Option<Mfa>,
    pub external_id: Option<Setting<String>>,
    pub tags: Vec<(String, String)>,
    pub transitive_tags: Vec<String>,
    pub source_identity: Option<Setting<String>>,
    pub policies: SessionPolicies,
    pub service: Service,
}

/// How long the credentials of a step are asked to live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifetime {
    pub seconds: u32,
    pub origin: Origin,
    pub cap: Option<Cap>,
}

/// Why a step asks for less than was configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    pub asked_seconds: u32,
    /// The AWS rule, one sentence.
    pub reason: &'static str,
}

/// The device and where its code may come from without a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mfa {
    pub serial: Setting<String>,
    pub process: Option<Setting<String>>,
}

/// Region and endpoint of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Region of the endpoint and of the signature. `None`: neither region nor partition is known, and the call is refused
    /// with a hint.
    pub region: Option<Setting<String>>,
    pub endpoints: Endpoints,
}
