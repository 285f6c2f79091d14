//! The JSON form of an item inside stores that hold one blob per name.
//!
//! The form is Go's, because earlier aws-vault releases read and write it with `encoding/json`: members in this order, no
//! white space, `<`, `>`, `&`, U+2028 and U+2029 as escapes. Reading is as tolerant as Go's: names in any case, unknown
//! members ignored, absent or `null` members empty.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserializer;
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use zeroize::{Zeroize, Zeroizing};

use crate::{Error, Item, Secret};

/// The item's JSON.
pub(crate) fn encode(item: &Item) -> Zeroizing<Vec<u8>> {
    let mut data = Zeroizing::new(vec![0; item.data.expose().len().div_ceil(3) * 4]);
    let written = STANDARD
        .encode_slice(item.data.expose(), &mut data)
        .expect("four characters for each started three bytes");
    debug_assert_eq!(written, data.len());

    let (name, label, description) = (
        json_string(&item.name),
        json_string(&item.label),
        json_string(&item.description),
    );
    // One allocation that is large enough: growing would leave parts of the secret behind in freed memory.
    let members = 128 + name.len() + data.len() + label.len() + description.len();
    let mut json = Zeroizing::new(Vec::with_capacity(members));
    for part in [
        br#"{"Key":"#.as_slice(),
        name.as_bytes(),
        br#","Data":""#,
        &data,
        br#"","Label":"#,
        label.as_bytes(),
        br#","Description":"#,
        description.as_bytes(),
        br#","KeychainNotTrustApplication":"#,
        json_bool(item.not_trust_application),
        br#","KeychainNotSynchronizable":"#,
        json_bool(item.not_synchronizable),
        b"}",
    ] {
        json.extend_from_slice(part);
    }
    json
}

/// Reads an item's JSON. The item gets the name it was found by, not what the JSON calls itself: people rename items with
/// the store's own tools, which know nothing of the JSON.
pub(crate) fn decode(name: &str, json: &[u8]) -> Result<Item, Error> {
    let mut parser = serde_json::Deserializer::from_slice(json);
    let item = parser
        .deserialize_map(ItemVisitor { name })
        .map_err(|error| Error::corrupt(name, json_problem(&error)))?;
    parser
        .end()
        .map_err(|error| Error::corrupt(name, json_problem(&error)))?;
    Ok(item)
}

/// The name that the item's JSON gives itself.
#[cfg(unix)]
pub(crate) fn stored_name(json: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(rename = "Key")]
        name: String,
    }

    let named: Named = serde_json::from_slice(json).ok()?;
    Some(named.name)
}

/// Where the JSON is wrong, and how in general; serde's own text may quote the value, which may be the secret.
fn json_problem(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Data => "not the JSON of an item",
        _ => "not JSON",
    };
    format!("{kind} (column {})", error.column())
}

fn json_bool(value: bool) -> &'static [u8] {
    if value { b"true" } else { b"false" }
}

fn json_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let mut escaped = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            c => escaped.push(c),
        }
    }
    escaped
}

struct ItemVisitor<'n> {
    name: &'n str,
}

impl<'de> Visitor<'de> for ItemVisitor<'_> {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut item = Item {
            name: self.name.to_owned(),
            data: Secret::new(Vec::new()),
            label: String::new(),
            description: String::new(),
            not_trust_application: false,
            not_synchronizable: false,
        };
        while let Some(mut member) = map.next_key::<String>()? {
            member.make_ascii_lowercase();
            match member.as_str() {
                "data" => item.data = map.next_value_seed(Base64)?,
                "label" => item.label = map.next_value::<Option<_>>()?.unwrap_or_default(),
                "description" => {
                    item.description = map.next_value::<Option<_>>()?.unwrap_or_default();
                }
                "keychainnottrustapplication" => {
                    item.not_trust_application = map.next_value::<Option<_>>()?.unwrap_or_default();
                }
                "keychainnotsynchronizable" => {
                    item.not_synchronizable = map.next_value::<Option<_>>()?.unwrap_or_default();
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(item)
    }
}

/// Reads base64 text straight out of the input, without a copy that nobody wipes.
struct Base64;

impl<'de> DeserializeSeed<'de> for Base64 {
    type Value = Secret;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Secret, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Base64 {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64 text")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Secret, E> {
        Ok(Secret::new(Vec::new()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        // Go ignores line breaks inside base64.
        let mut compact: Vec<u8> = text.bytes().filter(|b| !b"\r\n".contains(b)).collect();
        let mut bytes = Zeroizing::new(vec![0; compact.len() / 4 * 3 + 3]);
        let decoded = STANDARD.decode_slice(&compact, &mut bytes);
        compact.zeroize();
        bytes.truncate(decoded.map_err(|_| E::custom("not base64"))?);
        Ok(Secret::from(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(name: &str, data: &[u8]) -> Item {
        Item {
            name: name.to_owned(),
            data: Secret::new(data.to_vec()),
            label: format!("aws-vault ({name})"),
            description: String::new(),
            not_trust_application: true,
            not_synchronizable: false,
        }
    }

    #[test]
    fn writes_what_go_writes() {
        assert_eq!(
            String::from_utf8_lossy(&encode(&item("jon", b"{\"AccessKeyID\":\"AKIA\"}"))),
            "{\"Key\":\"jon\",\"Data\":\"eyJBY2Nlc3NLZXlJRCI6IkFLSUEifQ==\",\"Label\":\"aws-vault (jon)\",\
             \"Description\":\"\",\"KeychainNotTrustApplication\":true,\"KeychainNotSynchronizable\":false}"
        );
    }

    #[test]
    fn escapes_as_go_does() {
        let table = [
            ("<&>", "\"\\u003c\\u0026\\u003e\""),
            ("\u{2028}\u{2029}", "\"\\u2028\\u2029\""),
            ("\"\\/", "\"\\\"\\\\/\""),
            (
                "\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}",
                "\"\\b\\f\\n\\r\\t\\u0001\\u001f\u{7f}\"",
            ),
            ("é😀", "\"é😀\""),
        ];
        for (text, json) in table {
            assert_eq!(json_string(text), json);
        }
    }

    #[test]
    fn reads_as_tolerantly_as_go() {
        let table: [(&str, &[u8], &str); 6] = [
            (r#"{"key":"x","DATA":"YQ==","lAbEl":"l"}"#, b"a", "l"),
            (
                r#"{"Data":"YWJj","New":{"deep":[1,2]},"Label":null}"#,
                b"abc",
                "",
            ),
            (r#"{"Data":null,"Label":"l"}"#, b"", "l"),
            ("{}", b"", ""),
            (r#" {"Data":"YW\nJj" , "Label":"\u003cl"} "#, b"abc", "<l"),
            (r#"{"Data":"","Data":"YQ=="}"#, b"a", ""),
        ];
        for (json, data, label) in table {
            let item = decode("jon", json.as_bytes()).unwrap();
            assert_eq!(
                (item.data.expose(), item.label.as_str()),
                (data, label),
                "{json}"
            );
            assert_eq!(item.name, "jon");
        }
    }

    #[test]
    fn refuses_what_is_no_item_without_quoting_it() {
        for json in [
            "",
            "null",
            "[]",
            "secret",
            "\"secret\"",
            r#"{"Data":"secret!"}"#,
            r#"{"Data":7}"#,
            r#"{"Label":["secret"]}"#,
            r#"{"Data":"YQ=="}secret"#,
            r#"{"Data":"YQ""#,
        ] {
            let error = decode("jon", json.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{json}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(
            name in "\\PC*", label in any::<String>(), description in any::<String>(),
            data in proptest::collection::vec(any::<u8>(), 0..500), trust: bool, sync: bool,
        ) {
            let original = Item {
                name: name.clone(), data: Secret::new(data.clone()), label: label.clone(),
                description: description.clone(), not_trust_application: trust, not_synchronizable: sync,
            };
            let read = decode(&name, &encode(&original)).unwrap();
            prop_assert_eq!(read.data.expose(), &data[..]);
            prop_assert_eq!(
                (read.name, read.label, read.description, read.not_trust_application, read.not_synchronizable),
                (name, label, description, trust, sync)
            );
        }

        #[test]
        fn no_input_panics(json in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode("x", &json);
        }
    }
}
