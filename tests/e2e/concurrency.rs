//! Many processes at once: one login for all of them, and a killed one stops nobody.

use std::io::PipeReader;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_sim::FaultKind;
use rustix::process::Signal;

use crate::support::{Home, Ran, Running, Sim, all_ok, once};

#[test]
fn thirty_two_cold_starts_cause_one_login() {
    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    sim.faults([
        once("GetSessionToken", FaultKind::Latency { ms: 300 }),
        once("AssumeRole", FaultKind::Latency { ms: 300 }),
    ]);
    let ids = together(&home, "master", 32);
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(home.asked(), 1);
    assert_eq!(sim.actions(), ["sts:GetSessionToken", "sts:AssumeRole"]);

    sim.clear_calls();
    assert_eq!(together(&home, "master", 32), ids);
    assert_eq!((home.asked(), sim.actions()), (1, vec![]));
    assert!(home.leftovers().is_empty());
}

#[test]
fn profiles_that_share_a_device_share_the_login() {
    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    let (gate, go) = std::io::pipe().unwrap();
    let running = ["bastion", "master", "bastion", "master"]
        .map(|profile| held(&home, &gate, &["exec", profile, "--", "true"]));
    drop(go);
    all_ok(running);
    assert_eq!(
        (
            home.asked(),
            sim.count("GetSessionToken"),
            sim.count("AssumeRole")
        ),
        (1, 1, 1)
    );
}

#[test]
fn the_next_one_takes_over_from_a_killed_holder() {
    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    sim.faults([once("GetSessionToken", FaultKind::Hang { ms: 60_000 })]);
    let holder = home.start(["exec", "bastion", "--", "true"]);
    sim.wait_for("GetSessionToken", 1);
    let (mut pty, waiter) = home.on_terminal(["exec", "bastion", "--", "true"]);
    pty.wait_for(
        "aws-vault: waiting for another aws-vault, which is getting credentials for 'bastion'",
    );
    let others: Vec<_> = (0..8)
        .map(|_| home.start(["exec", "bastion", "--", "true"]))
        .collect();

    let killed = Instant::now();
    holder.kill(Signal::KILL);
    sim.wait_for("GetSessionToken", 2);
    let took_over = killed.elapsed();
    // Long before the answer that the killed one waited for.
    assert!(took_over < Duration::from_secs(40), "{took_over:?}");
    assert_eq!(pty.finish(waiter).code(), Some(0), "{}", pty.shown);
    assert_eq!(pty.shown.matches("waiting for").count(), 1, "{}", pty.shown);
    all_ok(others);
    assert_eq!(
        (home.asked(), sim.count("GetSessionToken"), home.sessions()),
        (2, 2, 1)
    );
    let is_lock = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "lock");
    assert!(!home.leftovers().iter().any(is_lock));
}

#[test]
fn a_holder_that_fails_is_followed_by_the_next() {
    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    std::fs::write(
        home.path("codes"),
        format!("000000\n000000\n{}\n", sim.code()),
    )
    .unwrap();
    let (gate, go) = std::io::pipe().unwrap();
    let running: Vec<_> = (0..4)
        .map(|_| held(&home, &gate, &["exec", "bastion", "--", "true"]))
        .collect();
    drop(go);
    let (good, bad): (Vec<Ran>, Vec<Ran>) = running
        .into_iter()
        .map(Running::finish)
        .partition(|ran| ran.status.success());
    assert_eq!((good.len(), bad.len(), home.asked()), (3, 1, 3), "{bad:#?}");
}

#[test]
fn adding_at_the_same_time_loses_no_profile() {
    let home = Home::new();
    home.add("first", crate::support::KEY);
    let (gate, go) = std::io::pipe().unwrap();
    let names: Vec<String> = (0..12).map(|number| format!("p{number:02}")).collect();
    let running: Vec<_> = names
        .iter()
        .map(|name| {
            let mut command = gated(&home, &gate, &["add", "--env", name]);
            command
                .env("AWS_ACCESS_KEY_ID", crate::support::KEY.id)
                .env("AWS_SECRET_ACCESS_KEY", crate::support::KEY.secret);
            Running::start(&mut command)
        })
        .collect();
    drop(go);
    all_ok(running);
    let listed = home.run(["list", "--profiles"]).ok().stdout;
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, names);
    assert_eq!(
        home.run(["list", "--credentials"])
            .ok()
            .stdout
            .lines()
            .count(),
        13
    );
}

/// Runs `exec` so many times at one instant; all must succeed. Returns the distinct access key ids they got.
#[track_caller]
pub fn together(home: &Home, profile: &str, processes: usize) -> Vec<String> {
    let (gate, go) = std::io::pipe().unwrap();
    let running: Vec<_> = (0..processes)
        .map(|_| held(home, &gate, &["exec", profile, "--", "env"]))
        .collect();
    drop(go);
    let mut ids: Vec<_> = all_ok(running)
        .iter()
        .map(|ran| ran.var("AWS_ACCESS_KEY_ID").to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

fn held(home: &Home, gate: &PipeReader, words: &[&str]) -> Running {
    Running::start(&mut gated(home, gate, words))
}

/// A start that waits until the other end of the pipe is closed: for all of them at once.
fn gated(home: &Home, gate: &PipeReader, words: &[&str]) -> Command {
    let mut command = home.through(
        &["sh", "-c", "read go; exec \"$0\" \"$@\" < /dev/null"],
        words,
    );
    command.stdin(gate.try_clone().unwrap());
    command
}
