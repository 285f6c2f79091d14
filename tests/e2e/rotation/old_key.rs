//! `--keep-old` and `--undo`: the old key's way out, and back.

use super::{PLAIN, as_before, journal, rotated, settled};
use crate::support::{Home, KEY, Sim};

#[test]
fn kept_deactivated_until_the_next_rotation() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    let ran = home.run(["rotate", "--keep-old", "bastion"]).ok();
    assert!(ran.stdout.contains("is deactivated and kept\n"), "{ran:?}");
    let first = home.stored_id("bastion").unwrap();
    assert_eq!(
        sim.keys(),
        [format!("{} Inactive", KEY.id), format!("{first} Active")]
    );
    // It was wanted so: no command complains.
    assert_eq!(home.env_of(&["-n", "bastion"]).stderr, "");

    let ran = home.run(["rotate", "--keep-old", "bastion"]).ok();
    assert!(
        ran.stdout
            .contains("Retiring the old key of 'bastion', which was kept\n"),
        "{ran:?}"
    );
    let second = home.stored_id("bastion").unwrap();
    assert_eq!(
        sim.keys(),
        [format!("{first} Inactive"), format!("{second} Active")]
    );

    home.run(["rotate", "--resume", "bastion"]).ok();
    assert_eq!(rotated(&sim, &home), second);
}

#[test]
fn undo_brings_a_kept_key_back() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    home.run(["rotate", "--keep-old", "bastion"]).ok();
    home.run(["exec", "bastion", "--", "true"]).ok();
    let ran = home.run(["rotate", "--undo"]).ok();
    assert!(
        ran.stdout.contains("Going back to the old access key\n"),
        "{ran:?}"
    );
    assert_eq!(home.sessions(), 0, "sessions of the key that is gone");
    as_before(&sim, &home);
}

#[test]
fn what_is_done_cannot_be_undone() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    home.run(["rotate", "bastion"]).ok();
    home.run(["rotate", "--undo", "bastion"])
        .fails("there is no rotation of 'bastion' to undo")
        .hints("--keep-old");
    assert_eq!(
        home.run(["rotate", "--resume"]).ok().stdout,
        "No rotation is unfinished.\n"
    );
    settled(&home);
}

#[test]
fn an_old_key_that_was_deleted_cannot_be_gone_back_to() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    home.run(["rotate", "--keep-old", "bastion"]).ok();
    sim.delete_key(KEY.id);
    let ran = home.run(["rotate", "--undo"]).ok();
    assert!(
        ran.stdout
            .contains("The old access key is gone, so the new one stays\n"),
        "{ran:?}"
    );
    assert!(journal(&home).is_none());
    rotated(&sim, &home);
}

#[test]
fn a_missing_permission_is_named_and_the_policy_printed() {
    let sim = Sim::with(|world| {
        world["accounts"]["111122223333"]["users"]["elmerfudd"]["policies"]["Deny"] = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Deny", "Action": "iam:CreateAccessKey", "Resource": "*" }]
        });
    });
    let home = Home::with_key(&sim, PLAIN);
    home.run(["rotate", "bastion"])
        .fails("user elmerfudd may not call iam:CreateAccessKey")
        .hints("`aws-vault rotate --policy`");
    as_before(&sim, &home);
    let policy: serde_json::Value =
        serde_json::from_str(&home.run(["rotate", "--policy"]).ok().stdout).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap();
    assert!(actions.contains(&"iam:CreateAccessKey".into()));
}

#[test]
fn the_printed_policy_is_enough() {
    let home = Home::new();
    let policy: serde_json::Value =
        serde_json::from_str(&home.run(["rotate", "--policy"]).ok().stdout).unwrap();
    let sim = Sim::with(|world| {
        let user = &mut world["accounts"]["111122223333"]["users"]["elmerfudd"];
        user["groups"] = serde_json::json!([]);
        user["policies"] = serde_json::json!({ "Rotate": policy });
    });
    let home = Home::with_key(&sim, PLAIN);
    home.run(["rotate", "bastion"]).ok();
    rotated(&sim, &home);
}
