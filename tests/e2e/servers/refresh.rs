//! When credentials are renewed.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use aws_sim::FaultKind;

use super::{Server, roles, server::send};
use crate::support::{DECK, Home, KEY, Sim, error, fault, now, once};

#[test]
fn a_hundred_first_requests_are_one_call() {
    let (sim, home) = roles();
    let server = Server::start(&home, &["--ecs-server", "--lazy", "deploy"]);
    let barrier = Barrier::new(100);
    let token = server.var("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    let host = server.host();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
    );
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                barrier.wait();
                send(host, request.as_bytes()).ok();
            });
        }
    });
    assert_eq!(sim.actions(), ["sts:AssumeRole"]);
}

#[test]
fn a_failure_is_an_answer_and_is_not_repeated_at_once() {
    let (sim, home) = roles();
    let server = Server::start(&home, &["--ecs-server", "--lazy", "deploy"]);
    sim.faults([fault("AssumeRole", error(403, "AccessDenied", "not today"))]);
    let failing = Instant::now();
    for _ in 0..5 {
        let answer = server.container("/");
        assert_eq!(answer.status, 503, "{answer:#?}");
        assert!(
            answer.json()["Message"]
                .as_str()
                .unwrap()
                .contains("not today")
        );
        assert!(!answer.body.contains(KEY.secret) && !answer.body.contains(KEY.id));
    }
    // Once in four seconds, however long these five took.
    let calls = sim.count("AssumeRole") as u64;
    let allowed = 1 + failing.elapsed().as_secs() / 4;
    assert!((1..=allowed).contains(&calls), "{calls} of {allowed}");
    sim.faults([]);
    let start = Instant::now();
    while server.container("/").status != 200 {
        assert!(start.elapsed() < Duration::from_secs(60), "still failing");
        std::thread::sleep(Duration::from_millis(100));
    }
    let told = server.stop().ok().stderr;
    assert!(told.contains("no credentials for "), "{told}");
}

#[test]
fn expired_credentials_never_leave() {
    let (sim, home) = roles();
    let time = now() + Duration::from_secs(20);
    let value = humantime::format_rfc3339_seconds(time).to_string();
    let name = "Expiration".to_owned();
    sim.faults([once("AssumeRole", FaultKind::Field { name, value })]);
    let server = Server::start(&home, &["--ecs-server", "deploy"]);
    // Renewed in the last five of the twenty seconds, and good whenever asked for.
    loop {
        let asked = now();
        let answer = server.container("/").ok().json();
        let expires = answer["Expiration"].as_str().unwrap();
        let expires = humantime::parse_rfc3339(expires).unwrap();
        assert!(expires > asked, "{answer}");
        if expires > asked + Duration::from_secs(60) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(sim.count("AssumeRole"), 2);
}

/// A long job with short sessions, in small: `make soak` takes its time. Each refresh is one call, and what is served lives.
#[test]
fn a_job_that_outlives_its_sessions() {
    const LIFETIME: Duration = Duration::from_secs(8);
    let (sim, home) = roles();
    let shorten = || {
        let end = humantime::format_rfc3339_millis(now() + LIFETIME).to_string();
        let kind = FaultKind::Field {
            name: "Expiration".to_owned(),
            value: end,
        };
        sim.faults([fault("AssumeRole", kind)]);
    };
    shorten();
    let server = Server::start(&home, &["--ecs-server", "deploy"]);
    let begun = Instant::now();
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 4 {
        shorten();
        let asked = now();
        let credentials = server.container("/").ok().json();
        let expiry = humantime::parse_rfc3339(credentials["Expiration"].as_str().unwrap()).unwrap();
        // Written without fractions of a second.
        assert!(expiry + Duration::from_secs(1) > asked, "{credentials}");
        seen.insert(credentials["AccessKeyId"].to_string());
        std::thread::sleep(Duration::from_millis(50));
    }
    // One at the start, one for each three quarters of a life, and one more may be under way.
    let calls = sim.count("AssumeRole") as u64;
    let most = 2 + begun.elapsed().as_secs() / 6 + 1;
    assert!((4..=most).contains(&calls), "{calls} calls for {seen:?}");
}

#[test]
fn nobody_is_asked_twice_by_the_retries_of_an_sdk() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    let server = Server::start(&home, &["--ecs-server", "--lazy", "master"]);
    for _ in 0..5 {
        let answer = server.container("/");
        assert_eq!(answer.status, 503, "{answer:#?}");
        let message = answer.json()["Message"].as_str().unwrap().to_owned();
        assert!(message.contains("no terminal to ask on"), "{message}");
    }
    let told = server.stop().ok().stderr;
    assert_eq!(told.matches("an MFA code is needed").count(), 1, "{told}");
}

#[test]
fn a_code_given_beforehand_is_enough() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    let server = Server::start(&home, &["--ec2-server", "-t", &sim.code(), "master"]);
    server
        .metadata("/latest/meta-data/iam/security-credentials/DeveloperRole")
        .ok();
    assert_eq!(sim.actions(), ["sts:GetSessionToken", "sts:AssumeRole"]);
}
