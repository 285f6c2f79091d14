//! The JSON inside a stored credential, as the Go tool writes and reads it.

use std::time::SystemTime;

use serde::de::{Deserializer, MapAccess, Visitor};
use zeroize::Zeroizing;

use crate::credentials::{AccessKey, StoredKey, rfc3339};

/// Member order, names and fixed values are those of the Go SDK's `aws.Credentials`; `CreateDate`, IAM's name for it, is ours.
pub(super) fn encode(key: &AccessKey, created: Option<SystemTime>) -> Vec<u8> {
    use secrecy::ExposeSecret;
    let quoted = |text: &str| Zeroizing::new(serde_json::Value::from(text).to_string());
    let created = created.map_or_else(String::new, |created| {
        format!(r#","CreateDate":"{}""#, rfc3339(created))
    });
    format!(
        concat!(
            r#"{{"AccessKeyID":{},"SecretAccessKey":{},"SessionToken":"","Source":"","CanExpire":false,"#,
            r#""Expires":"0001-01-01T00:00:00Z","AccountID":""{}}}"#
        ),
        *quoted(&key.access_key_id),
        *quoted(key.secret_access_key.expose_secret()),
        created
    )
    .into_bytes()
}

/// Names in any case, unknown members ignored, as Go's decoder does it.
pub(super) fn decode(json: &[u8]) -> Result<StoredKey, &'static str> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let Fields {
        id,
        secret,
        created,
    } = deserializer
        .deserialize_map(Fields::default())
        .map_err(|_| "its content is not the JSON of a credential")?;
    if id.is_empty() || secret.is_empty() {
        return Err("the access key id or the secret is missing");
    }
    Ok(StoredKey {
        key: AccessKey {
            access_key_id: id.to_string(),
            secret_access_key: secret.as_str().into(),
        },
        created,
    })
}

#[derive(Default)]
struct Fields {
    id: Zeroizing<String>,
    secret: Zeroizing<String>,
    created: Option<SystemTime>,
}

impl<'de> Visitor<'de> for Fields {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a credential")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name.eq_ignore_ascii_case("AccessKeyID") {
                self.id = Zeroizing::new(map.next_value()?);
            } else if name.eq_ignore_ascii_case("SecretAccessKey") {
                self.secret = Zeroizing::new(map.next_value()?);
            } else if name == "CreateDate" {
                let text: Option<String> = map.next_value()?;
                self.created = text.and_then(|text| humantime::parse_rfc3339(&text).ok());
            } else {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn reads_what_every_version_of_the_go_tool_wrote() {
        for json in [
            r#"{"AccessKeyID":"AKIA1","SecretAccessKey":"s","SessionToken":"","Source":"","CanExpire":false,"Expires":"0001-01-01T00:00:00Z"}"#,
            r#"{"AccessKeyID":"AKIA1","SecretAccessKey":"s"}"#,
            r#"{"accesskeyid":"AKIA1","SECRETACCESSKEY":"s","Extra":{"a":[1]}}"#,
        ] {
            let key = decode(json.as_bytes()).unwrap().key;
            assert_eq!(
                (
                    key.access_key_id.as_str(),
                    key.secret_access_key.expose_secret()
                ),
                ("AKIA1", "s")
            );
        }
    }

    #[test]
    fn refuses_what_is_no_credential() {
        for json in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"AccessKeyID":"AKIA1"}"#,
            r#"{"AccessKeyID":1,"SecretAccessKey":"s"}"#,
        ] {
            assert!(decode(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn writes_the_members_in_the_go_tools_order() {
        let key = AccessKey {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_access_key: "wJalr/+\"".into(),
        };
        assert_eq!(
            String::from_utf8(encode(&key, None)).unwrap(),
            r#"{"AccessKeyID":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"wJalr/+\"","SessionToken":"","Source":"","CanExpire":false,"Expires":"0001-01-01T00:00:00Z","AccountID":""}"#
        );
    }

    #[test]
    fn the_creation_date_is_kept_where_the_go_tool_does_not_look() {
        let key = AccessKey {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_access_key: "s".into(),
        };
        let created = Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000));
        let json = encode(&key, created);
        assert!(
            String::from_utf8_lossy(&json)
                .ends_with(r#""AccountID":"","CreateDate":"2023-11-14T22:13:20Z"}"#)
        );
        assert_eq!(decode(&json).unwrap().created, created);
        let garbage = br#"{"AccessKeyID":"A","SecretAccessKey":"s","CreateDate":"yesterday"}"#;
        assert_eq!(decode(garbage).unwrap().created, None);
    }
}
