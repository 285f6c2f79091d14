//! Faults that a second try cures: retries, the clock, a session that died early.

use std::time::Duration;

use crate::support::{BASTION, DECK, Home, Sim, error, fault, once};

#[test]
fn faults_that_pass_are_not_even_noticed() {
    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    let busy = || error(503, "ServiceUnavailable", "busy");
    let twice = |action: &str, kind| aws_sim::Fault {
        count: Some(2),
        ..fault(action, kind)
    };
    sim.faults([
        twice("GetSessionToken", error(400, "Throttling", "Rate exceeded")),
        twice("AssumeRole", busy()),
    ]);
    let ran = home.run(["exec", "master", "--", "true"]).ok();
    assert_eq!(ran.stderr, "");
    assert_eq!(
        (
            sim.count("GetSessionToken"),
            sim.count("AssumeRole"),
            home.asked()
        ),
        (3, 3, 1)
    );

    home.run(["clear", "master"]).ok();
    sim.clear_calls();
    sim.faults([fault("AssumeRole", busy())]);
    let ran = home
        .run(["exec", "master", "--", "true"])
        .fails("profile 'master': sts:AssumeRole");
    assert!(ran.took < Duration::from_secs(80), "{ran:?}");
    assert_eq!(
        (sim.count("GetSessionToken"), sim.count("AssumeRole")),
        (0, 4)
    );
    assert_eq!(home.sessions(), 1, "the session that was there stays");
}

#[test]
fn a_clock_that_is_wrong_is_corrected() {
    for minutes in [20, -20] {
        let sim = Sim::deck();
        let home = Home::with_key(&sim, DECK);
        sim.world().set_clock_offset(minutes * 60);
        let ran = home
            .run(["exec", "-t", &sim.code(), "bastion", "--", "true"])
            .ok();
        assert_eq!(ran.stderr, "");
        assert_eq!(
            sim.count("GetSessionToken"),
            2,
            "one refusal, one corrected call"
        );
        home.run(["exec", "master", "--", "true"]).ok();
        // The right time does not make what is cached any worse.
        sim.world().set_clock_offset(0);
        sim.clear_calls();
        home.run(["exec", "master", "--", "true"]).ok();
        assert_eq!((sim.actions(), home.sessions()), (vec![], 2));
    }
}

#[test]
fn a_clock_that_cannot_be_corrected_is_named() {
    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    sim.world().set_clock_offset(20 * 60);
    let message = "Signature expired: 20261123T060000Z is now earlier than 20261123T062000Z";
    sim.faults([fault(
        "GetSessionToken",
        error(403, "SignatureDoesNotMatch", message),
    )]);
    home.run(["exec", "bastion", "--", "true"])
        .fails("SignatureDoesNotMatch")
        .hints("this computer's clock differs from AWS's by 20 minutes");
    assert_eq!((home.asked(), home.sessions()), (1, 0));
}

#[test]
fn a_cached_session_that_died_early_is_obtained_again_once() {
    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    home.run(["exec", "bastion", "--", "true"]).ok();
    sim.faults([once(
        "AssumeRole",
        error(
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
    )]);
    home.run(["exec", "master", "--", "true"]).ok();
    assert_eq!(
        (
            sim.count("GetSessionToken"),
            sim.count("AssumeRole"),
            home.asked()
        ),
        (2, 2, 2)
    );

    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    home.run(["exec", "bastion", "--", "true"]).ok();
    sim.faults([fault("AssumeRole", error(403, "ExpiredToken", "expired"))]);
    home.run(["exec", "master", "--", "true"])
        .fails("profile 'master': sts:AssumeRole was refused")
        .hints("aws-vault clear");
    assert_eq!(
        (
            sim.count("GetSessionToken"),
            sim.count("AssumeRole"),
            home.asked()
        ),
        (2, 2, 2)
    );
}

#[test]
fn an_access_key_that_is_gone_says_so() {
    let sim = Sim::with(|world| {
        world["accounts"]["111122223333"]["users"]["elmerfudd"]["access_keys"][0]["status"] =
            "Inactive".into();
    });
    let home = Home::with_key(&sim, BASTION);
    home.run(["exec", "-t", &sim.code(), "bastion", "--", "true"])
        .fails("InvalidClientTokenId")
        .hints("aws-vault add");
    assert!(home.stored_id("bastion").is_some());
}
