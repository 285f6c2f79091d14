//! Many processes at once: one browser, one token, one answer for each role.

use std::io::PipeReader;
use std::process::Command;

use aws_sim::{FaultKind, SsoUser};
use rustix::process::Signal;

use super::{home, instance, opened, user};
use crate::support::{Home, Running, all_ok, once};

#[test]
fn fifty_cold_starts_cause_one_sign_in() {
    let sim = instance();
    let home = home(&sim);
    sim.faults([once("CreateToken", FaultKind::Latency { ms: 300 })]);
    let profiles = ["dev", "read"];
    let ran = all_ok(together(&home, &profiles, 50));
    let mut ids: Vec<&str> = ran.iter().map(|ran| ran.var("AWS_ACCESS_KEY_ID")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert_eq!(opened(&home), 1);
    let counts = ["RegisterClient", "CreateToken", "GetRoleCredentials"].map(|it| sim.count(it));
    assert_eq!(counts, [1, 1, 2]);
    assert!(home.leftovers().is_empty(), "{:?}", home.leftovers());
}

#[test]
fn an_expired_token_is_refreshed_once() {
    let sim = instance();
    sim.world().identity_center.script.access_token_life_s = 62;
    let home = home(&sim);
    home.run(["sso", "login"]).ok();
    sim.world().set_clock_offset(0);
    std::thread::sleep(std::time::Duration::from_secs(3));
    sim.world().identity_center.script.access_token_life_s = 28_800;
    sim.clear_calls();
    all_ok(together(&home, &["dev", "read"], 16));
    let counts = ["CreateToken", "GetRoleCredentials"].map(|it| sim.count(it));
    assert_eq!((counts, opened(&home)), ([1, 2], 1));
}

#[test]
fn a_person_who_says_no_is_not_asked_by_everybody() {
    let sim = instance();
    let home = home(&sim);
    user(&sim, SsoUser::Denies);
    sim.faults([once("RegisterClient", FaultKind::Latency { ms: 1500 })]);
    let first = home.start(["exec", "dev", "--", "true"]);
    sim.wait_for("RegisterClient", 1);
    // Stopped until all the others have come to wait for it.
    first.kill(Signal::STOP);
    let waiting: Vec<_> = ["dev", "read"]
        .iter()
        .cycle()
        .take(11)
        .map(|profile| home.on_terminal(["exec", profile, "--", "true"]))
        .collect();
    let mut ended = Vec::new();
    for (mut pty, child) in waiting {
        pty.wait_for("waiting for another aws-vault");
        ended.push((pty, child));
    }
    first.kill(Signal::CONT);
    first
        .finish()
        .fails("the access was refused in the browser");
    for (mut pty, child) in ended {
        assert_eq!(pty.finish(child).code(), Some(1), "{}", pty.shown);
        assert!(
            pty.shown.contains("another aws-vault has just failed"),
            "{}",
            pty.shown
        );
    }
    assert_eq!(opened(&home), 1);

    user(&sim, SsoUser::Approves);
    home.env_of(&["dev"]);
    assert_eq!(opened(&home), 2);
}

#[test]
fn the_next_one_takes_over_from_a_killed_holder() {
    let sim = instance();
    let home = home(&sim);
    user(&sim, SsoUser::Waits);
    let holder = home.start(["exec", "dev", "--", "true"]);
    sim.wait_for("Authorize", 1);
    let others: Vec<Running> = (0..6)
        .map(|_| home.start(["exec", "dev", "--", "true"]))
        .collect();
    user(&sim, SsoUser::Approves);
    holder.kill(Signal::KILL);
    all_ok(others);
    assert_eq!((opened(&home), sim.count("CreateToken")), (2, 1));
}

/// Starts `exec` so many times at one instant, with the profiles in turn.
fn together(home: &Home, profiles: &[&str], processes: usize) -> Vec<Running> {
    let (gate, go) = std::io::pipe().unwrap();
    let running = (0..processes)
        .map(|number| {
            let profile = profiles[number % profiles.len()];
            Running::start(&mut gated(home, &gate, &["exec", profile, "--", "env"]))
        })
        .collect();
    drop(go);
    running
}

fn gated(home: &Home, gate: &PipeReader, words: &[&str]) -> Command {
    let mut command = home.through(
        &["sh", "-c", "read go; exec \"$0\" \"$@\" < /dev/null"],
        words,
    );
    command.stdin(gate.try_clone().unwrap());
    command
}
