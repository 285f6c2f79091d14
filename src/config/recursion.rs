//! Commands of the config file that call aws-vault again. A profile whose `credential_process` asks us for the profile itself is
//! there for other programs, and we do without it; a longer way back to where it began is an error before anything is run,
//! because each round would wait for the lock of the one before.

use super::chain::{Base, Chain, Mfa, Step, TokenSource};
use super::error::{Error, LoopStep};
use super::file::ConfigFile;
use super::layers::loop_error;
use super::profile::Setting;
use crate::environment::Environment;

/// Whose commands run above this process, as JSON: `[["a", 3]]` is profile `a`, whose command stands in line 3.
pub const VARIABLE: &str = "AWS_VAULT_RUNNING";

/// Flags of `exec` and `export` that take no value; the word after any other flag is its value.
const SWITCHES: &[&str] = &[
    "-n",
    "-j",
    "-s",
    "-nj",
    "-jn",
    "--no-session",
    "--json",
    "--server",
    "--ecs-server",
    "--ec2-server",
    "--lazy",
    "--stdout",
    "--profile-env",
    "--read-only",
    "--nest",
    "--debug",
    "--biometrics",
];

/// Whether a command asks aws-vault for the credentials of `profile`: `aws-vault export --format=json PROFILE`, or with `exec`.
pub(super) fn calls_for(command: &str, profile: &str) -> bool {
    let mut words = command.split_whitespace().map(unquoted);
    words.any(is_aws_vault)
        && words.any(|word| word == "exec" || word == "export")
        && first_operand(words) == Some(profile)
}

/// Whether a command starts aws-vault, which may have what opens the keystore.
pub fn is_us(command: &str) -> bool {
    command
        .split_whitespace()
        .next()
        .is_some_and(|word| is_aws_vault(unquoted(word)))
}

fn is_aws_vault(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name == "aws-vault" || name.eq_ignore_ascii_case("aws-vault.exe")
}

fn first_operand<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    while let Some(word) = words.next() {
        if word == "--" {
            return words.next();
        }
        if !word.starts_with('-') {
            return Some(word);
        }
        if !SWITCHES.contains(&word) && !word.contains('=') {
            words.next();
        }
    }
    None
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}

/// The commands that run above this process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Running(Vec<(String, Option<usize>)>);

impl Running {
    /// What is no list of ours tells nothing.
    pub fn of(environment: &Environment) -> Self {
        let list = environment.var(VARIABLE).map(serde_json::from_str);
        Self(list.and_then(Result::ok).unwrap_or_default())
    }

    /// The value of [`VARIABLE`] for a command. `whose` is its profile, or the serial number whose codes it computes.
    #[must_use]
    pub fn and(&self, whose: &str, command: &Setting<String>) -> String {
        let mut list = self.0.clone();
        list.push((whose.to_owned(), command.origin.line()));
        serde_json::json!(list).to_string()
    }

    /// A chain that needs the answer of a command that is running already cannot be run.
    pub fn refuse_loop(&self, chain: &Chain, config: &ConfigFile) -> Result<(), Error> {
        for (key, whose) in chain.steps().filter_map(command_of) {
            if self.0.iter().any(|(running, _)| running == whose) {
                let steps = self.0.iter().map(|(whose, line)| LoopStep {
                    profile: whose.clone(),
                    line: *line,
                    inherited_from: None,
                });
                return Err(loop_error(config, key, steps.collect(), whose.to_owned()));
            }
        }
        Ok(())
    }
}

/// The setting whose command the step runs, and what the command is named after.
fn command_of(step: Step<'_>) -> Option<(&'static str, &str)> {
    match step {
        Step::Base(Base::CredentialProcess { profile, .. }) => {
            Some(("credential_process", profile))
        }
        Step::Base(Base::WebIdentity {
            profile,
            token: TokenSource::Process(_),
            ..
        }) => Some(("web_identity_token_process", profile)),
        Step::Base(Base::Saml {
            profile,
            assertion: TokenSource::Process(_),
            ..
        }) => Some(("saml_assertion_process", profile)),
        step => match step.mfa()? {
            Mfa {
                serial,
                process: Some(_),
            } => Some(("mfa_process", &serial.value)),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_ask_for_the_profile_itself() {
        for command in [
            "aws-vault export --format=json work",
            "aws-vault export work --format=json",
            "aws-vault export --format json --no-session work",
            "/usr/local/bin/aws-vault exec --json work",
            "aws-vault --backend file exec -j -d 1h work",
            "aws-vault exec --json -- work",
            "aws-vault exec work -- aws-helper other",
            "env AWS_VAULT_PROMPT=zenity aws-vault export --format=json \"work\"",
            "sh -c 'aws-vault export --format=json work'",
            r"C:\tools\AWS-Vault.exe export --format=json work",
        ] {
            assert!(calls_for(command, "work"), "{command}");
        }
        for command in [
            "aws-vault export --format=json other",
            "aws-vault exec other -- helper work",
            "aws-vault exec --region work other",
            "aws-vault login work",
            "aws-vault",
            "helper aws-vault.txt export work",
            "helper work",
            "",
        ] {
            assert!(!calls_for(command, "work"), "{command}");
        }
    }

    #[test]
    fn the_list_of_running_commands_comes_back() {
        use super::super::profile::Origin;

        let command = |line| {
            let section = "profile x".to_owned();
            Setting::new("helper".to_owned(), Origin::File { section, line })
        };
        let first = Running::default().and("a", &command(3));
        let environment: Environment = [(VARIABLE, first.as_str())].into_iter().collect();
        let second = Running::of(&environment).and("b \"c\"", &command(7));
        assert_eq!(second, r#"[["a",3],["b \"c\"",7]]"#);

        let nonsense: Environment = [(VARIABLE, "{")].into_iter().collect();
        assert_eq!(Running::of(&nonsense), Running::default());
    }
}
