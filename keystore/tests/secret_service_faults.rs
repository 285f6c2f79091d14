//! The Secret Service store against a stand-in of the service (`support/secret_service.py`), for the faults that a real one
//! cannot be made to have: one item locked alone, a method that is never answered, an answer that makes no sense.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use aws_vault_keystore::{Error, Keystore, Limits, SecretServiceKeystore};
use support::bus::{Bus, end};
use support::{PYTHON, item, start, support_file};

/// What is in the store before every operation: `jon`, and `lone`, which is locked.
const STATE: &str = r#"{"jon": {"secret": "{\"Key\":\"jon\",\"Data\":\"c2VjcmV0\"}", "locked": false}, "lone": {"secret": "{\"Key\":\"lone\",\"Data\":\"c2VjcmV0\"}", "locked": true}}"#;

type Operation = fn(&SecretServiceKeystore) -> Result<(), Error>;
type IsKind = fn(&Error) -> bool;

const READ: Operation = |store| store.read("jon").map(drop);
const NAMES: Operation = |store| store.names().map(drop);
const WRITE: Operation = |store| store.write(&item("jon", "new"));
const WRITE_NEW: Operation = |store| store.write(&item("jane", "new"));
const REMOVE: Operation = |store| store.remove("jon").map(drop);

const READ_LOCKED: Operation = |store| {
    let read = store.read("lone")?.expect("it is there");
    assert_eq!(read.data.expose(), b"secret");
    Ok(())
};
const WRITE_LOCKED: Operation = |store| store.write(&item("lone", "new"));
const REMOVE_LOCKED: Operation = |store| {
    assert!(store.remove("lone")?);
    Ok(())
};
const ON_LOCKED: [Operation; 3] = [READ_LOCKED, WRITE_LOCKED, REMOVE_LOCKED];

/// The stand-in on a bus of its own; ends when dropped.
struct Service {
    program: Child,
    state: PathBuf,
    bus: Bus,
}

impl Service {
    fn start(faults: &[&str]) -> Service {
        let bus = Bus::start();
        let state = bus.dir.path().join("state.json");
        fs::write(&state, STATE).unwrap();
        let mut program = start(
            "python3",
            bus.command(PYTHON)
                .arg(support_file("secret_service.py"))
                .arg(&state)
                .args(faults)
                .stdout(Stdio::piped()),
        );
        let mut line = String::new();
        let mut output = BufReader::new(program.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the stand-in did not start");
        Service {
            program,
            state,
            bus,
        }
    }

    fn store(&self) -> SecretServiceKeystore {
        self.bus.keystore().with_limits(Limits {
            call: Duration::from_secs(3),
            prompt: Duration::from_secs(3),
        })
    }

    fn state(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(&self.state).unwrap()).unwrap()
    }

    /// The operation fails in this way, and the store is as it was.
    fn check_failure(&self, operation: Operation, is_kind: IsKind, text: &str) {
        let start = Instant::now();
        let error = operation(&self.store()).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(50), "{error}");
        assert!(is_kind(&error), "{error}");
        let shown = error.to_string();
        assert!(shown.contains(text), "{shown}");
        assert!(
            !shown.contains('\n') && !shown.contains("c2VjcmV0"),
            "{shown}"
        );
        assert_eq!(fs::read_to_string(&self.state).unwrap(), STATE);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        end(&mut self.program);
    }
}

#[test]
fn the_stand_in_is_a_store() {
    let service = Service::start(&[]);
    let store = service.store();
    assert_eq!(store.names().unwrap(), ["jon", "lone"]);
    assert_eq!(store.read("jon").unwrap().unwrap().data.expose(), b"secret");
    store.write(&item("jane", "new")).unwrap();
    assert_eq!(store.read("jane").unwrap().unwrap().data.expose(), b"new");
    assert!(store.remove("jon").unwrap());
    assert!(store.read("jon").unwrap().is_none());
    assert!(service.state()["lone"]["locked"].as_bool().unwrap());
}

#[test]
fn one_locked_item_of_an_unlocked_collection_is_unlocked() {
    for faults in [&[][..], &["prompt"]] {
        for operation in ON_LOCKED {
            let service = Service::start(faults);
            operation(&service.store()).unwrap();
        }
    }
}

#[test]
fn one_item_that_stays_locked_is_named_and_never_missing() {
    let table: [(&str, IsKind, &str); 3] = [
        (
            "dismiss",
            |e| matches!(e, Error::Dismissed { .. }),
            "the prompt of the secret-service keystore was dismissed",
        ),
        (
            "forever",
            |e| matches!(e, Error::TimedOut { seconds: 3, .. }),
            "the secret-service keystore did not answer within 3 seconds",
        ),
        (
            "stubborn",
            |e| matches!(e, Error::Locked { .. }),
            "the secret-service keystore is still locked after it was asked to unlock the item \"lone\"",
        ),
    ];
    for (fault, is_kind, text) in table {
        for operation in ON_LOCKED {
            let service = Service::start(&[fault]);
            service.check_failure(operation, is_kind, text);
            // Its neighbours need no prompt.
            service.store().read("jon").unwrap().unwrap();
            assert_eq!(service.store().names().unwrap(), ["jon", "lone"]);
        }
    }
}

/// What each operation calls.
const CALLS: [(&str, Operation); 9] = [
    ("OpenSession", READ),
    ("SearchItems", READ),
    ("GetSecret", READ),
    ("Get", NAMES),
    ("GetAll", NAMES),
    ("SetSecret", WRITE),
    ("CreateItem", WRITE_NEW),
    ("SearchItems", REMOVE),
    ("Delete", REMOVE),
];

#[test]
fn a_method_that_is_never_answered_times_out() {
    for (method, operation) in CALLS {
        Service::start(&[&format!("silent={method}")]).check_failure(
            operation,
            |e| matches!(e, Error::TimedOut { seconds: 3, .. }),
            "the secret-service keystore did not answer within 3 seconds",
        );
    }
}

#[test]
fn an_answer_that_makes_no_sense_is_an_error() {
    let answering = |call: &(&str, Operation)| call.0 != "SetSecret";
    for (method, operation) in CALLS.into_iter().filter(answering) {
        Service::start(&[&format!("odd={method}")]).check_failure(
            operation,
            |e| matches!(e, Error::Failed { .. }),
            "the secret-service keystore failed to ",
        );
    }
}

#[test]
fn a_key_agreement_that_fails_is_an_error() {
    Service::start(&["other-key"]).check_failure(
        READ,
        |e| matches!(e, Error::Corrupt { .. }),
        "\"jon\" cannot be read: the secret service sent it with another key than agreed",
    );
    for operation in [READ, WRITE] {
        Service::start(&["no-key"]).check_failure(
            operation,
            |e| matches!(e, Error::Failed { .. }),
            "it sent no valid public key",
        );
    }
}
