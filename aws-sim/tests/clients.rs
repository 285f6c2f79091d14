//! The AWS CLI as a client, and moto as a second opinion on the shape of answers. Both come from PyPI by `make venv`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use aws_sdk_sts::config::Credentials;
use aws_sim::Server;
use common::{BASTION, DEVELOPER, SERIAL, USER, deck_with, long_term};
use serde_json::{Value, json};

/// A program of the Python environment that the tests need.
fn program(name: &str) -> PathBuf {
    let venv = std::env::var_os("AWS_VAULT_TEST_VENV").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv"),
        PathBuf::from,
    );
    let program = venv.join("bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: run `make venv`",
        program.display()
    );
    program
}

/// elmerfudd may do anything in his account, and there is a role there that he may assume.
fn world() -> Server {
    deck_with(|world| {
        let all = json!({ "All": { "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } } });
        let trust = json!({ "Statement": { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole" } });
        world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = all;
        world["accounts"][BASTION]["roles"] = json!({ "Ops": { "trust": trust } });
    })
}

/// A program of the environment, without this process's settings for AWS and Python.
fn command(name: &str) -> Command {
    let mut command = Command::new(program(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", "/nonexistent");
    command
}

/// The parsed output of an AWS CLI command, or its message.
fn aws(server: &Server, credentials: &Credentials, arguments: &str) -> Result<Value, String> {
    let mut command = command("aws");
    command
        .args(["--endpoint-url", &server.endpoint, "--region", "eu-west-1"])
        .args(arguments.split(' '));
    command.env("AWS_ACCESS_KEY_ID", credentials.access_key_id());
    command.env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key());
    command.envs(
        credentials
            .session_token()
            .map(|token| ("AWS_SESSION_TOKEN", token)),
    );
    let output = command.output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    Ok(if text.trim().is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap()
    })
}

fn credentials(answer: &Value) -> Credentials {
    let field = |name: &str| answer["Credentials"][name].as_str().unwrap().to_owned();
    Credentials::new(
        field("AccessKeyId"),
        field("SecretAccessKey"),
        Some(field("SessionToken")),
        None,
        "test",
    )
}

#[test]
fn the_aws_cli_understands_sts() {
    let server = world();
    let key = long_term(&server);
    let identity = aws(&server, &key, "sts get-caller-identity").unwrap();
    assert_eq!(
        identity,
        json!({ "UserId": "AIDAIMBDIHHP70EXAMPLE", "Account": BASTION, "Arn": USER })
    );

    let code = server.token_code(SERIAL).unwrap();
    let call = format!(
        "sts get-session-token --duration-seconds 900 --serial-number {SERIAL} --token-code {code}"
    );
    let session = credentials(&aws(&server, &key, &call).unwrap());
    let again = aws(&server, &key, &call).unwrap_err();
    assert_eq!(
        again,
        "An error occurred (AccessDenied) when calling the GetSessionToken operation: MultiFactorAuthentication failed with invalid MFA one time pass code."
    );

    let call = format!(
        "sts assume-role --role-arn {DEVELOPER} --role-session-name me --source-identity elmer"
    );
    let assumed = aws(&server, &session, &call).unwrap();
    assert_eq!(
        assumed["AssumedRoleUser"]["Arn"],
        "arn:aws:sts::222233334444:assumed-role/DeveloperRole/me"
    );
    assert_eq!(assumed["SourceIdentity"], "elmer");
    let identity = aws(&server, &credentials(&assumed), "sts get-caller-identity").unwrap();
    assert_eq!(identity["UserId"], "AROAI4MZALGSVCEXAMPLE:me");

    let federated = aws(&server, &key, "sts get-federation-token --name bugs").unwrap();
    assert_eq!(
        federated["FederatedUser"]["Arn"],
        "arn:aws:sts::111122223333:federated-user/bugs"
    );
    let info = aws(
        &server,
        &key,
        "sts get-access-key-info --access-key-id AKIAI6ZCA7DBKEXAMPLE",
    )
    .unwrap();
    assert_eq!(info, json!({ "Account": BASTION }));
}

#[test]
fn the_aws_cli_understands_iam() {
    let server = world();
    let key = long_term(&server);
    let iam = |arguments: &str| aws(&server, &key, &format!("iam {arguments}"));
    let user = iam("get-user").unwrap();
    assert_eq!(
        (&user["User"]["UserName"], &user["User"]["Arn"]),
        (&json!("elmerfudd"), &json!(USER))
    );
    assert_eq!(iam("list-users").unwrap()["Users"][0], user["User"]);
    assert_eq!(
        iam("list-mfa-devices").unwrap()["MFADevices"][0]["SerialNumber"],
        SERIAL
    );

    let made = iam("create-access-key --user-name elmerfudd").unwrap();
    let id = made["AccessKey"]["AccessKeyId"].as_str().unwrap();
    let limit = iam("create-access-key").unwrap_err();
    assert_eq!(
        limit,
        "An error occurred (LimitExceeded) when calling the CreateAccessKey operation: Cannot exceed quota for AccessKeysPerUser: 2"
    );
    let unused = iam(&format!("get-access-key-last-used --access-key-id {id}")).unwrap();
    assert_eq!(unused["AccessKeyLastUsed"]["ServiceName"], "N/A");
    assert_eq!(
        iam(&format!(
            "update-access-key --access-key-id {id} --status Inactive"
        )),
        Ok(Value::Null)
    );
    let listed = iam("list-access-keys").unwrap();
    let status = |index: usize| listed["AccessKeyMetadata"][index]["Status"].as_str();
    assert_eq!((status(0), status(1)), (Some("Active"), Some("Inactive")));
    assert_eq!(
        iam(&format!("delete-access-key --access-key-id {id}")),
        Ok(Value::Null)
    );
    assert_eq!(
        iam("list-access-keys").unwrap()["AccessKeyMetadata"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn the_aws_cli_signs_in_to_identity_center() {
    let server = common::deck_with(|world| {
        world["identity_center"] = json!({
            "start_url": "https://corp.awsapps.com/start",
            "assignments": { "222233334444": { "name": "Master", "roles": ["DeveloperRole"] } },
        });
    });
    let key = long_term(&server);
    let cli = |arguments: &str| aws(&server, &key, arguments).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let client = cli(
        "sso-oidc register-client --client-name test --client-type public --scopes sso:account:access",
    );
    let client = format!(
        "--client-id {} --client-secret {}",
        text(&client["clientId"]),
        text(&client["clientSecret"])
    );
    // As an argument of its own the URL would be fetched.
    let device = cli(&format!(
        "sso-oidc start-device-authorization {client} --cli-input-json {{\"startUrl\":\"https://corp.awsapps.com/start\"}}"
    ));
    let page = text(&device["verificationUriComplete"]);
    common::get(&server, page.strip_prefix(&server.endpoint).unwrap());
    let tokens = cli(&format!(
        "sso-oidc create-token {client} --grant-type urn:ietf:params:oauth:grant-type:device_code --device-code {}",
        text(&device["deviceCode"])
    ));
    let token = format!("--access-token {}", text(&tokens["accessToken"]));
    let accounts = cli(&format!("sso list-accounts {token}"));
    assert_eq!(accounts["accountList"][0]["accountName"], "Master");
    let given = cli(&format!(
        "sso get-role-credentials {token} --account-id 222233334444 --role-name DeveloperRole"
    ));
    assert!(text(&given["roleCredentials"]["accessKeyId"]).starts_with("ASIA"));
}

#[test]
fn answers_have_the_elements_that_moto_gives_them() {
    let server = world();
    let key = long_term(&server);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/structure.py");
    let arguments = [
        &server.endpoint,
        key.access_key_id(),
        key.secret_access_key(),
    ];
    let output = command("python")
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
