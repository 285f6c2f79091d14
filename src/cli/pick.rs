//! The profile nobody named: a person picks one, if there is a person. Unlocks nothing.

use std::collections::HashMap;

use super::context::Context;
use super::parse::required;
use crate::config::arn::Arn;
use crate::config::duration::compact;
use crate::config::file::{ConfigFile, NamedSection};
use crate::error::CliError;
use crate::sessions::Header;
use crate::terminal::{Choice, Terminal, colours};

const QUESTION: &str = "Choose AWS profile: ";

impl Context {
    /// The profile given, else the one that is picked on the terminal.
    pub fn profile(&self, given: Option<&str>) -> Result<String, CliError> {
        match required(given) {
            Ok(name) => Ok(name.to_owned()),
            Err(error) => self.picked_or(error),
        }
    }

    /// The profile that is picked on the terminal, or `error` where nobody can pick.
    pub fn picked_or(&self, error: CliError) -> Result<String, CliError> {
        // A list cannot be drawn on a terminal that cannot move its cursor.
        let can_draw = self
            .environment
            .var("TERM")
            .is_some_and(|term| term != "dumb");
        let Some(mut terminal) = Terminal::open().ok().filter(|_| can_draw) else {
            return Err(error);
        };
        let choices = self.choices()?;
        if choices.is_empty() {
            return Err(
                CliError::usage("no profile given, and there is none to choose from")
                    .hint("`aws-vault add NAME` stores an access key and adds a profile"),
            );
        }
        let position = terminal.pick(QUESTION, &choices, colours(true, &self.environment))?;
        choices
            .into_iter()
            .nth(position)
            .map(|choice| choice.name)
            .ok_or(error)
    }

    /// Profiles in the order of the config file, then keys that have no profile, each with what the index and the headers of
    /// sessions tell.
    fn choices(&self) -> Result<Vec<Choice>, CliError> {
        let config = self.config()?;
        let index = self.index();
        let stored = index.names(&self.location()).cloned().unwrap_or_default();
        let sessions = self.longest_sessions();
        let choice = |name: &str| {
            let account = config.profile(name).and_then(|section| whose(&section));
            let key = stored.contains(name).then(|| "key stored".to_owned());
            let session = sessions
                .get(name)
                .map(|seconds| format!("session {}", compact(*seconds)));
            let known: Vec<_> = [account, key, session].into_iter().flatten().collect();
            Choice {
                name: name.to_owned(),
                detail: known.join(", "),
            }
        };
        let profiles = listed(&config);
        let lone = stored.iter().map(String::as_str);
        let lone = lone.filter(|name| config.profile(name).is_none());
        Ok(profiles.into_iter().chain(lone).map(choice).collect())
    }

    /// What is left of each profile's longest session, in whole minutes expressed in seconds.
    fn longest_sessions(&self) -> HashMap<String, u64> {
        let now = self.now();
        let left = |header: &Header| Some(header.expires_at().duration_since(now).ok()?.as_secs());
        let mut longest = HashMap::new();
        for header in self.sessions().list() {
            if header.lives(now, self.min_ttl())
                && let Some(seconds) = left(&header)
            {
                let kept: &mut u64 = longest.entry(header.profile).or_default();
                *kept = (*kept).max(seconds / 60 * 60);
            }
        }
        longest
    }
}

/// As `list` shows them: an empty `[default]` is no profile.
fn listed(config: &ConfigFile) -> Vec<&str> {
    config
        .profiles()
        .filter(|profile| !(profile.name == "default" && profile.is_empty))
        .map(|profile| profile.name)
        .collect()
}

/// Account and role, as far as the profile's own section tells them.
fn whose(section: &NamedSection<'_>) -> Option<String> {
    let text = |key: &str| section.setting(key).map(|setting| setting.value);
    if let Some(arn) = text("role_arn") {
        let arn = Arn::parse(&arn)?;
        let role = arn.resource.rsplit('/').next().unwrap_or(arn.resource);
        return Some(format!("{} {role}", arn.account));
    }
    if let Some(account) = text("sso_account_id") {
        let role = text("sso_role_name").unwrap_or_default();
        return Some(format!("{account} {role}").trim_end().to_owned());
    }
    Some(Arn::parse(&text("mfa_serial")?)?.account.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn account_and_role() {
        for (text, shown) in [
            (
                "role_arn = arn:aws:iam::222233334444:role/team/Deployer",
                Some("222233334444 Deployer"),
            ),
            (
                "mfa_serial = arn:aws:iam::111122223333:mfa/jon",
                Some("111122223333"),
            ),
            ("mfa_serial = GAHT12345678", None),
            (
                "sso_account_id = 111122223333\nsso_role_name = Admin",
                Some("111122223333 Admin"),
            ),
            ("sso_account_id = 111122223333", Some("111122223333")),
            ("role_arn = nonsense", None),
            ("region = eu-west-1", None),
        ] {
            let config = ConfigFile::parse(Path::new("config"), format!("[profile x]\n{text}\n"));
            let config = config.unwrap();
            assert_eq!(
                whose(&config.profile("x").unwrap()).as_deref(),
                shown,
                "{text}"
            );
        }
    }
}
