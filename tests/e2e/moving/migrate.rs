//! `migrate-backend`: between the encrypted files and a real GNOME Keyring.

use std::fs;

use serde_json::Value;

use crate::support::{BASTION, Home, KEY, Keyring, Sim};

const TO_DESKTOP: [&str; 5] = [
    "migrate-backend",
    "--from",
    "file",
    "--to",
    "secret-service",
];
const TO_FILES: [&str; 5] = [
    "migrate-backend",
    "--from",
    "secret-service",
    "--to",
    "file",
];

#[test]
fn there_and_back_again() {
    let sim = Sim::deck();
    let (home, _keyring) = home(&sim);
    home.add("bastion", KEY);
    home.add("a/b c", KEY);
    home.run(["exec", "-t", &sim.code(), "bastion", "--", "true"])
        .ok();
    let item = home.item("bastion").unwrap();
    let before = home.digest(".awsvault");

    let ran = home.run(TO_DESKTOP.iter().chain(&["--dry-run"])).ok();
    assert_eq!(
        ran.stdout,
        "Would migrate 2 credential profile(s) from file to secret-service:\n  a/b c\n  bastion\n\nNo changes made.\n"
    );
    assert_eq!(home.digest(".awsvault"), before);

    let ran = home.run(TO_DESKTOP).ok();
    assert_eq!(
        ran.stdout,
        "Migrating a/b c... copied, verified\nMigrating bastion... copied, verified\n\n\
         Migration summary:\n  copied: 2\n  overwritten: 0\n  skipped: 0\n  deleted from source: 0\n"
    );
    assert!(
        ran.stderr
            .contains("the file store is still the one in use; --backend=secret-service"),
        "{ran:#?}"
    );
    assert_eq!(listed(&home, "secret-service"), "a/b c\nbastion\n");
    assert_eq!(listed(&home, "file"), "a/b c\nbastion\n");
    let json = home
        .run([
            "--backend=secret-service",
            "export",
            "--no-session",
            "--format=json",
            "bastion",
        ])
        .ok()
        .stdout;
    assert!(json.contains(KEY.id) && json.contains(KEY.secret));

    let ran = home
        .run(
            TO_DESKTOP
                .iter()
                .chain(&["--overwrite", "--delete-source", "--profile", "a/b c"]),
        )
        .ok();
    assert_eq!(
        ran.stdout,
        "Migrating a/b c... overwritten, verified, deleted source\n\n\
         Migration summary:\n  copied: 0\n  overwritten: 1\n  skipped: 0\n  deleted from source: 1\n"
    );
    let ran = home.run(TO_DESKTOP.iter().chain(&["--delete-source"])).ok();
    assert!(
        ran.stdout
            .starts_with("Migrating bastion... skipped, already exists in destination\n"),
        "{ran:#?}"
    );
    assert_eq!(listed(&home, "file"), "bastion\n");
    assert!(
        home.item_names().len() > 1,
        "the sessions' key is left behind"
    );

    home.run(TO_DESKTOP.iter().chain(&["--overwrite", "--delete-source"]))
        .ok();
    let ran = home.run(TO_DESKTOP).ok();
    assert_eq!(ran.stdout, "No credentials found in source backend file.\n");
    home.run(TO_FILES.iter().chain(&["--profile", "bastion"]))
        .ok();
    assert_eq!(
        home.item("bastion"),
        Some(item),
        "byte for byte what it was"
    );
}

#[test]
fn the_recorded_store_follows_its_keys() {
    let sim = Sim::deck();
    let (home, _keyring) = home(&sim);
    home.add("bastion", KEY);
    assert_eq!(in_use(&home), ("file".into(), "recorded".into()));
    let ran = home.run(TO_DESKTOP.iter().chain(&["--delete-source"])).ok();
    assert!(
        ran.stdout.contains("copied, verified, deleted source"),
        "{ran:#?}"
    );
    assert!(
        ran.stderr
            .contains("the secret-service store is the one in use"),
        "{ran:#?}"
    );
    assert_eq!(in_use(&home), ("secret-service".into(), "recorded".into()));
    home.run(["exec", "--no-session", "bastion", "--", "true"])
        .ok();
}

#[test]
fn what_cannot_be_done() {
    let sim = Sim::deck();
    let (mut home, keyring) = home(&sim);
    home.run(["migrate-backend", "--from", "file", "--to", "file"])
        .exits(2, "source and destination backends must differ");
    home.run(["migrate-backend", "--from", "file"])
        .exits(2, "--to");
    home.run(["migrate-backend", "--from", "file", "--to", "nowhere"])
        .exits(2, "nowhere");
    let ran = home.run(TO_DESKTOP).ok();
    assert_eq!(ran.stdout, "No credentials found in source backend file.\n");
    home.add("bastion", KEY);
    home.run(TO_DESKTOP.iter().chain(&["--profile", "x"]))
        .fails("profile \"x\" not found in source backend");

    // A damaged item stops the run, with what was done before it kept.
    home.add("work", KEY);
    fs::write(home.keys().join("work"), "no JWE").unwrap();
    let ran = home
        .run(TO_DESKTOP.iter().chain(&["--delete-source"]))
        .fails("\"work\"");
    assert!(
        ran.stdout.starts_with(
            "Migrating bastion... copied, verified, deleted source\nMigrating work... failed: "
        ),
        "{ran:#?}"
    );
    assert!(
        ran.stdout.ends_with(
            "\nMigration stopped. Source credentials were not deleted for the failed profile.\n"
        ),
        "{ran:#?}"
    );
    assert!(home.keys().join("work").exists() && !home.keys().join("bastion").exists());

    drop(keyring);
    home.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let ran = home.run(TO_FILES).fails("secret-service");
    assert_eq!(ran.stdout, "");
}

/// A home where both stores work and the files are the one in use.
fn home(sim: &Sim) -> (Home, Keyring) {
    let mut home = Home::of(sim, BASTION);
    // The collection that is unlocked at login: to make another one asks for a password in a window.
    home.set("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME", "login");
    home.unset("AWS_VAULT_BACKEND");
    // The first store that works is the one recorded, so the keyring comes later.
    home.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    home.add("first", KEY);
    home.run(["remove", "--force", "first"]).ok();
    let keyring = Keyring::start(&mut home);
    (home, keyring)
}

#[track_caller]
fn listed(home: &Home, store: &str) -> String {
    home.run(["--backend", store, "list", "--credentials"])
        .ok()
        .stdout
}

fn in_use(home: &Home) -> (String, String) {
    let json: Value = serde_json::from_str(&home.run(["backends", "--json"]).ok().stdout).unwrap();
    let text = |member: &str| json["in_use"][member].as_str().unwrap().to_owned();
    (text("name"), text("why"))
}
