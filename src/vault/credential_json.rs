//! The JSON inside a stored credential, as the Go tool writes and reads it.

use serde::de::{Deserializer, MapAccess, Visitor};
use zeroize::Zeroizing;

use crate::credentials::AccessKey;

/// Member order, names and fixed values are those of the Go SDK's `aws.Credentials`.
pub(super) fn encode(key: &AccessKey) -> Vec<u8> {
    use secrecy::ExposeSecret;
    let quoted = |text: &str| Zeroizing::new(serde_json::Value::from(text).to_string());
    format!(
        concat!(
            r#"{{"AccessKeyID":{},"SecretAccessKey":{},"SessionToken":"","Source":"","CanExpire":false,"#,
            r#""Expires":"0001-01-01T00:00:00Z","AccountID":""}}"#
        ),
        *quoted(&key.access_key_id),
        *quoted(key.secret_access_key.expose_secret()),
    )
    .into_bytes()
}

/// Names in any case, unknown members ignored, as Go's decoder does it.
pub(super) fn decode(json: &[u8]) -> Result<AccessKey, &'static str> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let Fields { id, secret } = deserializer
        .deserialize_map(Fields::default())
        .map_err(|_| "its content is not the JSON of a credential")?;
    if id.is_empty() || secret.is_empty() {
        return Err("the access key id or the secret is missing");
    }
    Ok(AccessKey {
        access_key_id: id.to_string(),
        secret_access_key: secret.as_str().into(),
    })
}

#[derive(Default)]
struct Fields {
    id: Zeroizing<String>,
    secret: Zeroizing<String>,
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
            let key = decode(json.as_bytes()).unwrap();
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
            String::from_utf8(encode(&key)).unwrap(),
            r#"{"AccessKeyID":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"wJalr/+\"","SessionToken":"","Source":"","CanExpire":false,"Expires":"0001-01-01T00:00:00Z","AccountID":""}"#
        );
    }
}
