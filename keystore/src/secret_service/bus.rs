//! Calls over the session bus, each within a time limit.

use std::cell::Cell;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dbus::Message;
use dbus::arg::{AppendAll, Arg, Get, ReadAll, RefArg, Variant};
use dbus::channel::Channel;
use dbus::strings::Path;

use super::{BACKEND, Limits};
use crate::Error;

pub(super) const SERVICE: &str = "org.freedesktop.secrets";
pub(super) const SERVICE_PATH: &str = "/org/freedesktop/secrets";
pub(super) const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// Well below the 128 open calls that a bus allows each connection.
const CALLS_AT_ONCE: usize = 64;

/// The path that the Secret Service gives for "none".
pub(super) const NO_OBJECT: &str = "/";

/// Why a call failed, as far as the caller acts on it.
pub(super) enum Failure {
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
pub(super) struct Method<'a> {
    pub(super) path: &'a str,
    pub(super) interface: &'static str,
    pub(super) member: &'static str,
    /// Completes "the secret-service keystore failed to …".
    pub(super) purpose: &'static str,
}

/// A connection to the session bus.
pub(super) struct Bus {
    channel: Channel,
    pub(super) limits: Limits,
    /// When the operation under way has to be finished; prompts do not count.
    deadline: Cell<Instant>,
}

impl Bus {
    /// Connects to the bus at that address, or at the one of the user's session.
    pub(super) fn connect(address: Option<&str>, limits: Limits) -> Result<Self, Error> {
        let address = address
            .map(str::to_owned)
            .or_else(|| session_address(|name| env::var_os(name)))
            .ok_or_else(|| {
                unavailable("there is no D-Bus session bus (DBUS_SESSION_BUS_ADDRESS is not set)")
            })?;
        Ok(Bus {
            channel: connect_within(address, limits.call)?,
            limits,
            deadline: Cell::new(Instant::now() + limits.call),
        })
    }

    /// Gives the operation that begins its full time.
    pub(super) fn restart_clock(&self) {
        self.deadline.set(Instant::now() + self.limits.call);
    }

    pub(super) fn call<A: AppendAll, R: ReadAll>(
        &self,
        method: Method<'_>,
        arguments: A,
    ) -> Result<R, Failure> {
        let reply = self.send(SERVICE, method, arguments)?;
        reply
            .read_all()
            .map_err(|error| self.failure(method, &error))
    }

    pub(super) fn property<T>(&self, method: Method<'_>, name: &'static str) -> Result<T, Failure>
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
    pub(super) fn call_each<R: ReadAll>(
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
            let message = message(SERVICE, Method { path, ..method }, (argument,));
            serials.push(self.channel.send(message).map_err(|()| disconnected())?);
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

    /// Whether someone owns the service's name, or would be started to own it.
    pub(super) fn has_service(&self) -> Result<bool, Error> {
        let method = |member| Method {
            path: "/org/freedesktop/DBus",
            interface: BUS,
            member,
            purpose: "find the service",
        };
        let ask = || -> Result<bool, Failure> {
            let owned = self.send(BUS, method("NameHasOwner"), (SERVICE,))?;
            if owned.read1::<bool>().unwrap_or(false) {
                return Ok(true);
            }
            let activatable = self.send(BUS, method("ListActivatableNames"), ())?;
            let names: Vec<String> = activatable.read1().unwrap_or_default();
            Ok(names.iter().any(|name| name == SERVICE))
        };
        ask().map_err(into_error)
    }

    pub(super) fn send<A: AppendAll>(
        &self,
        destination: &str,
        method: Method<'_>,
        arguments: A,
    ) -> Result<Message, Failure> {
        let remaining = self
            .deadline
            .get()
            .saturating_duration_since(Instant::now());
        let message = message(destination, method, arguments);
        self.channel
            .send_with_reply_and_block(message, remaining.max(Duration::from_millis(1)))
            .map_err(|error| self.failure(method, &error))
    }

    /// The next message of any kind, or `None` to look again.
    pub(super) fn next_message(
        &self,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Option<Message>, Failure> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            return Err(timed_out(limit).into());
        }
        self.channel
            .blocking_pop_message(remaining.max(Duration::from_millis(1)))
            .map_err(|_| disconnected())
    }

    fn failure(&self, method: Method<'_>, error: &dbus::Error) -> Failure {
        let message = error.message().unwrap_or_default();
        let name = error.name().unwrap_or_default();
        match name.rsplit('.').next().unwrap_or_default() {
            "IsLocked" => Failure::Locked,
            "NoSuchObject" | "UnknownObject" | "UnknownMethod" | "UnknownInterface" => {
                Failure::NoObject
            }
            "NoSession" | "Disconnected" => Failure::Stale(dbus_error(method.purpose, message)),
            "NoReply" | "Timeout" | "TimedOut" if Instant::now() >= self.deadline.get() => {
                timed_out(self.limits.call).into()
            }
            "NoReply" => Failure::Stale(unavailable("the service ended while it was asked")),
            "ServiceUnknown" | "NameHasNoOwner" => {
                unavailable("no secret service runs on the session bus").into()
            }
            _ if name.contains(".Spawn.") => {
                unavailable("the secret service cannot be started").into()
            }
            "AccessDenied" => Error::Denied {
                backend: BACKEND,
                reason: message.to_owned(),
            }
            .into(),
            _ => dbus_error(method.purpose, message).into(),
        }
    }
}

/// The error for whoever called the store.
pub(super) fn into_error(failure: Failure) -> Error {
    match failure {
        Failure::Locked => Error::Locked {
            backend: BACKEND,
            what: "the collection".to_owned(),
        },
        Failure::NoObject => dbus_error("find the item", "it has just been removed"),
        Failure::Stale(error) | Failure::Other(error) => error,
    }
}

pub(super) fn dbus_error(operation: &'static str, message: &str) -> Error {
    Error::failed(BACKEND, operation, message)
}

pub(super) fn unavailable(reason: &str) -> Error {
    Error::unavailable(BACKEND, reason)
}

fn message<A: AppendAll>(destination: &str, method: Method<'_>, arguments: A) -> Message {
    Message::call_with_args(
        destination,
        method.path,
        method.interface,
        method.member,
        arguments,
    )
}

fn timed_out(limit: Duration) -> Error {
    Error::TimedOut {
        backend: BACKEND,
        seconds: limit.as_secs(),
    }
}

fn disconnected() -> Failure {
    Failure::Stale(unavailable("the connection to the session bus was lost"))
}

/// Never "autolaunch", libdbus's own default: it would start a bus that nobody else can see.
fn session_address(environment: impl Fn(&str) -> Option<OsString>) -> Option<String> {
    let configured =
        environment("DBUS_SESSION_BUS_ADDRESS").and_then(|address| address.into_string().ok());
    configured
        .filter(|address| !address.is_empty())
        .or_else(|| {
            let socket = PathBuf::from(environment("XDG_RUNTIME_DIR")?).join("bus");
            let escaped = dbus_escaped(socket.to_str()?);
            socket.exists().then(|| format!("unix:path={escaped}"))
        })
}

/// Escapes a value for a D-Bus address.
fn dbus_escaped(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'-' | b'_' | b'/' | b'.' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        })
        .collect()
}

/// libdbus waits up to 25 s for the bus to greet, and without end for a full socket, so somebody else does the waiting.
fn connect_within(address: String, limit: Duration) -> Result<Channel, Error> {
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
        .map_err(|error| unavailable(&format!("cannot start a thread: {error}")))?;
    match receiver.recv_timeout(limit) {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(unavailable(&format!(
            "cannot connect to the D-Bus session bus: {}",
            error.message().unwrap_or("no reason given")
        ))),
        Err(_) => Err(timed_out(limit)),
    }
}

/// A value inside `a{sv}`.
pub(super) fn boxed(value: impl RefArg + 'static) -> Variant<Box<dyn RefArg>> {
    Variant(Box::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(variables: &[(&str, &str)]) -> Option<String> {
        session_address(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_bus_is_the_configured_one_or_the_one_of_the_runtime_directory() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = dir.path().join("run time");
        std::fs::create_dir(&runtime).unwrap();
        let runtime_variable = ("XDG_RUNTIME_DIR", runtime.to_str().unwrap());
        assert_eq!(address(&[]), None);
        assert_eq!(address(&[runtime_variable]), None);
        std::fs::write(runtime.join("bus"), "").unwrap();
        let expected = format!("unix:path={}/run%20time/bus", dir.path().display());
        assert_eq!(address(&[runtime_variable]), Some(expected.clone()));
        let configured = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x");
        assert_eq!(
            address(&[runtime_variable, configured]).as_deref(),
            Some("unix:path=/x")
        );
        assert_eq!(
            address(&[runtime_variable, ("DBUS_SESSION_BUS_ADDRESS", "")]),
            Some(expected)
        );
    }
}
