//! `aws-vault switch-roles`: the console's *Switch role* links of all role profiles.

use serde::Serialize;

use super::args::{Session, SwitchRoles};
use super::context::Context;
use super::login::colour;
use super::obtain::Wish;
use super::output::{notice, print};
use crate::browser::colour::Colour;
use crate::config::chain::Purpose;
use crate::config::profile::Profile;
use crate::console::{SwitchRole, bookmarks};
use crate::error::CliError;

/// The document of `switch-roles --json`; its members only ever gain company. Documented in docs/json.md.
#[derive(Serialize)]
struct Document {
    version: u32,
    roles: Vec<Link>,
}

#[derive(Serialize)]
struct Link {
    profile: String,
    account: String,
    role: String,
    display_name: String,
    colour: Option<&'static str>,
    url: String,
}

pub fn run(context: &Context, args: &SwitchRoles) -> Result<(), CliError> {
    let roles = roles(context)?;
    if args.json {
        let document = Document { version: 1, roles };
        let json = serde_json::to_string_pretty(&document).map_err(CliError::new)?;
        return print(&(json + "\n"));
    }
    if args.bookmarks {
        let links = roles
            .iter()
            .map(|role| (role.display_name.as_str(), role.url.as_str()));
        return print(&bookmarks::file("AWS roles", links));
    }
    if roles.is_empty() {
        notice("no profile of the config file has a role_arn");
    }
    print(&text(&roles))
}

/// The link of one profile.
pub(super) fn of_profile(
    profile: &Profile,
    colour_flag: Option<&str>,
) -> Result<SwitchRole, CliError> {
    let no_role = || {
        CliError::new(format!(
            "profile '{}' has no role to switch to",
            profile.name
        ))
        .hint("name a profile with a role_arn; `aws-vault switch-roles` lists them")
    };
    let role_arn = profile.role_arn.as_ref().ok_or_else(no_role)?;
    let name = profile.console.display_name.as_ref();
    let name = name.map_or(profile.name.as_str(), |name| name.value.as_str());
    SwitchRole::to(&role_arn.value, name, colour(colour_flag, profile)?).ok_or_else(|| {
        CliError::new(format!(
            "role_arn of profile '{}' ({}) is not the ARN of a role",
            profile.name, role_arn.origin
        ))
        .hint("write it as arn:aws:iam::111122223333:role/NAME")
    })
}

/// In the order of the config file. One profile that makes no sense does not hide the others.
fn roles(context: &Context) -> Result<Vec<Link>, CliError> {
    let config = context.config()?;
    let mut roles = Vec::new();
    for entry in config.profiles() {
        let wish = Wish {
            profile: entry.name,
            purpose: Purpose::Login,
            session: &Session::default(),
        };
        let link = context
            .resolve(&config, &wish)
            .and_then(|profile| match &profile.role_arn {
                None => Ok(None),
                Some(_) => of_profile(&profile, None).map(Some),
            });
        match link {
            Ok(None) => {}
            Ok(Some(link)) => roles.push(Link {
                profile: entry.name.to_owned(),
                url: link.link(),
                colour: link.colour.map(Colour::name),
                account: link.account,
                role: link.role,
                display_name: link.display_name,
            }),
            Err(error) => notice(&format!("left out: {}", error.message)),
        }
    }
    Ok(roles)
}

fn text(roles: &[Link]) -> String {
    let width = roles.iter().map(|role| role.profile.chars().count()).max();
    roles.iter().fold(String::new(), |text, role| {
        let profile = crate::error::visible(&role.profile);
        text + &format!("{profile:0$}  {1}\n", width.unwrap_or(0), role.url)
    })
}
