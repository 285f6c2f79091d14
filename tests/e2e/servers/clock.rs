//! Clocks that jump, and a machine that sleeps.

use std::time::Duration;

use aws_sim::FaultKind;

use super::{Server, roles};
use crate::support::{Sim, fault, now};

/// Of Debian's package faketime.
fn faketime() -> String {
    let arch = std::env::consts::ARCH;
    let library = format!("/usr/lib/{arch}-linux-gnu/faketime/libfaketime.so.1");
    let found = std::path::Path::new(&library).exists();
    assert!(found, "install the Debian package faketime");
    library
}

fn expiring(sim: &Sim, seconds: u64) {
    let end = now() + Duration::from_secs(seconds);
    let value = humantime::format_rfc3339_seconds(end).to_string();
    let name = "Expiration".to_owned();
    sim.faults([fault("AssumeRole", FaultKind::Field { name, value })]);
}

/// A process that is stopped sees neither timers nor clocks, as on a machine that sleeps: the first request afterwards gets new
/// credentials, not those of before.
#[test]
fn sleeping_past_the_expiry() {
    let (sim, home) = roles();
    expiring(&sim, 20);
    let server = Server::start(&home, &["--ecs-server", "deploy"]);
    let first = server.container("/").ok().json();
    server.kill(rustix::process::Signal::STOP);
    std::thread::sleep(Duration::from_secs(21));
    expiring(&sim, 3600);
    server.kill(rustix::process::Signal::CONT);
    let second = server.container("/").ok().json();
    assert_ne!(first["AccessKeyId"], second["AccessKeyId"]);
    assert_eq!(sim.count("AssumeRole"), 2);
}

/// Somebody sets the wall clock while the server runs.
#[test]
fn a_wall_clock_that_is_set() {
    let (sim, mut home) = roles();
    let (file, new) = (home.path("time"), home.path("time.new"));
    let set = |hours: &str| {
        // In one step: the library may read at any moment.
        std::fs::write(&new, format!("{hours}\n")).unwrap();
        std::fs::rename(&new, &file).unwrap();
    };
    set("+0");
    home.set("LD_PRELOAD", faketime());
    home.set("FAKETIME_TIMESTAMP_FILE", &file);
    home.set("FAKETIME_NO_CACHE", "1");
    // Timers do not care what time it is.
    home.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let server = Server::start(&home, &["--ecs-server", "deploy"]);
    let first = server.container("/").ok().json();

    // Back: by the time since boot they are still good.
    set("-10h");
    assert_eq!(server.container("/").ok().json(), first);
    assert_eq!(sim.count("AssumeRole"), 1);

    // Forth: whatever AWS gives now has expired by this clock, so nothing is served, and no old ones either.
    set("+10h");
    server.container("/").is(503);
    let calls = sim.count("AssumeRole");
    assert!(calls > 1);

    // Right again: as soon as failures are forgotten.
    set("+0");
    let start = std::time::Instant::now();
    while server.container("/").status != 200 {
        assert!(start.elapsed() < Duration::from_secs(60), "still failing");
        std::thread::sleep(Duration::from_millis(100));
    }
}
