//! What networks, proxies and a busy AWS do to STS's answers: a clear error, nothing cached, no code sent twice in doubt.

use std::thread;
use std::time::Duration;

use aws_sim::FaultKind;

use crate::support::{Home, Ran, Sim, error, fault};

/// A fault that befalls every GetSessionToken with a code.
struct Case {
    kind: FaultKind,
    /// How often the code is sent.
    calls: usize,
    says: &'static str,
    hints: &'static str,
}

fn table() -> Vec<Case> {
    let portal = format!("<html><body>{}</body></html>", "PORTAL ".repeat(300));
    let chatty = "CHATTY ".repeat(300);
    let network = "check the network";
    vec![
        // A refusal says that the code is not spent, so throttling is retried with it.
        case(
            error(400, "Throttling", "Rate exceeded"),
            4,
            "Throttling: Rate exceeded",
            "wait a little",
        ),
        case(
            error(400, "Throttling", &chatty),
            4,
            "Throttling: CHATTY",
            "wait a little",
        ),
        case(
            error(403, "AccessDenied", "no"),
            1,
            "AccessDenied: no",
            "trust policy",
        ),
        case(
            error(403, "RegionDisabledException", "no"),
            1,
            "RegionDisabledException",
            "--region",
        ),
        // What ends in doubt is not.
        case(
            error(500, "InternalFailure", "oops"),
            1,
            "InternalFailure",
            "try again",
        ),
        case(
            error(503, "ServiceUnavailable", "busy"),
            1,
            "ServiceUnavailable",
            "try again",
        ),
        case(FaultKind::Reset, 1, "cannot be reached", network),
        case(FaultKind::LostReply, 1, "cannot be reached", network),
        case(
            FaultKind::Truncated {
                mid_connection: true,
            },
            1,
            "127.0.0.1",
            "",
        ),
        case(
            FaultKind::Hang { ms: 45_000 },
            1,
            "did not answer within 30 seconds",
            network,
        ),
        case(
            FaultKind::Drip { bytes_per_s: 1 },
            1,
            "did not answer within 30 seconds",
            network,
        ),
        not_understood(garbage("")),
        not_understood(garbage("\0\u{1b}[2J garbage")),
        not_understood(garbage(&portal)),
        not_understood(FaultKind::Truncated {
            mid_connection: false,
        }),
        not_understood(FaultKind::Oversize { bytes: 2 << 20 }),
        not_understood(missing("Credentials")),
        not_understood(missing("AccessKeyId")),
        not_understood(missing("SecretAccessKey")),
        not_understood(missing("SessionToken")),
        not_understood(missing("Expiration")),
        not_understood(changed("AccessKeyId", "")),
        not_understood(changed("SecretAccessKey", "")),
        not_understood(changed("SessionToken", "")),
        not_understood(changed("Expiration", "2020-01-01T00:00:00Z")),
        not_understood(changed("Expiration", "9999-12-31T23:59:59Z")),
        not_understood(changed("Expiration", "2030-01-01T00:00:00")),
        not_understood(changed("Expiration", "tomorrow")),
    ]
}

fn case(kind: FaultKind, calls: usize, says: &'static str, hints: &'static str) -> Case {
    Case {
        kind,
        calls,
        says,
        hints,
    }
}

fn not_understood(kind: FaultKind) -> Case {
    case(
        kind,
        1,
        "cannot be understood",
        "a proxy or a captive portal",
    )
}

fn garbage(body: &str) -> FaultKind {
    FaultKind::Garbage {
        body: body.to_owned(),
    }
}

fn missing(name: &str) -> FaultKind {
    FaultKind::MissingField {
        name: name.to_owned(),
    }
}

fn changed(name: &str, value: &str) -> FaultKind {
    FaultKind::Field {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

#[test]
fn every_fault_is_one_sentence_and_leaves_nothing_behind() {
    let table = table();
    thread::scope(|scope| {
        for case in &table {
            scope.spawn(|| befall(case));
        }
    });
}

fn befall(case: &Case) {
    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    let code = std::fs::read_to_string(home.path("codes")).unwrap();
    let code = code.lines().next().unwrap();
    sim.faults([fault("GetSessionToken", case.kind.clone())]);
    let ran = home.run(["--debug", "exec", "bastion", "--", "env"]);
    let told = format!("{:?}: {ran:#?}", case.kind);
    assert_eq!(ran.status.code(), Some(1), "{told}");
    assert_eq!(ran.stdout, "", "{told}");
    let host = sim.endpoint.strip_prefix("http://").unwrap();
    let line = ran.error();
    assert!(
        line.starts_with("aws-vault: error: exec: profile 'bastion': sts:GetSessionToken "),
        "{told}"
    );
    assert!(line.contains(host) && line.contains(case.says), "{told}");
    assert!(line.len() < 500, "{told}");
    for leak in [
        code,
        "Action=",
        "TokenCode",
        "Authorization",
        "PORTAL",
        "\u{1b}",
    ] {
        assert!(!ran.stderr.contains(leak), "{leak}: {told}");
    }
    let hinted = |line: &str| line.starts_with("hint: ") && line.contains(case.hints);
    assert!(ran.stderr.lines().any(hinted), "{told}");
    assert!(ran.took < Duration::from_secs(80), "{told}");
    assert_eq!(sim.count("GetSessionToken"), case.calls, "{told}");
    assert_eq!(home.asked(), 1, "{told}");
    assert_eq!(home.sessions(), 0, "{told}");
    assert!(home.leftovers().is_empty(), "{told}");
}

#[test]
fn a_redirect_is_not_followed() {
    let (sim, elsewhere) = (Sim::deck(), Sim::deck());
    let home = Home::with_device(&sim);
    let location = format!("{}/", elsewhere.endpoint);
    sim.faults([fault("GetSessionToken", FaultKind::Redirect { location })]);
    let ran = home
        .run(["exec", "bastion", "--", "true"])
        .fails("profile 'bastion': sts:GetSessionToken")
        .hints("");
    assert!(ran.error().contains("127.0.0.1"), "{ran:?}");
    assert_eq!(
        (
            sim.count("GetSessionToken"),
            elsewhere.actions(),
            home.sessions()
        ),
        (1, vec![], 0)
    );
}

#[test]
fn a_foreign_namespace_is_no_reason_to_cache_what_was_not_checked() {
    let sim = Sim::deck();
    let home = Home::with_device(&sim);
    sim.faults([fault("GetSessionToken", FaultKind::WrongNamespace)]);
    // AWS's SDK reads elements by their local names; what counts is that the values are checked as ever.
    let ran = home.env_of(&["bastion"]);
    assert!(ran.var("AWS_ACCESS_KEY_ID").starts_with("ASIA"), "{ran:?}");
    assert_eq!(sim.count("GetSessionToken"), 1);
}

#[test]
fn nobody_at_the_endpoint() {
    // tcpmux: nothing listens there, and no other test is given that port, as it may be one that was just freed.
    let endpoints = [
        ("http://127.0.0.1:1".to_owned(), "127.0.0.1:1".to_owned()),
        ("https://sts.host.invalid".into(), "sts.host.invalid".into()),
    ];
    thread::scope(|scope| {
        for (endpoint, host) in &endpoints {
            scope.spawn(move || {
                let sim = Sim::deck();
                let mut home = Home::with_device(&sim);
                home.set("AWS_ENDPOINT_URL", endpoint);
                let ran: Ran = home
                    .run(["exec", "bastion", "--", "true"])
                    .fails("profile 'bastion': sts:GetSessionToken failed: ")
                    .hints("check the network");
                assert!(
                    ran.error().contains(host.as_str()) && !ran.stderr.contains("Action="),
                    "{ran:?}"
                );
                assert!(ran.took < Duration::from_secs(60), "{ran:?}");
                assert_eq!((home.asked(), home.sessions()), (1, 0));
            });
        }
    });
}
