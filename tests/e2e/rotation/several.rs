//! One key under several names, and several rotations at once.

use aws_sim::FaultKind;
use rustix::process::Signal;

use super::{PLAIN, rotated};
use crate::support::{BASTION, Home, KEY, Sim, fault};

#[test]
fn every_name_of_the_key_gets_the_new_one() {
    let sim = Sim::deck();
    let home = Home::with_key(
        &sim,
        "[profile bastion]\nregion = eu-west-1\n[profile twin]\nregion = eu-west-1\n",
    );
    home.add("twin", KEY);
    let other = crate::support::Key {
        id: "AKIACANARYANOTHERKEY",
        secret: "CANARYsecretOfSomebodyElse/+012345678901",
    };
    home.add("other", other);
    home.run(["rotate", "twin"]).ok();
    let new = home.stored_id("twin").unwrap();
    assert_ne!(new, KEY.id);
    assert_eq!(home.stored_id("bastion"), Some(new.clone()));
    assert_eq!(home.stored_id("other").as_deref(), Some(other.id));
    assert_eq!(sim.keys(), [format!("{new} Active")]);
    for name in ["bastion", "twin"] {
        home.env_of(&["-n", name]);
    }
}

#[test]
fn the_second_of_two_waits_and_finds_nothing_to_do() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults([fault("CreateAccessKey", FaultKind::Latency { ms: 2500 })]);
    let first = home.start(["rotate", "bastion"]);
    sim.wait_for("CreateAccessKey", 1);
    first.kill(Signal::STOP);
    let (mut pty, second) = home.on_terminal(["rotate", "bastion"]);
    pty.wait_for("waiting for another aws-vault, which is rotating a key");
    first.kill(Signal::CONT);
    let ran = first.finish().ok();
    assert!(
        ran.stdout.ends_with("Finished rotating access key\n"),
        "{ran:?}"
    );
    pty.wait_for("Another aws-vault has just rotated 'bastion'; nothing to do\r\n");
    assert_eq!(pty.finish(second).code(), Some(0), "{}", pty.shown);
    assert_eq!(sim.count("CreateAccessKey"), 1);
    rotated(&sim, &home);
}

#[test]
fn one_code_is_enough_where_iam_wants_mfa_for_everything() {
    let sim = Sim::with(|world| {
        let user = &mut world["accounts"]["111122223333"]["users"]["elmerfudd"];
        user["policies"]["OnlyWithMfa"] = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Deny", "NotAction": ["sts:*"], "Resource": "*",
                "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } }
            }]
        });
    });
    let home = Home::with_key(&sim, BASTION);
    home.run(["rotate", "-t", &sim.code(), "bastion"]).ok();
    assert_eq!(sim.count("GetSessionToken"), 1);
    let id = home.stored_id("bastion").unwrap();
    assert_eq!(sim.keys(), [format!("{id} Active")]);
}

#[test]
fn a_rotation_takes_little_longer_than_iam() {
    let sim =
        Sim::with(|world| world["options"] = serde_json::json!({ "key_propagation_ms": 3000 }));
    let home = Home::with_key(&sim, PLAIN);
    let running = home.start(["rotate", "bastion"]);
    sim.wait_for("CreateAccessKey", 1);
    let ran = running.finish().ok();
    rotated(&sim, &home);
    // Not by this machine's clock, which other tests share: by how often AWS was asked after it knew.
    let answered = sim
        .calls()
        .iter()
        .filter(|call| call.action == "GetCallerIdentity" && call.status == 200)
        .count();
    assert!(answered <= 1 + 3 + 3, "{answered} answers in {ran:?}");
}
