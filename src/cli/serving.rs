//! `exec --ecs-server` and `exec --ec2-server`: a command beside a server that renews its credentials.

mod ask;
#[cfg(target_os = "linux")]
pub(super) mod link_local;
#[cfg(not(target_os = "linux"))]
#[path = "serving/link_local_elsewhere.rs"]
pub(super) mod link_local;
pub(super) mod shadow;
pub(super) mod source;
pub(super) mod start;
pub(super) mod token_file;

use std::ffi::OsString;
use std::process::ExitCode;

use super::args::{Exec, HttpTokens, Servers};
use super::context::Context;
use super::output::{notice, stdout_is_terminal};
use crate::child::{self, Delivery, Handover, Token};
use crate::error::CliError;
use crate::peer::Sockets;
use crate::server::{Container, Grant, Instance, Neighbours, Secret, Site, Tokens};
use source::{Described, Source};
use start::{Address, loopback};
use token_file::TokenFile;

/// What the Go tool refuses, in its words.
pub fn refuse_contradictions(args: &Exec) -> Result<(), CliError> {
    let Servers { ecs, ec2, .. } = args.servers;
    let no_session = args.session.no_session;
    for (together, first, second) in [
        (ec2 && ecs, "--ec2-server", "--ecs-server"),
        (ec2 && no_session, "--ec2-server", "--no-session"),
        (ecs && no_session, "--ecs-server", "--no-session"),
        (ec2 && args.profile_env, "--ec2-server", "--profile-env"),
        (ecs && args.profile_env, "--ecs-server", "--profile-env"),
    ] {
        if together {
            let why = CliError::usage(format!("Can't use {first} with {second}"));
            return Err(if second == "--no-session" {
                why.hint("SDKs take only credentials that expire from a server")
            } else {
                why
            });
        }
    }
    Ok(())
}

/// Runs the command beside a server, and ends as it ends.
pub fn exec(context: &Context, args: &Exec, profile: &str) -> Result<ExitCode, CliError> {
    let ended = {
        let source = Source::start(context, &args.session, &args.mfa, vec![profile.to_owned()])?;
        let described = source.describe(0)?;
        shadow::warn(context);
        let first = if args.servers.manner.lazy {
            Vec::new()
        } else {
            vec![source.first(0)?]
        };
        if let Some(how) = args.servers.link_local {
            link_local::beside(context, args, how, &described, first, &source)?
        } else {
            let address = loopback(0)?;
            let site = site(args, &described, &address)?;
            let served = start::Served {
                address: &address,
                site,
                neighbours: Neighbours::OurUser(Sockets::of_this_namespace()),
                first,
                verbose: args.servers.manner.verbose,
            };
            beside(context, args, &described, served, &source)?
        }
    };
    Ok(ended.into_code())
}

fn beside(
    context: &Context,
    args: &Exec,
    described: &Described,
    served: start::Served<'_>,
    source: &Source,
) -> Result<child::Ended, CliError> {
    let site = &served.site;
    let uri = served.address.url();
    let token = site.container.as_ref().map(|it| &it.grants[0].token);
    let file = match token {
        Some(token) if args.servers.token_file => Some(TokenFile::write(context, token, None)?),
        _ => None,
    };
    let credentials = match (token, &file) {
        (Some(_), Some(file)) => Handover::Container {
            uri: &uri,
            token: Token::File(file.path()),
        },
        (Some(token), None) => Handover::Container {
            uri: &uri,
            token: Token::Value(token),
        },
        (None, _) => Handover::Instance {
            endpoint: Some(&uri),
        },
    };
    let environment = environment(context, described, credentials);
    let command = child::command(&args.command, &context.environment);
    announce(context, args, &command, &uri);
    let _running = start::start(context, served, source)?;
    child::supervise(&command, environment)
}

/// The command's.
fn environment(
    context: &Context,
    described: &Described,
    credentials: Handover<'_>,
) -> Vec<(OsString, OsString)> {
    let delivery = Delivery {
        profile: &described.facts.profile,
        region: described.facts.region.as_deref(),
        endpoint_url: described.endpoint_url.as_deref(),
        credentials,
    };
    child::environment(&context.environment, &delivery)
}

/// Tells a person that a subshell is started, and beside what.
fn announce(context: &Context, args: &Exec, command: &child::Command, uri: &str) {
    let banner = child::banner(
        command,
        &context.environment,
        stdout_is_terminal(),
        context.global.debug,
    );
    if let Some(banner) = banner {
        notice(&format!("{} at {uri}", what(args)));
        eprint!("{banner}");
    }
}

fn what(args: &Exec) -> &'static str {
    if args.servers.ecs {
        "a container credentials server runs beside it"
    } else {
        "an instance metadata server runs beside it"
    }
}

fn site(args: &Exec, described: &Described, address: &Address) -> Result<Site, CliError> {
    let servers = &args.servers;
    let grant = || {
        Ok(Grant {
            token: Secret::random()?,
            only: None,
        })
    };
    let instance = || {
        Ok(Instance {
            tokens: Tokens::new()?,
            tokens_optional: servers.manner.http_tokens == HttpTokens::Optional,
        })
    };
    let grant = servers.ecs.then(grant).transpose();
    let instance = servers.ec2.then(instance).transpose();
    Ok(Site {
        hosts: address.hosts(),
        profiles: vec![described.facts.clone()],
        container: grant.map_err(start::no_random)?.map(|grant| Container {
            grants: vec![grant],
        }),
        instance: instance.map_err(start::no_random)?,
    })
}
