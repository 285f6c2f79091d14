//! IAM as the AWS SDK for Rust sees it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use aws_sdk_iam::config::Credentials;
use aws_sdk_iam::types::{AccessKey, StatusType};
use common::{
    BASTION, SERIAL, USER, deck, deck_with, developer, iam, long_term, mfa_session, refusal, run,
    sts, temporary,
};
use serde_json::json;

const FIRST: &str = "AKIAI6ZCA7DBKEXAMPLE";

fn credentials(key: &AccessKey) -> Credentials {
    Credentials::new(
        key.access_key_id(),
        key.secret_access_key(),
        None,
        None,
        "test",
    )
}

#[test]
fn a_key_is_rotated_by_its_user_with_and_without_name() {
    run(async {
        for name in [None, Some("elmerfudd")] {
            let name = name.map(str::to_owned);
            let server = deck();
            let client = iam(&server, long_term(&server));
            let made = client
                .create_access_key()
                .set_user_name(name.clone())
                .send()
                .await
                .unwrap();
            let made = made.access_key().unwrap();
            let second = made.access_key_id();
            assert!(second.starts_with("AKIA") && second.len() == 20, "{second}");
            assert_eq!(made.secret_access_key().len(), 40);

            let limit = refusal(
                client
                    .create_access_key()
                    .set_user_name(name.clone())
                    .send()
                    .await,
            );
            assert_eq!(
                limit,
                (
                    "LimitExceeded".into(),
                    "Cannot exceed quota for AccessKeysPerUser: 2".into()
                )
            );

            let client = iam(&server, credentials(made));
            let off = client
                .update_access_key()
                .access_key_id(FIRST)
                .status(StatusType::Inactive);
            off.set_user_name(name.clone()).send().await.unwrap();
            let old = sts(&server, long_term(&server))
                .get_caller_identity()
                .send()
                .await;
            assert_eq!(
                refusal(old).0,
                "InvalidClientTokenId",
                "an inactive key does not work"
            );

            let listed = client
                .list_access_keys()
                .set_user_name(name.clone())
                .send()
                .await
                .unwrap();
            let listed: Vec<_> = listed
                .access_key_metadata()
                .iter()
                .map(|key| (key.access_key_id().unwrap(), key.status().unwrap().as_str()))
                .collect();
            assert_eq!(listed, [(FIRST, "Inactive"), (second, "Active")]);

            client
                .delete_access_key()
                .access_key_id(FIRST)
                .set_user_name(name.clone())
                .send()
                .await
                .unwrap();
            let again = refusal(
                client
                    .delete_access_key()
                    .access_key_id(FIRST)
                    .set_user_name(name)
                    .send()
                    .await,
            );
            assert_eq!(
                again,
                (
                    "NoSuchEntity".into(),
                    format!("The Access Key with id {FIRST} cannot be found.")
                )
            );
        }
    });
}

#[test]
fn a_new_key_works_after_a_while() {
    run(async {
        let server = deck();
        server.world().options.key_propagation_ms = 20_000;
        let made = iam(&server, long_term(&server))
            .create_access_key()
            .send()
            .await
            .unwrap();
        let made = sts(&server, credentials(made.access_key().unwrap()));
        assert_eq!(
            refusal(made.get_caller_identity().send().await).0,
            "InvalidClientTokenId"
        );
        server.world().set_clock_offset(21);
        made.get_caller_identity().send().await.unwrap();
    });
}

#[test]
fn sessions_outlive_their_key_unless_told_otherwise() {
    run(async {
        let server = deck();
        let session = mfa_session(&server).await;
        iam(&server, long_term(&server))
            .delete_access_key()
            .access_key_id(FIRST)
            .send()
            .await
            .unwrap();
        sts(&server, session.clone())
            .get_caller_identity()
            .send()
            .await
            .unwrap();
        server.world().options.sessions_end_with_key = true;
        assert_eq!(
            refusal(sts(&server, session).get_caller_identity().send().await).0,
            "InvalidClientTokenId"
        );
    });
}

#[test]
fn sessions_need_mfa_for_iam() {
    run(async {
        let server = deck_with(|world| {
            world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = json!({ "All": { "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } } });
        });
        let client = sts(&server, long_term(&server));
        let plain = client.get_session_token().send().await.unwrap();
        let everything = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let federated = client
            .get_federation_token()
            .name("bugs")
            .policy(everything)
            .send()
            .await
            .unwrap();
        for refused in [plain.credentials(), federated.credentials()] {
            let answer = iam(&server, temporary(refused)).list_users().send().await;
            assert_eq!(refusal(answer).0, "InvalidClientTokenId");
        }
        iam(&server, mfa_session(&server).await)
            .list_users()
            .send()
            .await
            .unwrap();
    });
}

#[test]
fn policies_may_ask_for_mfa() {
    run(async {
        let server = deck_with(|world| {
            world["accounts"][BASTION]["groups"]["Developers"]["policies"] = json!({ "SelfServiceWithMfa": { "Statement": [
                { "Effect": "Allow", "Action": "iam:*", "Resource": "*" },
                { "Effect": "Deny", "NotAction": ["iam:ListMFADevices", "iam:GetUser", "sts:GetSessionToken"], "Resource": "*",
                  "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } } }
            ] } });
        });
        let client = iam(&server, long_term(&server));
        client.get_user().send().await.unwrap();
        let (code, message) = refusal(client.create_access_key().send().await);
        assert_eq!(code, "AccessDenied");
        assert_eq!(
            message,
            format!(
                "User: {USER} is not authorized to perform: iam:CreateAccessKey on resource: {USER} with an explicit deny in an identity-based policy"
            )
        );
        iam(&server, mfa_session(&server).await)
            .create_access_key()
            .send()
            .await
            .unwrap();
    });
}

#[test]
fn users_manage_themselves_only() {
    run(async {
        let server = deck_with(|world| {
            world["accounts"][BASTION]["users"]["bugs"] =
                json!({ "access_keys": [{ "id": "AKIAIOSFODNN7EXAMPLE", "secret": "x" }] });
        });
        let client = iam(&server, long_term(&server));
        let bugs = "arn:aws:iam::111122223333:user/bugs";
        let (code, message) = refusal(client.list_access_keys().user_name("bugs").send().await);
        assert_eq!(code, "AccessDenied");
        assert_eq!(
            message,
            format!(
                "User: {USER} is not authorized to perform: iam:ListAccessKeys on resource: {bugs} because no identity-based policy allows the iam:ListAccessKeys action"
            )
        );
        let theirs = client
            .delete_access_key()
            .access_key_id("AKIAIOSFODNN7EXAMPLE")
            .send()
            .await;
        assert_eq!(refusal(theirs).0, "NoSuchEntity");
        let theirs = client
            .get_access_key_last_used()
            .access_key_id("AKIAIOSFODNN7EXAMPLE")
            .send()
            .await;
        assert_eq!(refusal(theirs).0, "AccessDenied");
        assert_eq!(refusal(client.list_users().send().await).0, "AccessDenied");
    });
}

#[test]
fn a_user_sees_itself_and_its_devices() {
    run(async {
        let server = deck();
        for client in [
            iam(&server, long_term(&server)),
            iam(&server, mfa_session(&server).await),
        ] {
            let user = client.get_user().send().await.unwrap();
            let user = user.user().unwrap();
            assert_eq!(
                (user.user_name(), user.user_id(), user.arn()),
                ("elmerfudd", "AIDAIMBDIHHP70EXAMPLE", USER)
            );
            let devices = client.list_mfa_devices().send().await.unwrap();
            assert_eq!(devices.mfa_devices()[0].serial_number(), SERIAL);
            let last = client
                .get_access_key_last_used()
                .access_key_id(FIRST)
                .send()
                .await
                .unwrap();
            assert_eq!(last.user_name(), Some("elmerfudd"));
            assert!(
                last.access_key_last_used()
                    .unwrap()
                    .last_used_date()
                    .is_some()
            );
        }
        let missing = iam(&server, long_term(&server))
            .get_user()
            .user_name("el mer")
            .send()
            .await;
        assert_eq!(refusal(missing).0, "ValidationError");
    });
}

#[test]
fn a_role_must_name_the_user() {
    run(async {
        let server = deck_with(|world| {
            world["accounts"]["222233334444"]["users"]["martin"] = json!({ "path": "/people/" });
        });
        let client = iam(&server, developer(&server).await);
        let (code, message) = refusal(client.get_user().send().await);
        assert_eq!(
            (code.as_str(), message.as_str()),
            (
                "ValidationError",
                "Must specify userName when calling with non-User credentials"
            )
        );
        let user = client.get_user().user_name("martin").send().await.unwrap();
        assert_eq!(
            user.user().unwrap().arn(),
            "arn:aws:iam::222233334444:user/people/martin"
        );
        let missing = refusal(client.get_user().user_name("nobody").send().await);
        assert_eq!(
            missing,
            (
                "NoSuchEntity".into(),
                "The user with name nobody cannot be found.".into()
            )
        );
        assert_eq!(
            refusal(client.create_access_key().user_name("martin").send().await).0,
            "AccessDenied",
            "read-only role"
        );
    });
}

#[test]
fn lists_come_in_pages() {
    run(async {
        let server = deck_with(|world| {
            for number in 0..5 {
                world["accounts"]["222233334444"]["users"][format!("user{number}")] = json!({});
            }
        });
        let client = iam(&server, developer(&server).await);
        let mut names = Vec::new();
        let mut pages = client.list_users().into_paginator().page_size(2).send();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            assert!(page.users().len() <= 2);
            names.extend(page.users().iter().map(|user| user.user_name().to_owned()));
        }
        assert_eq!(names, ["user0", "user1", "user2", "user3", "user4"]);
    });
}
