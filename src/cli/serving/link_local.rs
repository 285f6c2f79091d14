//! `--link-local`: the metadata service's own address, in a network of the command's own or with sudo.

use std::ffi::{OsStr, OsString};

use super::super::args::{Exec, LinkLocal};
use super::super::context::Context;
use super::super::output::notice;
use super::source::{Described, Source};
use super::start::{self, Address, Served};
use super::{announce, environment, site};
use crate::child::{self, Handover};
use crate::credentials::SessionCredentials;
use crate::error::CliError;
pub use crate::link_local::Alias;
use crate::link_local::{self, ADDRESS, Missing, Network, NotAdded, NotMade, Tool, Waiting};
use crate::peer::Sockets;
use crate::server::{Neighbours, Subject};

/// The address, and by what we have it.
struct Place {
    address: Address,
    sockets: Sockets,
    by: By,
}

enum By {
    /// The command waits in a network of its own.
    Namespace(Waiting),
    /// It will run in the machine's.
    Alias(Alias),
}

/// The command to be, with everything decided but where it runs.
struct Future<'a> {
    command: &'a child::Command,
    environment: &'a [(OsString, OsString)],
}

/// Runs the command beside a metadata server at the true address.
pub fn beside(
    context: &Context,
    args: &Exec,
    how: LinkLocal,
    described: &Described,
    first: Vec<(Subject, SessionCredentials)>,
    source: &Source,
) -> Result<child::Ended, CliError> {
    let environment = environment(context, described, Handover::Instance { endpoint: None });
    let command = child::command(&args.command, &context.environment);
    let future = Future {
        command: &command,
        environment: &environment,
    };
    let place = future.place(context, how)?;
    let served = Served {
        address: &place.address,
        site: site(args, described, &place.address)?,
        neighbours: Neighbours::OurUser(place.sockets),
        first,
        verbose: args.servers.manner.verbose,
    };
    announce(context, args, &command, &place.address.url());
    let _running = start::start(context, served, source)?;
    match place.by {
        By::Namespace(mut waiting) => child::attend(&command, || waiting.go()),
        By::Alias(_alias) => child::supervise(&command, environment),
    }
}

/// The address on the machine's loopback, for `server`: the programs it is for run outside.
pub fn on_this_machine(context: &Context) -> Result<(Address, Alias), CliError> {
    if link_local::is_taken() {
        return Err(taken());
    }
    let (socket, alias) = Alias::add(&context.environment).map_err(|error| not_added(&error))?;
    Ok((at(socket), alias))
}

impl Future<'_> {
    fn place(&self, context: &Context, how: LinkLocal) -> Result<Place, CliError> {
        match how {
            LinkLocal::Namespace => self.in_namespace(context),
            LinkLocal::Sudo => on_machine(context),
            LinkLocal::Offline => {
                notice("the command has no network but its own loopback (--link-local=offline)");
                self.enter(Network::Nothing)
            }
            LinkLocal::Auto => self.in_namespace(context).or_else(|why| {
                notice(&format!("{}; trying sudo", why.message));
                on_machine(context).map_err(|error| both(why, error))
            }),
        }
    }

    fn in_namespace(&self, context: &Context) -> Result<Place, CliError> {
        let environment = &context.environment;
        let tool: Tool = link_local::tool(environment).map_err(|why| not_connected(&why))?;
        self.enter(Network::By(&tool, environment))
    }

    fn enter(&self, network: Network<'_>) -> Result<Place, CliError> {
        let arguments = self.command.arguments.iter().map(OsString::as_os_str);
        let words: Vec<&OsStr> = std::iter::once(self.command.program.as_os_str())
            .chain(arguments)
            .collect();
        let is_shell = self.command.is_default_shell;
        let spawn = |stage| child::spawn(stage, is_shell);
        let (socket, sockets, waiting) = link_local::open(&words, self.environment, network, spawn)
            .map_err(|error| not_made(&error))?;
        Ok(Place {
            address: at(socket),
            sockets,
            by: By::Namespace(waiting),
        })
    }
}

fn on_machine(context: &Context) -> Result<Place, CliError> {
    let (address, alias) = on_this_machine(context)?;
    Ok(Place {
        address,
        sockets: Sockets::of_this_namespace(),
        by: By::Alias(alias),
    })
}

fn at(socket: std::net::TcpListener) -> Address {
    Address {
        socket,
        at: ADDRESS,
    }
}

fn not_connected(why: &Missing) -> CliError {
    let error = CliError::new(format!(
        "a network of the command's own would have no way out: {why}"
    ));
    match why {
        Missing::Program => error.hint("install pasta (Debian and Fedora: passt) or slirp4netns"),
        Missing::Device(_) => error.hint("the device must be there, and writable for you: chmod 666 /dev/net/tun"),
    }
    .hint("--link-local=sudo adds the address to this machine; --link-local=offline does without other network")
}

fn not_made(why: &NotMade) -> CliError {
    let error = CliError::new(format!(
        "the command cannot have a network of its own: {why}"
    ));
    match why {
        NotMade::Namespace(_) => error.hint(
            "the system may forbid user namespaces: see sysctl kernel.apparmor_restrict_unprivileged_userns, \
             kernel.unprivileged_userns_clone and user.max_user_namespaces; containers mostly do",
        ),
        NotMade::Network(..) => error,
    }
    .hint("--link-local=sudo adds the address to this machine's loopback instead")
}

fn not_added(why: &NotAdded) -> CliError {
    CliError::new(format!(
        "169.254.169.254 cannot be added to this machine's loopback: {why}"
    ))
    .hint(
        "without --link-local no privileges are needed: AWS's SDKs of the last years read \
         AWS_EC2_METADATA_SERVICE_ENDPOINT",
    )
}

fn taken() -> CliError {
    CliError::new("169.254.169.254:80 is taken: something on this machine or its network answers there")
        .hint("if that is another aws-vault, end it; if this is a cloud instance, its own metadata service must stay")
        .hint("--link-local=namespace leaves this machine's address alone; without --link-local none is needed")
}

/// Neither way: what hinders the better one comes first.
fn both(namespace: CliError, sudo: CliError) -> CliError {
    let mut error = CliError::new(format!("{}; and {}", namespace.message, sudo.message));
    let hints = namespace.hints.into_iter().chain(sudo.hints);
    // What was tried already is no advice.
    error.hints = hints
        .filter(|hint| !hint.starts_with("--link-local="))
        .collect();
    error
}
