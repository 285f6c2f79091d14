//! Unlocked once, a store is not asked again for a while: the session key rests in the kernel's keyring.

use std::fs;

use crate::support::{DECK, Home, Sim, run};

/// A home whose role session is warm and whose session key is unlocked; nobody could type the passphrase any more.
fn unlocked(sim: &Sim, ttl: &str) -> Home {
    let mut home = Home::with_key(sim, DECK);
    home.set("AWS_VAULT_UNLOCK_TTL", ttl);
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    // Nothing was stored before the session key was made, so the second run is the one that reads it.
    home.run(["exec", "master", "--", "true"]).ok();
    home.unset("AWS_VAULT_FILE_PASSPHRASE");
    home
}

#[test]
fn a_warm_exec_asks_nobody_and_opens_no_store_until_it_is_locked() {
    let sim = Sim::deck();
    let home = unlocked(&sim, "15m");
    let trace = home.path("trace");
    let strace = [
        "strace",
        "-f",
        "-e",
        "trace=openat,connect",
        "-o",
        trace.to_str().unwrap(),
    ];
    run(&mut home.through(&strace, ["exec", "master", "--", "true"])).ok();
    let trace = fs::read_to_string(trace).unwrap();
    assert!(
        !trace.contains(".awsvault") && !trace.contains("connect("),
        "{trace}"
    );

    let locked = home.run(["lock"]).ok();
    assert_eq!(locked.stdout, "Locked.\n");
    home.run(["exec", "master", "--", "true"])
        .fails("there is no terminal to ask for the passphrase");
    assert_eq!(home.run(["lock"]).ok().stdout, "Nothing was unlocked.\n");
}

/// A new login has a session keyring of its own, which by default may not read what lies in the user's.
#[test]
fn another_session_keyring_is_unlocked_too() {
    let sim = Sim::deck();
    let home = unlocked(&sim, "15m");
    run(&mut home.through(
        &["keyctl", "session", "-"],
        ["exec", "master", "--", "true"],
    ))
    .ok();
    home.run(["lock"]).ok();
}

#[test]
fn the_time_out_counts_and_zero_keeps_nothing() {
    let sim = Sim::deck();
    let home = unlocked(&sim, "0");
    home.run(["exec", "master", "--", "true"])
        .fails("there is no terminal to ask for the passphrase");

    let home = unlocked(&sim, "1s");
    let forgotten = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        !home.run(["exec", "master", "--", "true"]).status.success()
    });
    assert!(forgotten, "unlocked for a second, and still after five");
}
