//! How old stored keys are, and which are too old.

use std::time::{Duration, SystemTime};

use super::context::{Context, from_vault};
use crate::aws::Aws;
use crate::config::chain::Service;
use crate::credentials::StoredKey;
use crate::error::CliError;
use crate::rotation::copy;

const VARIABLE: &str = "AWS_VAULT_MAX_KEY_AGE";
const DAY: Duration = Duration::from_hours(24);
/// CIS AWS Foundations Benchmark, "Ensure access keys are rotated every 90 days or less".
const DEFAULT_LIMIT: Duration = Duration::from_hours(90 * 24);

/// Keys older than this are marked; `None`: none is (`AWS_VAULT_MAX_KEY_AGE=0`).
pub fn limit(context: &Context) -> Result<Option<Duration>, CliError> {
    let limit = match context.environment.var(VARIABLE) {
        None => DEFAULT_LIMIT,
        Some(text) => super::parse::plain_duration(text)
            .map_err(|why| CliError::usage(format!("{VARIABLE}: {why}")))?,
    };
    Ok(Some(limit).filter(|limit| !limit.is_zero()))
}

/// Whole days; a key of the future is new.
pub fn days(created: SystemTime, now: SystemTime) -> u64 {
    now.duration_since(created)
        .map_or(0, |age| age.as_secs() / DAY.as_secs())
}

pub fn is_over(created: SystemTime, now: SystemTime, limit: Option<Duration>) -> bool {
    limit.is_some_and(|limit| now.duration_since(created).is_ok_and(|age| age > limit))
}

/// `91d`, with a mark when it is too old: `91d !`.
pub fn text(created: Option<SystemTime>, now: SystemTime, limit: Option<Duration>) -> String {
    match created {
        None => "-".to_owned(),
        Some(created) => {
            let mark = if is_over(created, now, limit) {
                " !"
            } else {
                ""
            };
            format!("{}d{mark}", days(created, now))
        }
    }
}

/// When the key was made: as kept with it, as remembered, else as IAM says, which is remembered.
pub fn created(
    context: &Context,
    name: &str,
    key: &StoredKey,
    service: &Service,
) -> Result<SystemTime, CliError> {
    let known = key
        .created
        .or_else(|| context.index().created(&context.location(), name));
    if let Some(created) = known {
        return Ok(created);
    }
    let created = asked(&context.aws, key, service)?;
    context.note_created(name, Some(created));
    Ok(created)
}

/// ListAccessKeys with the key itself, for its own user.
fn asked(aws: &Aws, key: &StoredKey, service: &Service) -> Result<SystemTime, CliError> {
    let credentials = copy(&key.key);
    let keys = aws.iam(&credentials, service, None).list_access_keys()?;
    let own = keys
        .into_iter()
        .find(|listed| listed.access_key_id == key.key.access_key_id);
    own.and_then(|key| key.created)
        .ok_or_else(|| CliError::new("IAM does not say when the key was made"))
}

/// The key stored under a name.
pub fn stored(context: &Context, name: &str) -> Result<StoredKey, CliError> {
    let vault = context.vault().map_err(from_vault)?;
    vault.stored_key(name).map_err(from_vault)?.ok_or_else(|| {
        CliError::new(format!("no access key is stored as '{name}'"))
            .hint(format!("run `aws-vault add {name}`"))
    })
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn ages() {
        let now = UNIX_EPOCH + 1000 * DAY;
        for (days_ago, limit, expected) in [
            (0, Some(90), "0d"),
            (90, Some(90), "90d"),
            (91, Some(90), "91d !"),
            (400, None, "400d"),
        ] {
            let limit: Option<u32> = limit;
            assert_eq!(
                text(
                    Some(now - days_ago * DAY),
                    now,
                    limit.map(|days| days * DAY)
                ),
                expected
            );
        }
        assert_eq!(text(None, now, None), "-");
        assert_eq!(text(Some(now + DAY), now, Some(DAY)), "0d");
    }
}
