//! Session policies: what a role session may do at most, besides what the role may do.
//!
//! Source: IAM User Guide, "Session policies"; STS API Reference, AssumeRole, `Policy` and `PolicyArns`.

use super::arn::Partition;
use super::error::{Error, Place};
use super::profile::{Origin, Profile, Setting};

/// STS takes so many characters of a document, and so many managed policies.
const LONGEST_DOCUMENT: usize = 2_048;
const MOST_ARNS: usize = 10;

/// What is sent with a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionPolicies {
    /// A policy document, JSON.
    pub document: Option<Setting<String>>,
    /// ARNs of managed policies.
    pub arns: Option<Setting<Vec<String>>>,
    /// `--read-only`: AWS's managed policy ReadOnlyAccess.
    pub read_only: bool,
}

impl SessionPolicies {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// For the role of `profile`. What a flag says replaces what the profile says, since policies side by side allow more.
    pub(super) fn of_role(
        profile: &Profile,
        flags: Option<&Self>,
        role_arn: &str,
    ) -> Result<Self, Error> {
        let mut policies = match flags.filter(|flags| !flags.is_empty()) {
            Some(flags) => flags.clone(),
            None => profile.session_policies.clone(),
        };
        if std::mem::take(&mut policies.read_only) {
            let partition = super::arn::Arn::parse(role_arn)
                .and_then(|arn| arn.partition())
                .unwrap_or(Partition::Aws);
            let arn = format!("arn:{}:iam::aws:policy/ReadOnlyAccess", partition.id());
            policies.arns = Some(Setting::new(vec![arn], Origin::Flag("--read-only")));
        }
        policies.check(profile)?;
        Ok(policies)
    }

    fn check(&self, profile: &Profile) -> Result<(), Error> {
        let refuse = |origin, key, value: &str, expected| Error::Value {
            place: Box::new(Place::new(&profile.file, origin)),
            key,
            value: value.to_owned(),
            expected,
        };
        if let Some(document) = &self.document {
            let json: Option<serde_json::Map<String, serde_json::Value>> =
                serde_json::from_str(&document.value).ok();
            if json.is_none_or(|json| !json.contains_key("Statement"))
                || document.value.chars().count() > LONGEST_DOCUMENT
            {
                return Err(refuse(
                    &document.origin,
                    "a session policy",
                    &document.value.chars().take(60).collect::<String>(),
                    "a policy document in JSON of at most 2,048 characters",
                ));
            }
        }
        if let Some(arns) = &self.arns {
            let is_policy = |arn: &&String| arn.starts_with("arn:") && arn.contains(":policy/");
            if let Some(arn) = arns.value.iter().find(|arn| !is_policy(arn)) {
                return Err(refuse(
                    &arns.origin,
                    "a session policy",
                    arn,
                    "the ARN of a managed policy",
                ));
            }
            if arns.value.len() > MOST_ARNS {
                return Err(refuse(
                    &arns.origin,
                    "the list of session policies",
                    &arns.value.len().to_string(),
                    "10 at most",
                ));
            }
        }
        Ok(())
    }
}
