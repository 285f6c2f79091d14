//! Sign-in federation as a browser and a credential broker see it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use aws_sdk_sts::config::Credentials;
use aws_sim::Server;
use common::{
    Answer, BASTION, deck, deck_with, developer, get, http, long_term, mfa_session, run, sts,
    temporary,
};
use serde_json::json;

const CONSOLE: &str = "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1";

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn session(credentials: &Credentials) -> String {
    json!({
        "sessionId": credentials.access_key_id(),
        "sessionKey": credentials.secret_access_key(),
        "sessionToken": credentials.session_token().unwrap_or_default(),
    })
    .to_string()
}

fn signin_token(server: &Server, session: &str, more: &str) -> Answer {
    get(
        server,
        &format!(
            "/federation?Action=getSigninToken&Session={}{more}",
            escaped(session)
        ),
    )
}

fn token(server: &Server, credentials: &Credentials) -> String {
    let answer = signin_token(server, &session(credentials), "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["SigninToken"].as_str().unwrap().to_owned()
}

fn login(server: &Server, token: &str, destination: &str, cookie: &str) -> Answer {
    let target = format!(
        "/federation?Action=login&Issuer=aws-vault&Destination={}&SigninToken={}",
        escaped(destination),
        escaped(token)
    );
    http(server, "GET", &target, &[("cookie", cookie)], "").unwrap()
}

fn cookie_of(answer: &Answer) -> String {
    answer
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn a_role_session_becomes_a_console_session() {
    run(async {
        let server = deck();
        let token = token(&server, &developer(&server).await);
        let welcome = login(&server, &token, CONSOLE, "");
        assert_eq!(
            (welcome.status, welcome.header("location")),
            (302, Some(CONSOLE))
        );

        let cookie = cookie_of(&welcome);
        let page = http(
            &server,
            "GET",
            "/console/home?region=eu-west-1",
            &[("cookie", &cookie)],
            "",
        )
        .unwrap();
        assert_eq!(page.status, 200);
        for shown in [
            "222233334444",
            "arn:aws:sts::222233334444:assumed-role/DeveloperRole/elmerfudd",
            "eu-west-1",
        ] {
            assert!(page.body.contains(shown), "{shown} in {}", page.body);
        }

        let back = format!("/oauth?Action=logout&redirect_uri={}", escaped("/console"));
        let bye = http(&server, "GET", &back, &[("cookie", &cookie)], "").unwrap();
        assert_eq!(
            (bye.status, bye.header("location")),
            (302, Some("/console"))
        );
        assert_eq!(
            http(&server, "GET", "/console", &[("cookie", &cookie)], "")
                .unwrap()
                .status,
            401
        );
        assert_eq!(get(&server, "/console").status, 401);
    });
}

#[test]
fn only_live_credentials_of_roles_and_federated_users_are_taken() {
    run(async {
        let server = deck_with(|world| {
            world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = json!({ "All": { "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } } });
        });
        let federated = sts(&server, long_term(&server))
            .get_federation_token()
            .name("bugs")
            .send()
            .await
            .unwrap();
        let federated = temporary(federated.credentials());
        let user = mfa_session(&server).await;
        server.world().options.allow_code_reuse = true;
        let developer = developer(&server).await;
        let stolen = Credentials::new(
            developer.access_key_id(),
            "wrong",
            developer.session_token().map(Into::into),
            None,
            "test",
        );
        let cases = [
            ("role", session(&developer), "", 200),
            ("federated user", session(&federated), "", 200),
            ("session of a user", session(&user), "", 400),
            ("long-term key", session(&long_term(&server)), "", 400),
            ("wrong secret", session(&stolen), "", 400),
            ("no JSON", "{".to_owned(), "", 400),
            (
                "role, 12 hours",
                session(&developer),
                "&SessionDuration=43200",
                400,
            ),
            (
                "role, 1 hour",
                session(&developer),
                "&SessionDuration=3600",
                200,
            ),
            (
                "role, too short",
                session(&developer),
                "&SessionDuration=899",
                400,
            ),
            (
                "federated user with a duration",
                session(&federated),
                "&SessionDuration=3600",
                400,
            ),
        ];
        for (what, session, more, status) in cases {
            assert_eq!(
                signin_token(&server, &session, more).status,
                status,
                "{what}"
            );
        }
        server.world().set_clock_offset(3600);
        assert_eq!(
            signin_token(&server, &session(&developer), "").status,
            400,
            "expired"
        );
    });
}

#[test]
fn a_role_assumed_with_a_long_term_key_may_ask_for_twelve_hours() {
    run(async {
        let server = deck();
        let code = server.token_code(common::SERIAL).unwrap();
        let call = sts(&server, long_term(&server))
            .assume_role()
            .role_arn(common::DEVELOPER)
            .role_session_name("me");
        let direct = call
            .serial_number(common::SERIAL)
            .token_code(code)
            .send()
            .await
            .unwrap();
        let direct = session(&temporary(direct.credentials()));
        assert_eq!(
            signin_token(&server, &direct, "&SessionDuration=43200").status,
            200
        );
        assert_eq!(
            signin_token(&server, &direct, "&SessionDuration=43201").status,
            400
        );
    });
}

#[test]
fn a_signin_token_works_once_and_for_fifteen_minutes() {
    run(async {
        let server = deck();
        let developer = developer(&server).await;
        let once = token(&server, &developer);
        assert_eq!(login(&server, &once, CONSOLE, "").status, 302);
        assert_eq!(login(&server, &once, CONSOLE, "").status, 400);
        let late = token(&server, &developer);
        server.world().set_clock_offset(900);
        assert_eq!(login(&server, &late, CONSOLE, "").status, 400);
    });
}

#[test]
fn a_login_goes_to_a_console_and_nowhere_else() {
    run(async {
        let server = deck();
        let developer = developer(&server).await;
        let own = format!("{}/console/home", server.endpoint);
        let cases = [
            (CONSOLE, true),
            ("https://console.aws.amazon.com/", true),
            ("https://console.amazonaws.cn/", true),
            ("/console/home", true),
            (own.as_str(), true),
            ("https://evil.example.com/", false),
            ("https://console.aws.amazon.com.evil.example.com/", false),
            ("https://evilconsole.aws.amazon.com/", false),
            ("http://console.aws.amazon.com/", false),
            ("", false),
        ];
        for (destination, accepted) in cases {
            let answer = login(&server, &token(&server, &developer), destination, "");
            assert_eq!(answer.status == 302, accepted, "{destination}");
        }
        server.world().options.local_console = true;
        let local = login(&server, &token(&server, &developer), CONSOLE, "");
        assert_eq!(
            local.header("location"),
            Some("/console/home?region=eu-west-1")
        );
    });
}

#[test]
fn another_identity_must_log_out_first() {
    run(async {
        let server = deck();
        let first = developer(&server).await;
        server.world().options.allow_code_reuse = true;
        let call = sts(&server, mfa_session(&server).await)
            .assume_role()
            .role_arn(common::DEVELOPER);
        let second = temporary(
            call.role_session_name("another")
                .send()
                .await
                .unwrap()
                .credentials(),
        );
        let cookie = cookie_of(&login(&server, &token(&server, &first), CONSOLE, ""));
        let refused = login(&server, &token(&server, &second), CONSOLE, &cookie);
        assert_eq!(refused.status, 400);
        assert!(
            refused.body.contains("You must first log out"),
            "{}",
            refused.body
        );
        assert_eq!(
            login(&server, &token(&server, &first), CONSOLE, &cookie).status,
            302
        );
    });
}

#[test]
fn the_log_names_the_caller_and_no_secret() {
    run(async {
        let server = deck();
        let developer = developer(&server).await;
        let token = token(&server, &developer);
        login(&server, &token, CONSOLE, "");
        let calls: Vec<_> = server
            .calls()
            .into_iter()
            .filter(|call| call.service == "signin")
            .collect();
        assert_eq!(
            calls
                .iter()
                .map(|call| call.action.as_str())
                .collect::<Vec<_>>(),
            ["getSigninToken", "login"]
        );
        for call in calls {
            assert_eq!(
                call.caller.as_deref(),
                Some("arn:aws:sts::222233334444:assumed-role/DeveloperRole/elmerfudd")
            );
            let text = serde_json::to_string(&call).unwrap();
            for secret in [
                token.as_str(),
                developer.secret_access_key(),
                developer.session_token().unwrap(),
            ] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    });
}
