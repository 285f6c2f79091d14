//! `aws-vault rotate`: the stored key is replaced; not even its owner knows the new one.

use super::args::{Rotate, Session};
use super::context::{Context, from_vault};
use super::obtain::{Wish, refuse_foreign_commands};
use super::output::print;
use crate::config::chain::{Base, Purpose, Service, service};
use crate::config::profile::Profile;
use crate::error::CliError;
use crate::rotation::{Error, Rotation};

pub fn run(context: &Context, args: &Rotate) -> Result<(), CliError> {
    let name = context.profile(args.profile.as_deref())?;
    let name = name.as_str();
    let session = Session {
        no_session: args.no_session,
        ..Session::default()
    };
    let wish = Wish {
        profile: name,
        purpose: Purpose::Rotate,
        session: &session,
    };
    let config = context.config()?;
    let profile = context.resolve(&config, &wish)?;
    let chain = context.cold_chain(&profile, &wish)?;
    refuse_foreign_commands(&config, &chain)?;
    let Base::Stored { profile: master } = &chain.base else {
        return Err(Error::NoStoredKey.into());
    };
    let how = if chain.links.is_empty() {
        "using master credentials".to_owned()
    } else {
        format!("using a session from profile '{name}'")
    };
    print(&format!(
        "Rotating credentials stored for profile '{master}' {how}\n"
    ))?;

    let codes = context.codes(&args.mfa)?;
    let location = context.location();
    let vault = context.vault().map_err(from_vault)?;
    let service = service_of(&profile, master);
    context.with_provider(&codes, &location, |provider| {
        Rotation {
            aws: &context.aws,
            vault,
            sessions: context.sessions(),
            location: &location,
            credentials: &|chain| provider.credentials(chain),
            progress: &|line| {
                let _ = print(&format!("{line}\n"));
            },
            sleep: &std::thread::sleep,
            clock: &context.clock,
        }
        .run(&chain, &service)
        .map_err(CliError::from)
    })?;
    context.stored_names()?;
    print("Finished rotating access key\n")
}

/// Region and endpoints of the profile whose key it is, which may be several hops from the profile asked for.
fn service_of(profile: &Profile, master: &str) -> Service {
    let owner = profile
        .lineage()
        .find(|link| link.name == master)
        .unwrap_or(profile);
    service(owner, profile)
}
