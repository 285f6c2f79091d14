//! Interrupted at the places that matter; tests/kill_matrix.rs interrupts everywhere.

use aws_sim::{Fault, FaultKind};
use aws_vault::credentials::masked;
use rustix::process::Signal;
use serde_json::json;

use super::{PLAIN, as_before, is_noticed, journal, rotated};
use crate::support::{Home, KEY, Sim, error, fault, once};

/// Kills a rotation while `action` is being answered.
fn killed_during(sim: &Sim, home: &Home, action: &str) {
    sim.faults([once(action, FaultKind::Latency { ms: 60_000 })]);
    let running = home.start(["rotate", "bastion"]);
    sim.wait_for(action, 1);
    running.kill(Signal::KILL);
    running.finish();
    sim.faults([]);
}

#[test]
fn a_lost_answer_is_found_and_offered_for_deletion() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([once("CreateAccessKey", FaultKind::LostReply)]);
    home.run(["rotate", "bastion"])
        .fails("may have created a key all the same")
        .hints("`aws-vault rotate --resume` looks for a key that was made");
    assert_eq!(sim.count("CreateAccessKey"), 1, "never asked for twice");
    assert_eq!(home.stored_id("bastion").as_deref(), Some(KEY.id));
    let orphan = sim.keys().pop().unwrap().replace(" Active", "");
    assert_ne!(orphan, KEY.id);

    assert!(is_noticed(&home.run(["list", "--credentials"]).ok()));
    let ran = home
        .run(["rotate", "--resume"])
        .fails(&masked(&orphan))
        .hints("--delete-orphan");
    assert!(ran.error().contains("whose secret nobody has"), "{ran:?}");
    assert_eq!(sim.keys().len(), 2, "nobody was there to say yes");

    let (mut pty, child) = home.on_terminal(["rotate", "--resume"]);
    pty.wait_for("nobody has its secret. Delete it? (y|N) ");
    pty.send("y\r");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(
        pty.shown.contains(&format!(
            "Deleted access key {}, whose secret nobody had",
            masked(&orphan)
        )),
        "{}",
        pty.shown
    );
    as_before(&sim, &home);
}

#[test]
fn a_plain_rotate_clears_up_and_rotates() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([once("CreateAccessKey", FaultKind::LostReply)]);
    home.run(["rotate", "bastion"])
        .fails("may have created a key");
    let ran = home.run(["rotate", "--delete-orphan", "bastion"]).ok();
    assert!(ran.stdout.contains("which was interrupted\n"), "{ran:?}");
    rotated(&sim, &home);
}

#[test]
fn a_key_that_is_left_alone_is_not_asked_about_again() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([once("CreateAccessKey", FaultKind::LostReply)]);
    home.run(["rotate", "bastion"])
        .fails("may have created a key");
    let (mut pty, child) = home.on_terminal(["rotate", "--resume", "bastion"]);
    pty.wait_for("(y|N) ");
    pty.send("\r");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert_eq!(sim.keys().len(), 2);
    assert_eq!(journal(&home), None);
    home.run(["rotate", "bastion"])
        .fails("has two access keys already");
}

#[test]
fn an_intent_that_was_never_sent_leaves_nothing() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([once("CreateAccessKey", FaultKind::Reset)]);
    home.run(["rotate", "bastion"])
        .fails("may have created a key");
    let ran = home.run(["rotate", "--resume"]).ok();
    assert!(ran.stdout.ends_with("as before\n"), "{ran:?}");
    as_before(&sim, &home);
}

#[test]
fn killed_after_the_key_was_made_it_goes_on() {
    let sim = Sim::with(|world| world["options"] = json!({ "key_propagation_ms": 600_000 }));
    let home = Home::with_key(&sim, PLAIN);
    let running = home.start(["rotate", "bastion"]);
    sim.wait_for("CreateAccessKey", 1);
    // The new key is asked for before IAM knows it: from then on its secret is in the journal.
    sim.wait_for("GetCallerIdentity", 2);
    running.kill(Signal::KILL);
    running.finish();
    sim.world().options.key_propagation_ms = 0;
    let new = journal(&home).unwrap()["AccessKeyID"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(home.stored_id("bastion").as_deref(), Some(KEY.id));
    assert_eq!(
        sim.keys(),
        [format!("{} Active", KEY.id), format!("{new} Active")]
    );
    let shown = serde_json::to_string(&sim.calls()).unwrap();
    assert!(!shown.contains("DeleteAccessKey"), "{shown}");

    assert!(is_noticed(&home.env_of(&["-n", "bastion"])));
    let ran = home.run(["rotate", "--resume"]).ok();
    assert!(
        ran.stdout
            .starts_with("Going on with the rotation of 'bastion', which was interrupted\n"),
        "{ran:?}"
    );
    assert_eq!(rotated(&sim, &home), new);
    assert_eq!(sim.count("CreateAccessKey"), 1);
}

#[test]
fn a_deactivation_whose_answer_is_lost_is_done_again() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([fault("UpdateAccessKey", FaultKind::LostReply)]);
    home.run(["rotate", "bastion"])
        .fails("could not be deactivated")
        .hints("rotate --resume");
    let new = home.stored_id("bastion").unwrap();
    assert_eq!(
        sim.keys(),
        [format!("{} Inactive", KEY.id), format!("{new} Active")]
    );
    sim.faults([]);
    home.run(["rotate", "--resume", "bastion"]).ok();
    assert_eq!(rotated(&sim, &home), new);
}

#[test]
fn a_deletion_whose_answer_is_lost_is_looked_for() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([fault("DeleteAccessKey", FaultKind::LostReply)]);
    home.run(["rotate", "bastion"]).ok();
    rotated(&sim, &home);
}

#[test]
fn a_new_key_that_does_not_work_yet_waits_in_the_journal() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    let refused = || Fault {
        skip: 1,
        ..fault("GetCallerIdentity", error(403, "AccessDenied", "not today"))
    };
    sim.faults([refused()]);
    let ran = home
        .run(["rotate", "bastion"])
        .fails("the rotation of 'bastion' is not finished: the new key is not proved yet")
        .hints("`aws-vault rotate --undo` goes back to the old key");
    assert!(!ran.stderr.contains("CANARY"), "{ran:?}");
    assert_eq!(home.stored_id("bastion").as_deref(), Some(KEY.id));
    assert!(journal(&home).is_some());

    sim.faults([]);
    home.run(["rotate", "--undo", "bastion"]).ok();
    as_before(&sim, &home);
}

#[test]
fn a_new_key_that_somebody_deleted_leads_back() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([Fault {
        skip: 1,
        ..fault("GetCallerIdentity", error(403, "AccessDenied", "not today"))
    }]);
    home.run(["rotate", "bastion"]).fails("not finished");
    sim.faults([]);
    let Some(new) =
        journal(&home).map(|journal| journal["AccessKeyID"].as_str().unwrap().to_owned())
    else {
        panic!("no journal");
    };
    sim.delete_key(&new);
    let ran = home.run(["rotate", "--resume"]).ok();
    assert!(
        ran.stdout.contains("Going back to the old access key\n"),
        "{ran:?}"
    );
    as_before(&sim, &home);
}

#[test]
fn a_key_stored_meanwhile_is_not_overwritten() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([Fault {
        skip: 1,
        ..fault("GetCallerIdentity", error(403, "AccessDenied", "not today"))
    }]);
    home.run(["rotate", "bastion"]).fails("not finished");
    sim.faults([]);
    let third = crate::support::Key {
        id: "AKIACANARYTHIRDKEY00",
        secret: "CANARYsecretOfAThirdKey/+012345678901234",
    };
    home.add("bastion", third);
    home.run(["rotate", "--resume"]).ok();
    assert_eq!(home.stored_id("bastion").as_deref(), Some(third.id));
    assert_eq!(
        sim.keys(),
        [format!("{} Active", KEY.id)],
        "nobody needed the new one"
    );
    assert_eq!(journal(&home), None);
}

#[test]
fn the_journal_of_an_old_version_is_understood() {
    let sim = Sim::with(|world| {
        let keys = &mut world["accounts"]["111122223333"]["users"]["elmerfudd"]["access_keys"];
        keys.as_array_mut()
            .unwrap()
            .push(json!({ "id": "AKIACANARYSECONDKEY1", "secret": "CANARYsecretOfTheSecondKey/+0123456789012" }));
    });
    let home = Home::with_key(&sim, PLAIN);
    home.add(
        "bastion (new)",
        crate::support::Key {
            id: "AKIACANARYSECONDKEY1",
            secret: "CANARYsecretOfTheSecondKey/+0123456789012",
        },
    );
    home.run(["rotate", "bastion"]).ok();
    assert_eq!(rotated(&sim, &home), "AKIACANARYSECONDKEY1");
    assert_eq!(sim.count("CreateAccessKey"), 0);
}

#[test]
fn throttling_is_waited_out() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    let busy = |action| Fault {
        count: Some(2),
        ..fault(action, error(400, "Throttling", "Rate exceeded"))
    };
    sim.faults(
        [
            "CreateAccessKey",
            "UpdateAccessKey",
            "DeleteAccessKey",
            "ListAccessKeys",
        ]
        .map(busy),
    );
    home.run(["rotate", "bastion"]).ok();
    rotated(&sim, &home);
}

#[test]
fn an_interrupted_rotation_is_in_the_way_of_what_would_lose_it() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    killed_during(&sim, &home, "CreateAccessKey");
    home.run(["remove", "bastion"])
        .fails("the rotation of 'bastion' is not finished");
    home.run(["migrate-backend", "--from", "file", "--to", "pass"])
        .fails("the rotation of 'bastion' in the file store is not finished")
        .hints("rotate --resume");
    home.run(["clear"]).ok();
    assert!(journal(&home).is_some(), "`clear` leaves it");
}
