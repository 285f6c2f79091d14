//! The control plane, the wire format of answers, and the program itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use aws_sim::World;
use common::{SERIAL, USER, deck, get, http, iam, long_term, put, run, sts};
use serde_json::json;

#[test]
fn calls_are_logged_without_secrets_and_forgotten_on_request() {
    run(async {
        let server = deck();
        let code = server.token_code(SERIAL).unwrap();
        let call = sts(&server, long_term(&server))
            .get_session_token()
            .serial_number(SERIAL)
            .token_code(&code);
        call.duration_seconds(900).send().await.unwrap();
        http(&server, "POST", "/", &[], "").unwrap();

        let calls = get(&server, "/_sim/calls").json();
        let first = &calls[0];
        assert_eq!(
            (&first["seq"], &first["service"], &first["action"]),
            (&json!(1), &json!("sts"), &json!("GetSessionToken"))
        );
        assert_eq!(
            (&first["caller"], &first["access_key_id"]),
            (&json!(USER), &json!("AKIAI6ZCA7DBKEXAMPLE"))
        );
        assert_eq!(
            (&first["mfa"], &first["status"], &first["error"]),
            (&json!(false), &json!(200), &json!(null))
        );
        assert_eq!(
            first["parameters"],
            json!({ "DurationSeconds": "900", "SerialNumber": SERIAL, "TokenCode": "***" })
        );
        assert_eq!(
            (&calls[1]["error"], &calls[1]["caller"]),
            (&json!("MissingAuthenticationToken"), &json!(null))
        );

        assert_eq!(
            http(&server, "DELETE", "/_sim/calls", &[], "")
                .unwrap()
                .status,
            200
        );
        assert_eq!(get(&server, "/_sim/calls").json(), json!([]));
        http(&server, "POST", "/", &[], "").unwrap();
        assert_eq!(server.calls()[0].seq, 3, "numbers go on");
    });
}

#[test]
fn the_state_shows_keys_by_hash() {
    run(async {
        let server = deck();
        iam(&server, long_term(&server))
            .get_user()
            .send()
            .await
            .unwrap();
        let answer = get(&server, "/_sim/state");
        let key =
            &answer.json()["accounts"]["111122223333"]["users"]["elmerfudd"]["access_keys"][0];
        assert_eq!(
            (&key["id"], &key["status"]),
            (&json!("AKIAI6ZCA7DBKEXAMPLE"), &json!("Active"))
        );
        assert_eq!(key["last_used_service"], "iam");
        assert_eq!(key["secret_sha256"].as_str().map(str::len), Some(64));
        assert!(!answer.body.contains(long_term(&server).secret_access_key()));
        assert!(!format!("{:?}", server.world()).contains(long_term(&server).secret_access_key()));
    });
}

#[test]
fn clock_options_and_codes_are_set_and_read() {
    let server = deck();
    assert_eq!(
        put(&server, "/_sim/clock", &json!({ "offset_s": -86_400 })).status,
        200
    );
    let yesterday = get(&server, "/_sim/state");
    let date = httpdate::parse_http_date(yesterday.header("date").unwrap()).unwrap();
    put(&server, "/_sim/clock", &json!({ "offset_s": 0 }));
    let today =
        httpdate::parse_http_date(get(&server, "/_sim/state").header("date").unwrap()).unwrap();
    let apart = today.duration_since(date).unwrap().as_secs();
    assert!((86_400..86_430).contains(&apart), "{apart}");

    assert_eq!(
        put(
            &server,
            "/_sim/options",
            &json!({ "key_propagation_ms": 5 })
        )
        .status,
        200
    );
    assert_eq!(
        put(
            &server,
            "/_sim/options",
            &json!({ "allow_code_reuse": true })
        )
        .status,
        200
    );
    let options = &get(&server, "/_sim/state").json()["options"];
    assert_eq!(
        (&options["key_propagation_ms"], &options["allow_code_reuse"]),
        (&json!(5), &json!(true))
    );
    assert_eq!(
        put(&server, "/_sim/options", &json!({ "key_propagation": 5 })).status,
        400
    );
    assert_eq!(put(&server, "/_sim/clock", &json!({})).status, 400);
    assert_eq!(get(&server, "/_sim/nothing").status, 404);

    let code = get(&server, "/_sim/mfa").json()[SERIAL]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
        "{code}"
    );
}

#[test]
fn errors_are_written_as_aws_writes_them() {
    let server = deck();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = http(
        &server,
        "POST",
        "/",
        &form,
        "Action=GetCallerIdentity&Version=2011-06-15",
    )
    .unwrap();
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (403, Some("text/xml"))
    );
    let id = answer.header("x-amzn-requestid").unwrap();
    assert_eq!(
        answer.body,
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>MissingAuthenticationToken</Code>\n    <Message>Request is missing Authentication Token</Message>\n  </Error>\n  <RequestId>{id}</RequestId>\n</ErrorResponse>\n"
        )
    );
}

#[test]
fn a_seed_makes_a_world_repeat_itself() {
    run(async {
        let mut keys = Vec::new();
        for _ in 0..2 {
            let server = common::deck_with(|world| world["seed"] = json!(7));
            let made = iam(&server, long_term(&server))
                .create_access_key()
                .send()
                .await
                .unwrap();
            keys.push(made.access_key().unwrap().secret_access_key().to_owned());
        }
        assert_eq!(keys[0], keys[1]);
    });
}

#[test]
fn a_bad_world_is_refused_with_its_reason() {
    let user = |user: serde_json::Value| json!({ "accounts": { "111122223333": { "users": { "a": user } } } });
    let cases = [
        (json!({}), "missing field `accounts`"),
        (
            user(json!({ "groups": ["Missing"] })),
            "user a is in group Missing, which the account does not have",
        ),
        (
            user(json!({ "mfa_devices": [{ "serial": "s", "seed": "1" }] })),
            "MFA device s: the seed of an MFA device is not base32",
        ),
        (
            user(json!({ "acces_keys": [] })),
            "unknown field `acces_keys`",
        ),
        (
            user(json!({ "created": "yesterday" })),
            "\"yesterday\" is not like 2026-11-23T06:00:00Z",
        ),
    ];
    for (world, reason) in cases {
        let error = World::from_json(&world.to_string())
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn the_program_serves_until_its_input_closes() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_aws-sim"))
        .args([
            "serve",
            "--world",
            "deck",
            "--until-stdin-closes",
            "--die-with-parent",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = ready["endpoint"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(std::net::TcpStream::connect(&address).is_err());
}

#[test]
fn the_program_prints_codes_and_its_world() {
    let output = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_aws-sim"))
            .args(arguments)
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (ok, world) = output(&["world", "deck"]);
    assert!(ok && World::from_json(&world).is_ok());
    for step in ["-1", "0", "1"] {
        let (ok, code) = output(&["totp", "JBSWY3DPEHPK3PXP", "--step", step]);
        assert!(ok && code.trim_end().len() == 6, "{code}");
    }
    assert!(!output(&["totp", "not base32"]).0);
    assert!(!output(&["serve", "--world", "/nonexistent"]).0);
}
