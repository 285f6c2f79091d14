//! `AssumeRole` as the AWS SDK for Rust sees it: who may become whom, and for how long.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use aws_sdk_sts::config::Credentials;
use common::{
    BASTION, DEVELOPER, MASTER, SERIAL, USER, allow_all, deck, deck_with, long_term, mfa_session,
    refusal, role, run, sts, temporary, trusting, with_role,
};
use serde_json::json;

const NOT_AUTHORIZED: &str = "User: arn:aws:iam::111122223333:user/elmerfudd is not authorized to perform: sts:AssumeRole on resource: ";

#[test]
fn a_role_behind_mfa_needs_mfa() {
    run(async {
        let server = deck();
        let by = |credentials| {
            sts(&server, credentials)
                .assume_role()
                .role_arn(DEVELOPER)
                .role_session_name("me")
        };
        let (code, message) = refusal(by(long_term(&server)).send().await);
        assert_eq!(
            (code.as_str(), message),
            ("AccessDenied", format!("{NOT_AUTHORIZED}{DEVELOPER}"))
        );

        let plain = sts(&server, long_term(&server))
            .get_session_token()
            .send()
            .await
            .unwrap();
        assert_eq!(
            refusal(by(temporary(plain.credentials())).send().await).0,
            "AccessDenied"
        );

        by(mfa_session(&server).await).send().await.unwrap();
        let code = server.token_code(SERIAL).unwrap();
        let direct = by(long_term(&server))
            .serial_number(SERIAL)
            .token_code(code)
            .duration_seconds(43_200);
        let direct = direct.send().await.unwrap();
        assert_eq!(
            direct.assumed_role_user().unwrap().arn(),
            "arn:aws:sts::222233334444:assumed-role/DeveloperRole/me"
        );
        assert_eq!(
            direct.assumed_role_user().unwrap().assumed_role_id(),
            "AROAI4MZALGSVCEXAMPLE:me"
        );

        // The session of a role carries no MFA, and a role has no device.
        let developer = temporary(direct.credentials());
        let again = by(developer)
            .serial_number(SERIAL)
            .token_code("123456")
            .send()
            .await;
        assert!(refusal(again).1.contains("unable to validate MFA code"));
    });
}

#[test]
fn a_role_that_does_not_exist_is_denied_like_one_that_does() {
    run(async {
        let server = deck_with(|world| {
            world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
        });
        let arn = role("Missing");
        let call = sts(&server, long_term(&server))
            .assume_role()
            .role_arn(&arn)
            .role_session_name("me");
        assert_eq!(
            refusal(call.send().await),
            ("AccessDenied".into(), format!("{NOT_AUTHORIZED}{arn}"))
        );
    });
}

#[test]
fn accounts_must_agree_and_within_one_the_trust_policy_may_suffice() {
    run(async {
        let root = format!("arn:aws:iam::{BASTION}:root");
        // (role's account, trusted, caller may assume by own policy, allowed)
        let cases = [
            (MASTER, root.as_str(), true, true),
            (MASTER, root.as_str(), false, false),
            (MASTER, USER, true, true),
            (MASTER, USER, false, false),
            (MASTER, "arn:aws:iam::999999999999:root", true, false),
            (BASTION, root.as_str(), true, true),
            (BASTION, root.as_str(), false, false),
            (BASTION, USER, true, true),
            (BASTION, USER, false, true),
            (BASTION, "arn:aws:iam::111122223333:user/bugs", true, false),
        ];
        for (account, principal, own, allowed) in cases {
            let server = deck_with(|world| {
                if own {
                    world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
                }
                world["accounts"][account]["roles"]["Ops"] =
                    json!({ "trust": trusting(principal, &json!({})) });
            });
            let arn = format!("arn:aws:iam::{account}:role/Ops");
            let call = sts(&server, long_term(&server))
                .assume_role()
                .role_arn(arn)
                .role_session_name("me");
            assert_eq!(
                call.send().await.is_ok(),
                allowed,
                "role in {account} trusting {principal}, own policy: {own}"
            );
        }
    });
}

#[test]
fn durations_have_limits() {
    run(async {
        let server = with_role(
            "Ops",
            &json!({ "max_session_duration": 7200, "trust": trusting(BASTION, &json!({})) }),
        );
        let by = |credentials: &Credentials, seconds| {
            let call = sts(&server, credentials.clone())
                .assume_role()
                .role_arn(role("Ops"))
                .role_session_name("me");
            call.duration_seconds(seconds).send()
        };
        let key = long_term(&server);
        let short = "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900";
        let long = "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200";
        let too_long =
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        let chained = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        let refused = |message: &str| ("ValidationError".to_owned(), message.to_owned());
        assert_eq!(refusal(by(&key, 899).await), refused(short));
        assert_eq!(refusal(by(&key, 43_201).await), refused(long));
        assert_eq!(refusal(by(&key, 7201).await), refused(too_long));
        by(&key, 7200).await.unwrap();
        let session = mfa_session(&server).await;
        assert_eq!(refusal(by(&session, 3601).await), refused(chained));
        by(&session, 3600).await.unwrap();

        for (seconds, accepted) in [(899, false), (900, true), (129_600, true), (129_601, false)] {
            let session = sts(&server, key.clone())
                .get_session_token()
                .duration_seconds(seconds)
                .send()
                .await;
            assert_eq!(session.is_ok(), accepted, "GetSessionToken {seconds}");
            let federated = sts(&server, key.clone())
                .get_federation_token()
                .name("me")
                .duration_seconds(seconds);
            assert_eq!(
                federated.send().await.is_ok(),
                accepted,
                "GetFederationToken {seconds}"
            );
        }
    });
}

#[test]
fn roles_chain_for_an_hour() {
    run(async {
        let server = deck_with(|world| {
            let first = format!("arn:aws:iam::{MASTER}:role/First");
            world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
            world["accounts"][MASTER]["roles"]["First"] =
                json!({ "trust": trusting(BASTION, &json!({})) });
            world["accounts"][MASTER]["roles"]["Second"] =
                json!({ "max_session_duration": 43_200, "trust": trusting(&first, &json!({})) });
        });
        let first = sts(&server, long_term(&server))
            .assume_role()
            .role_arn(role("First"))
            .role_session_name("me");
        let first = temporary(first.send().await.unwrap().credentials());
        let second = |credentials: Credentials, seconds| {
            let call = sts(&server, credentials)
                .assume_role()
                .role_arn(role("Second"))
                .role_session_name("me");
            call.duration_seconds(seconds).send()
        };
        assert_eq!(
            refusal(second(long_term(&server), 3600).await).0,
            "AccessDenied",
            "only First is trusted"
        );
        let (code, message) = refusal(second(first.clone(), 3601).await);
        assert_eq!(code, "ValidationError");
        assert!(message.contains("role chaining"), "{message}");
        second(first, 3600).await.unwrap();
    });
}

#[test]
fn external_id_session_name_and_source_address_are_conditions() {
    run(async {
        let condition = json!({
            "StringEquals": { "sts:ExternalId": "Acme-7", "sts:RoleSessionName": "${aws:username}" },
            "IpAddress": { "aws:SourceIp": "127.0.0.0/8" }
        });
        let server = with_role(
            "Partner",
            &json!({ "trust": trusting(BASTION, &condition) }),
        );
        let call = |id: Option<&str>, name: &str| {
            let call = sts(&server, long_term(&server))
                .assume_role()
                .role_arn(role("Partner"));
            call.role_session_name(name)
                .set_external_id(id.map(Into::into))
                .send()
        };
        call(Some("Acme-7"), "elmerfudd").await.unwrap();
        assert_eq!(
            refusal(call(Some("Acme-8"), "elmerfudd").await).0,
            "AccessDenied"
        );
        assert_eq!(refusal(call(None, "elmerfudd").await).0, "AccessDenied");
        assert_eq!(
            refusal(call(Some("Acme-7"), "bugs").await).0,
            "AccessDenied"
        );
        server.world().options.source_ip = Some([203, 0, 113, 7].into());
        assert_eq!(
            refusal(call(Some("Acme-7"), "elmerfudd").await).0,
            "AccessDenied"
        );
    });
}

#[test]
fn the_age_of_an_mfa_session_is_a_condition() {
    run(async {
        let fresh = json!({ "NumericLessThan": { "aws:MultiFactorAuthAge": "600" } });
        let server = with_role("Fresh", &json!({ "trust": trusting(BASTION, &fresh) }));
        let session = mfa_session(&server).await;
        let call = || {
            sts(&server, session.clone())
                .assume_role()
                .role_arn(role("Fresh"))
                .role_session_name("me")
                .send()
        };
        call().await.unwrap();
        server.world().set_clock_offset(601);
        assert_eq!(refusal(call().await).0, "AccessDenied");
        let by_key = sts(&server, long_term(&server))
            .assume_role()
            .role_arn(role("Fresh"))
            .role_session_name("me");
        assert_eq!(
            refusal(by_key.clone().send().await).0,
            "AccessDenied",
            "no MFA, no age"
        );
        let code = server.token_code(SERIAL).unwrap();
        by_key
            .serial_number(SERIAL)
            .token_code(code)
            .send()
            .await
            .unwrap();
    });
}

#[test]
fn names_follow_their_patterns() {
    run(async {
        let server = with_role("Ops", &json!({ "trust": trusting(BASTION, &json!({})) }));
        let long = "x".repeat(65);
        for (name, accepted) in [
            ("ab", true),
            ("a+=,.@-_b", true),
            ("a", false),
            ("a b", false),
            ("a/b", false),
            (&long, false),
        ] {
            let call = sts(&server, long_term(&server))
                .assume_role()
                .role_arn(role("Ops"))
                .role_session_name(name);
            assert_eq!(call.send().await.is_ok(), accepted, "{name}");
        }
        let name = "x".repeat(33);
        for (name, accepted) in [
            ("bugs", true),
            ("b", false),
            (&name[..32], true),
            (&name, false),
            ("b b", false),
        ] {
            let call = sts(&server, long_term(&server))
                .get_federation_token()
                .name(name);
            assert_eq!(call.send().await.is_ok(), accepted, "{name}");
        }
        let call = sts(&server, long_term(&server))
            .assume_role()
            .role_arn("not an arn, but long")
            .role_session_name("me");
        assert_eq!(
            refusal(call.send().await),
            (
                "ValidationError".into(),
                "not an arn, but long is invalid".into()
            )
        );
    });
}
