//! `rotate --all`, for people and for cron; ages.

use serde_json::{Value, json};

use super::PLAIN;
use crate::support::{Home, KEY, Key, Sim, error, fault};

const NEW: Key<'static> = Key {
    id: "AKIACANARYYOUNGKEY00",
    secret: "CANARYsecretOfTheYoungUser/+012345678901",
};
const DEAD: Key<'static> = Key {
    id: "AKIACANARYDEADKEY000",
    secret: "CANARYsecretOfTheDeadUser/+0123456789012",
};

/// The user of the talk with an old key, and a second one whose key was made today.
fn two_users() -> (Sim, Home) {
    let today = humantime::format_rfc3339_seconds(crate::support::now()).to_string();
    let sim = Sim::with(|world| {
        let users = world["accounts"]["111122223333"]["users"]
            .as_object_mut()
            .unwrap();
        let mut young = users["elmerfudd"].clone();
        young["access_keys"] = json!([{ "id": NEW.id, "secret": NEW.secret, "created": today }]);
        young["mfa_devices"] = json!([]);
        young.as_object_mut().unwrap().remove("id");
        users.insert("young".into(), young);
    });
    let home = Home::with_key(
        &sim,
        "[profile bastion]\nregion = eu-west-1\n[profile young]\nregion = eu-west-1\n",
    );
    home.add("young", NEW);
    (sim, home)
}

#[test]
fn only_old_keys_are_rotated_and_one_table_says_so() {
    let (sim, home) = two_users();
    let before = home.digest(".awsvault");
    let dry = home
        .run(["rotate", "--all", "--older-than", "90d", "--dry-run"])
        .ok();
    let rows: Vec<&str> = dry.stdout.lines().collect();
    assert_eq!(rows.len(), 3, "{dry:?}");
    assert!(rows[0].starts_with("Key      Access key"), "{dry:?}");
    assert!(
        rows[1].starts_with("bastion") && rows[1].ends_with("would be rotated"),
        "{dry:?}"
    );
    assert!(
        rows[2].starts_with("young")
            && rows[2].contains("  0d")
            && rows[2].ends_with("young enough"),
        "{dry:?}"
    );
    assert_eq!(home.digest(".awsvault"), before);
    assert_eq!(sim.writes(), [] as [&str; 0]);

    let ran = home.run(["rotate", "--all", "--older-than", "90d"]).ok();
    assert!(
        ran.stdout.lines().nth(1).unwrap().contains("rotated, now "),
        "{ran:?}"
    );
    assert_eq!(ran.stdout.lines().count(), 3, "{ran:?}");
    assert_ne!(home.stored_id("bastion").as_deref(), Some(KEY.id));
    assert_eq!(home.stored_id("young").as_deref(), Some(NEW.id));

    // Nothing is old now, and nobody need be asked about it.
    sim.clear_calls();
    let again = home.run(["rotate", "--all", "--older-than", "90d"]).ok();
    assert!(!again.stdout.contains("rotated, now"), "{again:?}");
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

#[test]
fn one_that_fails_does_not_stop_the_others_and_cron_is_told() {
    let (sim, home) = two_users();
    home.add("a-dead-one", DEAD);
    let ran = home
        .run(["rotate", "--all"])
        .fails("1 of 3 keys could not be rotated");
    assert!(
        ran.stdout
            .lines()
            .any(|row| row.starts_with("a-dead-one") && row.contains("failed: ")),
        "{ran:?}"
    );
    assert_eq!(ran.stdout.matches("rotated, now ").count(), 2, "{ran:?}");
    assert!(!format!("{ran:?}").contains("CANARYsecret"));
    assert_eq!(sim.keys().len(), 1);
}

#[test]
fn one_key_under_two_names_is_rotated_once() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    home.add("twin", KEY);
    let ran = home.run(["rotate", "--all"]).ok();
    assert!(ran.stdout.contains("with the name above"), "{ran:?}");
    assert_eq!(sim.count("CreateAccessKey"), 1);
    assert_eq!(home.stored_id("twin"), home.stored_id("bastion"));
}

#[test]
fn an_age_that_is_not_known_is_a_failure() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([fault("ListAccessKeys", error(403, "AccessDenied", "no"))]);
    let ran = home
        .run(["rotate", "--all", "--older-than", "90d"])
        .fails("1 of 1 keys could not be rotated");
    assert!(ran.stdout.contains("its age is not known"), "{ran:?}");
    assert_eq!(sim.writes(), [] as [&str; 0]);
}

#[test]
fn list_shows_ages_without_unlocking_anything() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, PLAIN);
    home.add("other", NEW);
    home.run(["status"])
        .exits(1, "1 of 2 keys could not be asked about");
    sim.clear_calls();
    home.unset("AWS_VAULT_FILE_PASSPHRASE");
    let table = home.run(["list", "--age"]).ok().stdout;
    let head = format!(
        "{:25}{:25}{:25}{:25}\n",
        "Profile", "Credentials", "Sessions", "Age"
    );
    assert!(table.starts_with(&head), "{table}");
    let row = |name: &str| {
        table
            .lines()
            .find(|line| line.contains(name))
            .unwrap()
            .trim_end()
            .to_owned()
    };
    assert!(row("bastion").ends_with("d !"), "{table}");
    assert!(row("other").ends_with('-'), "{table}");

    let json: Value = serde_json::from_str(&home.run(["list", "--json"]).ok().stdout).unwrap();
    let keys = json["access_keys"].as_array().unwrap();
    assert_eq!(
        (&keys[0]["name"], &keys[0]["too_old"]),
        (&"bastion".into(), &true.into())
    );
    assert_eq!(
        (&keys[1]["created"], &keys[1]["too_old"]),
        (&Value::Null, &false.into())
    );
    assert_eq!(sim.actions(), [] as [&str; 0]);

    // The table of scripts is what it was.
    let plain = home.run(["list"]).ok();
    assert_eq!(
        plain.stdout.lines().next().unwrap(),
        format!("{:25}{:25}{:25}", "Profile", "Credentials", "Sessions")
    );
    assert_eq!(plain.stderr, "");
    home.set("AWS_VAULT_MAX_KEY_AGE", "0");
    assert!(!home.run(["list", "--age"]).ok().stdout.contains('!'));
    home.set("AWS_VAULT_MAX_KEY_AGE", "90");
    home.run(["list", "--age"])
        .exits(2, "AWS_VAULT_MAX_KEY_AGE");
}

#[test]
fn the_schedule_names_this_program() {
    let home = Home::new();
    let text = home
        .run(["rotate", "--schedule", "--older-than", "60d"])
        .ok()
        .stdout;
    let program = env!("CARGO_BIN_EXE_aws-vault");
    assert!(
        text.contains(&format!(
            "ExecStart={program} --backend=file rotate --all --older-than 60d\n"
        )),
        "{text}"
    );
    assert!(text.contains("<string>60d</string>"), "{text}");
}
