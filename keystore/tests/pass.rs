//! The stores of `pass`, with a real GnuPG, and of `passage`, with a real age.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_vault_keystore::{Backend, Error, Keystore, PassKeystore, Settings, location, probe};
use support::pass::{PassHome, PassageHome};
use support::{conformance, item, write_program, writers};

/// What the Go tool stores for a credential.
const GO_ITEM: &str = r#"{"Key":"jon","Data":"eyJBY2Nlc3NLZXlJRCI6IkFLSUFJT1NGT0ROTjdFWEFNUExFIn0=","Label":"aws-vault (jon)","Description":"","KeychainNotTrustApplication":true,"KeychainNotSynchronizable":false}"#;
const GO_DATA: &[u8] = br#"{"AccessKeyID":"AKIAIOSFODNN7EXAMPLE"}"#;

fn limits() -> conformance::Limits {
    conformance::Limits {
        refused_names: &["a/b/../c"],
        ..conformance::Limits::default()
    }
}

fn data(store: &PassKeystore, name: &str) -> String {
    let read = store
        .read(name)
        .unwrap()
        .unwrap_or_else(|| panic!("{name:?} is missing"));
    String::from_utf8(read.data.expose().to_vec()).unwrap()
}

#[test]
fn pass_conforms() {
    let home = PassHome::new();
    conformance::check_within(&limits(), || home.keystore());
    conformance::check_persistence(|| home.keystore());
}

#[test]
fn passage_conforms() {
    let home = PassageHome::new();
    conformance::check_within(&limits(), || home.keystore());
    conformance::check_persistence(|| home.keystore());
    let folder = || home.keystore().with_prefix("a folder/aws");
    conformance::check_within(&limits(), folder);
}

#[test]
fn many_writers_lose_nothing() {
    let patience = Duration::from_mins(5);
    // Each operation starts a shell and GnuPG, some of them several times.
    let home = PassHome::new();
    writers::check(5, || home.keystore().with_limit(patience));
    let home = PassageHome::new();
    writers::check(20, || home.keystore().with_limit(patience));
}

#[test]
fn a_prefix_is_a_folder_of_its_own() {
    let home = PassHome::new();
    home.keystore().write(&item("jon", "outside")).unwrap();
    let store = home.keystore().with_prefix("/aws//vault/");
    assert_eq!(store.names().unwrap(), Vec::<String>::new());
    store.write(&item("jon", "inside")).unwrap();
    store.write(&item("-n", "odd")).unwrap();
    assert!(home.file("aws/vault/jon").is_file());
    assert_eq!(store.names().unwrap(), ["-n", "jon"]);
    assert_eq!(
        home.keystore().names().unwrap(),
        ["aws/vault/-n", "aws/vault/jon", "jon"]
    );
    assert_eq!(data(&store, "jon"), "inside");
    assert!(store.remove("jon").unwrap());
    assert_eq!(data(&home.keystore(), "jon"), "outside");
    assert!(
        store.location().ends_with("/store/aws/vault"),
        "{}",
        store.location()
    );
}

#[test]
fn items_have_the_shape_that_earlier_releases_read() {
    let home = PassHome::new();
    let mut jon = item("jon", GO_DATA);
    jon.label = "aws-vault (jon)".to_owned();
    home.keystore().write(&jon).unwrap();
    assert_eq!(home.decrypt("jon"), GO_ITEM);
    home.keystore()
        .write(&item("oidc:https://d.example/start", "token"))
        .unwrap();
    assert!(home.file("oidc:https:/d.example/start").is_file());
}

#[test]
fn items_of_earlier_releases_are_read_and_replaced() {
    let home = PassHome::new();
    let store = home.keystore();
    for ending in ["", "\n", "\r\n"] {
        home.encrypt("jon", &format!("{GO_ITEM}{ending}"));
        assert_eq!(store.names().unwrap(), ["jon"]);
        let read = store.read("jon").unwrap().unwrap();
        assert_eq!(read.data.expose(), GO_DATA);
        assert_eq!(read.label, "aws-vault (jon)");
        store.write(&item("jon", "rotated")).unwrap();
        assert_eq!(data(&store, "jon"), "rotated");
    }
    assert!(store.remove("jon").unwrap());
    assert!(!home.file("jon").exists());
}

#[test]
fn items_that_earlier_releases_cannot_find_again_are_found() {
    let home = PassHome::new();
    let store = home.keystore();
    let json = |name: &str| format!(r#"{{"Key":"{name}","Data":"dG9rZW4="}}"#);
    for (name, path, listed) in [
        (
            "oidc:https://d.example/start#/",
            "oidc:https:/d.example/start#",
            "oidc:https://d.example/start#",
        ),
        ("a//b", "a/b", "a/b"),
        ("a:/b", "a:/b", "a://b"),
    ] {
        home.encrypt(path, &json(name));
        assert_eq!(store.names().unwrap(), [listed]);
        assert_eq!(data(&store, name), "token");
        assert_eq!(data(&store, listed), "token");
        assert!(store.read(&format!("{name}/")).unwrap().is_none());
        assert!(!store.remove(&format!("{name}/")).unwrap());

        // Ours is another file, and the one that counts; both go together.
        store.write(&item(name, "ours")).unwrap();
        assert_eq!(data(&store, name), "ours");
        assert!(store.remove(name).unwrap());
        assert_eq!(store.names().unwrap(), Vec::<String>::new());

        home.encrypt(path, &json(name));
        assert!(store.remove(listed).unwrap());
        assert!(store.read(name).unwrap().is_none());
    }
}

#[test]
fn listing_sees_items_only_and_asks_for_nothing() {
    let home = PassHome::with_passphrase("secret");
    home.set_pinentry("exit 1");
    let stray = [
        ".git/objects/x.gpg",
        ".extensions/x.gpg",
        "notes.txt",
        "aws/.gpg",
        ".gpg",
    ];
    for path in ["jon", "team/prod", "team/.hidden", "x.gpg/y"] {
        home.encrypt(path, GO_ITEM);
    }
    for path in stray {
        let file = home.store.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
    symlink(&home.store, home.store.join("team/round")).unwrap();
    symlink("nowhere", home.store.join("broken.gpg")).unwrap();
    symlink(home.file("jon"), home.file("alias")).unwrap();
    let link = home.home.path().join("link");
    symlink(&home.store, &link).unwrap();
    for dir in [&home.store, &link] {
        let store = PassKeystore::pass(dir).with_variable("GNUPGHOME", home.gnupg());
        let names = store.names().unwrap();
        let round = |name: &&String| !name.starts_with("team/round/");
        let names: Vec<_> = names.iter().filter(round).collect();
        assert_eq!(
            names,
            ["alias", "jon", "team/.hidden", "team/prod", "x.gpg/y"]
        );
    }
}

#[test]
fn names_that_lead_out_of_the_store_are_refused() {
    let home = PassHome::new();
    fs::copy(home.store.join(".gpg-id"), home.home.path().join(".gpg-id")).unwrap();
    let store = home.keystore();
    for name in ["../out", "..", "a/../../out", "a/.."] {
        for result in [
            store.write(&item(name, "x")),
            store.read(name).map(drop),
            store.remove(name).map(drop),
        ] {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::InvalidName { .. }), "{error}");
        }
    }
    let error = home.keystore().with_prefix("../x").names().unwrap_err();
    assert!(matches!(error, Error::InvalidName { .. }), "{error}");
    let error = store.write(&item(&"x".repeat(300), "x")).unwrap_err();
    assert!(matches!(error, Error::InvalidName { .. }), "{error}");
    assert!(store.read(&"x".repeat(300)).unwrap().is_none());
}

#[test]
fn without_program_or_store_it_is_unavailable() {
    let home = PassHome::new();
    let bin = home.home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let ran = home.home.path().join("ran");
    for name in ["pass", "gpg", "gpg2"] {
        let script = format!("#!/bin/sh\ntouch {}\n", ran.display());
        write_program(&bin.join(name), &script);
    }
    let relative = format!("{}/bin", relative(home.home.path()));
    let empty = tempfile::tempdir().unwrap();
    let stores = [
        (
            home.keystore().with_variable("PATH", &relative),
            "no program \"pass\"",
        ),
        (
            home.keystore()
                .with_variable("PATH", format!(".::{relative}")),
            "no program \"pass\"",
        ),
        (
            home.keystore().with_command(Some("./pass")),
            "at an absolute path",
        ),
        (
            home.keystore().with_command(Some("/no/such/pass")),
            "no program",
        ),
        (PassKeystore::pass(empty.path()), "is not initialised"),
        (
            PassKeystore::pass(&empty.path().join("none")),
            "is not initialised",
        ),
        (PassKeystore::pass(Path::new("")), "is not known"),
    ];
    for (store, text) in stores {
        for result in [
            store.probe(),
            store.read("jon").map(drop),
            store.names().map(drop),
            store.write(&item("jon", "x")),
            store.remove("jon").map(drop),
        ] {
            let error = result.expect_err(text);
            assert!(matches!(error, Error::Unavailable { .. }), "{error}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }
    // Nor by the program, which looks for GnuPG itself.
    let path = format!("{relative}:{}", std::env::var("PATH").unwrap());
    let store = home.keystore().with_variable("PATH", path);
    store.probe().unwrap();
    store.write(&item("jon", "secret")).unwrap();
    assert_eq!(data(&store, "jon"), "secret");
    assert!(!ran.exists(), "a program in a relative directory was run");

    let identities = home.home.path().join("no identities");
    let error = PassKeystore::passage(&home.store)
        .with_variable("PATH", &bin)
        .with_variable("PASSAGE_IDENTITIES_FILE", identities)
        .probe()
        .unwrap_err();
    assert!(
        error.to_string().contains("no program \"passage\""),
        "{error}"
    );
}

/// The directory as seen from the current one.
fn relative(dir: &Path) -> String {
    let up = std::env::current_dir().unwrap().components().count() - 1;
    format!(
        "{}{}",
        "../".repeat(up),
        dir.strip_prefix("/").unwrap().display()
    )
}

#[test]
fn settings_choose_directory_program_and_folder() {
    let home = PassHome::new();
    let settings = Settings {
        pass_dir: home.store.clone(),
        passage_dir: home.store.clone(),
        pass_prefix: "aws".to_owned(),
        ..Settings::new("/nonexistent".into())
    };
    probe(Backend::Pass, &settings).unwrap();
    let folder = home.store.join("aws");
    assert_eq!(
        location(Backend::Pass, &settings),
        format!("pass:{}", folder.display())
    );
    assert_eq!(
        location(Backend::Passage, &settings),
        format!("passage:{}", folder.display())
    );
    let elsewhere = Settings {
        pass_cmd: Some("/no/such/pass".to_owned()),
        ..settings
    };
    for backend in [Backend::Pass, Backend::Passage] {
        let error = probe(backend, &elsewhere).unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    }
}

#[test]
fn without_the_secret_key_access_is_denied() {
    let home = PassHome::new();
    home.keystore().write(&item("jon", "secret")).unwrap();
    let stranger = PassHome::new();
    let store = home.keystore().with_variable("GNUPGHOME", stranger.gnupg());
    let error = store.read("jon").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the pass keystore denies access: gpg: decryption failed: No secret key"
    );
    assert_eq!(store.names().unwrap(), ["jon"]);

    fs::write(home.store.join(".gpg-id"), "nobody@example.com\n").unwrap();
    let before = fs::read(home.file("jon")).unwrap();
    let error = home.keystore().write(&item("jon", "new")).unwrap_err();
    // What is wrong with the key depends on where GnuPG has looked for it.
    let text = "the pass keystore denies access: gpg: [stdin]: encryption failed: No ";
    assert!(error.to_string().starts_with(text), "{error}");
    assert_eq!(fs::read(home.file("jon")).unwrap(), before);
    assert_eq!(data(&home.keystore(), "jon"), "secret");
}

#[test]
fn a_foreign_identity_is_denied_access() {
    let home = PassageHome::new();
    home.keystore().write(&item("jon", "secret")).unwrap();
    let stranger = PassageHome::new();
    let error = home
        .keystore()
        .with_variable("PASSAGE_IDENTITIES_FILE", stranger.identities())
        .read("jon")
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    assert!(error.to_string().contains("no identity matched"), "{error}");
}

#[test]
fn a_passphrase_is_asked_for_by_the_agent() {
    let home = PassHome::with_passphrase("correct horse");
    // Storing needs no passphrase.
    home.set_pinentry("exit 1");
    home.keystore().write(&item("jon", "secret")).unwrap();

    for reply in [
        "echo 'ERR 83886179 Operation cancelled <Pinentry>'",
        "echo 'ERR 83886142 Timeout <Pinentry>'",
        "echo D wrong; echo OK",
        "exit 1",
    ] {
        home.set_pinentry(reply);
        let error = home.keystore().read("jon").unwrap_err();
        // Newer releases of GnuPG tell which of it was.
        let known = matches!(error, Error::Locked { .. } | Error::Dismissed { .. });
        assert!(known, "{reply}: {error}");
        assert_eq!(home.keystore().names().unwrap(), ["jon"]);
    }
    home.set_pinentry("echo D correct horse; echo OK");
    assert_eq!(data(&home.keystore(), "jon"), "secret");
}

#[test]
fn a_prompt_that_nobody_answers_times_out() {
    let home = PassHome::with_passphrase("correct horse");
    home.keystore().write(&item("jon", "secret")).unwrap();
    home.set_pinentry("exec sleep 600");
    let start = Instant::now();
    let store = home.keystore().with_limit(Duration::from_secs(1));
    let error = store.read("jon").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the pass keystore did not answer within 1 seconds"
    );
    assert!(start.elapsed() < Duration::from_secs(50));
    wait_until_nothing_runs(&format!("gpg .*{}", home.file("jon").display()));
}

#[test]
fn a_hung_program_is_killed_with_all_it_has_started() {
    let home = PassHome::new();
    home.keystore().write(&item("jon", "secret")).unwrap();
    let program = home.home.path().join("hangs");
    // The marker is found again in the process list.
    let marker = format!("600.{:07}", std::process::id());
    write_program(
        &program,
        &format!("#!/bin/sh\nsh -c 'sleep {marker}; true'\n"),
    );
    let store = home
        .keystore()
        .with_command(program.to_str())
        .with_limit(Duration::from_millis(300));
    // More than fits into a pipe that nobody reads.
    let big = item("jon", vec![b'x'; 1 << 20]);
    for result in [
        store.read("jon").map(drop),
        store.write(&big),
        store.remove("jon").map(drop),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    }
    assert_eq!(data(&home.keystore(), "jon"), "secret");
    wait_until_nothing_runs(&format!("sleep {marker}"));
}

fn wait_until_nothing_runs(command: &str) {
    let mut left = String::new();
    for _ in 0..6000 {
        let found = Command::new("pgrep").args(["-f", command]).output();
        let found = found.expect("cannot start pgrep (Debian package procps)");
        left = String::from_utf8(found.stdout).unwrap();
        if left.is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{command} is still running: {left}");
}

#[test]
fn a_program_that_fails_changes_nothing() {
    let home = PassHome::new();
    home.keystore().write(&item("jon", "secret")).unwrap();
    let before = fs::read(home.file("jon")).unwrap();
    let program = home.home.path().join("fails");
    let store = home.keystore().with_command(program.to_str());
    let script = "#!/bin/sh\n\
        if [ $1 = insert ]; then printf torn >\"$PASSWORD_STORE_DIR/$4.gpg\"; fi\n\
        echo 'No space left' >&2; printf 'gpg: \\033[1mbroken\\n\\n' >&2; exit 2\n";
    write_program(&program, script);
    for (result, text) in [
        (store.read("jon").map(drop), "read the item"),
        (store.write(&item("jon", "new")), "store the item"),
        (store.write(&item("new", "new")), "store the item"),
        (store.remove("jon").map(drop), "remove the item"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the pass keystore failed to {text}: gpg: [1mbroken")
        );
    }
    assert_eq!(fs::read(home.file("jon")).unwrap(), before);
    assert_eq!(home.keystore().names().unwrap(), ["jon"]);
}

#[test]
fn stored_garbage_is_an_error_that_does_not_show_it() {
    let home = PassHome::new();
    home.keystore().write(&item("ours", "secret")).unwrap();
    let large = "garbage".repeat(150_000);
    for text in ["", "garbage", "{\"Data\":\"garbage\"}", &large] {
        home.encrypt("bad", text);
        let error = home.keystore().read("bad").unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        assert!(!error.to_string().contains("garbage"), "{error}");
    }
    fs::write(home.file("bad"), "no OpenPGP message").unwrap();
    let error = home.keystore().read("bad").unwrap_err();
    assert!(error.to_string().contains("gpg: "), "{error}");
    assert_eq!(data(&home.keystore(), "ours"), "secret");
    assert!(home.keystore().remove("bad").unwrap());
}
