//! `backends`: what there is, what works, what is in use and why.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use aws_vault_keystore::Backend;
use serde_json::{Value, json};

use crate::support::{Home, KEY};

#[test]
fn every_store_has_a_row_with_a_place_or_a_reason() {
    let home = without_desktop();
    let survey = survey(&home, &[]);
    assert_eq!(survey["version"], 1);
    let names: Vec<_> = stores(&survey).iter().map(|store| &store["name"]).collect();
    let known: Vec<_> = Backend::ALL.iter().map(|store| store.name()).collect();
    assert_eq!(names, known);
    for store in stores(&survey) {
        assert_eq!(
            store["usable"] == true,
            store["reason"].is_null(),
            "{store}"
        );
    }
    let [file, secret_service] =
        ["file", "secret-service"].map(|name| named(&survey, name).clone());
    assert_eq!(file["usable"], true);
    assert_eq!(file["location"], format!("file:{}", home.keys().display()));
    let reason = secret_service["reason"].as_str().unwrap();
    assert!(reason.contains("secret-service"), "{reason}");

    let table = home.run(["backends"]).ok().stdout;
    let row = |name: &str| {
        let mut rows = table.lines().filter(|line| line.starts_with(name));
        let (row, more) = (rows.next().unwrap(), rows.next());
        assert_eq!(more, None, "{table}");
        row.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(
        (row("file "), row("secret-service ")),
        ("yes".into(), "no".into()),
        "{table}"
    );
}

#[test]
fn what_is_in_use_and_why() {
    let mut home = without_desktop();
    assert_eq!(
        survey(&home, &[])["in_use"],
        json!({ "name": "file", "why": "default", "since": null })
    );
    let table = home.run(["backends"]).ok().stdout;
    assert!(
        table.contains("\nIn use: file (the first that works here"),
        "{table}"
    );

    home.add("work", KEY);
    let in_use = survey(&home, &[])["in_use"].clone();
    assert_eq!(
        (&in_use["name"], &in_use["why"]),
        (&json!("file"), &json!("recorded"))
    );
    let since = in_use["since"].as_str().unwrap();
    assert!(since.ends_with('Z') && since.len() == 20, "{since}");
    let table = home.run(["backends"]).ok().stdout;
    assert!(
        table.contains(&format!("In use: file, since {since}")),
        "{table}"
    );

    home.set("AWS_VAULT_BACKEND", "secret-service");
    assert_eq!(
        survey(&home, &[])["in_use"],
        json!({ "name": "secret-service", "why": "variable", "since": null })
    );
    assert_eq!(
        survey(&home, &["--backend", "file"])["in_use"],
        json!({ "name": "file", "why": "flag", "since": since })
    );
}

#[test]
fn a_directory_that_cannot_be_read_is_a_reason() {
    let home = without_desktop();
    fs::create_dir_all(home.path(".awsvault")).unwrap();
    fs::write(home.keys(), "not a directory").unwrap();
    fs::set_permissions(home.keys(), fs::Permissions::from_mode(0o600)).unwrap();
    let survey = survey(&home, &[]);
    let file = named(&survey, "file");
    assert_eq!(file["usable"], false);
    assert!(file["reason"].as_str().unwrap().contains("keys"), "{file}");
}

/// Nobody named a store, and no session bus answers.
fn without_desktop() -> Home {
    let mut home = Home::new();
    home.unset("AWS_VAULT_BACKEND");
    home.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    home
}

fn survey(home: &Home, words: &[&str]) -> Value {
    let ran = home.run(words.iter().chain(&["backends", "--json"])).ok();
    serde_json::from_str(&ran.stdout).unwrap()
}

fn stores(survey: &Value) -> &[Value] {
    survey["backends"].as_array().unwrap()
}

#[track_caller]
fn named<'a>(survey: &'a Value, name: &str) -> &'a Value {
    let found = stores(survey).iter().find(|store| store["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {survey}"))
}
