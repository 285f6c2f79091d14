//! How long the credentials of each call live: who asked, what AWS allows, and what AWS cuts.

use super::chain::{Cap, Lifetime, Request, Ttl};
use super::duration;
use super::error::{Error, Place, shown};
use super::profile::{Origin, Profile, Setting};
use crate::environment::Environment;

const HOUR: u32 = 3_600;

/// A call and the seconds AWS takes for its `DurationSeconds`. Source: STS API Reference, the actions of these names.
#[derive(Debug, Clone, Copy)]
struct Call {
    name: &'static str,
    min: u32,
    max: u32,
}

const GET_SESSION_TOKEN: Call = Call {
    name: "sts:GetSessionToken",
    min: 900,
    max: 36 * HOUR,
};
const ASSUME_ROLE: Call = Call {
    name: "sts:AssumeRole",
    min: 900,
    max: 12 * HOUR,
};
const GET_FEDERATION_TOKEN: Call = Call {
    name: "sts:GetFederationToken",
    min: 900,
    max: 36 * HOUR,
};

/// What kind of credentials signs an AssumeRole, as far as its duration is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignedBy {
    /// Keys of an IAM user, or credentials we know too little about.
    AccessKeyOrUnknown,
    /// GetSessionToken.
    Session,
    Role,
}

impl Ttl {
    /// Reads Go durations (no `d`, no `w`); what is none is left out and noted.
    pub fn from_environment(environment: &Environment) -> Self {
        let mut notes = Vec::new();
        let mut read = |name: &'static str| {
            let text = environment.var(name)?;
            match duration::parse_go(text) {
                Ok(ttl) => Some(Setting::new(
                    duration::whole_seconds(ttl),
                    Origin::Environment(name),
                )),
                Err(error) => {
                    notes.push(format!("${name} is ignored: {}", shown(&error.to_string())));
                    None
                }
            }
        };
        Self {
            session_token: read("AWS_SESSION_TOKEN_TTL"),
            chained_session_token: read("AWS_CHAINED_SESSION_TOKEN_TTL"),
            assume_role: read("AWS_ASSUME_ROLE_TTL"),
            federation_token: read("AWS_FEDERATION_TOKEN_TTL"),
            notes,
        }
    }
}

impl Request {
    /// How long the console session of a federated user lives, for `login` with the keys of an IAM user.
    pub fn federation_lifetime(&self) -> Result<Lifetime, Error> {
        let wish = first(
            [self.duration.as_ref(), self.ttl.federation_token.as_ref()],
            Setting::new(HOUR, Origin::Default("1 hour unless told otherwise")),
        );
        checked(GET_FEDERATION_TOKEN, wish, None, &Profile::default())
    }
}

/// Of GetSessionToken with the keys of `profile`: for the profile itself, or for those that start from it.
pub(super) fn of_session(
    profile: &Profile,
    is_target: bool,
    request: &Request,
) -> Result<Lifetime, Error> {
    let (variable, default) = if is_target {
        let default = Setting::new(HOUR, Origin::Default("1 hour unless told otherwise"));
        (&request.ttl.session_token, default)
    } else {
        let default = Origin::Default("8 hours for a session that serves other profiles");
        (
            &request.ttl.chained_session_token,
            Setting::new(8 * HOUR, default),
        )
    };
    let wish = first([request.duration.as_ref(), variable.as_ref()], default);
    checked(GET_SESSION_TOKEN, wish, None, profile)
}

/// What is asked of a role, before AWS has its say.
pub(super) fn role_wish(profile: &Profile, request: &Request) -> Setting<u32> {
    first(
        [
            request.duration.as_ref(),
            request.ttl.assume_role.as_ref(),
            profile.duration_seconds.as_ref(),
        ],
        Setting::new(HOUR, Origin::Default("1 hour unless told otherwise")),
    )
}

/// Whether a role asks for more than AWS gives to role chaining.
pub(super) fn exceeds_chaining(wish: &Setting<u32>) -> bool {
    wish.value > HOUR
}

/// Of AssumeRole and AssumeRoleWithWebIdentity, whose limits are the same.
pub(super) fn of_role(
    profile: &Profile,
    signed_by: SignedBy,
    request: &Request,
) -> Result<Lifetime, Error> {
    let wish = role_wish(profile, request);
    let reason = match signed_by {
        SignedBy::AccessKeyOrUnknown => None,
        SignedBy::Session => {
            Some("AWS limits a role assumed with a session's credentials to 1 hour")
        }
        SignedBy::Role => {
            Some("AWS limits role chaining (a role assumed with a role's credentials) to 1 hour")
        }
    };
    let cap = reason
        .filter(|_| exceeds_chaining(&wish))
        .map(|reason| Cap {
            asked_seconds: wish.value,
            reason,
        });
    checked(ASSUME_ROLE, wish, cap, profile)
}

/// The first wish; 0 is none, as for the Go tool.
fn first<const N: usize>(
    wishes: [Option<&Setting<u32>>; N],
    default: Setting<u32>,
) -> Setting<u32> {
    wishes
        .into_iter()
        .flatten()
        .find(|wish| wish.value > 0)
        .cloned()
        .unwrap_or(default)
}

fn checked(
    call: Call,
    wish: Setting<u32>,
    cap: Option<Cap>,
    profile: &Profile,
) -> Result<Lifetime, Error> {
    let seconds = if cap.is_some() { HOUR } else { wish.value };
    if !(call.min..=call.max).contains(&seconds) {
        return Err(Error::Duration {
            place: Place::new(&profile.file, &wish.origin),
            call: call.name,
            seconds,
            min: call.min,
            max: call.max,
        });
    }
    Ok(Lifetime {
        seconds,
        origin: wish.origin,
        cap,
    })
}
