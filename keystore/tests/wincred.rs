//! The Windows store against the real Credential Manager, or wine's (`make cross`).

#![cfg(windows)]
#![allow(clippy::unwrap_used)]

mod support;

use aws_vault_keystore::{Backend, Error, Keystore, Settings, WincredKeystore, location, probe};
use support::{conformance, item};

/// A prefix of its own for each test, as the machine may be somebody's; without what a killed run has left there.
///
/// `make cross` runs one test after the other: wine looks twice when it lists or reads credentials, and crashes if another
/// thread has changed them in between.
fn store(test: &str) -> WincredKeystore {
    let store = WincredKeystore::new().with_prefix(&format!("aws-vault:test-{test}:"));
    for name in store.names().unwrap() {
        store.remove(&name).unwrap();
    }
    store
}

#[test]
fn conforms() {
    let limits = conformance::Limits {
        data_only: true,
        sizes: Some(0..=2560),
        one_case: true,
        ..conformance::Limits::default()
    };
    let store = store("conforms");
    conformance::check_within(&limits, || store.clone());
    conformance::check_persistence(|| store.clone());
}

#[test]
fn the_names_are_those_of_earlier_releases() {
    let settings = Settings::new("unused".into());
    assert_eq!(
        location(Backend::Wincred, &settings),
        "wincred:aws-vault:aws-vault"
    );
    probe(Backend::Wincred, &settings).unwrap();
    assert_eq!(
        WincredKeystore::new().location(),
        location(Backend::Wincred, &settings)
    );
}

#[test]
fn an_item_that_is_too_large_is_refused_and_the_old_one_stays() {
    let store = store("large");
    store.write(&item("jon", "old")).unwrap();
    let error = store.write(&item("jon", vec![b'x'; 2561])).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLarge {
                size: 2561,
                limit: 2560,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "\"jon\" is too large for the wincred keystore: it has 2561 bytes, and 2560 fit"
    );
    assert_eq!(store.read("jon").unwrap().unwrap().data.expose(), b"old");
    store.write(&item("jon", vec![b'x'; 2560])).unwrap();
    assert!(store.remove("jon").unwrap());
}

#[test]
fn capitals_are_not_mixed_up() {
    let store = store("capitals");
    store.write(&item("Jon", "Jon's")).unwrap();
    assert!(store.read("jon").unwrap().is_none());
    assert!(!store.remove("jon").unwrap());
    if let Err(error) = store.write(&item("jon", "jon's")) {
        assert!(matches!(error, Error::InvalidName { .. }), "{error}");
    }
    assert_eq!(store.read("Jon").unwrap().unwrap().data.expose(), b"Jon's");
    for name in store.names().unwrap() {
        store.remove(&name).unwrap();
    }
}

#[test]
fn many_writers_lose_nothing() {
    let store = store("writers");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let store = store.clone();
            scope.spawn(move || {
                for round in 0..10 {
                    let name = format!("w{writer}-{round}");
                    store.write(&item(&name, name.as_str())).unwrap();
                    let own = store.read(&name).unwrap().unwrap();
                    assert_eq!(own.data.expose(), name.as_bytes());
                }
            });
        }
    });
    let names = store.names().unwrap();
    assert_eq!(names.len(), 8 * 10);
    for name in names {
        assert!(store.remove(&name).unwrap());
    }
}
