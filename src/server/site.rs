//! What one address serves, and to which request.

use http::StatusCode;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::clock::Now;
use super::guard::{self, Refusal};
use super::imds::token::Tokens;
use super::reply::{Reply, closing, json_error, text};
use super::{Secret, ecs, imds};

/// Everything that decides an answer, besides request and time.
#[derive(Debug)]
pub struct Site {
    /// Every spelling of our own address as a `Host` header has it, port included.
    pub hosts: Vec<String>,
    /// The first is served without a prefix; every one below `/profile/NAME`.
    pub profiles: Vec<Facts>,
    pub container: Option<Container>,
    pub instance: Option<Instance>,
}

/// What is known of a profile without having its credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub profile: String,
    /// `AWS_REGION` of a program on this "instance".
    pub region: Option<String>,
    /// ARN of the role whose credentials are served; `None` for a session of a user.
    pub role_arn: Option<String>,
}

/// Container credentials: whoever shows a token.
#[derive(Debug)]
pub struct Container {
    pub grants: Vec<Grant>,
}

/// What a token is good for.
#[derive(Debug)]
pub struct Grant {
    pub token: Secret,
    /// Index of the only profile; `None`: all of them, and every role they may assume.
    pub only: Option<usize>,
}

/// Instance metadata.
#[derive(Debug)]
pub struct Instance {
    pub tokens: Tokens,
    /// `--http-tokens=optional`: also without a token (IMDSv1).
    pub tokens_optional: bool,
}

/// Whose credentials: of a profile by its place in the site, or of a role assumed with those.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    pub profile: usize,
    pub role_arn: Option<String>,
}

/// The answer, or what is still missing for it.
#[derive(Debug)]
pub enum Answer {
    Reply(Reply),
    Credentials(Subject, Form),
}

/// How credentials are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Container,
    /// With the seconds that the request's token still lives.
    Instance(Option<u64>),
}

/// Decides what a request gets. `is_our_user`: who made the connection.
pub fn respond(site: &Site, head: &Parts, is_our_user: bool, now: Now) -> Answer {
    let path = head.uri.path();
    if let Err(refusal) = guard::check(&site.hosts, head, is_our_user) {
        return Answer::Reply(site.refuse(refusal, path));
    }
    let path = path
        .strip_prefix('/')
        .filter(|it| it.starts_with('/'))
        .unwrap_or(path);
    let Some((profile, rest)) = site.split(path) else {
        return Answer::Reply(text(StatusCode::NOT_FOUND, "no such profile is served"));
    };
    match (&site.container, &site.instance) {
        (_, Some(instance)) if site.container.is_none() || imds::is_path(rest) => {
            let profile = profile.unwrap_or_default();
            imds::respond(instance, &site.profiles[profile], profile, head, rest, now)
        }
        (Some(container), _) => ecs::respond(container, profile, head, rest),
        (None, _) => Answer::Reply(text(StatusCode::NOT_FOUND, "not found")),
    }
}

impl Site {
    /// The profile that a path names, if any, and the rest of the path. `None` when it names one that is not served.
    fn split<'p>(&self, path: &'p str) -> Option<(Option<usize>, &'p str)> {
        let Some(below) = path.strip_prefix("/profile/") else {
            return Some((None, path));
        };
        let (name, rest) = match below.find('/') {
            Some(end) => below.split_at(end),
            None => (below, "/"),
        };
        let name = percent_decode_str(name).decode_utf8().ok()?;
        let found = self.profiles.iter().position(|it| it.profile == name)?;
        Some((Some(found), rest))
    }

    /// EC2 answers in text, the container service in JSON.
    fn refuse(&self, refusal: Refusal, path: &str) -> Reply {
        let message = refusal.to_string();
        let reply = if self.container.is_none() || imds::is_path(path) {
            text(refusal.status(), message)
        } else {
            json_error(refusal.status(), "AccessDenied", &message)
        };
        closing(reply)
    }
}

impl Facts {
    /// The name that the metadata service lists: the role's own, without its path.
    pub fn role_name(&self) -> &str {
        // What the Go tool lists always.
        const OTHERWISE: &str = "local-credentials";
        let name = self
            .role_arn
            .as_deref()
            .and_then(|arn| arn.rsplit('/').next());
        name.filter(|name| !name.is_empty()).unwrap_or(OTHERWISE)
    }

    pub fn account(&self) -> Option<&str> {
        let arn = crate::config::arn::Arn::parse(self.role_arn.as_deref()?)?;
        Some(arn.account).filter(|account| !account.is_empty())
    }
}
