//! Opening an address and starting to serve there.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::sync::Arc;

use super::super::context::Context;
use super::super::output::notice;
use super::source::Source;
use crate::credentials::SessionCredentials;
use crate::error::CliError;
use crate::hardening;
use crate::server::{self, Listener, Neighbours, Running, Site, Subject};

/// An address that is ours already, so that nobody else can take it before the command starts.
#[derive(Debug)]
pub struct Address {
    pub socket: TcpListener,
    pub at: SocketAddrV4,
}

/// What is served where.
#[derive(Debug)]
pub struct Served<'a> {
    pub address: &'a Address,
    pub site: Site,
    pub neighbours: Neighbours,
    pub first: Vec<(Subject, SessionCredentials)>,
    pub verbose: bool,
}

/// A port of 127.0.0.1; 0 for a free one.
pub fn loopback(port: u16) -> Result<Address, CliError> {
    Address::open(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
}

/// Serves until the result is dropped.
pub fn start(context: &Context, served: Served<'_>, source: &Source) -> Result<Running, CliError> {
    hardening::allow_many_files();
    let listener = Listener {
        socket: served
            .address
            .socket
            .try_clone()
            .map_err(|error| not_started(&error))?,
        site: Arc::new(served.site),
        neighbours: served.neighbours,
    };
    server::start(
        vec![listener],
        server::Supply {
            fetch: source.fetch(),
            first: served.first,
            clock: context.clock,
        },
        served
            .verbose
            .then(|| Arc::new(notice) as server::AccessLog),
    )
    .map_err(|error| not_started(&error))
}

pub fn no_random(error: getrandom::Error) -> CliError {
    CliError::new(format!(
        "no random numbers from the operating system: {error}"
    ))
}

fn not_started(error: &std::io::Error) -> CliError {
    CliError::new(format!("the server cannot be started: {error}"))
}

impl Address {
    pub fn open(at: SocketAddrV4) -> Result<Self, CliError> {
        let open = || {
            let socket = TcpListener::bind(at)?;
            match socket.local_addr()? {
                SocketAddr::V4(at) => Ok(Self { socket, at }),
                SocketAddr::V6(_) => Err(std::io::ErrorKind::AddrNotAvailable.into()),
            }
        };
        open().map_err(|error: std::io::Error| {
            let shown = CliError::new(format!("{at} cannot be listened on: {error}"));
            if error.kind() == std::io::ErrorKind::AddrInUse {
                shown.hint("another program listens there; choose another --port")
            } else {
                shown
            }
        })
    }

    /// With a slash at the end: Ruby refuses an empty path, and the AWS CLI 2.9 to 2.17 appends to what is there.
    pub fn url(&self) -> String {
        format!("http://{}/", self.hosts()[0])
    }

    /// As a `Host` header names us: without the port where that is HTTP's own.
    ///
    /// Source: RFC 9110, section 7.2.
    pub fn hosts(&self) -> Vec<String> {
        if self.at.port() == 80 {
            vec![self.at.ip().to_string(), self.at.to_string()]
        } else {
            vec![self.at.to_string()]
        }
    }
}
