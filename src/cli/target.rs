//! What a command works on: a profile, or a role of the command line with a profile as its source.

use super::args::Session;
use super::context::Context;
use crate::config::ad_hoc::{Target, preferred_source};
use crate::config::profile::{Origin, Profile};
use crate::config::{ConfigFile, Overrides, resolve};
use crate::error::{CliError, visible};

impl Context {
    /// The name to resolve: the profile that was given or is picked; with `--role-arn`, the role's source.
    pub fn target(&self, given: Option<&str>, session: &Session) -> Result<String, CliError> {
        if session.role_arn.is_none() {
            return self.profile(given);
        }
        match (given, session.source.as_deref()) {
            (Some(given), Some(_)) => Err(CliError::usage(format!(
                "with --role-arn and --source there is no profile to name, but '{}' is there",
                visible(given)
            ))
            .hint("write `--` before a command: aws-vault exec --role-arn ARN --source PROFILE -- COMMAND")),
            (Some(source), None) | (None, Some(source)) => Ok(source.to_owned()),
            (None, None) => match preferred_source(&self.config()?, &self.environment) {
                Some(source) => Ok(source.value),
                None => self.profile(None),
            },
        }
    }

    /// The profile of a name; a role of the command line becomes one.
    pub(super) fn resolved(
        &self,
        config: &ConfigFile,
        name: &str,
        session: &Session,
    ) -> Result<Profile, CliError> {
        let overrides = Overrides {
            region: session.region.as_ref().map(|region| region.value.clone()),
            ..Overrides::default()
        };
        let of_name = |name: &str| resolve(config, name, &self.environment, &overrides);
        if let Some(arn) = &session.role_arn {
            let target = Target::of_arn(arn).ok_or_else(|| no_role(arn))?;
            return Ok(target.profile(of_name(name)?, Origin::Flag("--role-arn")));
        }
        match Target::of_name(name).filter(|_| config.profile(name).is_none()) {
            Some(target) => {
                let source = match &session.source {
                    Some(source) => source.clone(),
                    None => {
                        preferred_source(config, &self.environment)
                            .ok_or_else(|| no_source(name))?
                            .value
                    }
                };
                Ok(target.profile(of_name(&source)?, Origin::Flag("ACCOUNT:ROLE")))
            }
            None if session.source.is_some() => Err(CliError::usage(format!(
                "--source goes with a role of the command line, and '{}' is a profile",
                visible(name)
            ))
            .hint("write ACCOUNT:ROLE, or --role-arn ARN")),
            None => Ok(of_name(name)?),
        }
    }
}

fn no_role(arn: &str) -> CliError {
    CliError::usage(format!(
        "--role-arn: '{}' is not the ARN of a role",
        visible(arn)
    ))
    .hint("write it as arn:aws:iam::111122223333:role/NAME")
}

fn no_source(name: &str) -> CliError {
    CliError::usage(format!("no profile is named whose credentials assume the role {}", visible(name)))
        .hint("name one with --source PROFILE, AWS_VAULT_SOURCE, or aws_vault_source in [default] of the config file")
}
