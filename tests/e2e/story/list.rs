//! `list`: the table that scripts cut into columns, the filters, and JSON.

use serde_json::{Value, json};

use crate::support::{DECK, Home, KEY, SERIAL, Sim};

#[test]
fn the_table() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    home.add("lost", KEY);
    let head = format!(
        "{:25}{:25}{:25}\n{:25}{:25}{:25}\n",
        "Profile", "Credentials", "Sessions", "=======", "===========", "========"
    );
    let rows = format!(
        "{:25}{:25}{:25}\n{:25}{:25}{:25}\n{:25}{:25}{:25}\n",
        "bastion", "bastion", "-", "master", "-", "-", "-", "lost", "-"
    );
    assert_eq!(home.run(["list"]).ok().stdout, format!("{head}{rows}"));
    assert_eq!(home.run(["ls"]).ok().stdout, format!("{head}{rows}"));

    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    let table = home.run(["list"]).ok().stdout;
    let column: Vec<&str> = table.lines().map(|line| line[50..].trim_end()).collect();
    let [_, _, bastion, master, "-"] = column[..] else {
        panic!("{table}")
    };
    assert!(
        is_label(bastion, "sts.GetSessionToken", ["8h0m0s", "7h59m"]),
        "{table}"
    );
    assert!(
        is_label(master, "sts.AssumeRole", ["1h0m0s", "59m"]),
        "{table}"
    );
    let widest = bastion.len() + 2;
    assert!(
        table.lines().all(|line| line.len() == 50 + widest),
        "{table}"
    );
}

#[test]
fn filters_print_one_name_a_line() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    home.run(["exec", "-t", &sim.code(), "bastion", "--", "true"])
        .ok();
    assert_eq!(
        home.run(["list", "--profiles"]).ok().stdout,
        "bastion\nmaster\n"
    );
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "bastion\n");
    assert_eq!(
        home.run(["list", "--credentials", "--profiles", "--sessions"])
            .ok()
            .stdout,
        "bastion\n"
    );
    assert_eq!(
        home.run(["list", "--profiles", "--sessions"]).ok().stdout,
        "bastion\nmaster\n"
    );
    let sessions = home.run(["list", "--sessions"]).ok().stdout;
    assert!(
        is_label(
            sessions.trim_end(),
            "sts.GetSessionToken",
            ["1h0m0s", "59m"]
        ),
        "{sessions}"
    );
}

#[test]
fn json_has_the_documented_members() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    let id = home
        .env_of(&["-t", &sim.code(), "bastion"])
        .var("AWS_ACCESS_KEY_ID")
        .to_owned();
    let document: Value = serde_json::from_str(&home.run(["list", "--json"]).ok().stdout).unwrap();
    let session = &document["sessions"][0];
    let left = session["remaining_seconds"].as_u64().unwrap();
    assert!((3500..=3600).contains(&left), "{document}");
    let expiration = session["expiration"].as_str().unwrap();
    assert!(
        expiration.ends_with('Z') && expiration.len() == 20,
        "{document}"
    );
    assert_eq!(
        document,
        json!({
            "version": 1,
            "backend": "file",
            "profiles": [
                { "name": "bastion", "has_stored_credentials": true },
                { "name": "master", "has_stored_credentials": false }
            ],
            "credentials": ["bastion"],
            "mfa_seeds": [],
            "access_keys": [{
                "name": "bastion",
                "created": null,
                "age_days": null,
                "too_old": false,
                "rotation_unfinished": false
            }],
            "sign_ins": [],
            "sessions": [{
                "profile": "bastion",
                "type": "sts.GetSessionToken",
                "expiration": expiration,
                "remaining_seconds": left,
                "access_key_suffix": &id[id.len() - 4..],
                "stored_credentials": "bastion"
            }]
        })
    );
}

#[test]
fn nothing_is_unlocked_and_nothing_called() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, DECK);
    home.run(["exec", "-t", &sim.code(), "bastion", "--", "true"])
        .ok();
    home.set("AWS_VAULT_FILE_PASSPHRASE", "wrong");
    sim.clear_calls();
    let table = home.run(["list"]).ok().stdout;
    assert!(table.contains("sts.GetSessionToken"), "{table}");
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

#[test]
fn explain_tells_what_exec_then_does() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    let text = home.run(["explain", "master"]).ok().stdout;
    for part in [
        "bastion",
        "GetSessionToken",
        SERIAL,
        "AssumeRole",
        "role/DeveloperRole",
        ".aws/config:",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert_eq!(sim.actions(), [] as [&str; 0]);
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    assert_eq!(sim.actions(), ["sts:GetSessionToken", "sts:AssumeRole"]);
}

/// The time left is what it was to begin with, or a little less.
fn is_label(text: &str, kind: &str, [at_first, later]: [&str; 2]) -> bool {
    let left = text
        .strip_prefix(kind)
        .and_then(|text| text.strip_prefix(':'));
    left.is_some_and(|left| {
        left == at_first || left.starts_with(later) && left.ends_with('s') && !left.contains(' ')
    })
}
