//! The way from a profile's name to credentials: resolve, plan, and run the chain.

use std::collections::BTreeSet;
use std::time::Duration;

use super::args;
use super::context::Context;
use super::output::notice;
use crate::config::chain::{self, Chain, Purpose, Request, SessionPolicies, StaticKeys, Step, Ttl};
use crate::config::profile::{Origin, Profile, Setting};
use crate::config::recursion::Running;
use crate::config::{ConfigFile, Error, explain};
use crate::credentials::Credentials;
use crate::error::CliError;
use crate::mfa::CodeSource;
use crate::provider::Provider;

/// What a command asks of a profile.
#[derive(Debug)]
pub struct Wish<'a> {
    pub profile: &'a str,
    pub purpose: Purpose,
    pub session: &'a args::Session,
}

impl<'a> Wish<'a> {
    /// Credentials that a program is to use.
    pub fn for_programs(profile: &'a str, session: &'a args::Session) -> Self {
        Self {
            profile,
            purpose: Purpose::Exec,
            session,
        }
    }
}

/// A profile's credentials and the plan that yielded them.
#[derive(Debug)]
pub struct Obtained {
    pub profile: Profile,
    pub chain: Chain,
    pub credentials: Credentials,
}

impl Obtained {
    /// What the command is told as `AWS_REGION`.
    pub fn region(&self) -> Option<&str> {
        self.chain
            .region
            .as_ref()
            .map(|region| region.value.as_str())
    }

    /// What the command is told as `AWS_ENDPOINT_URL`.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.chain
            .endpoint_url
            .as_ref()
            .map(|url| url.value.as_str())
    }
}

impl Context {
    /// The profile as configured. Whether it exists anywhere is `plan`'s question.
    pub fn resolve(&self, config: &ConfigFile, wish: &Wish<'_>) -> Result<Profile, CliError> {
        self.resolved(config, wish.profile, wish.session)
    }

    /// The chain for a resolved profile, given which names have stored keys.
    pub fn plan(
        &self,
        profile: &Profile,
        names: &BTreeSet<String>,
        wish: &Wish<'_>,
    ) -> Result<Chain, CliError> {
        let mut request = Request {
            purpose: wish.purpose,
            no_session: wish.session.no_session,
            duration: duration_setting(wish.session.duration.as_ref())?,
            ttl: Ttl::from_environment(&self.environment),
            static_keys: StaticKeys::default(),
            policies: session_policies(wish.session)?,
        };
        let stored = |name: &str| names.contains(name);
        match chain::plan(profile, &stored, &request) {
            // The last resort, read only when there is nothing else.
            Err(
                nothing @ (Error::CredentialsMissing { .. }
                | Error::CallsItself { .. }
                | Error::ProfileNotFound { .. }
                | Error::SourceNotFound { .. }),
            ) => {
                let Some(path) = StaticKeys::path_from(&self.environment) else {
                    return Err(nothing.into());
                };
                request.static_keys = StaticKeys::load(&path)?;
                Ok(chain::plan(profile, &stored, &request)?)
            }
            result => Ok(result?),
        }
    }

    /// From a profile's name to credentials. When the cache answers, the store is not listed.
    pub fn obtain(&self, wish: &Wish<'_>, mfa: &args::MfaToken) -> Result<Obtained, CliError> {
        self.obtain_lasting(wish, &self.codes(mfa)?, self.min_ttl(), &|_, chain| chain)
    }

    /// The same; a cached session must live at least `min_ttl`, and the chain is what `extend` makes of the profile's.
    pub fn obtain_lasting(
        &self,
        wish: &Wish<'_>,
        codes: &CodeSource,
        min_ttl: Duration,
        extend: &dyn Fn(&Profile, Chain) -> Chain,
    ) -> Result<Obtained, CliError> {
        let config = self.config()?;
        let location = self.location();
        let profile = self.resolve(&config, wish)?;
        self.with_lasting_provider(codes, &location, min_ttl, |provider| {
            let tell = |chain: &Chain| {
                self.debug(|| explain::text(&profile, chain, config.path(), &[]));
            };
            let remembered = self.remembered_chain(&profile, wish, &location);
            if let Some(chain) = remembered.map(|chain| extend(&profile, chain))
                && let Some(credentials) = provider.from_cache(&chain)?
            {
                tell(&chain);
                return Ok((chain, credentials));
            }
            let chain = extend(&profile, self.cold_chain(&profile, wish)?);
            tell(&chain);
            refuse_foreign_commands(&config, &chain)?;
            Running::of(&self.environment).refuse_loop(&chain, &config)?;
            let credentials = provider.credentials(&chain)?;
            Ok((chain, credentials))
        })
        .map(|(chain, credentials)| Obtained {
            profile,
            chain,
            credentials,
        })
    }

    /// Runs `work` with everything a chain needs.
    pub fn with_provider<T>(
        &self,
        codes: &CodeSource,
        location: &str,
        work: impl FnOnce(&Provider<'_>) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        self.with_lasting_provider(codes, location, self.min_ttl(), work)
    }

    fn with_lasting_provider<T>(
        &self,
        codes: &CodeSource,
        location: &str,
        min_ttl: Duration,
        work: impl FnOnce(&Provider<'_>) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        work(&Provider {
            environment: &self.environment,
            aws: &self.aws,
            sessions: self.sessions(),
            codes,
            vault: &|| Ok(self.vault()?),
            location,
            clock: &self.clock,
            started: self.now(),
            sign_in: self.sign_in,
            min_ttl,
            unlocked: self.unlocked(),
            notice: &notice,
        })
    }

    /// The plan by the names last seen in the store, without looking there.
    pub fn remembered_chain(
        &self,
        profile: &Profile,
        wish: &Wish<'_>,
        location: &str,
    ) -> Option<Chain> {
        let index = self.index();
        self.plan(profile, index.names(location)?, wish).ok()
    }

    /// The plan by the names the store has now.
    pub fn cold_chain(&self, profile: &Profile, wish: &Wish<'_>) -> Result<Chain, CliError> {
        self.plan(profile, &self.stored_names()?, wish)
    }
}

fn session_policies(session: &args::Session) -> Result<SessionPolicies, CliError> {
    let document = match &session.policy {
        Some(text) if text.trim_start().starts_with('{') => Some(text.clone()),
        Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
            CliError::new(format!("--policy: {path} cannot be read: {error}"))
                .hint("give a policy document in JSON, or the path of a file that holds one")
        })?),
        None => None,
    };
    let arns = Some(session.policy_arn.clone()).filter(|arns| !arns.is_empty());
    Ok(SessionPolicies {
        document: document.map(|text| Setting::new(text, Origin::Flag("--policy"))),
        arns: arns.map(|arns| Setting::new(arns, Origin::Flag("--policy-arn"))),
        read_only: session.read_only,
    })
}

/// `--duration` in seconds, the unit of STS.
pub fn duration_setting(
    duration: Option<&Setting<Duration>>,
) -> Result<Option<Setting<u32>>, CliError> {
    duration
        .map(|setting| {
            u32::try_from(setting.value.as_secs())
                .map(|seconds| Setting::new(seconds, setting.origin.clone()))
                .map_err(|_| {
                    CliError::usage(format!("the duration of {} is too long", setting.origin))
                })
        })
        .transpose()
}

/// A command from a config file that somebody else can write would run as this user.
pub fn refuse_foreign_commands(config: &ConfigFile, chain: &Chain) -> Result<(), CliError> {
    let runs_command = chain
        .steps()
        .filter_map(Step::command)
        .any(|command| matches!(command.origin, Origin::File { .. }));
    if runs_command {
        config.trusted_by(user_id())?;
    }
    Ok(())
}

#[cfg(unix)]
fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Windows has no such numbers, and nothing there is compared with it.
#[cfg(not(unix))]
fn user_id() -> u32 {
    0
}

/// A command that needs credentials refuses to run inside a subshell that has some: which account it would use is not what its
/// prompt says. `--nest` is for those who mean it.
pub fn refuse_nesting(context: &Context, nest: bool) -> Result<(), CliError> {
    if nest || context.environment.var("AWS_VAULT").is_none() {
        return Ok(());
    }
    Err(CliError::new(
        "running in an existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force",
    )
    .hint("--nest allows it; `export --format=json` needs no permission"))
}
