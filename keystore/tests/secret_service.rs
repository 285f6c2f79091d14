//! The Secret Service store against a real GNOME Keyring on a private bus.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use aws_vault_keystore::{Error, Keystore, Limits, SecretServiceKeystore};
use serde_json::json;
use support::bus::patient;
use support::gnome_keyring::{Bus, COLLECTION, GnomeKeyring, Watcher, repeated};
use support::{conformance, item, writers};

/// What the Go tool stores for a credential.
const GO_ITEM: &str = r#"{"Key":"jon","Data":"eyJBY2Nlc3NLZXlJRCI6IkFLSUFJT1NGT0ROTjdFWEFNUExFIn0=","Label":"aws-vault (jon)","Description":"","KeychainNotTrustApplication":true,"KeychainNotSynchronizable":false}"#;
const GO_DATA: &[u8] = br#"{"AccessKeyID":"AKIAIOSFODNN7EXAMPLE"}"#;

#[test]
fn conforms() {
    repeated(|| {
        let mut keyring = GnomeKeyring::start();
        keyring.expect_password();
        conformance::check(|| keyring.keystore());
        conformance::check_persistence(|| keyring.keystore());
        assert!(
            !keyring.is_expecting(),
            "the collection was made without a prompt"
        );
    });
}

#[test]
fn reading_an_absent_collection_makes_none() {
    repeated(|| {
        let keyring = GnomeKeyring::start();
        let store = keyring.keystore();
        assert!(store.read("jon").unwrap().is_none());
        assert!(!store.remove("jon").unwrap());
        assert!(store.names().unwrap().is_empty());
        assert_eq!(keyring.items(), json!([]));
    });
}

#[test]
fn items_of_earlier_releases_are_read_and_replaced() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("ours");
        for attributes in [
            json!({"profile": "jon"}),
            json!({"profile": "jon", "xdg:schema": "org.freedesktop.Secret.Generic"}),
        ] {
            keyring.create_items(&json!([
            {"label": "jon", "attributes": attributes, "content_type": "application/json", "secret": GO_ITEM}
        ]));
            let store = keyring.keystore();
            let read = store.read("jon").unwrap().unwrap();
            assert_eq!(read.data.expose(), GO_DATA);
            assert_eq!(read.label, "aws-vault (jon)");
            assert_eq!(store.names().unwrap(), ["jon", "ours"]);

            store.write(&item("jon", "rotated")).unwrap();
            assert_eq!(keyring.items().as_array().unwrap().len(), 2);
            assert_eq!(
                store.read("jon").unwrap().unwrap().data.expose(),
                b"rotated"
            );
            assert!(store.remove("jon").unwrap());
            assert_eq!(store.names().unwrap(), ["ours"]);
        }
        assert!(!keyring.is_expecting());
    });
}

#[test]
fn items_have_the_shape_that_earlier_releases_read() {
    repeated(|| {
        let mut keyring = GnomeKeyring::start();
        keyring.expect_password();
        let mut jon = item("jon", GO_DATA);
        jon.label = "aws-vault (jon)".to_owned();
        keyring.keystore().write(&jon).unwrap();

        let items = keyring.items();
        let [stored] = items.as_array().unwrap().as_slice() else {
            panic!("{items}")
        };
        assert_eq!(stored["label"], "jon");
        assert_eq!(stored["attributes"]["profile"], "jon");
        assert_eq!(stored["secret"], GO_ITEM);
        // GNOME Keyring forgets the content type.
        let added_by_service = |name: &&String| *name != "profile" && *name != "xdg:schema";
        let attributes = stored["attributes"].as_object().unwrap();
        assert_eq!(
            attributes.keys().filter(added_by_service).count(),
            0,
            "{attributes:?}"
        );
    });
}

#[test]
fn an_item_without_our_attribute_is_found_by_its_label() {
    repeated(|| {
        let keyring = GnomeKeyring::with_item("ours");
        keyring.create_items(&json!([
        {"label": "jon", "attributes": {"made-by": "hand"}, "content_type": "text/plain", "secret": GO_ITEM}
    ]));
        let store = keyring.keystore();
        assert_eq!(store.names().unwrap(), ["jon", "ours"]);
        assert_eq!(store.read("jon").unwrap().unwrap().data.expose(), GO_DATA);
        assert!(store.remove("jon").unwrap());
        assert_eq!(store.names().unwrap(), ["ours"]);
    });
}

#[test]
fn two_items_of_one_name_become_one() {
    repeated(|| {
        let keyring = GnomeKeyring::with_item("ours");
        let secret = |data: &str| {
            GO_ITEM.replace("eyJBY2Nlc3NLZXlJRCI6IkFLSUFJT1NGT0ROTjdFWEFNUExFIn0=", data)
        };
        keyring.create_items(&json!([
        {"label": "jon", "attributes": {"profile": "jon"}, "content_type": "text/plain", "secret": secret("c2Vjb25k")},
        {"label": "jon", "attributes": {"profile": "jon", "made-by": "hand"}, "content_type": "text/plain", "secret": secret("Zmlyc3Q=")},
    ]));
        let of_jon = || {
            let items = keyring.items();
            let items = items.as_array().unwrap().iter();
            items.filter(|item| item["label"] == "jon").count()
        };
        assert_eq!(of_jon(), 2);
        assert_eq!(keyring.keystore().names().unwrap(), ["jon", "ours"]);
        assert!(keyring.keystore().read("jon").unwrap().is_some());
        // What was written is what is read, whichever the service shows first.
        keyring.keystore().write(&item("jon", "rotated")).unwrap();
        let read = keyring.keystore().read("jon").unwrap().unwrap();
        assert_eq!(read.data.expose(), b"rotated");
        assert_eq!(of_jon(), 1);
        assert!(keyring.keystore().remove("jon").unwrap());
        assert!(keyring.keystore().read("jon").unwrap().is_none());
    });
}

#[test]
fn items_of_other_collections_are_none_of_ours() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("ours");
        let foreign = json!([
            {"label": "jon", "attributes": {"profile": "jon"}, "content_type": "text/plain", "secret": GO_ITEM},
            {"label": "ours", "attributes": {"profile": "ours"}, "content_type": "text/plain", "secret": GO_ITEM},
        ]);
        keyring.expect_password();
        keyring.bus.create_items("somebody else's", &foreign);
        // The service adds a schema by itself when it reads its file again, at any time.
        let theirs = || {
            let mut items = keyring.bus.items("somebody else's");
            for item in items.as_array_mut().unwrap() {
                let attributes = item["attributes"].as_object_mut().unwrap();
                attributes.remove("xdg:schema");
            }
            let items = items.as_array().unwrap().iter();
            items.map(ToString::to_string).collect::<BTreeSet<_>>()
        };
        let before = theirs();
        assert_eq!(before.len(), 2);

        let store = keyring.keystore();
        assert_eq!(store.names().unwrap(), ["ours"]);
        assert!(store.read("jon").unwrap().is_none());
        assert!(!store.remove("jon").unwrap());
        let read = store.read("ours").unwrap().unwrap();
        assert_eq!(read.data.expose(), b"first secret");
        store.write(&item("jon", "our own")).unwrap();
        assert!(store.remove("ours").unwrap());
        assert!(store.remove("jon").unwrap());
        assert_eq!(theirs(), before);
    });
}

#[test]
fn a_collection_is_found_by_its_label() {
    repeated(|| {
        let mut keyring = GnomeKeyring::start();
        let store =
            || SecretServiceKeystore::new("my vault, no. 2").at_address(&keyring.bus.address);
        let (first, second) = (store(), store());
        keyring.expect_password();
        first.write(&item("jon", "secret")).unwrap();
        assert_eq!(
            second.read("jon").unwrap().unwrap().data.expose(),
            b"secret"
        );
        assert_eq!(second.names().unwrap(), ["jon"]);
        assert_eq!(second.location(), "secret-service:my vault, no. 2");
    });
}

#[test]
fn stored_garbage_is_an_error_that_does_not_show_it() {
    repeated(|| {
        let keyring = GnomeKeyring::with_item("ours");
        for secret in [
            "",
            "garbage",
            "\0\u{1}\u{ff}\n",
            "{\"Data\":\"garbage\"}",
            &"garbage".repeat(150_000),
        ] {
            keyring.create_items(&json!([
            {"label": "bad", "attributes": {"profile": "bad"}, "content_type": "text/plain", "secret": secret}
        ]));
            let error = keyring.keystore().read("bad").unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
            assert!(!error.to_string().contains("garbage"), "{error}");
        }
        assert!(keyring.keystore().read("ours").unwrap().is_some());
    });
}

#[test]
fn a_locked_collection_is_unlocked_by_its_prompt() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("jon");
        let operations: [fn(&SecretServiceKeystore); 4] = [
            |store| {
                assert_eq!(
                    store.read("jon").unwrap().unwrap().data.expose(),
                    b"first secret"
                );
            },
            |store| assert_eq!(store.names().unwrap(), ["jon"]),
            |store| store.write(&item("jon", "first secret")).unwrap(),
            |store| assert!(store.remove("jon").unwrap()),
        ];
        for operation in operations {
            keyring.restart();
            keyring.expect_password();
            operation(&keyring.keystore());
            assert!(!keyring.is_expecting(), "it was not locked");
        }
    });
}

#[test]
fn the_names_of_a_locked_collection_need_no_prompt() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("jon");
        let store = keyring.keystore();
        keyring.lock();
        keyring.expect_dismissal();
        for store in [store, keyring.keystore()] {
            assert_eq!(store.names().unwrap(), ["jon"]);
        }
        assert!(keyring.is_expecting(), "there was a prompt");

        // After a restart GNOME Keyring itself cannot read the names without the password; it needs that once.
        keyring.restart();
        let error = keyring.keystore().names().unwrap_err();
        assert!(matches!(error, Error::Dismissed { .. }), "{error}");
        keyring.expect_password();
        assert_eq!(keyring.keystore().names().unwrap(), ["jon"]);
        assert_eq!(keyring.keystore().names().unwrap(), ["jon"]);
    });
}

#[test]
fn a_wrong_password_can_be_corrected() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("jon");
        keyring.restart();
        keyring.tell("password wrong");
        keyring.expect_password();
        assert!(keyring.keystore().read("jon").unwrap().is_some());
    });
}

type Operation = fn(&SecretServiceKeystore) -> Result<(), Error>;

const OPERATIONS: [Operation; 4] = [
    |store| store.read("jon").map(drop),
    |store| store.names().map(drop),
    |store| store.write(&item("jon", "y")),
    |store| store.remove("jon").map(drop),
];

#[test]
fn a_dismissed_prompt_is_an_error() {
    repeated(|| {
        let mut keyring = GnomeKeyring::start();
        keyring.expect_dismissal();
        let error = keyring.keystore().write(&item("jon", "x")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the prompt of the secret-service keystore was dismissed"
        );
        assert_eq!(keyring.items(), json!([]));

        keyring.expect_password();
        keyring.keystore().write(&item("jon", "x")).unwrap();
        keyring.restart();
        for operation in OPERATIONS {
            keyring.expect_dismissal();
            let error = operation(&keyring.keystore()).unwrap_err();
            assert!(matches!(error, Error::Dismissed { .. }), "{error}");
        }
        keyring.expect_password();
        assert_eq!(
            keyring
                .keystore()
                .read("jon")
                .unwrap()
                .unwrap()
                .data
                .expose(),
            b"x"
        );
    });
}

#[test]
fn a_prompt_that_nobody_answers_times_out() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("jon");
        keyring.restart();
        keyring.delay_answers(Duration::from_mins(10));
        keyring.expect_password();
        let start = Instant::now();
        let error = keyring
            .keystore_with_prompt_limit(Duration::from_secs(1))
            .read("jon")
            .unwrap_err();
        assert!(
            matches!(error, Error::TimedOut { seconds: 1, .. }),
            "{error}"
        );
        assert!(start.elapsed() < Duration::from_secs(50));
    });
}

#[test]
fn a_service_that_ends_while_prompting_is_an_error_at_once() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("jon");
        keyring.restart();
        keyring.delay_answers(Duration::from_mins(10));
        keyring.expect_password();
        let store = keyring.keystore();
        let reading = std::thread::spawn(move || store.read("jon").map(drop));
        std::thread::sleep(Duration::from_millis(500));
        keyring.kill();
        let start = Instant::now();
        let error = reading.join().unwrap().unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(50));
    });
}

#[test]
fn a_service_that_is_killed_while_it_is_asked_is_an_error_at_once() {
    repeated(|| {
        for operation in OPERATIONS {
            let mut keyring = GnomeKeyring::with_item("jon");
            let store = keyring.keystore();
            assert!(store.read("jon").unwrap().is_some());
            keyring.suspend();
            let watcher = Watcher::start(&keyring.bus);
            let asking = std::thread::spawn(move || operation(&store));
            // The call is on its way, and the service does not read it.
            watcher.traffic_with(&keyring.bus, b"/org/freedesktop/secrets/collection");
            keyring.kill();
            let start = Instant::now();
            let error = asking.join().unwrap().unwrap_err();
            assert!(start.elapsed() < Duration::from_secs(50));
            assert!(matches!(error, Error::Unavailable { .. }), "{error}");
            keyring.restart();
            keyring.expect_password();
            let read = keyring.keystore().read("jon").unwrap().unwrap();
            assert_eq!(read.data.expose(), b"first secret");
        }
    });
}

#[test]
fn a_service_that_cannot_be_started_is_unavailable() {
    let bus = Bus::with_service("org.freedesktop.secrets", "/bin/false");
    for operation in OPERATIONS {
        let start = Instant::now();
        let error = operation(&bus.keystore()).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(50));
        assert_eq!(
            error.to_string(),
            "the secret-service keystore is not available: its service cannot be started"
        );
    }
}

#[test]
fn a_restarted_service_is_no_error() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("jon");
        let store = keyring.keystore();
        assert!(store.read("jon").unwrap().is_some());
        keyring.restart();
        keyring.expect_password();
        assert!(store.read("jon").unwrap().is_some());
        keyring.lock();
        keyring.expect_password();
        assert!(store.read("jon").unwrap().is_some());
    });
}

#[test]
fn a_collection_that_is_removed_meanwhile_is_made_again() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("jon");
        let store = keyring.keystore();
        assert!(store.read("jon").unwrap().is_some());
        keyring.delete();
        assert!(store.read("jon").unwrap().is_none());
        assert!(store.names().unwrap().is_empty());
        assert!(!store.remove("jon").unwrap());
        keyring.expect_password();
        store.write(&item("jon", "again")).unwrap();
        assert_eq!(store.names().unwrap(), ["jon"]);
    });
}

#[test]
fn a_hung_service_times_out() {
    repeated(|| {
        let keyring = GnomeKeyring::with_item("jon");
        // Long enough for what must succeed first; an open session keeps the limits it began with.
        let limits = Limits {
            call: Duration::from_secs(5),
            ..Limits::default()
        };
        let opened = keyring.keystore().with_limits(limits);
        assert!(opened.read("jon").unwrap().is_some());
        keyring.suspend();
        for store in [opened, keyring.keystore().with_limits(limits)] {
            let start = Instant::now();
            let error = store.read("jon").unwrap_err();
            assert!(
                matches!(error, Error::TimedOut { seconds: 5, .. }),
                "{error}"
            );
            assert!(start.elapsed() < Duration::from_secs(30));
        }
        keyring.resume();
        assert!(keyring.keystore().read("jon").unwrap().is_some());
    });
}

#[test]
fn a_hung_bus_times_out() {
    let bus = Bus::start();
    bus.suspend();
    let start = Instant::now();
    let limits = Limits {
        call: Duration::from_secs(1),
        ..Limits::default()
    };
    let error = bus.keystore().with_limits(limits).read("jon").unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    let error = bus.keystore().probe().unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(50));
}

#[test]
fn without_a_bus_or_a_service_it_is_unavailable_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let dead_socket = dir.path().join("dead");
    drop(UnixListener::bind(&dead_socket).unwrap());
    let bus = Bus::start();
    let addresses = [
        format!("unix:path={}", dead_socket.display()),
        format!("unix:path={}/nothing", dir.path().display()),
        "nonsense".to_owned(),
        "unix:path=".to_owned(),
        "tcp:host=127.0.0.1,port=1".to_owned(),
        bus.address.clone(),
    ];
    for address in addresses {
        let start = Instant::now();
        let store = SecretServiceKeystore::new(COLLECTION).at_address(&address);
        for result in [
            store.probe(),
            store.read("jon").map(drop),
            store.names().map(drop),
            store.write(&item("jon", "x")),
        ] {
            let error = result.expect_err(&address);
            assert!(
                matches!(error, Error::Unavailable { .. }),
                "{address}: {error}"
            );
            assert!(
                error
                    .to_string()
                    .starts_with("the secret-service keystore is not available: ")
            );
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{address}");
    }
}

#[test]
fn probing_unlocks_and_asks_nothing() {
    repeated(|| {
        let mut keyring = GnomeKeyring::with_item("jon");
        keyring.restart();
        keyring.keystore().probe().unwrap();
        keyring.expect_password();
        assert!(keyring.is_expecting());
        assert!(keyring.keystore().read("jon").unwrap().is_some());
    });
}

#[test]
fn a_watcher_of_the_bus_sees_no_secret() {
    repeated(|| {
        let canary = "canary-5f1c0e7a";
        let mut keyring = GnomeKeyring::start();
        let watcher = Watcher::start(&keyring.bus);
        keyring.expect_password();
        keyring.keystore().write(&item("jon", canary)).unwrap();
        let read = keyring.keystore().read("jon").unwrap().unwrap();
        assert_eq!(read.data.expose(), canary.as_bytes());

        let traffic = watcher.traffic_with(&keyring.bus, b"GetSecret");
        let shows = |text: &[u8]| traffic.windows(text.len()).any(|window| window == text);
        assert!(shows(b"dh-ietf1024-sha256-aes128-cbc-pkcs7") && shows(b"CreateItem"));
        // "canary" in base64, as the item's JSON holds it.
        for secret in [canary.as_bytes(), b"Y2FuYXJ5", br#"{"Key""#] {
            assert!(!shows(secret), "{}", String::from_utf8_lossy(secret));
        }
    });
}

#[test]
fn many_writers_lose_nothing() {
    repeated(|| {
        let keyring = GnomeKeyring::with_item("first");
        assert!(keyring.keystore().remove("first").unwrap());
        let address = &keyring.bus.address;
        // It writes the whole collection to the disk at every change.
        writers::check(50, || {
            SecretServiceKeystore::new(COLLECTION)
                .at_address(address)
                .with_limits(patient())
        });
    });
}
