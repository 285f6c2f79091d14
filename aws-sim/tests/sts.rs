//! STS as the AWS SDK for Rust sees it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::types::Tag;
use common::{
    BASTION, DEVELOPER, MASTER, SERIAL, USER, deck, deck_with, developer, long_term, mfa_session,
    refusal, role, run, sts, temporary,
};
use serde_json::{Value, json};

const NOT_AUTHORIZED: &str = "User: arn:aws:iam::111122223333:user/elmerfudd is not authorized to perform: sts:AssumeRole on resource: ";

fn trusting(principal: &str, condition: Value) -> Value {
    json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole", "Condition": condition
    }] })
}

fn allow_all() -> Value {
    json!({ "All": { "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] } })
}

/// The deck with another role in the master account, which elmerfudd's own policies let him assume.
fn with_role(name: &str, role: &Value) -> aws_sim::Server {
    deck_with(|world| {
        world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
        world["accounts"][MASTER]["roles"][name] = role.clone();
    })
}

#[test]
fn everybody_learns_who_they_are() {
    run(async {
        let server = deck_with(|world| {
            world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
        });
        let federated = sts(&server, long_term(&server))
            .get_federation_token()
            .name("bugs")
            .send()
            .await
            .unwrap();
        let cases = [
            (long_term(&server), "AIDAIMBDIHHP70EXAMPLE", BASTION, USER),
            (
                mfa_session(&server).await,
                "AIDAIMBDIHHP70EXAMPLE",
                BASTION,
                USER,
            ),
            (
                developer(&server).await,
                "AROAI4MZALGSVCEXAMPLE:elmerfudd",
                MASTER,
                "arn:aws:sts::222233334444:assumed-role/DeveloperRole/elmerfudd",
            ),
            (
                temporary(federated.credentials()),
                "111122223333:bugs",
                BASTION,
                "arn:aws:sts::111122223333:federated-user/bugs",
            ),
        ];
        for (credentials, id, account, arn) in cases {
            let identity = sts(&server, credentials)
                .get_caller_identity()
                .send()
                .await
                .unwrap();
            assert_eq!(identity.user_id(), Some(id));
            assert_eq!(identity.account(), Some(account));
            assert_eq!(identity.arn(), Some(arn));
        }
    });
}

#[test]
fn wrong_credentials_are_told_apart() {
    run(async {
        let server = deck();
        let good = long_term(&server);
        let session = mfa_session(&server).await;
        let key = |id: &str, secret: &str, token: Option<&str>| {
            Credentials::new(id, secret, token.map(str::to_owned), None, "test")
        };
        let token = session.session_token();
        let cases = [
            (
                key("AKIAIOSFODNN7EXAMPLE", "x", None),
                "InvalidClientTokenId",
            ),
            (
                key(good.access_key_id(), "wrong", None),
                "SignatureDoesNotMatch",
            ),
            (
                key(good.access_key_id(), good.secret_access_key(), token),
                "InvalidClientTokenId",
            ),
            (
                key(session.access_key_id(), session.secret_access_key(), None),
                "InvalidClientTokenId",
            ),
            (
                key(
                    session.access_key_id(),
                    session.secret_access_key(),
                    Some("other"),
                ),
                "InvalidClientTokenId",
            ),
            (
                key(session.access_key_id(), "wrong", token),
                "SignatureDoesNotMatch",
            ),
        ];
        for (credentials, expected) in cases {
            let id = credentials.access_key_id().to_owned();
            let answer = sts(&server, credentials).get_caller_identity().send().await;
            assert_eq!(refusal(answer).0, expected, "{id}");
        }
    });
}

#[test]
fn session_tokens_look_real_expire_and_are_all_different() {
    run(async {
        let server = deck();
        let call = sts(&server, long_term(&server))
            .get_session_token()
            .duration_seconds(900);
        let first = call.clone().send().await.unwrap();
        let second = call.send().await.unwrap();
        let (first, second) = (first.credentials().unwrap(), second.credentials().unwrap());
        assert!(first.access_key_id().starts_with("ASIA") && first.access_key_id().len() == 20);
        assert!((400..=700).contains(&first.session_token().len()));
        assert_ne!(first.session_token(), second.session_token());
        assert_ne!(first.secret_access_key(), second.secret_access_key());

        let client = sts(&server, temporary(Some(first)));
        client.get_caller_identity().send().await.unwrap();
        server.world().set_clock_offset(800);
        client.get_caller_identity().send().await.unwrap();
        server.world().set_clock_offset(1000);
        let (code, message) = refusal(client.get_caller_identity().send().await);
        assert_eq!(
            (code.as_str(), message.as_str()),
            (
                "ExpiredToken",
                "The security token included in the request is expired"
            )
        );
    });
}

#[test]
fn mfa_codes_are_checked() {
    run(async {
        let server = deck();
        let client = sts(&server, long_term(&server));
        let call = |serial: Option<&str>, code: Option<&str>| {
            client
                .get_session_token()
                .set_serial_number(serial.map(Into::into))
                .set_token_code(code.map(Into::into))
                .send()
        };
        let code = server.token_code(SERIAL).unwrap();
        let wrong = if code == "123456" { "654321" } else { "123456" };
        let invalid = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
        let unknown = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
        let incomplete = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";

        let (status, message) = refusal(call(Some(SERIAL), Some(wrong)).await);
        assert_eq!(
            (status.as_str(), message.as_str()),
            ("AccessDenied", invalid)
        );
        let somebody_elses = "arn:aws:iam::111122223333:mfa/bugs";
        assert_eq!(
            refusal(call(Some(somebody_elses), Some(&code)).await).1,
            unknown
        );
        assert_eq!(refusal(call(Some(SERIAL), None).await).1, incomplete);
        assert_eq!(refusal(call(None, Some(&code)).await).1, incomplete);
        let short = refusal(call(Some(SERIAL), Some("12345")).await);
        assert_eq!(short.0, "ValidationError");
        assert_eq!(
            short.1,
            "1 validation error detected: Value '12345' at 'tokenCode' failed to satisfy constraint: Member must have length greater than or equal to 6"
        );

        call(Some(SERIAL), Some(&code)).await.unwrap();
        assert_eq!(
            refusal(call(Some(SERIAL), Some(&code)).await).1,
            invalid,
            "a code works once"
        );
        server.world().options.allow_code_reuse = true;
        call(Some(SERIAL), Some(&code)).await.unwrap();
    });
}

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
                    json!({ "trust": trusting(principal, json!({})) });
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
            &json!({ "max_session_duration": 7200, "trust": trusting(BASTION, json!({})) }),
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
                json!({ "trust": trusting(BASTION, json!({})) });
            world["accounts"][MASTER]["roles"]["Second"] =
                json!({ "max_session_duration": 43_200, "trust": trusting(&first, json!({})) });
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
        let server = with_role("Partner", &json!({ "trust": trusting(BASTION, condition) }));
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
        let server = with_role("Fresh", &json!({ "trust": trusting(BASTION, fresh) }));
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
        let server = with_role("Ops", &json!({ "trust": trusting(BASTION, json!({})) }));
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

#[test]
fn tags_and_source_identity_stay_with_the_chain() {
    run(async {
        let server = deck_with(|world| {
            let blue = json!({ "StringEquals": { "aws:PrincipalTag/Team": "blue", "aws:SourceIdentity": "alice" } });
            let first = format!("arn:aws:iam::{MASTER}:role/First");
            world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
            world["accounts"][MASTER]["roles"]["First"] =
                json!({ "trust": trusting(BASTION, json!({})), "policies": allow_all() });
            world["accounts"][MASTER]["roles"]["Second"] =
                json!({ "trust": trusting(&first, blue) });
        });
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
        let first = || {
            sts(&server, long_term(&server))
                .assume_role()
                .role_arn(role("First"))
                .role_session_name("me")
        };
        let tagged = first()
            .tags(tag("Team", "blue"))
            .tags(tag("Cost", "7"))
            .transitive_tag_keys("Team");
        let tagged = tagged.source_identity("alice").send().await.unwrap();
        assert_eq!(tagged.source_identity(), Some("alice"));
        let tagged = temporary(tagged.credentials());

        let second = || {
            sts(&server, tagged.clone())
                .assume_role()
                .role_arn(role("Second"))
                .role_session_name("me")
        };
        second().send().await.unwrap();
        second().source_identity("alice").send().await.unwrap();
        assert_eq!(
            refusal(second().source_identity("bob").send().await).0,
            "AccessDenied"
        );
        assert_eq!(
            refusal(second().tags(tag("team", "red")).send().await).0,
            "ValidationError"
        );
        let state = common::get(&server, "/_sim/state").json();
        let sessions = state["sessions"].as_array().unwrap();
        let last = sessions
            .iter()
            .find(|session| session["arn"].as_str().unwrap().contains("Second"))
            .unwrap();
        assert_eq!(
            last["tags"],
            json!({ "Team": "blue" }),
            "only transitive tags are handed on"
        );

        let untagged = first()
            .tags(tag("Team", "red"))
            .source_identity("alice")
            .send()
            .await
            .unwrap();
        let call = sts(&server, temporary(untagged.credentials()))
            .assume_role()
            .role_arn(role("Second"));
        assert_eq!(
            refusal(call.role_session_name("me").send().await).0,
            "AccessDenied"
        );
        let missing = first().transitive_tag_keys("Team").send().await;
        assert_eq!(refusal(missing).0, "ValidationError");
        let twice = first()
            .tags(tag("Team", "1"))
            .tags(tag("TEAM", "2"))
            .send()
            .await;
        assert!(refusal(twice).1.starts_with("Duplicate tag keys found."));
    });
}

#[test]
fn aws_wants_permissions_for_tags_and_source_identity_and_so_do_we_if_asked() {
    run(async {
        let mut trust = trusting(BASTION, json!({}));
        let server = with_role("Ops", &json!({ "trust": trust }));
        server.world().options.require_session_actions = true;
        let tag = || Tag::builder().key("Team").value("blue").build().unwrap();
        let by = |server: &_| {
            sts(server, long_term(server))
                .assume_role()
                .role_arn(role("Ops"))
                .role_session_name("me")
        };
        by(&server).send().await.unwrap();
        assert!(
            refusal(by(&server).tags(tag()).send().await)
                .1
                .contains("sts:TagSession")
        );
        assert!(
            refusal(by(&server).source_identity("alice").send().await)
                .1
                .contains("sts:SetSourceIdentity")
        );

        trust["Statement"][0]["Action"] =
            json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
        let server = with_role("Ops", &json!({ "trust": trust }));
        server.world().options.require_session_actions = true;
        by(&server)
            .tags(tag())
            .source_identity("alice")
            .send()
            .await
            .unwrap();
    });
}

#[test]
fn temporary_credentials_have_fewer_rights() {
    run(async {
        let server = deck_with(|world| {
            world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
        });
        let federated = sts(&server, long_term(&server))
            .get_federation_token()
            .name("bugs")
            .send()
            .await
            .unwrap();
        assert_eq!(
            federated.federated_user().unwrap().federated_user_id(),
            "111122223333:bugs"
        );
        for credentials in [mfa_session(&server).await, developer(&server).await] {
            let client = sts(&server, credentials);
            let (code, message) = refusal(client.get_session_token().send().await);
            assert_eq!(
                (code.as_str(), message.as_str()),
                (
                    "AccessDenied",
                    "Cannot call GetSessionToken with session credentials"
                )
            );
            let (code, message) = refusal(client.get_federation_token().name("me").send().await);
            assert_eq!(
                (code.as_str(), message.as_str()),
                (
                    "AccessDenied",
                    "Cannot call GetFederationToken with session credentials"
                )
            );
        }
        let client = sts(&server, temporary(federated.credentials()));
        let call = client
            .assume_role()
            .role_arn(DEVELOPER)
            .role_session_name("me");
        assert_eq!(refusal(call.send().await).0, "AccessDenied");
        assert_eq!(
            refusal(
                client
                    .get_access_key_info()
                    .access_key_id("AKIAI6ZCA7DBKEXAMPLE")
                    .send()
                    .await
            )
            .0,
            "AccessDenied"
        );
    });
}

#[test]
fn federation_needs_permission_and_a_session_policy_narrows() {
    run(async {
        let server = deck();
        let call = sts(&server, long_term(&server))
            .get_federation_token()
            .name("bugs")
            .send()
            .await;
        let (code, message) = refusal(call);
        assert_eq!(code, "AccessDenied");
        assert!(
            message.ends_with(
                "sts:GetFederationToken on resource: arn:aws:sts::111122223333:federated-user/bugs"
            ),
            "{message}"
        );

        let session = mfa_session(&server).await;
        let none = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let narrowed = sts(&server, session)
            .assume_role()
            .role_arn(DEVELOPER)
            .role_session_name("me")
            .policy(none);
        let narrowed = narrowed.send().await.unwrap();
        let listing = common::iam(&server, temporary(narrowed.credentials()))
            .list_users()
            .send()
            .await;
        assert_eq!(refusal(listing).0, "AccessDenied");
        let full = common::iam(&server, developer_with_fresh_code(&server).await)
            .list_users()
            .send()
            .await;
        full.unwrap();
    });
}

async fn developer_with_fresh_code(server: &aws_sim::Server) -> Credentials {
    server.world().options.allow_code_reuse = true;
    developer(server).await
}

#[test]
fn a_key_tells_its_account() {
    run(async {
        let server = deck_with(|world| {
            world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
        });
        let developer = developer(&server).await;
        let client = sts(&server, long_term(&server));
        for (id, account) in [
            ("AKIAI6ZCA7DBKEXAMPLE", BASTION),
            (developer.access_key_id(), MASTER),
        ] {
            let info = client
                .get_access_key_info()
                .access_key_id(id)
                .send()
                .await
                .unwrap();
            assert_eq!(info.account(), Some(account));
        }
        let unknown = client
            .get_access_key_info()
            .access_key_id("AKIAIOSFODNN7EXAMPLE")
            .send()
            .await;
        assert_eq!(refusal(unknown).0, "ValidationError");
    });
}

#[test]
fn an_sdk_corrects_its_clock_by_the_date_header() {
    run(async {
        let server = deck();
        server.world().set_clock_offset(1200);
        let client = sts(&server, long_term(&server));
        let patient = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::standard())
            .build();
        aws_sdk_sts::Client::from_conf(patient)
            .get_caller_identity()
            .send()
            .await
            .unwrap();
        let calls = server.calls();
        assert_eq!(calls[0].error.as_deref(), Some("SignatureDoesNotMatch"));
        assert_eq!(calls.last().unwrap().status, 200);
    });
}
