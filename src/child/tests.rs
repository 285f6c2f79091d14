use std::time::{Duration, SystemTime};

use super::*;
use crate::credentials::{AccessKey, SessionCredentials};

#[test]
fn default_command_is_the_users_shell() {
    let set: Environment = [("SHELL", "/bin/zsh")].into_iter().collect();
    assert_eq!(command(&[], &set).program, "/bin/zsh");
    assert!(command(&[], &set).is_default_shell);
    for unset in [
        Environment::default(),
        [("SHELL", "")].into_iter().collect(),
    ] {
        assert_eq!(command(&[], &unset).program, "/bin/sh");
    }
    let given = command(&["ls".into(), "-l".into()], &set);
    assert_eq!(
        (given.program, given.arguments),
        ("ls".into(), vec!["-l".into()])
    );
    assert!(!given.is_default_shell);
}

#[test]
fn banner_is_for_people_who_asked_for_a_shell() {
    let plain: Environment = [("SHELL", "/bin/zsh")].into_iter().collect();
    let silenced: Environment = [("AWS_VAULT_DISABLE_HELP_MESSAGE", "1")]
        .into_iter()
        .collect();
    let shell = command(&[], &plain);
    assert_eq!(
        banner(&shell, &plain, true, false).as_deref(),
        Some("Starting subshell /bin/zsh, use `exit` to exit the subshell\n")
    );
    assert_eq!(banner(&shell, &plain, false, false), None);
    assert_eq!(banner(&shell, &plain, true, true), None);
    assert_eq!(banner(&shell, &silenced, true, false), None);
    assert_eq!(
        banner(&command(&["ls".into()], &plain), &plain, true, false),
        None
    );
}

#[test]
fn a_session_is_delivered_whole_and_alone() {
    let parent: Environment = [
        ("PATH", "/bin"),
        ("AWS_ACCESS_KEY_ID", "old"),
        ("AWS_SECRET_ACCESS_KEY", "old"),
        ("AWS_SESSION_TOKEN", "old"),
        ("AWS_SECURITY_TOKEN", "old"),
        ("AWS_CREDENTIAL_EXPIRATION", "old"),
        ("AWS_SESSION_EXPIRATION", "old"),
        ("AWS_PROFILE", "old"),
        ("AWS_DEFAULT_PROFILE", "old"),
        ("AWS_SDK_LOAD_CONFIG", "1"),
        ("AWS_ACCOUNT_ID", "111122223333"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "old"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn"),
        ("AWS_BEARER_TOKEN_BEDROCK", "old"),
        ("AWS_VAULT_FILE_PASSPHRASE", "CANARY"),
        ("AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN", "CANARY"),
        ("OP_CONNECT_TOKEN", "CANARY"),
        ("PROTON_PASS_PERSONAL_ACCESS_TOKEN", "CANARY"),
        ("AWS_VAULT_BACKEND", "file"),
        ("AWS_CONFIG_FILE", "/config"),
        ("AWS_REGION", "us-east-1"),
        ("HOME", ""),
    ]
    .into_iter()
    .collect();
    let session = Credentials::Session(SessionCredentials {
        access_key_id: "ASIA".into(),
        secret_access_key: "secret".into(),
        session_token: "token".into(),
        expiration: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
    });
    let delivery = Delivery {
        profile: "work",
        region: Some("eu-west-1"),
        endpoint_url: Some("http://localhost:4566"),
        credentials: Handover::Credentials(&session),
    };
    assert_eq!(
        sorted(environment(&parent, &delivery)),
        [
            "AWS_ACCESS_KEY_ID=ASIA",
            "AWS_CONFIG_FILE=/config",
            "AWS_CREDENTIAL_EXPIRATION=2023-11-14T22:13:20Z",
            "AWS_DEFAULT_REGION=eu-west-1",
            "AWS_ENDPOINT_URL=http://localhost:4566",
            "AWS_REGION=eu-west-1",
            "AWS_SECRET_ACCESS_KEY=secret",
            "AWS_SESSION_TOKEN=token",
            "AWS_VAULT=work",
            "AWS_VAULT_BACKEND=file",
            "HOME=",
            "PATH=/bin",
        ]
    );
}

#[test]
fn an_access_key_brings_no_token_and_no_expiry() {
    let parent: Environment = [
        ("AWS_SESSION_TOKEN", "old"),
        ("AWS_CREDENTIAL_EXPIRATION", "old"),
        ("AWS_DEFAULT_REGION", "eu-west-2"),
    ]
    .into_iter()
    .collect();
    let key = Credentials::AccessKey(AccessKey {
        access_key_id: "AKIA".into(),
        secret_access_key: "secret".into(),
    });
    let delivery = Delivery {
        profile: "work",
        region: None,
        endpoint_url: None,
        credentials: Handover::Credentials(&key),
    };
    assert_eq!(
        sorted(environment(&parent, &delivery)),
        [
            "AWS_ACCESS_KEY_ID=AKIA",
            "AWS_DEFAULT_REGION=eu-west-2",
            "AWS_SECRET_ACCESS_KEY=secret",
            "AWS_VAULT=work",
        ]
    );
}

#[test]
fn a_profile_comes_without_any_credentials() {
    let parent: Environment = [("AWS_PROFILE", "old"), ("AWS_ACCESS_KEY_ID", "old")]
        .into_iter()
        .collect();
    let delivery = Delivery {
        profile: "work",
        region: None,
        endpoint_url: None,
        credentials: Handover::Profile,
    };
    assert_eq!(
        sorted(environment(&parent, &delivery)),
        ["AWS_PROFILE=work", "AWS_VAULT=work"]
    );
}

fn sorted(variables: Vec<(OsString, OsString)>) -> Vec<String> {
    let mut lines: Vec<_> = variables
        .into_iter()
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    lines.sort();
    lines
}
