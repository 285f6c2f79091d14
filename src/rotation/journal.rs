//! What a rotation must not forget: sealed in the keystore before IAM is asked for anything.
//!
//! The item is at the same time a credential as the Go tool stores one (the newest key it holds), so that whoever is left with
//! nothing but the Go tool can still use that key: `aws-vault exec 'aws-vault rotation (NAME)' -- …`.

use std::time::{SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::credentials::{AccessKey, StoredKey, rfc3339};

const VERSION: u32 = 1;

/// Which way a rotation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// To the new key. While there is none, it is not known whether IAM made one.
    Forward,
    /// The old key is deactivated and kept, as `--keep-old` asked.
    OldKeyKept,
    /// Back to the old key.
    Back,
}

/// One rotation.
#[derive(Debug)]
pub struct Journal {
    /// Of this state; the highest counts.
    pub number: u64,
    pub phase: Phase,
    /// Every name under which the old key is stored.
    pub names: Vec<String>,
    /// The profile whose chain signs at IAM.
    pub profile: String,
    /// `--no-session`
    pub no_session: bool,
    pub account: String,
    pub user: String,
    /// This computer's time when the intent was written.
    pub started: SystemTime,
    /// Ids of the user's keys at that time; `None` where the user may not list them.
    pub keys_before: Option<Vec<String>>,
    pub old: StoredKey,
    pub new: Option<StoredKey>,
}

impl Journal {
    /// The name under which the journal itself is kept.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Whether IAM was asked for a key without an answer that got here.
    pub fn is_intent(&self) -> bool {
        self.new.is_none() && self.phase == Phase::Forward
    }

    /// The item's content. Until there is a new key, the old one stands in its place, so that the journal does not grow when
    /// the new secret must find room.
    pub fn encode(&self) -> serde_json::Result<Zeroizing<Vec<u8>>> {
        let newest = self.new.as_ref().unwrap_or(&self.old);
        let names: usize = self.names.iter().map(|name| name.len() * 6 + 8).sum();
        // One allocation that is large enough: growing would leave parts of the secrets behind in freed memory.
        let mut json = Zeroizing::new(Vec::with_capacity(4096 + names + self.profile.len() * 6));
        let document = Document {
            access_key_id: newest.key.access_key_id.clone(),
            secret_access_key: Kept::of(newest),
            create_date: newest.created.map(rfc3339),
            rotation: Rotation {
                version: VERSION,
                number: self.number,
                phase: self.phase,
                has_new_key: self.new.is_some(),
                names: self.names.clone(),
                profile: self.profile.clone(),
                no_session: self.no_session,
                account: self.account.clone(),
                user: self.user.clone(),
                started: rfc3339(self.started),
                keys_before: self.keys_before.clone(),
                old: OldKey {
                    access_key_id: self.old.key.access_key_id.clone(),
                    secret_access_key: Kept::of(&self.old),
                    create_date: self.old.created.map(rfc3339),
                },
            },
        };
        serde_json::to_writer(&mut *json, &document)?;
        Ok(json)
    }

    /// `Ok(None)`: it was never written to its end, so nothing was done on the strength of it.
    pub fn decode(json: &[u8]) -> Result<Option<Self>, NewerVersion> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Outline {
            rotation: Version,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Version {
            version: u32,
        }
        match serde_json::from_slice::<Outline>(json) {
            Ok(outline) if outline.rotation.version != VERSION => return Err(NewerVersion),
            Ok(_) => {}
            Err(_) => return Ok(None),
        }
        let Ok(document) = serde_json::from_slice::<Document>(json) else {
            return Ok(None);
        };
        let rotation = document.rotation;
        if rotation.names.is_empty() {
            return Ok(None);
        }
        let new = rotation.has_new_key.then(|| {
            stored(
                document.access_key_id,
                document.secret_access_key,
                document.create_date.as_deref(),
            )
        });
        Ok(Some(Self {
            number: rotation.number,
            phase: rotation.phase,
            names: rotation.names,
            profile: rotation.profile,
            no_session: rotation.no_session,
            account: rotation.account,
            user: rotation.user,
            started: humantime::parse_rfc3339(&rotation.started).unwrap_or(UNIX_EPOCH),
            keys_before: rotation.keys_before,
            old: stored(
                rotation.old.access_key_id,
                rotation.old.secret_access_key,
                rotation.old.create_date.as_deref(),
            ),
            new,
        }))
    }
}

/// A journal that a later version wrote.
#[derive(Debug, PartialEq, Eq)]
pub struct NewerVersion;

fn stored(id: String, secret: Kept, created: Option<&str>) -> StoredKey {
    StoredKey {
        key: AccessKey {
            access_key_id: id,
            secret_access_key: secret.0,
        },
        created: created.and_then(|text| humantime::parse_rfc3339(text).ok()),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(rename = "AccessKeyID")]
    access_key_id: String,
    secret_access_key: Kept,
    #[serde(default)]
    create_date: Option<String>,
    rotation: Rotation,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rotation {
    version: u32,
    number: u64,
    phase: Phase,
    has_new_key: bool,
    names: Vec<String>,
    profile: String,
    no_session: bool,
    account: String,
    user: String,
    started: String,
    keys_before: Option<Vec<String>>,
    old: OldKey,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OldKey {
    #[serde(rename = "AccessKeyID")]
    access_key_id: String,
    secret_access_key: Kept,
    #[serde(default)]
    create_date: Option<String>,
}

/// A secret on its way between the store and a key.
struct Kept(SecretString);

impl Kept {
    fn of(key: &StoredKey) -> Self {
        Self(key.duplicate().key.secret_access_key)
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.into()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;

    pub fn key(id: &str) -> StoredKey {
        StoredKey {
            key: AccessKey {
                access_key_id: id.into(),
                secret_access_key: format!("secret of {id} \"\\/\u{e9}").into(),
            },
            created: Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
        }
    }

    pub fn journal(phase: Phase, new: Option<StoredKey>) -> Journal {
        Journal {
            number: 7,
            phase,
            names: vec!["bastion".into(), "a \"b\"".into()],
            profile: "admin".into(),
            no_session: true,
            account: "111122223333".into(),
            user: "elmerfudd".into(),
            started: UNIX_EPOCH + Duration::from_secs(1_750_000_000),
            keys_before: Some(vec!["AKIAOLD".into()]),
            old: key("AKIAOLD"),
            new,
        }
    }

    #[test]
    fn round_trip() {
        for phase in [Phase::Forward, Phase::OldKeyKept, Phase::Back] {
            for new in [None, Some(key("AKIANEW"))] {
                let before = journal(phase, new);
                let after = Journal::decode(&before.encode().unwrap()).unwrap().unwrap();
                assert_eq!(format!("{before:?}"), format!("{after:?}"));
                assert!(after.old.is_same_key(&before.old));
                match (&before.new, &after.new) {
                    (Some(before), Some(after)) => assert!(after.is_same_key(before)),
                    (before, after) => assert!(before.is_none() && after.is_none()),
                }
            }
        }
    }

    #[test]
    fn the_go_tool_reads_the_newest_key() {
        for (new, id) in [(None, "AKIAOLD"), (Some(key("AKIANEW")), "AKIANEW")] {
            let json = journal(Phase::Forward, new).encode().unwrap();
            let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
            assert_eq!(value["AccessKeyID"], id);
            assert!(value["SecretAccessKey"].as_str().unwrap().contains(id));
        }
    }

    #[test]
    fn the_new_key_needs_no_more_room_than_the_intent() {
        let intent = journal(Phase::Forward, None).encode().unwrap();
        let created = journal(Phase::Forward, Some(key("AKIANEW")))
            .encode()
            .unwrap();
        assert!(
            created.len() <= intent.len(),
            "true and false differ by one"
        );
    }

    #[test]
    fn what_was_not_written_to_its_end_is_none() {
        let json = journal(Phase::Forward, None).encode().unwrap();
        for end in 0..json.len() {
            assert!(matches!(Journal::decode(&json[..end]), Ok(None)), "{end}");
        }
        for json in [
            "{}",
            "[]",
            r#"{"AccessKeyID":"AKIA","SecretAccessKey":"CANARY"}"#,
        ] {
            assert!(matches!(Journal::decode(json.as_bytes()), Ok(None)));
        }
    }

    #[test]
    fn a_later_version_is_not_taken_for_damage() {
        let json =
            String::from_utf8(journal(Phase::Forward, None).encode().unwrap().to_vec()).unwrap();
        let later = json.replace(r#""Version":1"#, r#""Version":2"#);
        assert_eq!(Journal::decode(later.as_bytes()).unwrap_err(), NewerVersion);
    }
}
