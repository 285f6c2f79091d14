//! `aws-vault login`: the AWS console in the browser, with temporary credentials and the role assumed.

mod page;
mod signer;
mod window;

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::args::Login;
use super::context::Context;
use super::output::{notice, print};
use crate::browser::{Opening, Window};
use crate::config::profile::{Endpoints, Setting};
use crate::console::{self, SignIn};
use crate::error::CliError;
use crate::terminal::Terminal;
use page::page;
use signer::{Identity, Signer};
pub(super) use window::colour;
use window::window;

pub fn run(context: &Context, args: &Login) -> Result<(), CliError> {
    if args.switch_role {
        return switch_role(context, args);
    }
    let signer = Signer::find(context, args)?;
    let region = signer.region();
    let page = page(args, &signer, region.as_deref())?;
    let window = window(&args.window, &signer.profile, &signer.place())?;
    let way = Way::of(context, args, &window)?;
    let (identity, service) = signer.identity(context, args)?;
    let (session, duration) = match identity {
        Identity::Federated { session, duration } => (session, duration),
        Identity::OfBrowser { arn } => {
            notice(&format!(
                "AWS opens no console with the credentials of {arn}: the page opens with the session that your browser has"
            ));
            let url = console::page(region.as_deref(), page)?;
            return way.deliver_public(context, &url);
        }
    };
    let endpoints = &service.endpoints;
    let link = console::link(
        &session,
        &SignIn {
            region: region.as_deref(),
            page,
            session_duration: duration.map(|seconds| Duration::from_secs(seconds.into())),
            endpoint: sign_in_endpoint(endpoints),
            ca_bundle: endpoints
                .ca_bundle
                .as_ref()
                .map(|path| Path::new(path.value.as_str())),
            auto_logout: args.auto_logout,
        },
    )?;
    way.deliver(context, &link)
}

fn switch_role(context: &Context, args: &Login) -> Result<(), CliError> {
    let profile = Signer::profile(context, args)?;
    let link = super::switch_roles::of_profile(&profile, args.window.colour.as_deref())?.link();
    let window = window(&args.window, &profile, &signer::place(&profile))?;
    Way::of(context, args, &window)?.deliver_public(context, &link)
}

/// Where the link goes. What stands in the way is found out before anybody is asked for a code.
enum Way {
    Stdout,
    Picture,
    Clipboard(Terminal),
    Browser(Opening),
}

impl Way {
    fn of(context: &Context, args: &Login, window: &Window) -> Result<Self, CliError> {
        Ok(if args.stdout {
            Self::Stdout
        } else if args.qr {
            Self::Picture
        } else if args.copy {
            let terminal = Terminal::open()
                .map_err(|error| CliError::from(error).hint("--stdout prints the link"))?;
            Self::Clipboard(terminal)
        } else {
            let state = context.sessions().dir();
            Self::Browser(Opening::to(window, &context.environment, state)?)
        })
    }

    fn deliver(self, context: &Context, link: &SecretString) -> Result<(), CliError> {
        match self {
            Self::Browser(opening) => Ok(opening.open(link, &context.environment)?),
            other => other.print(link),
        }
    }

    /// For an address that is no secret.
    fn deliver_public(self, context: &Context, url: &str) -> Result<(), CliError> {
        match self {
            Self::Browser(opening) => Ok(opening.open_public(url, &context.environment)?),
            other => other.print(&url.into()),
        }
    }

    fn print(self, link: &SecretString) -> Result<(), CliError> {
        match self {
            Self::Stdout => print(&format!("{}\n", link.expose_secret())),
            Self::Picture => print(&super::qr::code(link.expose_secret())?),
            Self::Clipboard(mut terminal) => {
                terminal.copy(link)?;
                notice("the link is in your terminal's clipboard");
                Ok(())
            }
            Self::Browser(_) => Ok(()),
        }
    }
}

/// The sign-in endpoint receives the session itself, not a signature, so a general `endpoint_url` counts only on this computer.
fn sign_in_endpoint(endpoints: &Endpoints) -> Option<&str> {
    let on_loopback = |url: &&Setting<String>| url.value.starts_with("http://");
    endpoints
        .signin
        .as_ref()
        .or(endpoints.all.as_ref().filter(on_loopback))
        .map(|url| url.value.as_str())
}
