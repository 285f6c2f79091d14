//! STS as the AWS SDK for Rust sees it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::config::retry::RetryConfig;
use common::{
    BASTION, DEVELOPER, MASTER, SERIAL, USER, allow_all, deck, deck_with, developer, long_term,
    mfa_session, refusal, run, sts, temporary,
};

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
