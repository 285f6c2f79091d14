//! The same story against moto, an AWS that we did not write, with the AWS CLI as the command.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{Home, Ran, must_start, python, run};

/// moto's server on a free port; it ends when its stdin does.
pub struct Moto {
    pub endpoint: String,
    child: Child,
}

impl Moto {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With the policies that AWS manages, which take moto a moment to load.
    pub fn with_aws_policies() -> Self {
        Self::with(&[("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")])
    }

    fn with(settings: &[(&str, &str)]) -> Self {
        let script = "import os, sys, threading\n\
                      from moto.server import main\n\
                      threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()\n\
                      main(['-p', '0'])";
        let mut command = Command::new(python("python"));
        command
            .args(["-c", script])
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = must_start(&mut command);
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let endpoint = lines
            .find_map(|line| Some(line.unwrap().split_once("Running on ")?.1.trim().to_owned()));
        // moto writes a line for each request, and stops when nobody reads them.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            endpoint: endpoint.expect("moto did not start"),
            child,
        }
    }

    /// The AWS CLI as the administrator of the account.
    pub fn admin(&self, words: &[&str]) -> Value {
        let ran = run(Command::new(python("aws"))
            .args(words)
            .args(["--output", "json"])
            .env_clear()
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAADMINISTRATOR000")
            .env("AWS_SECRET_ACCESS_KEY", "administrator"))
        .ok();
        serde_json::from_str(&ran.stdout).unwrap_or_default()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn the_story_with_the_aws_cli() {
    let moto = Moto::start();
    moto.admin(&["iam", "create-user", "--user-name", "jon"]);
    let key = &moto.admin(&["iam", "create-access-key", "--user-name", "jon"])["AccessKey"];
    let old = key["AccessKeyId"].as_str().unwrap();
    let mut home = Home::new();
    home.configure(
        "[profile jon]\nregion = eu-west-1\n\n[profile admin]\nsource_profile = jon\nregion = eu-central-1\n\
         role_arn = arn:aws:iam::123456789012:role/Admin\nrole_session_name = me\n",
    );
    home.set("AWS_ENDPOINT_URL", &moto.endpoint);
    home.add(
        "jon",
        crate::support::Key {
            id: old,
            secret: key["SecretAccessKey"].as_str().unwrap(),
        },
    );

    let aws = python("aws");
    let aws = aws.to_str().unwrap();
    let who = |words: &[&str]| {
        let ran: Ran = home
            .run(["exec"].iter().chain(words).chain(&[
                "--",
                aws,
                "sts",
                "get-caller-identity",
                "--query",
                "Arn",
                "--output",
                "text",
            ]))
            .ok();
        ran.stdout.trim().to_owned()
    };
    assert_eq!(
        who(&["--no-session", "jon"]),
        "arn:aws:iam::123456789012:user/jon"
    );
    assert_eq!(
        who(&["admin"]),
        "arn:aws:sts::123456789012:assumed-role/Admin/me"
    );
    assert_eq!(
        home.sessions(),
        1,
        "a role without MFA is assumed with the key"
    );

    home.run(["rotate", "jon"]).ok();
    assert_eq!(home.sessions(), 0);
    let keys = moto.admin(&["iam", "list-access-keys", "--user-name", "jon"]);
    let ids: Vec<&str> = keys["AccessKeyMetadata"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["AccessKeyId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [home.stored_id("jon").unwrap()]);
    assert_ne!(ids, [old]);
    assert_eq!(
        who(&["--no-session", "jon"]),
        "arn:aws:iam::123456789012:user/jon"
    );
    // moto gives every session the identity of one user; that it is accepted at all is what counts here.
    assert!(who(&["jon"]).starts_with("arn:aws:"));

    let exported = home.run(["export", "--format=json", "jon"]).ok().stdout;
    let process = home.script("process", &format!("cat <<'END'\n{exported}END"));
    let aws_config =
        format!("[profile exported]\nregion = eu-west-1\ncredential_process = {process}\n");
    std::fs::write(home.path("aws-config"), aws_config).unwrap();
    run(Command::new(aws)
        .args(["sts", "get-caller-identity", "--profile", "exported"])
        .env_clear()
        .env("AWS_CONFIG_FILE", home.path("aws-config"))
        .env("AWS_ENDPOINT_URL", &moto.endpoint))
    .ok();
}

/// moto checks neither token nor assertion, but reads the requests in its own way.
#[test]
fn roles_by_other_peoples_tokens() {
    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let moto = Moto::start();
    for role in ["Ci", "Staff"] {
        let trust = ["--assume-role-policy-document", TRUST];
        let words = ["iam", "create-role", "--role-name", role];
        moto.admin(&[&words[..], &trust].concat());
    }
    let mut home = Home::new();
    home.set("AWS_ENDPOINT_URL", &moto.endpoint);
    std::fs::write(home.path("token"), crate::sources::web_identity(600)).unwrap();
    let provider = "arn:aws:iam::123456789012:saml-provider/Example";
    let assertion = aws_sim::saml_response(
        "https://idp.example.com/",
        &format!("arn:aws:iam::123456789012:role/Staff,{provider}"),
        "jon",
        "2099-01-01T00:00:00Z",
    );
    std::fs::write(home.path("assertion"), assertion).unwrap();
    home.configure(&format!(
        "[profile web]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/Ci\nrole_session_name = me\n\
         web_identity_token_file = {}\n\n[profile staff]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/Staff\n\
         saml_principal_arn = {provider}\nsaml_assertion_file = {}\n",
        home.path("token").display(),
        home.path("assertion").display(),
    ));
    let aws = python("aws");
    for (profile, arn) in [
        ("web", "arn:aws:sts::123456789012:assumed-role/Ci/me"),
        ("staff", "arn:aws:sts::123456789012:assumed-role/Staff/jon"),
    ] {
        let words = ["exec", profile, "--", aws.to_str().unwrap(), "sts"];
        let query = ["get-caller-identity", "--query", "Arn", "--output", "text"];
        let ran = home.run(words.iter().chain(&query)).ok();
        assert_eq!(ran.stdout.trim(), arn);
    }
}
