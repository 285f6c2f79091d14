//! `aws-vault server`: credentials for programs that are started elsewhere.

use std::fmt::Write as _;
use std::net::SocketAddrV4;

use zeroize::Zeroizing;

use super::args::{Form, HttpTokens, Proxy, Server};
use super::context::Context;
use super::formats;
use super::output::{notice, print};
use super::serving::link_local::{self, Alias};
use super::serving::shadow;
use super::serving::source::{Described, Source};
use super::serving::start::{self, Address, Served};
use super::serving::token_file::TokenFile;
use crate::error::CliError;
use crate::peer::Sockets;
use crate::server::{Container, Grant, Instance, Neighbours, Secret, Site, Tokens};

/// Where compose files point to.
const DOCKER_PORT: u16 = 9078;

pub fn run(context: &Context, args: &Server) -> Result<(), CliError> {
    if args.stop {
        return proxy(&Proxy { stop: true });
    }
    let profiles = match args.profiles.as_slice() {
        [] => vec![context.profile(context.environment.var("AWS_PROFILE"))?],
        given => given.to_vec(),
    };
    let source = Source::start(context, &args.session, &args.mfa, profiles.clone())?;
    let described: Result<Vec<Described>, _> =
        (0..profiles.len()).map(|at| source.describe(at)).collect();
    let described = described?;
    let (address, _alias) = address(context, args)?;
    let eager = if args.manner.lazy { 0 } else { profiles.len() };
    let first: Result<Vec<_>, _> = (0..eager).map(|at| source.first(at)).collect();
    let site = site(args, &described, &address)?;
    let file = match site.container.as_ref().map(|it| &it.grants[0].token) {
        Some(token) if args.token_file => Some(TokenFile::write(context, token, args.port)?),
        _ => None,
    };
    let document = document(
        args.format,
        &variables(args, &site, &address, file.as_ref()),
    )?;
    let served = Served {
        address: &address,
        site,
        neighbours: neighbours(args),
        first: first?,
        verbose: args.manner.verbose,
    };
    let _running = start::start(context, served, &source)?;
    shadow::warn(context);
    print(&document)?;
    notice(&format!(
        "serving {} at {}; Ctrl-C ends it",
        profiles.join(", "),
        address.url()
    ));
    loop {
        std::thread::park();
    }
}

/// The Go tool's helper listened at 169.254.169.254 as root. Scripts that end it may go on; those that start it must change.
pub fn proxy(args: &Proxy) -> Result<(), CliError> {
    if args.stop {
        notice("there is no separate proxy to stop: each server ends with its command");
        return Ok(());
    }
    Err(CliError::usage("there is no separate proxy")
        .hint("`aws-vault exec --ec2-server PROFILE -- COMMAND` needs none; `aws-vault server PROFILE` stands alone"))
}

/// The metadata service's own address is there for as long as the second half lives.
fn address(context: &Context, args: &Server) -> Result<(Address, Option<Alias>), CliError> {
    if args.link_local {
        let (address, alias) = link_local::on_this_machine(context)?;
        return Ok((address, Some(alias)));
    }
    let address = match args.docker {
        None => start::loopback(args.port.unwrap_or(0)),
        Some(gateway) => {
            let at = SocketAddrV4::new(gateway.address, args.port.unwrap_or(DOCKER_PORT));
            Address::open(at).map_err(|error| {
                error.hint(format!(
                    "the network must exist first: docker network create --subnet {}/{} --gateway {} aws-vault",
                    network(gateway.address, gateway.prefix),
                    gateway.prefix,
                    gateway.address
                ))
            })
        }
    };
    Ok((address?, None))
}

fn network(address: std::net::Ipv4Addr, prefix: u8) -> std::net::Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
    (u32::from(address) & mask).into()
}

fn neighbours(args: &Server) -> Neighbours {
    match args.docker {
        None => Neighbours::OurUser(Sockets::of_this_namespace()),
        Some(gateway) => Neighbours::Network {
            address: gateway.address,
            prefix: gateway.prefix,
        },
    }
}

/// Containers get a token for one profile each, and no metadata: nothing tells whose container asks. At the metadata service's
/// own address no SDK looks for container credentials.
fn site(args: &Server, described: &[Described], address: &Address) -> Result<Site, CliError> {
    let scopes: Vec<Option<usize>> = match args.docker {
        None => vec![None],
        Some(_) => (0..described.len()).map(Some).collect(),
    };
    let grants: Result<Vec<Grant>, _> = scopes
        .into_iter()
        .map(|only| Secret::random().map(|token| Grant { token, only }))
        .collect();
    let tokens = Tokens::new().map_err(start::no_random)?;
    Ok(Site {
        hosts: address.hosts(),
        profiles: described.iter().map(|it| it.facts.clone()).collect(),
        container: (!args.link_local).then_some(Container {
            grants: grants.map_err(start::no_random)?,
        }),
        instance: args.docker.is_none().then_some(Instance {
            tokens,
            tokens_optional: args.manner.http_tokens == HttpTokens::Optional,
        }),
    })
}

/// For each profile its name and what a program must be told.
type Block = (String, Vec<(&'static str, Zeroizing<String>)>);

fn variables(
    args: &Server,
    site: &Site,
    address: &Address,
    file: Option<&TokenFile>,
) -> Vec<Block> {
    let grants = site.container.iter().flat_map(|it| &it.grants);
    let tokens: Vec<&Secret> = grants.map(|grant| &grant.token).collect();
    let alone = site.profiles.len() == 1;
    let block = |(at, facts): (usize, &crate::server::Facts)| {
        let url = address.url();
        let uri = if alone {
            url
        } else {
            format!("{url}profile/{}", formats::in_path(&facts.profile))
        };
        let mut told: Vec<(&'static str, Zeroizing<String>)> = if args.link_local && alone {
            Vec::new()
        } else if args.ec2 || args.link_local {
            let slash = if alone { "" } else { "/" };
            vec![(
                "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                format!("{uri}{slash}").into(),
            )]
        } else {
            vec![
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.into()),
                match (file, tokens.get(at).or(tokens.first())) {
                    (Some(file), _) => (
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                        file.path().to_string_lossy().into_owned().into(),
                    ),
                    (None, token) => (
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                        token
                            .map_or(String::new(), |it| it.expose().to_owned())
                            .into(),
                    ),
                },
            ]
        };
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            told.extend(facts.region.clone().map(|region| (name, region.into())));
        }
        (facts.profile.clone(), told)
    };
    site.profiles.iter().enumerate().map(block).collect()
}

fn document(form: Form, blocks: &[Block]) -> Result<Zeroizing<String>, CliError> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    for (profile, variables) in blocks {
        if blocks.len() > 1 {
            let mark = if form == Form::Cmd { "rem" } else { "#" };
            let _ = writeln!(text, "{mark} {}", profile.escape_debug());
        }
        for (name, value) in variables {
            let line = formats::line(form.into(), name, value).map_err(CliError::new)?;
            text.push_str(&line);
            text.push('\n');
        }
    }
    Ok(text)
}
