//! Access keys and session credentials as types that cannot be printed or copied by accident.

use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

/// Long-term credentials of an IAM user: what the keystore holds.
///
/// Source: IAM User Guide, "Manage access keys for IAM users".
pub struct AccessKey {
    pub access_key_id: String,
    pub secret_access_key: SecretString,
}

/// A long-term key and what is known about it: what the keystore holds under a name.
#[derive(Debug)]
pub struct StoredKey {
    pub key: AccessKey,
    /// When IAM made the key, if that was known when it was stored. The Go tool ignores it.
    pub created: Option<SystemTime>,
}

impl StoredKey {
    /// A second copy, for a second name or for the journal: the places where a long-term secret exists twice on purpose.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            key: AccessKey {
                access_key_id: self.key.access_key_id.clone(),
                secret_access_key: self.key.secret_access_key.expose_secret().into(),
            },
            created: self.created,
        }
    }

    pub fn is_same_key(&self, other: &Self) -> bool {
        self.key.access_key_id == other.key.access_key_id
            && self.key.secret_access_key.expose_secret()
                == other.key.secret_access_key.expose_secret()
    }
}

/// Temporary credentials that STS issued; token and expiry always present.
///
/// Source: STS API Reference, data type `Credentials`.
pub struct SessionCredentials {
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub session_token: SecretString,
    pub expiration: SystemTime,
}

/// Temporary credentials whose issuer does not say when they expire: some helpers and environments leave it out. They are
/// handed out once and never cached.
pub struct TimelessCredentials {
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub session_token: SecretString,
}

/// What a chain yields.
pub enum Credentials {
    AccessKey(AccessKey),
    Session(SessionCredentials),
    Timeless(TimelessCredentials),
}

impl Credentials {
    pub fn access_key_id(&self) -> &str {
        match self {
            Self::AccessKey(key) => &key.access_key_id,
            Self::Session(session) => &session.access_key_id,
            Self::Timeless(session) => &session.access_key_id,
        }
    }

    pub fn secret_access_key(&self) -> &str {
        match self {
            Self::AccessKey(key) => key.secret_access_key.expose_secret(),
            Self::Session(session) => session.secret_access_key.expose_secret(),
            Self::Timeless(session) => session.secret_access_key.expose_secret(),
        }
    }

    /// `None` for long-term keys.
    pub fn session_token(&self) -> Option<&str> {
        match self {
            Self::AccessKey(_) => None,
            Self::Session(session) => Some(session.session_token.expose_secret()),
            Self::Timeless(session) => Some(session.session_token.expose_secret()),
        }
    }

    /// `None` for long-term keys, which do not expire, and where the issuer keeps it to himself.
    pub fn expiration(&self) -> Option<SystemTime> {
        match self {
            Self::AccessKey(_) | Self::Timeless(_) => None,
            Self::Session(session) => Some(session.expiration),
        }
    }
}

impl SessionCredentials {
    /// Whether at least `window` is left at `now`, so that a caller does not receive credentials about to expire.
    pub fn lives(&self, now: SystemTime, window: Duration) -> bool {
        self.expiration
            .duration_since(now)
            .is_ok_and(|left| left >= window)
    }
}

/// The last four characters of an access key id, masked as AWS's console and the Go tool show it.
///
/// Shorter ids are shown as a mask only; the Go tool panics there.
pub fn masked(access_key_id: &str) -> String {
    let shown: String = if access_key_id.chars().count() > 8 {
        access_key_id.chars().rev().take(4).collect()
    } else {
        String::new()
    };
    format!(
        "****************{}",
        shown.chars().rev().collect::<String>()
    )
}

/// An RFC 3339 UTC timestamp with whole seconds, the form every AWS tool reads.
pub fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessKey({})", masked(&self.access_key_id))
    }
}

impl std::fmt::Debug for SessionCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SessionCredentials({}, expires {})",
            masked(&self.access_key_id),
            rfc3339(self.expiration)
        )
    }
}

impl std::fmt::Debug for TimelessCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TimelessCredentials({})", masked(&self.access_key_id))
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AccessKey(key) => key.fmt(f),
            Self::Session(session) => session.fmt(f),
            Self::Timeless(session) => session.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_every_secret_type_is_redacted() {
        let key = AccessKey {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_access_key: "CANARY-secret".into(),
        };
        let session = SessionCredentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".into(),
            secret_access_key: "CANARY-secret".into(),
            session_token: "CANARY-token".into(),
            expiration: SystemTime::UNIX_EPOCH,
        };
        assert_eq!(format!("{key:?}"), "AccessKey(****************MPLE)");
        for shown in [
            format!("{session:?}"),
            format!("{:?}", Credentials::Session(session)),
            format!("{:?}", Credentials::AccessKey(key)),
        ] {
            assert!(!shown.contains("CANARY"), "{shown}");
        }
    }

    #[test]
    fn short_access_key_ids_are_masked_whole() {
        assert_eq!(masked("abc"), "****************");
        assert_eq!(masked(""), "****************");
    }
}
