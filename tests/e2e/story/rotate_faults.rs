//! `rotate` when something is in the way: nobody is locked out, and it is said what remains to be done.

use std::time::Duration;

use aws_vault::credentials::masked;
use serde_json::json;

use crate::support::{Disk, Home, KEY, Sim, run};

const PLAIN: &str = "[profile bastion]\nregion = eu-west-1\n";

#[test]
fn two_keys_are_noticed_before_anything_is_changed() {
    let other = "AKIACANARYSECONDKEY1";
    let sim = Sim::with(|world| {
        let keys = &mut world["accounts"]["111122223333"]["users"]["elmerfudd"]["access_keys"];
        keys.as_array_mut()
            .unwrap()
            .push(json!({ "id": other, "secret": "CANARYsecond", "status": "Inactive" }));
    });
    let home = Home::with_key(&sim, PLAIN);
    let before = home.digest("");
    let ran = home
        .run(["rotate", "bastion"])
        .fails("has two access keys already")
        .hints("delete");
    assert!(
        ran.error().contains(&masked(KEY.id))
            && ran.error().contains(&format!("{} inactive", masked(other))),
        "{ran:?}"
    );
    assert_eq!(sim.writes(), [] as [&str; 0]);
    assert_eq!(home.digest(""), before);
}

#[test]
fn a_store_that_cannot_be_written_is_noticed_before_a_key_is_made() {
    for disk in [
        Disk::ReadOnly(".awsvault/keys"),
        Disk::Full(".awsvault/keys"),
    ] {
        let sim = Sim::deck();
        let home = Home::with_key(&sim, PLAIN);
        let ran = run(&mut disk.command(&home, &["rotate", "bastion"], "ls \"$0\""))
            .fails("the file store cannot be written, so no new key was created");
        assert_eq!(sim.writes(), [] as [&str; 0]);
        let left = ran
            .stderr
            .lines()
            .skip_while(|line| !line.starts_with("hint: "))
            .skip(1);
        assert_eq!(
            left.filter(|name| *name != "filler").collect::<Vec<_>>(),
            ["bastion"],
            "{ran:?}"
        );
    }
}

#[test]
fn a_key_that_aws_knows_late_is_waited_for() {
    let sim = Sim::with(|world| world["options"] = json!({ "key_propagation_ms": 3000 }));
    let home = Home::with_key(&sim, PLAIN);
    let ran = home.run(["rotate", "bastion"]).ok();
    assert!(
        ran.stdout
            .contains("Waiting until AWS knows the new access key\n"),
        "{ran:?}"
    );
    assert!(ran.took > Duration::from_secs(3), "{ran:?}");
    assert_eq!(
        sim.keys(),
        [format!("{} Active", home.stored_id("bastion").unwrap())]
    );
}

#[test]
fn an_old_key_that_may_not_be_deleted_is_named() {
    for (action, done) in [
        ("iam:UpdateAccessKey", "deactivated"),
        ("iam:DeleteAccessKey", "deleted"),
    ] {
        let sim = Sim::with(|world| {
            world["accounts"]["111122223333"]["users"]["elmerfudd"]["policies"]["Deny"] = json!({
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Deny", "Action": action, "Resource": "*" }]
            });
        });
        let home = Home::with_key(&sim, PLAIN);
        let ran = home
            .run(["rotate", "bastion"])
            .fails(&format!(
                "the new access key is stored and works, but the old one {} could not be {done}",
                masked(KEY.id)
            ))
            .hints("`aws-vault rotate --policy`");
        assert!(ran.error().contains("AccessDenied"), "{ran:?}");
        let new = home.stored_id("bastion").unwrap();
        assert_ne!(new, KEY.id);
        assert!(
            sim.keys().contains(&format!("{new} Active")),
            "{:?}",
            sim.keys()
        );
        assert_eq!(
            home.run(["list", "--credentials"]).ok().stdout,
            "bastion\n",
            "no copy of the key stays behind"
        );
    }
}

#[test]
fn what_cannot_be_rotated_is_refused_before_any_call() {
    let sim = Sim::deck();
    let home = Home::with_key(
        &sim,
        "[profile bastion]\n[profile empty]\nregion = eu-west-1\n[profile sso]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 111122223333\nsso_role_name = Role\n",
    );
    home.run(["rotate", "empty"])
        .fails("empty")
        .hints("aws-vault add empty");
    home.run(["rotate", "sso"])
        .fails("does not start from a stored access key")
        .hints("");
    home.run(["rotate", "unknown"])
        .fails("profile 'unknown' not found");
    home.run(["rotate"]).exits(2, "no profile given");
    assert_eq!(sim.actions(), [] as [&str; 0]);
}
