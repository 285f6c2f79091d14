//! Calls over the session bus, each within a time limit.

mod address;

use std::cell::Cell;
use std::env;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dbus::Message;
use dbus::arg::{AppendAll, Arg, Get, ReadAll, RefArg, Variant};
use dbus::channel::Channel;
use dbus::strings::Path;

use crate::{Backend, Error};

/// The bus itself.
pub(crate) const BUS: &str = "org.freedesktop.DBus";

/// How long a probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// Well below the 128 open calls that a bus allows each connection.
const CALLS_AT_ONCE: usize = 64;

/// How long to wait before giving up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one operation, without the time a prompt is open.
    pub call: Duration,
    /// For a person to answer a prompt.
    pub prompt: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            call: Duration::from_secs(5),
            prompt: Duration::from_mins(1),
        }
    }
}

impl Limits {
    /// Those of a probe.
    pub(crate) fn of_probe(self) -> Self {
        Limits {
            call: self.call.min(PROBE_LIMIT),
            ..self
        }
    }
}

/// Why a call failed, as far as the caller acts on it.
pub(crate) enum Failure {
    /// The object must be unlocked first.
    Locked,
    /// There is no such object.
    NoObject,
    /// The connection or the session is gone, as after a restart of the service.
    Stale(Error),
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Other(error)
    }
}

/// One method of one object.
#[derive(Clone, Copy)]
pub(crate) struct Method<'a> {
    pub(crate) service: &'static str,
    pub(crate) path: &'a str,
    pub(crate) interface: &'static str,
    pub(crate) member: &'static str,
    /// Completes "the … keystore failed to …".
    pub(crate) purpose: &'static str,
}

/// A connection to the session bus.
pub(crate) struct Bus {
    /// Whom errors speak of.
    backend: Backend,
    channel: Channel,
    pub(crate) limits: Limits,
    /// When the operation under way has to be finished; prompts do not count.
    deadline: Cell<Instant>,
}

impl Bus {
    /// Connects to the bus at that address, or at the one of the user's session.
    pub(crate) fn connect(
        backend: Backend,
        address: Option<&str>,
        limits: Limits,
    ) -> Result<Self, Error> {
        let address = address
            .map(str::to_owned)
            .or_else(|| address::of_session(|name| env::var_os(name)))
            .ok_or_else(|| {
                Error::unavailable(
                    backend,
                    "there is no D-Bus session bus (DBUS_SESSION_BUS_ADDRESS is not set)",
                )
            })?;
        Ok(Bus {
            backend,
            channel: connect_within(backend, address, limits.call)?,
            limits,
            deadline: Cell::new(Instant::now() + limits.call),
        })
    }

    /// Gives the operation that begins its full time.
    pub(crate) fn restart_clock(&self) {
        self.deadline.set(Instant::now() + self.limits.call);
    }

    /// Calls a method that answers when a person has answered its prompt.
    pub(crate) fn call_with_prompt<A: AppendAll, R: ReadAll>(
        &self,
        method: Method<'_>,
        arguments: A,
    ) -> Result<R, Failure> {
        self.deadline.set(Instant::now() + self.limits.prompt);
        let answer = self.call(method, arguments);
        let timed_out = Instant::now() >= self.deadline.get();
        self.restart_clock();
        match answer {
            Err(_) if timed_out => Err(self.timed_out(self.limits.prompt).into()),
            answer => answer,
        }
    }

    pub(crate) fn call<A: AppendAll, R: ReadAll>(
        &self,
        method: Method<'_>,
        arguments: A,
    ) -> Result<R, Failure> {
        let reply = self.send(method, arguments)?;
        reply
            .read_all()
            .map_err(|error| self.failure(method, &error))
    }

    pub(crate) fn property<T>(&self, method: Method<'_>, name: &'static str) -> Result<T, Failure>
    where
        T: Arg + for<'b> Get<'b>,
    {
        let get = Method {
            interface: "org.freedesktop.DBus.Properties",
            member: "Get",
            ..method
        };
        let (value,): (Variant<T>,) = self.call(get, (method.interface, name))?;
        Ok(value.0)
    }

    /// Makes the same call on many objects at once, so that the answers of a long list do not take one round trip each.
    /// `None` for objects that are gone.
    pub(crate) fn call_each<R: ReadAll>(
        &self,
        paths: &[Path<'static>],
        method: Method<'_>,
        argument: &str,
    ) -> Result<Vec<Option<R>>, Failure> {
        let mut answers = Vec::with_capacity(paths.len());
        for paths in paths.chunks(CALLS_AT_ONCE) {
            self.call_chunk(paths, method, argument, &mut answers)?;
        }
        Ok(answers)
    }

    fn call_chunk<R: ReadAll>(
        &self,
        paths: &[Path<'static>],
        method: Method<'_>,
        argument: &str,
        answers: &mut Vec<Option<R>>,
    ) -> Result<(), Failure> {
        let mut serials = Vec::with_capacity(paths.len());
        for path in paths {
            let message = message(Method { path, ..method }, (argument,));
            serials.push(
                self.channel
                    .send(message)
                    .map_err(|()| self.disconnected())?,
            );
        }
        let first = answers.len();
        answers.extend(paths.iter().map(|_| None));
        let mut outstanding = paths.len();
        while outstanding > 0 {
            let Some(mut message) = self.next_message(self.deadline.get(), self.limits.call)?
            else {
                continue;
            };
            let serial = message.get_reply_serial();
            let Some(index) = serials.iter().position(|sent| Some(*sent) == serial) else {
                continue;
            };
            outstanding -= 1;
            let answer = message.as_result().and_then(|answer| answer.read_all());
            answers[first + index] = match answer.map_err(|error| self.failure(method, &error)) {
                Ok(answer) => Some(answer),
                Err(Failure::NoObject) => None,
                Err(failure) => return Err(failure),
            };
        }
        Ok(())
    }

    /// Whether someone owns the service's name.
    pub(crate) fn is_owned(&self, service: &str) -> Result<bool, Error> {
        self.send(bus_method("NameHasOwner", "find its service"), (service,))
            .map(|answer| answer.read1().unwrap_or(false))
            .map_err(|failure| self.error(failure))
    }

    /// Whether somebody would be started to own the service's name.
    pub(crate) fn is_activatable(&self, service: &str) -> Result<bool, Error> {
        let method = bus_method("ListActivatableNames", "find its service");
        let answer = self
            .send(method, ())
            .map_err(|failure| self.error(failure))?;
        let names: Vec<String> = answer.read1().unwrap_or_default();
        Ok(names.iter().any(|name| name == service))
    }

    pub(crate) fn send<A: AppendAll>(
        &self,
        method: Method<'_>,
        arguments: A,
    ) -> Result<Message, Failure> {
        let remaining = self
            .deadline
            .get()
            .saturating_duration_since(Instant::now());
        let message = message(method, arguments);
        // Started milliseconds count, so that the deadline is over when there is no answer.
        let remaining = remaining + Duration::from_millis(1);
        self.channel
            .send_with_reply_and_block(message, remaining)
            .map_err(|error| self.failure(method, &error))
    }

    /// The next message of any kind, or `None` to look again.
    pub(crate) fn next_message(
        &self,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Option<Message>, Failure> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            return Err(self.timed_out(limit).into());
        }
        self.channel
            .blocking_pop_message(remaining.max(Duration::from_millis(1)))
            .map_err(|_| self.disconnected())
    }

    fn failure(&self, method: Method<'_>, error: &dbus::Error) -> Failure {
        let message = error.message().unwrap_or_default();
        let name = error.name().unwrap_or_default();
        let failed = || Error::failed(self.backend, method.purpose, message);
        let unavailable = |reason: &str| Error::unavailable(self.backend, reason);
        match name.rsplit('.').next().unwrap_or_default() {
            "IsLocked" => Failure::Locked,
            "NoSuchObject" | "UnknownObject" | "UnknownMethod" | "UnknownInterface" => {
                Failure::NoObject
            }
            "NoSession" | "Disconnected" => Failure::Stale(failed()),
            "NoReply" | "Timeout" | "TimedOut" if Instant::now() >= self.deadline.get() => {
                self.timed_out(self.limits.call).into()
            }
            "NoReply" => Failure::Stale(unavailable("its service ended while it was asked")),
            "ServiceUnknown" | "NameHasNoOwner" => {
                unavailable("its service does not run on the session bus").into()
            }
            _ if name.contains(".Spawn.") => unavailable("its service cannot be started").into(),
            "AccessDenied" => Error::Denied {
                backend: self.backend,
                reason: message.to_owned(),
            }
            .into(),
            _ => failed().into(),
        }
    }

    /// The error for whoever called the store.
    pub(crate) fn error(&self, failure: Failure) -> Error {
        match failure {
            Failure::Locked => Error::Locked {
                backend: self.backend,
                what: "the collection".to_owned(),
            },
            Failure::NoObject => {
                Error::failed(self.backend, "find the item", "it has just been removed")
            }
            Failure::Stale(error) | Failure::Other(error) => error,
        }
    }

    fn timed_out(&self, limit: Duration) -> Error {
        timed_out(self.backend, limit)
    }

    fn disconnected(&self) -> Failure {
        Failure::Stale(Error::unavailable(
            self.backend,
            "the connection to the session bus was lost",
        ))
    }
}

/// A method of the bus itself.
pub(crate) fn bus_method(member: &'static str, purpose: &'static str) -> Method<'static> {
    Method {
        service: BUS,
        path: "/org/freedesktop/DBus",
        interface: BUS,
        member,
        purpose,
    }
}

fn message<A: AppendAll>(method: Method<'_>, arguments: A) -> Message {
    Message::call_with_args(
        method.service,
        method.path,
        method.interface,
        method.member,
        arguments,
    )
}

fn timed_out(backend: Backend, limit: Duration) -> Error {
    Error::TimedOut {
        backend,
        seconds: limit.as_secs(),
    }
}

/// libdbus waits up to 25 s for the bus to greet, and without end for a full socket, so somebody else does the waiting.
fn connect_within(backend: Backend, address: String, limit: Duration) -> Result<Channel, Error> {
    let unavailable = |reason: String| Error::unavailable(backend, reason);
    let (sender, receiver) = mpsc::channel();
    let connect = move || {
        let connected = Channel::open_private(&address).and_then(|mut channel| {
            channel.register()?;
            Ok(channel)
        });
        // Fails only if nobody waits any more.
        let _ = sender.send(connected);
    };
    thread::Builder::new()
        .name("session-bus".to_owned())
        .spawn(connect)
        .map_err(|error| unavailable(format!("cannot start a thread: {error}")))?;
    match receiver.recv_timeout(limit) {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(unavailable(format!(
            "cannot connect to the D-Bus session bus: {}",
            error.message().unwrap_or("no reason given")
        ))),
        Err(_) => Err(timed_out(backend, limit)),
    }
}

/// A value inside `a{sv}`.
pub(crate) fn boxed(value: impl RefArg + 'static) -> Variant<Box<dyn RefArg>> {
    Variant(Box::new(value))
}
