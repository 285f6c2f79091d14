//! A role that no profile names: `--role-arn ARN`, or `ACCOUNT:ROLE`, assumed with the credentials of a source profile.

use super::arn::{Arn, Partition};
use super::file::ConfigFile;
use super::profile::{Origin, Profile, Setting};
use crate::environment::Environment;

/// What a role of the command line is called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// `arn:aws:iam::222233334444:role/Developer`
    Arn(&'a str),
    /// `222233334444:Developer`
    AccountRole { account: &'a str, role: &'a str },
}

impl<'a> Target<'a> {
    /// `None` for what is no ARN of a role.
    pub fn of_arn(text: &'a str) -> Option<Self> {
        let arn = Arn::parse(text)?;
        let role = arn.resource.strip_prefix("role/")?;
        let is_role = arn.service == "iam" && is_account(arn.account) && is_role_name(role);
        is_role.then_some(Self::Arn(text))
    }

    /// `None` for what is neither twelve digits, a colon and a role's name, with its path if it has one.
    pub fn of_name(text: &'a str) -> Option<Self> {
        let (account, role) = text.split_once(':')?;
        (is_account(account) && is_role_name(role)).then_some(Self::AccountRole { account, role })
    }

    /// The role as a profile that starts from `source`: it asks for the source's MFA device, so that a session of it serves both.
    pub fn profile(self, source: Profile, origin: Origin) -> Profile {
        let role_arn = match self {
            Self::Arn(arn) => arn.to_owned(),
            Self::AccountRole { account, role } => {
                format!("arn:{}:iam::{account}:role/{role}", partition(&source).id())
            }
        };
        let mut profile = Profile {
            name: self.name(),
            ad_hoc: true,
            file: source.file.clone(),
            region: source.region.clone(),
            mfa_serial: source.mfa_serial.clone(),
            mfa_process: source.mfa_process.clone(),
            role_arn: Some(Setting::new(role_arn, origin.clone())),
            role_session_name: source.role_session_name.clone(),
            source_identity: source.source_identity.clone(),
            console: source.console.clone(),
            endpoints: source.endpoints.clone(),
            ..Profile::default()
        };
        // The source's name is not the role's.
        profile.console.display_name = None;
        profile.source_profile = Some(Setting::new(Box::new(source), origin));
        profile
    }

    /// `222233334444:Developer`, however the role was given.
    fn name(self) -> String {
        match self {
            Self::AccountRole { account, role } => format!("{account}:{role}"),
            Self::Arn(text) => Arn::parse(text).map_or_else(
                || text.to_owned(),
                |arn| {
                    let role = arn.resource.trim_start_matches("role/");
                    format!("{}:{role}", arn.account)
                },
            ),
        }
    }
}

/// The source that stands for all: `AWS_VAULT_SOURCE`, else `aws_vault_source` in `[default]`.
pub fn preferred_source(config: &ConfigFile, environment: &Environment) -> Option<Setting<String>> {
    const VARIABLE: &str = "AWS_VAULT_SOURCE";
    let variable = environment
        .var(VARIABLE)
        .map(|name| Setting::new(name.to_owned(), Origin::Environment(VARIABLE)));
    variable.or_else(|| config.profile("default")?.setting("aws_vault_source"))
}

/// A role is assumed inside the partition of whoever assumes it.
fn partition(source: &Profile) -> Partition {
    let of_arn = |setting: &Setting<String>| Arn::parse(&setting.value)?.partition();
    source
        .lineage()
        .find_map(|profile| {
            [
                &profile.role_arn,
                &profile.mfa_serial,
                &profile.login_session,
            ]
            .into_iter()
            .flatten()
            .find_map(of_arn)
        })
        .or_else(|| {
            let region = source.region.as_ref()?;
            Some(Partition::of_region(&region.value))
        })
        .unwrap_or(Partition::Aws)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Source: IAM API Reference, CreateRole (RoleName and Path).
fn is_role_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@/-".contains(c);
    !text.is_empty() && !text.starts_with('/') && !text.ends_with('/') && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Overrides, Request, explain, plan, resolve};

    const CONFIG: &str = "\
[default]
aws_vault_source = bastion
[profile bastion]
region = eu-west-1
mfa_serial = arn:aws:iam::111122223333:mfa/jon
[profile china]
region = cn-north-1
";

    fn profile(target: Target<'_>, source: &str) -> Profile {
        let source = resolve(
            &config(),
            source,
            &Environment::default(),
            &Overrides::default(),
        );
        target.profile(source.unwrap(), Origin::Flag("--role-arn"))
    }

    fn config() -> ConfigFile {
        ConfigFile::parse(Path::new("/config"), CONFIG).unwrap()
    }

    #[test]
    fn what_is_a_target() {
        let role = |account, role| Some(Target::AccountRole { account, role });
        for (text, target) in [
            ("222233334444:Dev", role("222233334444", "Dev")),
            ("222233334444:team/Dev", role("222233334444", "team/Dev")),
            ("22223333444:Dev", None),
            ("222233334444:", None),
            ("222233334444:Dev x", None),
            ("222233334444", None),
            ("prod", None),
        ] {
            assert_eq!(Target::of_name(text), target, "{text}");
        }
        for (arn, good) in [
            ("arn:aws:iam::222233334444:role/team/Dev", true),
            ("arn:aws:iam::222233334444:user/jon", false),
            ("arn:aws:iam::2222:role/Dev", false),
            ("arn:aws:sts::222233334444:assumed-role/Dev/x", false),
            ("Dev", false),
        ] {
            assert_eq!(Target::of_arn(arn).is_some(), good, "{arn}");
        }
    }

    #[test]
    fn the_source_decides_partition_region_and_device() {
        let china = profile(Target::of_name("222233334444:Dev").unwrap(), "china");
        assert_eq!(
            china.role_arn.unwrap().value,
            "arn:aws-cn:iam::222233334444:role/Dev"
        );
        let dev = profile(
            Target::of_arn("arn:aws:iam::222233334444:role/team/Dev").unwrap(),
            "bastion",
        );
        assert_eq!(dev.name, "222233334444:team/Dev");
        let chain = plan(&dev, &|name| name == "bastion", &Request::default()).unwrap();
        let text = explain::text(&dev, &chain, Path::new("/config"), &[]);
        assert!(
            text.contains("2  sts:GetSessionToken for 'bastion'"),
            "{text}"
        );
        assert!(
            text.contains("role_arn = arn:aws:iam::222233334444:role/team/Dev (--role-arn)"),
            "{text}"
        );
        assert!(text.contains("MFA is asked once"), "{text}");
    }

    #[test]
    fn the_variable_comes_before_the_file() {
        let none = Environment::default();
        assert_eq!(preferred_source(&config(), &none).unwrap().value, "bastion");
        let set = [("AWS_VAULT_SOURCE", "china")].into_iter().collect();
        assert_eq!(preferred_source(&config(), &set).unwrap().value, "china");
    }
}
