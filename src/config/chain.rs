//! The chain as plain data: which steps turn a stored secret into the credentials asked for. Pure: no keystore, no network,
//! no clock.

use super::profile::{Endpoints, Origin, Setting};

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
    },
    /// ```ini
    /// role_arn = arn:aws:iam::111122223333:role/ci
    /// web_identity_token_file = /var/run/token
    /// ```
    WebIdentity {
        profile: String,
        token: WebIdentityToken,
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
    },
    /// ```ini
    /// login_session = arn:aws:iam::111122223333:user/jon
    /// ```
    LoginSession {
        profile: String,
        session: Setting<String>,
    },
}

/// Where a web identity token is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebIdentityToken {
    File(Setting<String>),
    Process(Setting<String>),
}

/// One STS call that turns the credentials before it into others.
#[derive(Debug, Clone, PartialEq, Eq)]
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
