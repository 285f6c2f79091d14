//! `aws-vault bastion config USER`: the user's profiles in `~/.aws/config`, and links that switch roles in the console.

use super::super::args::bastion::Config as Args;
use super::super::context::Context;
use super::super::output::{notice, print};
use super::shared::{layout, user};
use crate::bastion::config::{Section, links, sections, sign_in_url};
use crate::config::{self, ConfigFile};
use crate::error::CliError;

pub fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let layout = layout(&args.file.file)?;
    let user = user(&layout, &args.user)?;
    let serial = args.mfa_serial.clone();
    let serial = serial.unwrap_or_else(|| layout.mfa_serial(&user.name));
    let region = args.region.as_deref();
    let sections = sections(&layout, user, &args.profile, &serial, region);
    if args.print {
        let mut text = String::new();
        for section in &sections {
            text = config::append_section(&text, &header(section), &properties(section));
        }
        print(&text)?;
    } else {
        write(context, &sections)?;
    }
    print(&format!(
        "Sign in to the console: {}\n",
        sign_in_url(&layout)
    ))?;
    for link in links(&layout, user) {
        print(&format!(
            "Switch to {} in {}: {}\n",
            link.role, link.account, link.url
        ))?;
    }
    Ok(())
}

/// Appends what is not there. A profile that says something else stays as it is, and is told.
fn write(context: &Context, sections: &[Section]) -> Result<(), CliError> {
    let path = ConfigFile::path_from(&context.environment)?;
    let mut added = Vec::new();
    config::update(&path, |file| -> Result<Option<String>, CliError> {
        let mut text = None::<String>;
        for section in sections {
            if let Some(known) = file.profile(&section.profile) {
                let missing: Vec<&str> = section
                    .properties
                    .iter()
                    .filter(|(key, value)| {
                        let found = known.setting(key).map(|setting| setting.value);
                        *key != "region" && found.as_deref() != Some(value)
                    })
                    .map(|(key, _)| *key)
                    .collect();
                if !missing.is_empty() {
                    notice(&format!(
                        "{} has another [profile {}]; it is left alone ({} differ)",
                        path.display(),
                        section.profile,
                        missing.join(", ")
                    ));
                }
                continue;
            }
            let before = match text {
                None => file.text().to_owned(),
                Some(text) => text,
            };
            let parsed = ConfigFile::parse(&path, before)?;
            text = Some(parsed.with_properties(&section.profile, &properties(section))?);
            added.push(section.profile.as_str());
        }
        Ok(text)
    })?;
    match added.as_slice() {
        [] => print(&format!("Every profile is in {} already\n", path.display())),
        added => print(&format!(
            "Added to {}: {}\n",
            path.display(),
            added.join(", ")
        )),
    }
}

fn header(section: &Section) -> String {
    match section.profile.as_str() {
        "default" => "default".to_owned(),
        name => format!("profile {name}"),
    }
}

fn properties(section: &Section) -> Vec<(&str, &str)> {
    let properties = section.properties.iter();
    properties
        .map(|(key, value)| (*key, value.as_str()))
        .collect()
}
