//! What the command is told.

use std::os::unix::fs::PermissionsExt as _;

use super::{Server, roles};

#[test]
fn a_container_credentials_server() {
    let (sim, mut home) = roles();
    for stale in [
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE_OTHER",
    ] {
        home.set(stale, "stale");
    }
    home.set("NO_PROXY", "corp.example");
    let server = Server::start(&home, &["--server", "deploy"]);
    let uri = server.var("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    assert!(
        uri.starts_with("http://127.0.0.1:") && uri.ends_with('/'),
        "{uri}"
    );
    assert_eq!(server.var("AWS_CONTAINER_AUTHORIZATION_TOKEN").len(), 40);
    assert_eq!(server.var("AWS_VAULT"), "deploy");
    assert_eq!(server.var("AWS_REGION"), "eu-central-1");
    assert_eq!(server.var("AWS_DEFAULT_REGION"), "eu-central-1");
    for name in ["NO_PROXY", "no_proxy"] {
        let excepted = server.var(name);
        assert!(
            excepted.starts_with("corp.example,127.0.0.1,"),
            "{excepted}"
        );
    }
    for name in [
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_VAULT_FILE_PASSPHRASE",
    ] {
        assert_eq!(server.find_var(name), None);
    }
    let answer = server.container("/").ok();
    let credentials = answer.json();
    for field in ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"] {
        assert!(credentials[field].is_string(), "{credentials}");
    }
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let ran = server.stop().ok();
    assert_eq!(ran.stderr, "");
    assert_eq!(sim.count("AssumeRole"), 1);
}

#[test]
fn roles_that_the_client_names() {
    let (sim, home) = roles();
    let server = Server::start(&home, &["--ecs-server", "bastion"]);
    let other = "/role-arn/arn:aws:iam::222233334444:role/team/Other";
    let first = server.container(other).ok().json();
    assert_eq!(server.container(other).ok().json(), first);
    let base = server.container("/").ok().json();
    assert_ne!(base["AccessKeyId"], first["AccessKeyId"]);
    assert_eq!(sim.count("AssumeRole"), 1);
    assert_eq!(
        sim.parameters("AssumeRole")["RoleArn"],
        "arn:aws:iam::222233334444:role/team/Other"
    );
    for wrong in ["x", "", "arn:aws:iam::1:user/x", "arn:aws:s3:::b", "a%00b"] {
        let status = server.container(&format!("/role-arn/{wrong}")).status;
        assert!(matches!(status, 400 | 404), "{wrong}: {status}");
    }
    let gone = server.container("/role-arn/arn:aws:iam::222233334444:role/NoSuchRole");
    assert_eq!(gone.status, 503, "{gone:#?}");
    assert!(
        gone.json()["Message"]
            .as_str()
            .unwrap()
            .contains("AccessDenied"),
        "{gone:#?}"
    );
    assert_eq!(server.container("/elsewhere").status, 404);
}

#[test]
fn the_token_in_a_file() {
    let (_sim, home) = roles();
    let server = Server::start(&home, &["--ecs-server", "--token-file", "deploy"]);
    assert_eq!(server.find_var("AWS_CONTAINER_AUTHORIZATION_TOKEN"), None);
    let file = server
        .var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        .to_owned();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = std::fs::read_to_string(&file).unwrap();
    assert_eq!(token.trim_end(), token, "SDKs send what is there");
    server.ask("GET", "/", &[("Authorization", &token)]).ok();
    server.stop().ok();
    assert!(!std::path::Path::new(&file).exists());
}

#[test]
fn lazy_means_that_nothing_is_asked_before_the_first_request() {
    let (sim, home) = roles();
    let server = Server::start(&home, &["--ecs-server", "--lazy", "deploy"]);
    assert_eq!(sim.actions(), [] as [&str; 0]);
    server.container("/").ok();
    server.container("/").ok();
    assert_eq!(sim.actions(), ["sts:AssumeRole"]);
}

#[test]
fn an_instance_metadata_server() {
    let (sim, mut home) = roles();
    home.set("AWS_EC2_METADATA_DISABLED", "true");
    home.set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    let server = Server::start(&home, &["--ec2-server", "deploy"]);
    let endpoint = server.var("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    assert!(endpoint.starts_with("http://127.0.0.1:") && endpoint.ends_with('/'));
    for name in [
        "AWS_EC2_METADATA_DISABLED",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    ] {
        assert_eq!(server.find_var(name), None);
    }
    for (path, body) in [
        ("/latest/meta-data/iam/security-credentials/", "Deployer"),
        ("/latest/meta-data/iam/security-credentials", "Deployer"),
        (
            "/2021-03-23/meta-data/iam/security-credentials/",
            "Deployer",
        ),
        ("//latest/meta-data/iam/security-credentials/", "Deployer"),
        ("/latest/meta-data/placement/region", "eu-central-1"),
        ("/latest/meta-data/placement/region/", "eu-central-1"),
        (
            "/latest/meta-data/placement/availability-zone",
            "eu-central-1a",
        ),
        (
            "/latest/meta-data/placement/availability-zone/",
            "eu-central-1a",
        ),
        ("/latest/meta-data/instance-id", "aws-vault"),
        ("/latest/meta-data/iam/", "info\nsecurity-credentials/"),
        ("/latest/meta-data/", "iam/\ninstance-id\nplacement/"),
        ("/latest", "dynamic/\nmeta-data/"),
        ("/", "1.0\nlatest"),
    ] {
        let answer = server.metadata(path).ok();
        assert_eq!(answer.body, body, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/plain"));
    }
    let document = server
        .metadata("/latest/dynamic/instance-identity/document")
        .ok();
    assert_eq!(document.json()["region"], "eu-central-1");
    assert_eq!(document.json()["accountId"], "222233334444");
    let info = server.metadata("/latest/meta-data/iam/info").ok().json();
    assert_eq!(
        info["InstanceProfileArn"],
        "arn:aws:iam::222233334444:instance-profile/Deployer"
    );
    let credentials = server
        .metadata("/latest/meta-data/iam/security-credentials/Deployer")
        .ok();
    assert_eq!(credentials.header("content-type"), Some("text/plain"));
    assert!(
        credentials
            .header("x-aws-ec2-metadata-token-ttl-seconds")
            .is_some()
    );
    let credentials = credentials.json();
    assert_eq!(
        (&credentials["Code"], &credentials["Type"]),
        (&"Success".into(), &"AWS-HMAC".into())
    );
    for field in [
        "AccessKeyId",
        "SecretAccessKey",
        "Token",
        "Expiration",
        "LastUpdated",
    ] {
        assert!(credentials[field].is_string(), "{credentials}");
    }
    for path in [
        "/latest/user-data",
        "/latest/meta-data/iam/security-credentials/other",
        "/latest/meta-data/iam/security-credentials-extended/",
        "/etc/passwd",
        "/stop",
    ] {
        server.metadata(path).is(404);
    }
    drop(server);
    assert_eq!(sim.count("AssumeRole"), 1);
}

#[test]
fn what_contradicts_itself() {
    let (sim, home) = roles();
    for (words, says) in [
        (
            ["--ec2-server", "--ecs-server"],
            "Can't use --ec2-server with --ecs-server",
        ),
        (
            ["--ec2-server", "--no-session"],
            "Can't use --ec2-server with --no-session",
        ),
        (
            ["--server", "--no-session"],
            "Can't use --ecs-server with --no-session",
        ),
    ] {
        let words = [&["exec"], words.as_slice(), &["deploy", "true"]].concat();
        home.run(words).exits(2, says);
    }
    home.run(["exec", "--server", "nobody", "--", "true"])
        .fails("profile 'nobody'");
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

#[test]
fn credentials_that_sdks_prefer_are_told_once() {
    let (_sim, home) = roles();
    let keys = "[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n";
    std::fs::write(home.path(".aws/credentials"), keys).unwrap();
    let ran = home.run(["exec", "--server", "deploy", "--", "true"]).ok();
    assert_eq!(
        ran.stderr.matches("SDKs prefer [default]").count(),
        1,
        "{ran:#?}"
    );
    assert!(
        ran.stderr
            .contains("/.aws/credentials:2 (aws_access_key_id)"),
        "{ran:#?}"
    );
    assert!(!ran.stderr.contains("AKIAOTHER"));
}

#[test]
fn verbose_tells_who_got_credentials() {
    let (_sim, home) = roles();
    let server = Server::start(&home, &["--server", "--verbose", "deploy"]);
    let secret = server.container("/").ok().json()["SecretAccessKey"].to_string();
    let ran = server.stop().ok();
    let pid = format!("(process {}): 200", std::process::id());
    assert!(
        ran.stderr.contains("credentials of 'deploy' for "),
        "{ran:#?}"
    );
    assert!(ran.stderr.contains(&pid), "{ran:#?}");
    assert!(!ran.stderr.contains(secret.trim_matches('"')), "{ran:#?}");
}
