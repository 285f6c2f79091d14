//! The store of 1Password's program against a stand-in of the program (`support/op.py`).

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use aws_vault_keystore::{
    AskError, AskPassphrase, Error, Keystore, OnePassword, OpKeystore, PassphraseRequest,
};
use secrecy::SecretString;
use support::{conformance, item};

type Operation = fn(&OpKeystore) -> Result<(), Error>;
type IsKind = fn(&Error) -> bool;

#[test]
fn conforms() {
    let program = Program::install();
    conformance::check(|| program.store());
    conformance::check_persistence(|| program.store());
}

#[test]
fn every_state_has_its_own_error_and_changes_nothing() {
    let program = Program::install();
    program.store().write(&item("jon", "kept secret")).unwrap();
    let table: [(&str, IsKind); 6] = [
        ("You are not currently signed in.", |e| {
            matches!(e, Error::Locked { .. })
        }),
        ("authorization prompt dismissed, please try again", |e| {
            matches!(e, Error::Dismissed { .. })
        }),
        ("(403) Forbidden", |e| matches!(e, Error::Denied { .. })),
        ("\"vault1\" isn't a vault in this account.", |e| {
            matches!(e, Error::Unavailable { .. })
        }),
        ("internal error", |e| matches!(e, Error::Failed { .. })),
        ("hang", |e| matches!(e, Error::TimedOut { seconds: 2, .. })),
    ];
    for (fault, is_kind) in table {
        program.fault(Some(fault));
        let operations: [Operation; 4] = [
            |store| store.read("jon").map(drop),
            |store| store.names().map(drop),
            |store| store.write(&item("jon", "lost secret")),
            |store| store.remove("jon").map(drop),
        ];
        for operation in operations {
            let start = Instant::now();
            let limit = Duration::from_secs(if fault == "hang" { 2 } else { 60 });
            let error = operation(&program.store_within(limit)).expect_err(fault);
            assert!(is_kind(&error), "{fault}: {error}");
            assert!(start.elapsed() < Duration::from_secs(50), "{fault}");
        }
        program.fault(None);
        let read = program.store().read("jon").unwrap().unwrap();
        assert_eq!(read.data.expose(), b"kept secret", "{fault}");
    }
}

#[test]
fn two_items_of_one_name_are_an_error() {
    let program = Program::install();
    program.store().write(&item("jon", "first secret")).unwrap();
    let items = program.dir.path().join("store/items.json");
    let mut stored: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&items).unwrap()).unwrap();
    let mut second = stored.as_object().unwrap().values().next().unwrap().clone();
    second["id"] = "second".into();
    stored["second"] = second;
    std::fs::write(&items, stored.to_string()).unwrap();
    for result in [
        program.store().read("jon").map(drop),
        program.store().write(&item("jon", "x")),
        program.store().remove("jon").map(drop),
    ] {
        let error = result.unwrap_err();
        assert!(error.to_string().contains("items are called"), "{error}");
    }
}

#[test]
fn without_the_program_it_is_unavailable() {
    let empty = tempfile::tempdir().unwrap();
    let program = Program::install();
    let store = program.store().with_path(empty.path());
    let error = store.read("jon").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the op keystore is not available: there is no program \"op\" in an absolute directory of PATH"
    );
}

/// The stand-in in a directory of its own, with an empty vault.
struct Program {
    dir: tempfile::TempDir,
}

impl Program {
    fn install() -> Program {
        let dir = tempfile::tempdir().unwrap();
        let script = std::fs::read_to_string(support::support_file("op.py")).unwrap();
        support::write_program(&dir.path().join("op"), &script);
        Program { dir }
    }

    fn store(&self) -> OpKeystore {
        self.store_within(Duration::from_secs(60))
    }

    fn store_within(&self, timeout: Duration) -> OpKeystore {
        let settings = OnePassword {
            vault: "vault1".to_owned(),
            timeout,
            ..OnePassword::default()
        };
        OpKeystore::new(&settings, Box::new(ServiceAccount)).with_path(self.dir.path())
    }

    fn fault(&self, reason: Option<&str>) {
        let path = self.dir.path().join("store/fault");
        match reason {
            Some(reason) => std::fs::write(path, reason).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
    }
}

struct ServiceAccount;

impl AskPassphrase for ServiceAccount {
    fn ask(&self, request: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
        assert_eq!(request, PassphraseRequest::ServiceAccountToken);
        Ok("ops_token".into())
    }
}
