//! Credentials ready to be sent, and the desk where they are kept, shared and renewed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use tokio::sync::{Notify, oneshot};
use zeroize::Zeroizing;

use super::clock::{Deadline, Now};
use super::refresh::{Slot, Verdict};
use super::reply::{Reply, json, json_error, text};
use super::site::{Form, Subject};
use crate::credentials::{SessionCredentials, rfc3339};
use crate::peer::Program;

/// Has credentials for an order, on a thread that may wait for a person.
pub type Fetch = Box<dyn Fn(Order) + Send>;

/// Where a server has its credentials from.
pub struct Supply {
    pub fetch: Fetch,
    /// Those had already.
    pub first: Vec<(Subject, SessionCredentials)>,
    pub clock: fn() -> SystemTime,
}

/// Longer than AWS takes; no SDK waits as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Roles that clients name themselves must not grow our memory for ever.
const MOST_SUBJECTS: usize = 256;

/// What is wanted of whoever has credentials.
#[derive(Debug)]
pub struct Order {
    pub subject: Subject,
    /// A cached session must live at least this long to be of use.
    pub at_least: Duration,
    pub client: Client,
    pub reply: oneshot::Sender<Result<SessionCredentials, Failure>>,
}

/// Who asks, for the person who is asked for a code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    pub program: Option<Program>,
}

/// Why there are no credentials; the text goes to the client and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub message: String,
    /// A person was asked, or would have to be.
    pub asked: bool,
}

/// Both ways of writing the same credentials.
#[derive(Debug, Clone)]
struct Bodies {
    container: Bytes,
    instance: Bytes,
}

/// Every subject's credentials.
pub(super) struct Desk {
    fetch: Fetch,
    clock: fn() -> SystemTime,
    drawers: RefCell<HashMap<Subject, Drawer>>,
}

#[derive(Default)]
struct Drawer {
    slot: Slot<Bodies, Failure>,
    done: Rc<Notify>,
}

/// What is to be done after looking into a drawer.
enum Next {
    Send(Bodies),
    Refuse(Failure),
    Refresh(Option<Bodies>, Duration),
    Wait,
}

impl Desk {
    pub(super) fn new(supply: Supply) -> Rc<Self> {
        let desk = Self {
            fetch: supply.fetch,
            clock: supply.clock,
            drawers: RefCell::default(),
        };
        for (subject, session) in supply.first {
            desk.drawers
                .borrow_mut()
                .insert(subject.clone(), Drawer::default());
            desk.put(&subject, Ok(session));
        }
        Rc::new(desk)
    }

    pub(super) fn now(&self) -> Now {
        Now::read(self.clock)
    }

    /// The reply with the credentials of `subject`; waits while they are had. `client` is asked only if that needs doing.
    pub(super) async fn reply(
        self: &Rc<Self>,
        subject: Subject,
        form: Form,
        client: impl Fn() -> Client,
    ) -> Reply {
        let work = self.bodies(&subject, client);
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(bodies)) => bodies.reply(form),
            Ok(Err(failure)) => failure.reply(form),
            Err(_) => Failure {
                message:
                    "getting credentials takes too long; aws-vault may be waiting for an MFA code"
                        .to_owned(),
                asked: false,
            }
            .reply(form),
        }
    }

    async fn bodies(
        self: &Rc<Self>,
        subject: &Subject,
        client: impl Fn() -> Client,
    ) -> Result<Bodies, Failure> {
        loop {
            let (next, done) = self.look(subject);
            // Registered before anything is waited for, so that no wake-up is lost.
            let done = done.notified();
            match next {
                Next::Send(bodies) => return Ok(bodies),
                Next::Refuse(failure) => return Err(failure),
                Next::Wait => done.await,
                Next::Refresh(old, at_least) => {
                    self.refresh(subject.clone(), at_least, client());
                    match old {
                        Some(bodies) => return Ok(bodies),
                        None => done.await,
                    }
                }
            }
        }
    }

    fn look(&self, subject: &Subject) -> (Next, Rc<Notify>) {
        let mut drawers = self.drawers.borrow_mut();
        if !drawers.contains_key(subject) {
            if drawers.len() >= MOST_SUBJECTS {
                drawers.retain(|subject, drawer| {
                    // Somebody waits for what is being had.
                    subject.role_arn.is_none() || drawer.slot.is_refreshing()
                });
            }
            drawers.insert(subject.clone(), Drawer::default());
        }
        let drawer = drawers.get_mut(subject).expect("inserted above");
        let at_least = drawer.slot.wanted();
        let next = match drawer.slot.ask(self.now()) {
            Verdict::Serve(bodies) => Next::Send(bodies.clone()),
            Verdict::ServeAndRefresh(bodies) => Next::Refresh(Some(bodies.clone()), at_least),
            Verdict::Refresh => Next::Refresh(None, at_least),
            Verdict::Wait => Next::Wait,
            Verdict::Refuse(failure) => Next::Refuse(failure.clone()),
        };
        (next, Rc::clone(&drawer.done))
    }

    /// Has new credentials in the background.
    fn refresh(self: &Rc<Self>, subject: Subject, at_least: Duration, client: Client) {
        let (reply, answer) = oneshot::channel();
        (self.fetch)(Order {
            subject: subject.clone(),
            at_least,
            client,
            reply,
        });
        let desk = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let result = answer.await.unwrap_or_else(|_| {
                Err(Failure {
                    message: "aws-vault is ending".to_owned(),
                    asked: false,
                })
            });
            desk.put(&subject, result);
        });
    }

    fn put(&self, subject: &Subject, result: Result<SessionCredentials, Failure>) {
        let now = self.now();
        let mut drawers = self.drawers.borrow_mut();
        let Some(drawer) = drawers.get_mut(subject) else {
            return;
        };
        match result {
            // A clock that is wrong makes new credentials old; having more of them would not help.
            Ok(session) if session.expiration <= now.wall => {
                let failure = Failure {
                    message: format!(
                        "aws-vault: the credentials expired at {}, before they came; is the clock right?",
                        rfc3339(session.expiration)
                    ),
                    asked: false,
                };
                drawer.slot.failed(failure, false, now);
            }
            Ok(session) => {
                let expires = Deadline::at(session.expiration, now);
                drawer
                    .slot
                    .succeeded(Bodies::of(&session, now), expires, now);
            }
            Err(failure) => {
                let asked = failure.asked;
                drawer.slot.failed(failure, asked, now);
            }
        }
        drawer.done.notify_waiters();
    }
}

impl Bodies {
    /// Both documents, whose fields botocore and the SDK for JavaScript insist on.
    ///
    /// Source: AWS SDKs and Tools Reference Guide, "Container credential provider"; EC2 User Guide, "Retrieve security
    /// credentials from instance metadata". botocore parses the expiry in exactly this form, without fractions.
    fn of(session: &SessionCredentials, now: Now) -> Self {
        let quote = |text: &str| Zeroizing::new(serde_json::Value::from(text).to_string());
        let id = quote(&session.access_key_id);
        let secret = quote(session.secret_access_key.expose_secret());
        let token = quote(session.session_token.expose_secret());
        let expiration = rfc3339(session.expiration);
        let updated = rfc3339(now.wall);
        Self {
            container: wiped(format!(
                "{{\"AccessKeyId\":{},\"Expiration\":\"{expiration}\",\"SecretAccessKey\":{},\"Token\":{}}}\n",
                *id, *secret, *token
            )),
            instance: wiped(format!(
                "{{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"{updated}\",\n  \"Type\" : \"AWS-HMAC\",\n  \
                 \"AccessKeyId\" : {},\n  \"SecretAccessKey\" : {},\n  \"Token\" : {},\n  \
                 \"Expiration\" : \"{expiration}\"\n}}",
                *id, *secret, *token
            )),
        }
    }

    fn reply(self, form: Form) -> Reply {
        match form {
            Form::Container => json(StatusCode::OK, self.container),
            Form::Instance(ttl) => super::imds::with_ttl(text(StatusCode::OK, self.instance), ttl),
        }
    }
}

impl Failure {
    /// 5xx, which SDKs repeat: never an empty or expired answer, which they would use.
    fn reply(&self, form: Form) -> Reply {
        const STATUS: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
        match form {
            Form::Container => json_error(STATUS, "CredentialsNotAvailable", &self.message),
            Form::Instance(_) => text(STATUS, self.message.clone()),
        }
    }
}

/// Wiped when its last reader is done.
fn wiped(text: String) -> Bytes {
    Bytes::from_owner(Zeroizing::new(text.into_bytes()))
}

impl std::fmt::Debug for Supply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Supply")
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn documents() {
        let session = SessionCredentials {
            access_key_id: "ASIA".into(),
            secret_access_key: "se\"cret".into(),
            session_token: "token".into(),
            expiration: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_900),
        };
        let bodies = Bodies::of(&session, Now::test(0));
        let read = |body: &Bytes| -> serde_json::Value { serde_json::from_slice(body).unwrap() };
        assert_eq!(
            read(&bodies.container),
            serde_json::json!({
                "AccessKeyId": "ASIA", "SecretAccessKey": "se\"cret", "Token": "token",
                "Expiration": "2023-11-14T22:13:20Z",
            })
        );
        assert_eq!(
            read(&bodies.instance),
            serde_json::json!({
                "Code": "Success", "LastUpdated": "1970-01-12T13:46:40Z", "Type": "AWS-HMAC",
                "AccessKeyId": "ASIA", "SecretAccessKey": "se\"cret", "Token": "token",
                "Expiration": "2023-11-14T22:13:20Z",
            })
        );
    }
    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn session(expiration: SystemTime) -> SessionCredentials {
        SessionCredentials {
            access_key_id: "ASIA".into(),
            secret_access_key: "secret".into(),
            session_token: "token".into(),
            expiration,
        }
    }

    /// A desk whose orders can be looked at and answered.
    fn desk() -> (Rc<Desk>, mpsc::Receiver<Order>) {
        let (orders, taken) = mpsc::channel();
        let supply = Supply {
            fetch: Box::new(move |order| orders.send(order).unwrap()),
            first: Vec::new(),
            clock: || NOW,
        };
        (Desk::new(supply), taken)
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build_local(tokio::runtime::LocalOptions::default())
            .unwrap()
            .block_on(work)
    }

    async fn status(desk: Rc<Desk>, role: usize) -> u16 {
        let subject = Subject {
            profile: 0,
            role_arn: Some(format!("arn:aws:iam::1:role/{role}")),
        };
        let reply = desk.reply(subject, Form::Container, Client::default);
        reply.await.status().as_u16()
    }

    #[test]
    fn credentials_that_expired_before_they_came_are_a_failure() {
        run(async {
            let (desk, orders) = desk();
            let waiting = tokio::task::spawn_local(status(Rc::clone(&desk), 0));
            tokio::task::yield_now().await;
            let order = orders.try_recv().unwrap();
            order.reply.send(Ok(session(NOW))).unwrap();
            assert_eq!(waiting.await.unwrap(), 503);
            assert_eq!(status(desk, 0).await, 503);
            assert!(orders.try_recv().is_err(), "had again at once");
        });
    }

    #[test]
    fn whoever_waits_is_not_forgotten_for_newer_roles() {
        run(async {
            let (desk, orders) = desk();
            let ask = |role| tokio::task::spawn_local(status(Rc::clone(&desk), role));
            let first = ask(0);
            let _others: Vec<_> = (1..=MOST_SUBJECTS + 1).map(ask).collect();
            tokio::task::yield_now().await;
            let order = orders.try_recv().unwrap();
            let expiration = NOW + Duration::from_hours(1);
            order.reply.send(Ok(session(expiration))).unwrap();
            assert_eq!(first.await.unwrap(), 200);
        });
    }
}
