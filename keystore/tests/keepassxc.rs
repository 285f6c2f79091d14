//! The Secret Service store against a real KeePassXC on a private bus.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use aws_vault_keystore::{Keystore, SecretServiceKeystore};
use support::bus::patient;
use support::gnome_keyring::COLLECTION;
use support::keepassxc::KeePassXc;
use support::{conformance, item, writers};

/// What the Go tool stores for a credential.
const GO_ITEM: &str = r#"{"Key":"jon","Data":"eyJBY2Nlc3NLZXlJRCI6IkFLSUFJT1NGT0ROTjdFWEFNUExFIn0=","Label":"aws-vault (jon)","Description":"","KeychainNotTrustApplication":true,"KeychainNotSynchronizable":false}"#;

fn store(keepassxc: &KeePassXc) -> SecretServiceKeystore {
    keepassxc.bus.keystore().with_limits(patient())
}

#[test]
fn conforms() {
    let keepassxc = KeePassXc::start();
    conformance::check(|| store(&keepassxc));
    conformance::check_persistence(|| store(&keepassxc));
}

#[test]
fn what_is_stored_survives_a_kill() {
    let mut keepassxc = KeePassXc::start();
    let before = keepassxc.on_disk();
    store(&keepassxc).write(&item("jon", "secret")).unwrap();
    // It saves after the answer, and replaces the file as a whole.
    for _ in 0..600 {
        if keepassxc.on_disk() != before {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    keepassxc.restart_after_kill();
    let read = store(&keepassxc).read("jon").unwrap().unwrap();
    assert_eq!(read.data.expose(), b"secret");
    assert_eq!(store(&keepassxc).names().unwrap(), ["jon"]);
}

#[test]
fn items_of_earlier_releases_are_read_and_replaced() {
    let keepassxc = KeePassXc::start();
    keepassxc.bus.create_items(
        COLLECTION,
        &serde_json::json!([
            {"label": "jon", "attributes": {"profile": "jon"}, "content_type": "application/json", "secret": GO_ITEM}
        ]),
    );
    let store = store(&keepassxc);
    let read = store.read("jon").unwrap().unwrap();
    assert_eq!(
        read.data.expose(),
        br#"{"AccessKeyID":"AKIAIOSFODNN7EXAMPLE"}"#
    );
    assert_eq!(read.label, "aws-vault (jon)");
    store.write(&item("jon", "rotated")).unwrap();
    assert_eq!(store.names().unwrap(), ["jon"]);
    let items = keepassxc.bus.items(COLLECTION);
    assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
    assert!(store.remove("jon").unwrap());
    assert_eq!(keepassxc.bus.items(COLLECTION), serde_json::json!([]));
}

#[test]
fn many_writers_lose_nothing() {
    let keepassxc = KeePassXc::start();
    // It writes the whole database to the disk at every change.
    writers::check(20, || store(&keepassxc));
}
