//! Scripted faults at the wire, and whether the work behind them was done.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::time::{Duration, Instant};

use aws_sim::Server;
use common::{deck, get, iam, long_term, put, refusal, run, sts};
use serde_json::{Value, json};

fn script(server: &Server, faults: &Value) {
    let answer = put(server, "/_sim/faults", faults);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn keys(server: &Server) -> usize {
    server.world().accounts[common::BASTION].users["elmerfudd"]
        .access_keys
        .len()
}

#[test]
fn faults_do_or_do_not_do_the_work() {
    run(async {
        // (fault, work done, the SDK can read the answer). The SDK for Rust reads
        // half a document, or one without a required field, as if what is missing were empty.
        let cases = [
            (json!({ "kind": "latency", "ms": 50 }), true, Some(true)),
            (
                json!({ "kind": "drip", "bytes_per_s": 20_000 }),
                true,
                Some(true),
            ),
            (
                json!({ "kind": "error", "status": 503, "code": "ServiceUnavailable", "message": "Try later." }),
                false,
                Some(false),
            ),
            (
                json!({ "kind": "garbage", "body": "<html>Sign in to the hotel's network</html>" }),
                false,
                Some(false),
            ),
            (
                json!({ "kind": "oversize", "bytes": 2_000_000 }),
                false,
                Some(false),
            ),
            (
                json!({ "kind": "redirect", "location": "http://127.0.0.1:9/" }),
                false,
                Some(false),
            ),
            (json!({ "kind": "reset" }), false, Some(false)),
            (json!({ "kind": "hang", "ms": 50 }), false, Some(false)),
            (json!({ "kind": "truncated" }), true, None),
            (
                json!({ "kind": "truncated", "mid_connection": true }),
                true,
                Some(false),
            ),
            (json!({ "kind": "lost_reply" }), true, Some(false)),
            (
                json!({ "kind": "missing_field", "name": "SecretAccessKey" }),
                true,
                Some(true),
            ),
        ];
        for (fault, done, readable) in cases {
            let server = deck();
            script(&server, &json!([fault]));
            let answer = iam(&server, long_term(&server))
                .create_access_key()
                .send()
                .await;
            assert!(
                readable.is_none_or(|readable| answer.is_ok() == readable),
                "{fault}: {answer:?}"
            );
            assert_eq!(keys(&server) == 2, done, "{fault}");
            let call = &server.calls()[0];
            assert_eq!(call.fault.as_deref(), fault["kind"].as_str());
            assert_eq!(call.caller.as_deref(), Some(common::USER));
        }
    });
}

#[test]
fn an_error_has_code_message_and_retry_after() {
    run(async {
        let server = deck();
        let fault = json!({ "kind": "error", "status": 400, "code": "Throttling", "message": "Rate exceeded", "retry_after": 3 });
        script(&server, &json!([fault]));
        let error = sts(&server, long_term(&server))
            .get_caller_identity()
            .send()
            .await
            .unwrap_err();
        let raw = error.raw_response().unwrap();
        assert_eq!(
            (raw.status().as_u16(), raw.headers().get("retry-after")),
            (400, Some("3"))
        );
        assert_eq!(
            refusal::<(), _>(Err(error)),
            ("Throttling".into(), "Rate exceeded".into())
        );
        assert_eq!(server.calls()[0].error.as_deref(), Some("Throttling"));
    });
}

#[test]
fn fields_and_namespaces_are_changed_as_told() {
    run(async {
        let server = deck();
        let session = || sts(&server, long_term(&server)).get_session_token().send();
        script(
            &server,
            &json!([{ "kind": "field", "name": "Expiration", "value": "1999-12-31T23:59:59Z" }]),
        );
        let changed = session().await.unwrap();
        assert_eq!(
            changed.credentials().unwrap().expiration().secs(),
            946_684_799
        );

        for fault in [
            json!({ "kind": "garbage", "body": "{}" }),
            json!({ "kind": "wrong_namespace" }),
            json!({ "kind": "missing_field", "name": "SigninToken" }),
        ] {
            script(&server, &json!([fault]));
            let body = get(&server, "/federation?Action=getSigninToken").body;
            assert!(!body.contains("SigninToken"), "{fault}: {body}");
        }
        script(&server, &json!([{ "kind": "wrong_namespace" }]));
        let answer = get(&server, "/");
        assert!(
            answer
                .body
                .starts_with("<ErrorResponse xmlns=\"https://sts.example.com/"),
            "{}",
            answer.body
        );
    });
}

#[test]
fn a_script_is_worked_off_in_order() {
    run(async {
        let server = deck();
        script(
            &server,
            &json!([
                { "service": "iam", "kind": "reset" },
                { "action": "GetCallerIdentity", "skip": 1, "count": 2, "kind": "error", "status": 500, "code": "One", "message": "" },
                { "service": "sts", "count": 1, "kind": "error", "status": 500, "code": "Two", "message": "" },
            ]),
        );
        let client = sts(&server, long_term(&server));
        let mut codes = Vec::new();
        for _ in 0..5 {
            let answer = client.get_caller_identity().send().await;
            codes.push(if answer.is_ok() {
                "ok".to_owned()
            } else {
                refusal(answer).0
            });
        }
        // The first call is let pass by the second fault, and then befallen by the third.
        assert_eq!(codes, ["Two", "One", "One", "ok", "ok"]);
        let left = get(&server, "/_sim/faults").json();
        assert_eq!(left[1]["count"], 0);
        assert_eq!(left[0]["kind"], "reset");
        script(&server, &json!([]));
        iam(&server, long_term(&server))
            .get_user()
            .send()
            .await
            .unwrap();
    });
}

#[test]
fn silence_and_trickle_take_their_time() {
    run(async {
        let server = deck();
        let identity = || {
            sts(&server, long_term(&server))
                .get_caller_identity()
                .send()
        };
        for (fault, least) in [
            (json!({ "kind": "latency", "ms": 300 }), 300),
            (json!({ "kind": "hang", "ms": 300 }), 300),
            (json!({ "kind": "drip", "bytes_per_s": 1000 }), 300),
        ] {
            script(&server, &json!([fault]));
            let started = Instant::now();
            let _ = identity().await;
            assert!(started.elapsed() >= Duration::from_millis(least), "{fault}");
        }
    });
}

#[test]
fn a_script_with_a_mistake_is_refused_whole() {
    let server = deck();
    script(&server, &json!([{ "kind": "reset" }]));
    for mistake in [
        json!([{ "kind": "explosion" }]),
        json!([{ "kind": "latency" }]),
        json!({ "kind": "reset" }),
        json!([{ "kind": "latency", "msec": 3 }]),
    ] {
        assert_eq!(
            put(&server, "/_sim/faults", &mistake).status,
            400,
            "{mistake}"
        );
    }
    assert_eq!(
        get(&server, "/_sim/faults").json()[0]["kind"],
        "reset",
        "the old script stays"
    );
}
