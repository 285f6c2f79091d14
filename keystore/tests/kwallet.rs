//! The KDE Wallet store against a real kwalletd5 on a private bus, and against a stand-in where a person would have to click.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use aws_vault_keystore::{Backend, Error, Keystore, KwalletKeystore, Limits, Settings, location};
use support::bus::{Bus, patient};
use support::kwallet::{Answer, Kwallet, StandIn};
use support::{conformance, item, writers};

/// What the Go tool stores for a credential.
const GO_ITEM: &str = r#"{"Key":"jon","Data":"eyJBY2Nlc3NLZXlJRCI6IkFLSUFJT1NGT0ROTjdFWEFNUExFIn0=","Label":"aws-vault (jon)","Description":"","KeychainNotTrustApplication":true,"KeychainNotSynchronizable":false}"#;
const GO_DATA: &[u8] = br#"{"AccessKeyID":"AKIAIOSFODNN7EXAMPLE"}"#;

const KWALLETD5: &str = "org.kde.kwalletd5";
const KWALLETD6: &str = "org.kde.kwalletd6";

type Operation = fn(&KwalletKeystore) -> Result<(), Error>;

const OPERATIONS: [Operation; 4] = [
    |store| store.names().map(drop),
    |store| store.read("jon").map(drop),
    |store| store.write(&item("jon", "new")),
    |store| store.remove("jon").map(drop),
];

fn short() -> Limits {
    Limits {
        call: Duration::from_secs(1),
        prompt: Duration::from_secs(1),
    }
}

#[test]
fn conforms() {
    let kwallet = Kwallet::start();
    conformance::check(|| kwallet.keystore());
    conformance::check_persistence(|| kwallet.keystore());
}

#[test]
fn items_have_the_shape_that_earlier_releases_read() {
    let kwallet = Kwallet::start();
    let mut jon = item("jon", GO_DATA);
    jon.label = "aws-vault (jon)".to_owned();
    kwallet.keystore().write(&jon).unwrap();
    assert_eq!(kwallet.read("jon"), GO_ITEM);
}

#[test]
fn items_of_earlier_releases_are_read_and_replaced() {
    let kwallet = Kwallet::start();
    kwallet.write("jon", GO_ITEM);
    let store = kwallet.keystore();
    assert_eq!(store.names().unwrap(), ["jon"]);
    let read = store.read("jon").unwrap().unwrap();
    assert_eq!(read.data.expose(), GO_DATA);
    assert_eq!(read.label, "aws-vault (jon)");
    store.write(&item("jon", "rotated")).unwrap();
    assert!(kwallet.read("jon").contains("cm90YXRlZA=="));
    assert!(store.remove("jon").unwrap());
    assert_eq!(store.names().unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_stored_is_on_the_disk_at_once() {
    let mut kwallet = Kwallet::start();
    kwallet.keystore().write(&item("jon", "secret")).unwrap();
    kwallet.kill();
    kwallet.restart_after_kill();
    kwallet.unlock();
    let read = kwallet.keystore().read("jon").unwrap().unwrap();
    assert_eq!(read.data.expose(), b"secret");
}

#[test]
fn reading_an_absent_wallet_makes_none_and_asks_nothing() {
    let kwallet = Kwallet::without_wallet();
    let store = kwallet.keystore();
    store.probe().unwrap();
    assert!(store.names().unwrap().is_empty());
    assert!(store.read("jon").unwrap().is_none());
    assert!(!store.remove("jon").unwrap());
    assert!(!kwallet.is_open());
}

#[test]
fn only_items_that_are_there_are_worth_a_prompt() {
    let mut kwallet = Kwallet::start();
    kwallet.keystore().write(&item("jon", "secret")).unwrap();
    kwallet.restart();
    let store = kwallet.keystore();
    store.probe().unwrap();
    assert!(store.read("nobody").unwrap().is_none());
    assert!(!store.remove("nobody").unwrap());
    assert!(!kwallet.is_open());
}

#[test]
fn a_prompt_that_nobody_answers_times_out() {
    let mut kwallet = Kwallet::start();
    kwallet.keystore().write(&item("jon", "secret")).unwrap();
    for operation in OPERATIONS {
        kwallet.restart();
        let start = Instant::now();
        let error = operation(&kwallet.keystore().with_limits(short())).unwrap_err();
        assert!(
            matches!(error, Error::TimedOut { seconds: 1, .. }),
            "{error}"
        );
        assert!(start.elapsed() < Duration::from_secs(30));
    }
    kwallet.restart();
    kwallet.unlock();
    let read = kwallet.keystore().read("jon").unwrap().unwrap();
    assert_eq!(read.data.expose(), b"secret");
}

#[test]
fn a_restarted_service_is_no_error() {
    let mut kwallet = Kwallet::start();
    let store = kwallet.keystore();
    store.write(&item("jon", "secret")).unwrap();
    for _ in 0..2 {
        kwallet.restart();
        kwallet.unlock();
        let read = store.read("jon").unwrap().unwrap();
        assert_eq!(read.data.expose(), b"secret");
        assert_eq!(store.names().unwrap(), ["jon"]);
    }
}

#[test]
fn a_hung_service_times_out() {
    let kwallet = Kwallet::start();
    // Long enough for what must succeed first; an open session keeps the limits it began with.
    let limits = Limits {
        call: Duration::from_secs(5),
        prompt: Duration::from_secs(5),
    };
    let opened = kwallet.keystore().with_limits(limits);
    opened.write(&item("jon", "secret")).unwrap();
    kwallet.suspend();
    for store in [opened, kwallet.keystore().with_limits(limits)] {
        let start = Instant::now();
        let error = store.read("jon").unwrap_err();
        assert!(
            matches!(error, Error::TimedOut { seconds: 5, .. }),
            "{error}"
        );
        assert!(start.elapsed() < Duration::from_secs(30));
    }
    kwallet.resume();
    assert!(kwallet.keystore().read("jon").unwrap().is_some());
}

#[test]
fn a_service_that_ends_while_prompting_is_an_error_at_once() {
    let mut kwallet = Kwallet::start();
    kwallet.keystore().write(&item("jon", "secret")).unwrap();
    kwallet.restart();
    let store = kwallet.keystore();
    let reading = std::thread::spawn(move || store.read("jon").map(drop));
    std::thread::sleep(Duration::from_millis(500));
    kwallet.kill();
    let start = Instant::now();
    let error = reading.join().unwrap().unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(50));
}

#[test]
fn stored_garbage_is_an_error_that_does_not_show_it() {
    let kwallet = Kwallet::start();
    kwallet.keystore().write(&item("ours", "secret")).unwrap();
    let large = "garbage".repeat(150_000);
    for text in ["", "garbage", "{\"Data\":\"garbage\"}", &large] {
        kwallet.write("bad", text);
        let error = kwallet.keystore().read("bad").unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        assert!(!error.to_string().contains("garbage"), "{error}");
    }
    assert!(kwallet.keystore().read("ours").unwrap().is_some());
    assert!(kwallet.keystore().remove("bad").unwrap());
}

#[test]
fn many_writers_lose_nothing() {
    let kwallet = Kwallet::start();
    // It writes the whole wallet to the disk at every change.
    writers::check(50, || kwallet.keystore().with_limits(patient()));
}

#[test]
fn without_a_bus_or_a_service_it_is_unavailable_at_once() {
    let bus = Bus::start();
    let no_socket = format!("unix:path={}/nothing", bus.dir.path().display());
    for address in [&bus.address, &no_socket] {
        let store = KwalletKeystore::new().at_address(address);
        let start = Instant::now();
        let mut results: Vec<_> = OPERATIONS
            .iter()
            .map(|operation| operation(&store))
            .collect();
        results.push(store.probe());
        for result in results {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        }
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    let settings = Settings::new("/nonexistent".into());
    assert_eq!(location(Backend::Kwallet, &settings), "kwallet:aws-vault");
}

/// A wallet with one item, in which every method succeeds.
fn willing(member: &str) -> Answer {
    match member {
        "isOpen" | "keyDoesNotExist" | "folderDoesNotExist" => Answer::Bool(false),
        "open" => Answer::Int(7),
        "writeEntry" | "removeEntry" => Answer::Int(0),
        "entryList" => Answer::Texts(vec!["jon".to_owned()]),
        "readEntry" => Answer::Bytes(GO_ITEM.as_bytes().to_vec()),
        "sync" => Answer::Nothing,
        _ => Answer::Bool(true),
    }
}

#[test]
fn a_dismissed_prompt_is_an_error() {
    let bus = Bus::start();
    let _service = StandIn::start(&bus, KWALLETD5, |member| match member {
        "open" => Answer::Int(-1),
        _ => willing(member),
    });
    for operation in OPERATIONS {
        let error = operation(&KwalletKeystore::new().at_address(&bus.address)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the prompt of the kwallet keystore was dismissed"
        );
    }
}

#[test]
fn a_wallet_that_is_switched_off_is_unavailable() {
    let bus = Bus::start();
    let _service = StandIn::start(&bus, KWALLETD5, |member| match member {
        "open" => Answer::Int(-1),
        "isEnabled" => Answer::Bool(false),
        _ => willing(member),
    });
    for operation in OPERATIONS {
        let error = operation(&KwalletKeystore::new().at_address(&bus.address)).unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    }
}

#[test]
fn return_codes_are_honoured() {
    let table: [(&str, Operation, &str); 3] = [
        (
            "writeEntry",
            OPERATIONS[2],
            "store the item: it answered -1",
        ),
        (
            "removeEntry",
            OPERATIONS[3],
            "remove the item: it answered -1",
        ),
        ("createFolder", OPERATIONS[2], "make its folder: it refused"),
    ];
    for (method, operation, text) in table {
        let bus = Bus::start();
        let _service = StandIn::start(&bus, KWALLETD5, move |member| match member {
            "hasFolder" | "createFolder" => Answer::Bool(method != "createFolder"),
            _ if member == method => Answer::Int(-1),
            _ => willing(member),
        });
        let error = operation(&KwalletKeystore::new().at_address(&bus.address)).unwrap_err();
        let text = format!("the kwallet keystore failed to {text}");
        assert!(error.to_string().starts_with(&text), "{error}");
    }
}

#[test]
fn a_call_without_an_answer_times_out() {
    for silent in ["isOpen", "keyDoesNotExist", "open", "hasEntry", "readEntry"] {
        let bus = Bus::start();
        let _service = StandIn::start(&bus, KWALLETD5, move |member| {
            if member == silent {
                Answer::Silence
            } else {
                willing(member)
            }
        });
        let limits = Limits {
            call: Duration::from_millis(300),
            prompt: Duration::from_millis(300),
        };
        let store = KwalletKeystore::new().at_address(&bus.address);
        let error = store.with_limits(limits).read("jon").unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{silent}: {error}");
    }
}

#[test]
fn the_newest_service_that_runs_is_used() {
    let bus = Bus::with_service(KWALLETD6, "/bin/false");
    let store = || KwalletKeystore::new().at_address(&bus.address);
    // It would be started when called.
    store().probe().unwrap();
    let error = store().read("jon").unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");

    let fifth = StandIn::start(&bus, KWALLETD5, willing);
    assert!(store().read("jon").unwrap().is_some());
    assert!(!fifth.calls().is_empty());
    let sixth = StandIn::start(&bus, KWALLETD6, willing);
    assert!(store().read("jon").unwrap().is_some());
    assert_eq!(
        sixth.calls(),
        ["isOpen", "keyDoesNotExist", "open", "hasEntry", "readEntry"]
    );
    assert!(fifth.calls().is_empty());
    store().probe().unwrap();
    assert!(sixth.calls().is_empty(), "probing called the service");
}
