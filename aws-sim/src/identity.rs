//! Who is calling, how that is proven, and what it may do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

use crate::clock;
use crate::conditions::Context;
use crate::error::ApiError;
use crate::policy::{self, Document, Names, Verdict};
use crate::request::Request;
use crate::sigv4::Authorization;
use crate::world::{LastUsed, Session, Status, World};

/// What credentials stand for, within an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An IAM user, by its own key or by a session of `GetSessionToken`.
    User(String),
    /// A session of a role: role name and session name.
    AssumedRole(String, String),
    /// A session of `GetFederationToken`: its name and the user who made it.
    FederatedUser(String, String),
}

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Account id.
    pub account: String,
    /// Who.
    pub principal: Principal,
    /// The key that signed.
    pub access_key_id: String,
    /// Present for temporary credentials.
    pub session: Option<Session>,
}

/// Proves who signed a request. Checks in AWS's order: is the key known, does the token belong to it, has it
/// expired, and only then the signature.
pub fn authenticate(world: &World, request: &Request, now: SystemTime) -> Result<Caller, ApiError> {
    let authorization = Authorization::of(request)?;
    let token = request.header("x-amz-security-token");
    let caller = owner(world, &authorization.access_key_id, token, now)?;
    let secret = secret_of(world, &caller).ok_or_else(ApiError::invalid_client_token_id)?;
    authorization.verify(request, secret.expose_secret(), now)?;
    Ok(caller)
}

/// Looks credentials up without a signature, as the sign-in endpoint has to.
pub fn owner(
    world: &World,
    access_key_id: &str,
    token: Option<&str>,
    now: SystemTime,
) -> Result<Caller, ApiError> {
    match (world.sessions.get(access_key_id), token) {
        (Some(session), Some(token)) => session_owner(world, access_key_id, session, token, now),
        (None, None) => key_owner(world, access_key_id, now),
        _ => Err(ApiError::invalid_client_token_id()),
    }
}

/// The secret behind a caller's credentials.
pub fn secret_of<'a>(world: &'a World, caller: &'a Caller) -> Option<&'a SecretString> {
    match &caller.session {
        Some(session) => Some(&session.secret),
        None => world
            .access_key(&caller.access_key_id)
            .map(|(_, _, key)| &key.secret),
    }
}

/// Notes that a long-term key was used.
pub fn touch(world: &mut World, caller: &Caller, authorization: &Authorization, now: SystemTime) {
    let (Principal::User(name), None) = (&caller.principal, &caller.session) else {
        return;
    };
    let used = LastUsed {
        at: now,
        service: authorization.service.clone(),
        region: authorization.region.clone(),
    };
    let keys = world
        .user_mut(&caller.account, name)
        .map(|user| &mut user.access_keys);
    for key in keys
        .into_iter()
        .flatten()
        .filter(|key| key.id == caller.access_key_id)
    {
        key.last_used = Some(used.clone());
    }
}

impl Caller {
    /// The ARN that `GetCallerIdentity` reports.
    pub fn arn(&self, world: &World) -> String {
        let Self { account, .. } = self;
        let partition = world
            .accounts
            .get(account)
            .map_or("aws", |account| account.partition.as_str());
        match &self.principal {
            Principal::User(name) => user_arn(world, account, name),
            Principal::AssumedRole(role, session) => {
                format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}")
            }
            Principal::FederatedUser(name, _) => {
                format!("arn:{partition}:sts::{account}:federated-user/{name}")
            }
        }
    }

    /// The unique id that `GetCallerIdentity` reports as UserId.
    pub fn user_id(&self, world: &World) -> String {
        let account = world.accounts.get(&self.account);
        match &self.principal {
            Principal::User(name) => account
                .and_then(|account| account.users.get(name))
                .map(|user| user.id.clone())
                .unwrap_or_default(),
            Principal::AssumedRole(role, session) => {
                let role = account.and_then(|account| account.roles.get(role));
                format!(
                    "{}:{session}",
                    role.map(|role| role.id.as_str()).unwrap_or_default()
                )
            }
            Principal::FederatedUser(name, _) => format!("{}:{name}", self.account),
        }
    }

    /// The role's ARN for a role session, else the caller's own: what `aws:PrincipalArn` holds.
    pub fn principal_arn(&self, world: &World) -> String {
        if let Principal::AssumedRole(name, _) = &self.principal
            && let Some(account) = world.accounts.get(&self.account)
            && let Some(role) = account.roles.get(name)
        {
            return account.role_arn(&self.account, name, role);
        }
        self.arn(world)
    }

    /// The names a trust policy may call this caller by.
    pub fn names(&self, world: &World) -> Names {
        Names {
            account: self.account.clone(),
            arns: vec![self.arn(world), self.principal_arn(world)],
        }
    }

    /// When the MFA code behind these credentials was checked.
    pub fn mfa_at(&self) -> Option<SystemTime> {
        self.session.as_ref().and_then(|session| session.mfa_at)
    }

    /// What the caller's own policies say, narrowed by the session's policies if it has any.
    pub fn verdict(
        &self,
        world: &World,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Verdict {
        let own = policy::evaluate(self.policies(world), action, resource, context);
        let narrowing = self
            .session
            .as_ref()
            .map(|session| &session.policies)
            .filter(|policies| !policies.is_empty());
        let session =
            narrowing.map(|policies| policy::evaluate(policies, action, resource, context));
        match (own, session) {
            (Verdict::Deny, _) | (_, Some(Verdict::Deny)) => Verdict::Deny,
            (Verdict::Allow, None | Some(Verdict::Allow)) => Verdict::Allow,
            _ => Verdict::Unmentioned,
        }
    }

    /// The condition keys that come with the caller and the request, whatever the action.
    pub fn context(&self, world: &World, request: &Request, now: SystemTime) -> Context {
        let mut context = Context::new();
        let mut set = |key: &str, value: String| drop(context.insert(key.to_owned(), vec![value]));
        set("aws:currenttime", clock::iso8601(now));
        set("aws:epochtime", clock::unix(now).to_string());
        set("aws:principalaccount", self.account.clone());
        set("aws:principalarn", self.principal_arn(world));
        set("aws:principaltype", self.principal_type().to_owned());
        set("aws:securetransport", "false".to_owned());
        set(
            "aws:sourceip",
            world
                .options
                .source_ip
                .unwrap_or(request.source_ip)
                .to_string(),
        );
        set("aws:userid", self.user_id(world));
        if let Some(agent) = request.header("user-agent") {
            set("aws:useragent", agent.to_owned());
        }
        if let Ok(authorization) = Authorization::of(request) {
            set("aws:requestedregion", authorization.region);
        }
        if let Principal::User(name) = &self.principal {
            set("aws:username", name.clone());
        }
        if let Some(session) = &self.session {
            // Absent for long-term keys: that is why policies use BoolIfExists to deny.
            set(
                "aws:multifactorauthpresent",
                session.mfa_at.is_some().to_string(),
            );
            set("aws:tokenissuetime", clock::iso8601(session.issued));
            if let Some(at) = session.mfa_at {
                set(
                    "aws:multifactorauthage",
                    seconds_between(at, now).to_string(),
                );
            }
            if let Some(identity) = &session.source_identity {
                set("aws:sourceidentity", identity.clone());
            }
            for (key, value) in &session.tags {
                set(
                    &format!("aws:principaltag/{}", key.to_ascii_lowercase()),
                    value.clone(),
                );
            }
        }
        context
    }

    fn principal_type(&self) -> &'static str {
        match self.principal {
            Principal::User(_) => "User",
            Principal::AssumedRole(..) => "AssumedRole",
            Principal::FederatedUser(..) => "FederatedUser",
        }
    }

    fn policies<'a>(&'a self, world: &'a World) -> Vec<&'a Document> {
        let Some(account) = world.accounts.get(&self.account) else {
            return Vec::new();
        };
        match &self.principal {
            Principal::User(name) | Principal::FederatedUser(_, name) => account
                .users
                .get(name)
                .map(|user| account.user_policies(user).collect())
                .unwrap_or_default(),
            Principal::AssumedRole(name, _) => account
                .roles
                .get(name)
                .map(|role| account.role_policies(role).collect())
                .unwrap_or_default(),
        }
    }
}

/// The parts of a session that the call which makes it decides.
#[derive(Debug, Default)]
pub struct NewSession {
    /// Seconds.
    pub duration: u64,
    /// When an MFA code was checked.
    pub mfa_at: Option<SystemTime>,
    /// Set for the whole chain.
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    /// Tags that pass on to the next role.
    pub transitive_tag_keys: BTreeSet<String>,
    /// Session policies.
    pub policies: Vec<Document>,
}

/// Makes temporary credentials and returns them with their access key id.
pub fn start_session(
    world: &mut World,
    maker: &Caller,
    account: &str,
    principal: Principal,
    new: NewSession,
    now: SystemTime,
) -> (String, Session) {
    let session = Session {
        secret: world.ids.secret().into(),
        token: world.ids.session_token().into(),
        account: account.to_owned(),
        principal,
        root_key: maker
            .session
            .as_ref()
            .map_or(&maker.access_key_id, |session| &session.root_key)
            .clone(),
        issued: now,
        expires: now + Duration::from_secs(new.duration),
        mfa_at: new.mfa_at,
        chained: maker.session.is_some(),
        source_identity: new.source_identity,
        tags: new.tags,
        transitive_tag_keys: new.transitive_tag_keys,
        policies: new.policies,
    };
    let id = world.ids.entity("ASIA", 20);
    world.sessions.insert(id.clone(), session.clone());
    (id, session)
}

/// The ARN of a user that exists; of one that does not, the ARN it would have without a path.
pub fn user_arn(world: &World, account_id: &str, name: &str) -> String {
    let account = world.accounts.get(account_id);
    let known = account
        .and_then(|account| Some(account.user_arn(account_id, name, account.users.get(name)?)));
    let partition = account.map_or("aws", |account| account.partition.as_str());
    known.unwrap_or_else(|| format!("arn:{partition}:iam::{account_id}:user/{name}"))
}

fn session_owner(
    world: &World,
    id: &str,
    session: &Session,
    token: &str,
    now: SystemTime,
) -> Result<Caller, ApiError> {
    if session.token.expose_secret() != token {
        return Err(ApiError::invalid_client_token_id());
    }
    if now >= session.expires {
        return Err(ApiError::expired_token());
    }
    if world.options.sessions_end_with_key {
        key_owner(world, &session.root_key, now)?;
    }
    Ok(Caller {
        account: session.account.clone(),
        principal: session.principal.clone(),
        access_key_id: id.to_owned(),
        session: Some(session.clone()),
    })
}

fn key_owner(world: &World, id: &str, now: SystemTime) -> Result<Caller, ApiError> {
    let (account, user, key) = world
        .access_key(id)
        .ok_or_else(ApiError::invalid_client_token_id)?;
    let usable_from = key.created + Duration::from_millis(world.options.key_propagation_ms);
    if key.status == Status::Inactive || now < usable_from {
        return Err(ApiError::invalid_client_token_id());
    }
    Ok(Caller {
        account: account.to_owned(),
        principal: Principal::User(user.to_owned()),
        access_key_id: id.to_owned(),
        session: None,
    })
}

fn seconds_between(earlier: SystemTime, later: SystemTime) -> u64 {
    later.duration_since(earlier).map_or(0, |age| age.as_secs())
}
