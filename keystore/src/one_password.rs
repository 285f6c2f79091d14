//! How an item is kept in 1Password, whichever way it gets there.
//!
//! The layout is that of earlier aws-vault releases: an item of the category "API credential" in one vault, with the title
//! `aws-vault: NAME`, the tag `aws-vault`, and exactly one concealed field, `keyring`, which holds the item's JSON. Connect's REST
//! interface and the `op` program describe an item in the same JSON.

#[cfg(unix)]
pub(crate) mod cli;
pub(crate) mod connect;
mod http;

use serde_json::{Value, json};
use zeroize::{Zeroize, Zeroizing};

use crate::settings::OnePassword;
use crate::{Backend, Error, Item, envelope};

/// As Connect and `op` call it.
const CATEGORY: &str = "API_CREDENTIAL";
const CONCEALED: &str = "CONCEALED";
const FIELD: &str = "keyring";

/// Titles and tags of one user's items.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) backend: Backend,
    pub(crate) settings: OnePassword,
}

impl Shape {
    /// The vault's id. It becomes part of a URL and of a command line, so it must be an id and nothing else.
    pub(crate) fn vault(&self) -> Result<&str, Error> {
        let vault = &self.settings.vault;
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if vault.is_empty() {
            return Err(self.unavailable("it is not known in which vault (--op-vault-id)"));
        }
        if !vault.chars().all(is_id) || vault.starts_with('-') {
            return Err(self.unavailable(format!("{vault:?} is not the id of a vault")));
        }
        Ok(vault)
    }

    pub(crate) fn title(&self, name: &str) -> String {
        format!("{}: {name}", self.settings.title_prefix)
    }

    /// The names in a list of items, which has no fields.
    pub(crate) fn names(&self, list: &Value) -> Vec<String> {
        let mut names: Vec<_> = self.ours(list).filter_map(|it| self.name(it)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The one item of that name in a list. More than one is an error: either may be the good one.
    pub(crate) fn find<'a>(&self, name: &str, list: &'a Value) -> Result<Option<&'a str>, Error> {
        let title = self.title(name);
        let mut found = self
            .ours(list)
            .filter(|item| text(item, "title") == Some(&title))
            .filter_map(|item| text(item, "id"));
        let first = found.next();
        match found.count() {
            0 => Ok(first),
            others => Err(self.ambiguous(&title, others + 1)),
        }
    }

    pub(crate) fn ambiguous(&self, title: &str, count: impl std::fmt::Display) -> Error {
        self.failed(
            "find the item",
            format!("{count} items are called {title:?}: keep the right one in 1Password"),
        )
    }

    /// Takes the item out of 1Password's JSON, which is wiped where the secret was.
    pub(crate) fn decode(&self, name: &str, document: &mut Value) -> Result<Item, Error> {
        let Some(Value::String(value)) = self.field(document) else {
            let reason = format!("it has not exactly one concealed field {FIELD:?}");
            return Err(Error::corrupt(name, reason));
        };
        let json = Zeroizing::new(std::mem::take(value));
        envelope::decode(name, json.as_bytes())
    }

    /// Whether the JSON is of an item of ours.
    pub(crate) fn is_ours(&self, document: &Value) -> bool {
        text(document, "category") == Some(CATEGORY)
            && document["tags"]
                .as_array()
                .is_some_and(|tags| tags.iter().any(|tag| tag == self.settings.tag.as_str()))
    }

    /// 1Password's JSON of a new item.
    pub(crate) fn encode(&self, item: &Item) -> Document {
        Document(json!({
            "title": self.title(&item.name),
            "category": CATEGORY,
            "tags": [self.settings.tag],
            "vault": { "id": self.settings.vault },
            "fields": [{ "type": CONCEALED, "label": FIELD, "value": value(item) }],
        }))
    }

    /// The same for an item that is there: what a person has added to it (notes, links) stays.
    pub(crate) fn replace(&self, item: &Item, old: Value) -> Result<Document, Error> {
        let mut document = Document(old);
        let Some(field) = self.field(&mut document.0) else {
            let reason = format!("it has not exactly one concealed field {FIELD:?}");
            return Err(Error::corrupt(&item.name, reason));
        };
        if let Value::String(old) = field {
            old.zeroize();
        }
        *field = Value::String(value(item));
        Ok(document)
    }

    /// The value of the field that is ours, if there is no other concealed one.
    fn field<'a>(&self, document: &'a mut Value) -> Option<&'a mut Value> {
        if !self.is_ours(document) {
            return None;
        }
        let mut concealed = document["fields"]
            .as_array_mut()?
            .iter_mut()
            .filter(|field| text(field, "type") == Some(CONCEALED));
        let (field, more) = (concealed.next()?, concealed.next());
        if more.is_some() || text(field, "label") != Some(FIELD) {
            return None;
        }
        field.get_mut("value")
    }

    fn ours<'a>(&self, list: &'a Value) -> impl Iterator<Item = &'a Value> {
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter(|item| self.is_ours(item))
    }

    fn name(&self, item: &Value) -> Option<String> {
        let rest = text(item, "title")?.strip_prefix(&self.settings.title_prefix)?;
        rest.strip_prefix(": ").map(str::to_owned)
    }

    pub(crate) fn unavailable(&self, reason: impl Into<String>) -> Error {
        Error::unavailable(self.backend, reason)
    }

    pub(crate) fn failed(&self, operation: &'static str, reason: impl Into<String>) -> Error {
        Error::failed(self.backend, operation, reason)
    }

    /// JSON of 1Password, or an error that does not quote it.
    pub(crate) fn parse(&self, operation: &'static str, json: &[u8]) -> Result<Value, Error> {
        serde_json::from_slice(json)
            .map_err(|_| self.failed(operation, "its answer is not the JSON of 1Password"))
    }
}

/// The JSON of an item with its secret, which is wiped when dropped.
pub(crate) struct Document(Value);

impl Document {
    pub(crate) fn text(&self) -> Zeroizing<Vec<u8>> {
        // Large enough from the start: growing would leave parts of the secret behind in freed memory.
        let mut size = Size(0);
        let _ = serde_json::to_writer(&mut size, &self.0);
        let mut json = Zeroizing::new(Vec::with_capacity(size.0));
        let _ = serde_json::to_writer(&mut *json, &self.0);
        json
    }

    #[cfg(unix)]
    pub(crate) fn id(&self) -> Option<&str> {
        text(&self.0, "id")
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        for field in self.0["fields"].as_array_mut().into_iter().flatten() {
            if let Some(Value::String(value)) = field.get_mut("value") {
                value.zeroize();
            }
        }
    }
}

/// Counts what is written to it.
struct Size(usize);

impl std::io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member)?.as_str()
}

fn value(item: &Item) -> String {
    let json = envelope::encode(item);
    String::from_utf8_lossy(&json).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn shape() -> Shape {
        Shape {
            backend: Backend::OpConnect,
            settings: OnePassword {
                vault: "v1".to_owned(),
                ..OnePassword::default()
            },
        }
    }

    fn item() -> Item {
        Item {
            name: "jon".to_owned(),
            data: Secret::from("secret".to_owned()),
            label: "aws-vault (jon)".to_owned(),
            description: String::new(),
            not_trust_application: true,
            not_synchronizable: false,
        }
    }

    #[test]
    fn a_new_item_has_the_shape_that_earlier_releases_read() {
        let document: Value = serde_json::from_slice(&shape().encode(&item()).text()).unwrap();
        assert_eq!(
            document,
            json!({
                "title": "aws-vault: jon", "category": "API_CREDENTIAL", "tags": ["aws-vault"], "vault": {"id": "v1"},
                "fields": [{"type": "CONCEALED", "label": "keyring", "value":
                    "{\"Key\":\"jon\",\"Data\":\"c2VjcmV0\",\"Label\":\"aws-vault (jon)\",\"Description\":\"\",\
                     \"KeychainNotTrustApplication\":true,\"KeychainNotSynchronizable\":false}"}],
            })
        );
    }

    /// Sent to the stand-in server by release 7.13.5 of the Go tool.
    #[test]
    fn an_item_of_the_go_tool_opens() {
        let sent = include_bytes!("../tests/fixtures/op-connect-7.13.5.json");
        let item = shape()
            .decode("jon", &mut serde_json::from_slice(sent).unwrap())
            .unwrap();
        assert_eq!(item.label, "aws-vault (jon)");
        assert!(
            item.data
                .expose()
                .starts_with(br#"{"AccessKeyID":"AKIAIOSFODNN7EXAMPLE","#)
        );
    }

    #[test]
    fn what_a_person_added_stays() {
        let old = json!({
            "id": "i1", "title": "aws-vault: jon", "category": "API_CREDENTIAL", "tags": ["aws-vault", "prod"],
            "fields": [{"id": "n", "type": "STRING", "label": "notesPlain", "value": "do not touch"},
                       {"id": "f", "type": "CONCEALED", "label": "keyring", "value": "{}"}],
        });
        let new: Value =
            serde_json::from_slice(&shape().replace(&item(), old).unwrap().text()).unwrap();
        assert_eq!(new["fields"][0]["value"], "do not touch");
        assert_eq!(new["fields"][1]["id"], "f");
        assert_eq!(new["tags"], json!(["aws-vault", "prod"]));
        let read = shape().decode("jon", &mut new.clone()).unwrap();
        assert_eq!(read.data.expose(), b"secret");
    }

    #[test]
    fn other_shapes_are_corrupt_items_and_not_quoted() {
        let field = |label: &str| json!({"type": "CONCEALED", "label": label, "value": "canary"});
        for fields in [
            json!([]),
            json!([field("password")]),
            json!([field("keyring"), field("other")]),
            json!(7),
        ] {
            let mut document = json!({"title": "aws-vault: jon", "category": CATEGORY, "tags": ["aws-vault"], "fields": fields});
            let error = shape().decode("jon", &mut document).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn lists_are_ours_by_tag_category_and_title() {
        let entry = |id: &str, title: &str, tag: &str, category: &str| json!({"id": id, "title": title, "tags": [tag], "category": category});
        let list = json!([
            entry("1", "aws-vault: b", "aws-vault", CATEGORY),
            entry("2", "aws-vault: a", "aws-vault", CATEGORY),
            entry("3", "aws-vault: c", "other", CATEGORY),
            entry("4", "aws-vault: d", "aws-vault", "LOGIN"),
            entry("5", "something", "aws-vault", CATEGORY),
            entry("6", "aws-vault: a", "aws-vault", CATEGORY),
        ]);
        assert_eq!(shape().names(&list), ["a", "b"]);
        assert_eq!(shape().find("b", &list).unwrap(), Some("1"));
        assert_eq!(shape().find("c", &list).unwrap(), None);
        let error = shape().find("a", &list).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("2 items are called \"aws-vault: a\""),
            "{error}"
        );
    }

    #[test]
    fn a_vault_is_an_id() {
        for (vault, good) in [
            ("abc-1_D", true),
            ("", false),
            ("a/b", false),
            ("-x", false),
            ("a b", false),
        ] {
            let mut shape = shape();
            shape.settings.vault = vault.to_owned();
            assert_eq!(shape.vault().is_ok(), good, "{vault:?}");
        }
    }
}
