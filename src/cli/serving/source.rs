//! The thread that owns the keystore and has credentials for a server: one order after the other, for as long as a person
//! needs to answer.

use std::sync::mpsc;
use std::thread;

use super::super::args::{MfaToken, Session};
use super::super::context::Context;
use super::super::obtain::{Obtained, Wish};
use super::super::output::notice;
use super::ask::{self, Mood};
use crate::config::chain::{AssumeRole, Chain, Lifetime, Link, Purpose, service};
use crate::config::profile::{Origin, Profile, Setting};
use crate::credentials::{Credentials, SessionCredentials};
use crate::error::CliError;
use crate::server::{Facts, Failure, Fetch, Order, Subject};

/// AWS's limit for a role assumed with a role's credentials, and its default otherwise.
const ROLE_SECONDS: u32 = 3600;

/// The way to the thread.
#[derive(Debug)]
pub struct Source {
    tasks: mpsc::Sender<Task>,
}

/// A profile, before it has credentials.
#[derive(Debug, Clone)]
pub struct Described {
    pub facts: Facts,
    pub endpoint_url: Option<String>,
}

#[derive(Debug)]
enum Task {
    Describe(usize, mpsc::Sender<Result<Described, CliError>>),
    /// For the person who started us: with the whole error.
    First(usize, mpsc::Sender<Result<SessionCredentials, CliError>>),
    /// For a client.
    Order(Order),
}

/// What the thread works with.
struct Worker {
    context: Context,
    session: Session,
    mfa: MfaToken,
    profiles: Vec<String>,
}

impl Source {
    /// The thread has everything anew: a keystore cannot be shared between threads.
    pub fn start(
        context: &Context,
        session: &Session,
        mfa: &MfaToken,
        profiles: Vec<String>,
    ) -> Result<Self, CliError> {
        let (environment, global) = (context.environment.clone(), context.global.clone());
        let (clock, sign_in) = (context.clock, context.sign_in);
        let (session, mfa) = (session.clone(), mfa.clone());
        let (tasks, queue) = mpsc::channel();
        thread::Builder::new()
            .name("credentials".to_owned())
            .spawn(move || {
                let Ok(context) = Context::new(environment, global, clock, sign_in) else {
                    return;
                };
                let worker = Worker {
                    context,
                    session,
                    mfa,
                    profiles,
                };
                // Ends with the last sender.
                for task in queue {
                    worker.work(task);
                }
            })
            .map_err(|error| CliError::new(format!("no thread can be started: {error}")))?;
        Ok(Self { tasks })
    }

    /// What is known of a profile. Fails for one that does not exist.
    pub fn describe(&self, profile: usize) -> Result<Described, CliError> {
        self.answer(|reply| Task::Describe(profile, reply))
    }

    /// The first credentials, for which the person who started us may be asked on the terminal.
    pub fn first(&self, profile: usize) -> Result<(Subject, SessionCredentials), CliError> {
        let subject = Subject {
            profile,
            role_arn: None,
        };
        let session = self.answer(|reply| Task::First(profile, reply))?;
        Ok((subject, session))
    }

    /// Takes the orders of a server.
    pub fn fetch(&self) -> Fetch {
        let tasks = self.tasks.clone();
        // A thread that is gone answers nothing, which the server takes for a failure.
        Box::new(move |order| drop(tasks.send(Task::Order(order))))
    }

    fn answer<T>(
        &self,
        task: impl FnOnce(mpsc::Sender<Result<T, CliError>>) -> Task,
    ) -> Result<T, CliError> {
        let (reply, answer) = mpsc::channel();
        let _ = self.tasks.send(task(reply));
        answer
            .recv()
            .unwrap_or_else(|_| Err(CliError::new("the thread that gets credentials has ended")))
    }
}

impl Worker {
    fn work(&self, task: Task) {
        match task {
            Task::Describe(profile, reply) => drop(reply.send(self.describe(profile))),
            Task::First(profile, reply) => drop(reply.send(self.first(profile))),
            Task::Order(order) => {
                let result = self.order(&order);
                let _ = order.reply.send(result);
            }
        }
    }

    fn wish(&self, profile: usize) -> Wish<'_> {
        Wish {
            profile: &self.profiles[profile],
            purpose: Purpose::Exec,
            session: &self.session,
        }
    }

    fn describe(&self, profile: usize) -> Result<Described, CliError> {
        let wish = self.wish(profile);
        let config = self.context.config()?;
        let resolved = self.context.resolve(&config, &wish)?;
        let location = self.context.location();
        let chain = match self.context.remembered_chain(&resolved, &wish, &location) {
            Some(chain) => chain,
            None => self.context.cold_chain(&resolved, &wish)?,
        };
        Ok(Described {
            facts: Facts {
                profile: wish.profile.to_owned(),
                region: chain.region.as_ref().map(|region| region.value.clone()),
                role_arn: role_arn(&chain),
            },
            endpoint_url: chain.endpoint_url.map(|url| url.value),
        })
    }

    fn first(&self, profile: usize) -> Result<SessionCredentials, CliError> {
        let wish = self.wish(profile);
        let obtained = self.context.obtain(&wish, &self.mfa)?;
        session(obtained)
    }

    fn order(&self, order: &Order) -> Result<SessionCredentials, Failure> {
        let mood = Mood::default();
        self.renew(order, &mood).map_err(|error| {
            notice(&format!(
                "no credentials for {}: {}",
                order.client, error.message
            ));
            let hint = error
                .hints
                .first()
                .map_or(String::new(), |hint| format!("; {hint}"));
            Failure {
                message: format!("aws-vault: {}{hint}", error.message),
                asked: mood.asked(),
            }
        })
    }

    fn renew(&self, order: &Order, mood: &Mood) -> Result<SessionCredentials, CliError> {
        let wish = self.wish(order.subject.profile);
        let codes = ask::codes(&self.context, &order.client, mood);
        let role = order.subject.role_arn.as_deref();
        let extend = |profile: &Profile, chain| match role {
            None => chain,
            Some(role) => with_role(profile, chain, role),
        };
        let at_least = self.context.min_ttl().max(order.at_least);
        let obtained = self
            .context
            .obtain_lasting(&wish, &codes, at_least, &extend)?;
        session(obtained)
    }
}

/// SDKs take nothing from a server that does not expire.
fn session(obtained: Obtained) -> Result<SessionCredentials, CliError> {
    match obtained.credentials {
        Credentials::Session(session) => Ok(session),
        Credentials::AccessKey(_) | Credentials::Timeless(_) => Err(CliError::new(format!(
            "profile '{}' yields credentials without an expiry, which cannot be served",
            obtained.profile.name
        ))
        .hint("run it without a server")),
    }
}

fn role_arn(chain: &Chain) -> Option<String> {
    match chain.links.last()? {
        Link::AssumeRole(step) => Some(step.role_arn.value.clone()),
        Link::GetSessionToken(_) => None,
    }
}

/// The chain with one more role at its end, as a client asked for it with `/role-arn/`.
fn with_role(profile: &Profile, mut chain: Chain, role: &str) -> Chain {
    let origin = || Origin::Default("the request of a client");
    // What narrows the profile's own session narrows what is had with it.
    let policies = chain.session_policies().cloned().unwrap_or_default();
    chain.links.push(Link::AssumeRole(AssumeRole {
        profile: profile.name.clone(),
        role_arn: Setting::new(role.to_owned(), origin()),
        session_name: profile.role_session_name.clone(),
        duration: Lifetime {
            seconds: ROLE_SECONDS,
            origin: origin(),
            cap: None,
        },
        mfa: None,
        external_id: None,
        tags: Vec::new(),
        transitive_tags: Vec::new(),
        source_identity: None,
        policies,
        service: service(profile, profile),
    }));
    chain
}
