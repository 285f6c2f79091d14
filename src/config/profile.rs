//! One profile as the user's configuration resolves it, with the origin of every value.

use std::fmt;
use std::path::PathBuf;

use super::console::Console;
use super::error::shown;
use super::session_policies::SessionPolicies;

/// A configured value and where it came from, so that `explain` and every error can say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

/// Where a value came from, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag, e.g. `--region`.
    Flag(&'static str),
    /// An environment variable, e.g. `AWS_REGION`.
    Environment(&'static str),
    /// A line of the config file, in the section whose header reads `[section]`.
    File { line: usize, section: String },
    /// Built in; the text says why this value.
    Default(&'static str),
}

/// A profile after flags, environment, its own section, `include_profile` and `[default]` have been merged.
///
/// Each field carries the config key it comes from. Sources: AWS SDKs and Tools Reference Guide, "Settings reference";
/// keys marked * are extensions of aws-vault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    /// Made of a role on the command line: there is no section to look for.
    pub ad_hoc: bool,
    /// Line of the section's header; `None` when the file has no such section.
    pub line: Option<usize>,
    /// The config file, for messages.
    pub file: PathBuf,
    /// `region = eu-west-1`
    pub region: Option<Setting<String>>,
    /// `mfa_serial = arn:aws:iam::111122223333:mfa/jon`
    pub mfa_serial: Option<Setting<String>>,
    /// `mfa_process = ykman oath accounts code --single aws` *; inherited from the source profile when empty.
    pub mfa_process: Option<Setting<String>>,
    /// `role_arn = arn:aws:iam::222233334444:role/DeveloperRole`
    pub role_arn: Option<Setting<String>>,
    /// `role_session_name = jon`
    pub role_session_name: Option<Setting<String>>,
    /// `external_id = …`
    pub external_id: Option<Setting<String>>,
    /// `duration_seconds = 3600`
    pub duration_seconds: Option<Setting<u32>>,
    /// `session_tags = team=web,stage=prod` *
    pub session_tags: Option<Setting<Vec<(String, String)>>>,
    /// `transitive_session_tags = team,stage` *
    pub transitive_session_tags: Option<Setting<Vec<String>>>,
    /// `source_identity = jon` *
    pub source_identity: Option<Setting<String>>,
    /// `source_profile = bastion`, resolved. A profile that names itself has none (the idiom to stop inheritance).
    pub source_profile: Option<Setting<Box<Profile>>>,
    /// Where the profile names itself as its source. To the AWS CLI that means "the role is assumed with this profile's own
    /// credentials".
    pub own_source: Option<Origin>,
    /// `credential_source = Environment | Ec2InstanceMetadata | EcsContainer`
    pub credential_source: Option<Setting<String>>,
    /// `credential_process = /usr/local/bin/helper`
    pub credential_process: Option<Setting<String>>,
    /// `web_identity_token_file = /var/run/token`
    pub web_identity_token_file: Option<Setting<String>>,
    /// `web_identity_token_process = …` *
    pub web_identity_token_process: Option<Setting<String>>,
    /// `aws_vault_policy = {"Version": "2012-10-17", …}` * and `aws_vault_policy_arns = arn:aws:iam::aws:policy/ReadOnlyAccess` *:
    /// what the role's sessions may do at most.
    pub session_policies: SessionPolicies,
    /// What of the environment decides which credentials `credential_source` means: the access key's id, the URI of the
    /// container's endpoint, the address of the instance's metadata service.
    pub credential_source_fact: Option<Setting<String>>,
    /// `saml_assertion_file = /run/user/1000/assertion` *
    pub saml_assertion_file: Option<Setting<String>>,
    /// `saml_assertion_process = …` *
    pub saml_assertion_process: Option<Setting<String>>,
    /// `saml_principal_arn = arn:aws:iam::111122223333:saml-provider/Example` *
    pub saml_principal_arn: Option<Setting<String>>,
    /// `login_session = arn:aws:iam::…` (written by `aws login`)
    pub login_session: Option<Setting<String>>,
    /// IAM Identity Center settings, from an `[sso-session]` section or inline.
    pub sso: Option<Sso>,
    /// Preferences for the console, `aws_vault_…` *.
    pub console: Console,
    /// `endpoint_url`, and `[services]` / `AWS_ENDPOINT_URL_<SERVICE>`.
    pub endpoints: Endpoints,
    /// `aws_access_key_id` written in the config file itself: ignored, but `explain` warns about clear-text keys.
    pub clear_text_key: Option<Origin>,
    /// What was odd about the configuration but no error, e.g. an `include_profile` that leads nowhere.
    pub notes: Vec<String>,
}

/// IAM Identity Center settings of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sso {
    /// `sso_session = my-sso`
    pub session: Option<Setting<String>>,
    /// `sso_start_url`
    pub start_url: Option<Setting<String>>,
    /// `sso_region`
    pub region: Option<Setting<String>>,
    /// `sso_registration_scopes = sso:account:access`
    pub registration_scopes: Option<Setting<String>>,
    /// `sso_account_id`
    pub account_id: Option<Setting<String>>,
    /// `sso_role_name`
    pub role_name: Option<Setting<String>>,
}

/// Where requests go, beyond what the region decides.
///
/// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", "Dual-stack and FIPS endpoints".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL` or `endpoint_url`: every service.
    pub all: Option<Setting<String>>,
    /// `AWS_ENDPOINT_URL_STS`, or `endpoint_url` under `sts =` of the profile's `services` section.
    pub sts: Option<Setting<String>>,
    /// The same for IAM.
    pub iam: Option<Setting<String>>,
    /// The same for Identity Center's portal (`AWS_ENDPOINT_URL_SSO`).
    pub sso: Option<Setting<String>>,
    /// The same for Identity Center's sign-in (`AWS_ENDPOINT_URL_SSO_OIDC`).
    pub sso_oidc: Option<Setting<String>>,
    /// The same for the console's sign-in endpoint (`AWS_ENDPOINT_URL_SIGNIN`).
    pub signin: Option<Setting<String>>,
    /// `sts_regional_endpoints = legacy | regional`
    pub sts_regional_endpoints: Option<Setting<String>>,
    /// `use_fips_endpoint = true`
    pub use_fips: Option<Setting<bool>>,
    /// `use_dualstack_endpoint = true`
    pub use_dualstack: Option<Setting<bool>>,
    /// `AWS_CA_BUNDLE` or `ca_bundle`: path of a PEM file.
    pub ca_bundle: Option<Setting<String>>,
}

impl<T> Setting<T> {
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

impl Origin {
    /// Line in the config file, if that is where the value stands.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::File { line, .. } => Some(*line),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Environment(name) => write!(f, "${name}"),
            Self::File { line, section } => write!(f, "line {line} [{}]", shown(section)),
            Self::Default(why) => f.write_str(why),
        }
    }
}

impl Profile {
    /// The profile and the profiles its credentials come from: target first.
    pub fn lineage(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |profile| {
            profile
                .source_profile
                .as_ref()
                .map(|source| source.value.as_ref())
        })
    }
}
