//! What `explain` says, word for word.

use std::path::Path;

use aws_vault::config::chain::{Request, Ttl};
use aws_vault::config::explain::{Cached, json, text};
use aws_vault::config::{ConfigFile, Overrides, plan, resolve};
use aws_vault::environment::Environment;

const CONFIG: &str = "\
[default]
region = eu-west-1
[profile jon]
mfa_serial = arn:aws:iam::111122223333:mfa/jon
mfa_process = ykman oath accounts code --single aws
[profile one]
source_profile = jon
role_arn = arn:aws:iam::222233334444:role/One
mfa_serial = arn:aws:iam::111122223333:mfa/jon
session_tags = team=web
[profile two]
source_profile = one
role_arn = arn:aws:iam::333344445555:role/Two
endpoint_url = http://localhost:4566
[profile tool]
credential_process = tool --password hunter2
[profile bad]
credential_process = \u{1b}[2J
region = \u{1b}[2J
[sso-session acme]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
[profile sso]
sso_session = acme
sso_account_id = 111122223333
sso_role_name = ReadOnly
[profile ci]
role_arn = arn:aws:iam::111122223333:role/Ci
web_identity_token_file = /token
";

/// Text and JSON.
fn explained(
    profile: &str,
    variables: &[(&str, &str)],
    cached: &[Option<u64>],
) -> (String, String) {
    let environment: Environment = variables.iter().copied().collect();
    let config = ConfigFile::parse(Path::new("/config"), CONFIG).expect("a good file");
    let profile =
        resolve(&config, profile, &environment, &Overrides::default()).expect("a good profile");
    let request = Request {
        ttl: Ttl::from_environment(&environment),
        ..Request::default()
    };
    let chain = plan(&profile, &|name| name == "jon", &request).expect("a good chain");
    let cached: Vec<Cached> = cached
        .iter()
        .map(|left| Cached {
            expires_in_seconds: *left,
        })
        .collect();
    (
        text(&profile, &chain, config.path(), &cached),
        json(&profile, &chain, config.path(), &cached),
    )
}

#[test]
fn a_chain_of_roles() {
    let (text, _) = explained(
        "two",
        &[
            ("AWS_ASSUME_ROLE_TTL", "12h"),
            ("AWS_SESSION_TOKEN_TTL", "soon"),
        ],
        &[],
    );
    assert_eq!(
        text,
        "\
two
  region eu-west-1 (/config:2 [default])
  endpoint http://localhost:4566 (/config:14 [profile two])

  1  access key of 'jon'
  2  sts:GetSessionToken for 'jon'  8h, MFA arn:aws:iam::111122223333:mfa/jon
  3  sts:AssumeRole for 'one'       arn:aws:iam::222233334444:role/One, 1h
     not 12h as asked: AWS limits a role assumed with a session's credentials to 1 hour
  4  sts:AssumeRole for 'two'       arn:aws:iam::333344445555:role/Two, 1h
     not 12h as asked: AWS limits role chaining (a role assumed with a role's credentials) to 1 hour

MFA is asked once: arn:aws:iam::111122223333:mfa/jon

sts:GetSessionToken for 'jon'
  duration = 8h (8 hours for a session that serves other profiles)
  mfa_serial = arn:aws:iam::111122223333:mfa/jon (/config:4 [profile jon])
  mfa_process = ykman … (/config:5 [profile jon])
  region = eu-west-1 (/config:2 [default])

sts:AssumeRole for 'one'
  role_arn = arn:aws:iam::222233334444:role/One (/config:8 [profile one])
  source_profile = jon (/config:7 [profile one])
  duration = 12h ($AWS_ASSUME_ROLE_TTL)
  session_tags = team=web (/config:10 [profile one])
  region = eu-west-1 (/config:2 [default])

sts:AssumeRole for 'two'
  role_arn = arn:aws:iam::333344445555:role/Two (/config:13 [profile two])
  source_profile = one (/config:12 [profile two])
  duration = 12h ($AWS_ASSUME_ROLE_TTL)
  region = eu-west-1 (/config:2 [default])
  endpoint_url = http://localhost:4566 (/config:14 [profile two])

note: $AWS_SESSION_TOKEN_TTL is ignored: time: invalid duration \"soon\"
"
    );
}

/// What the text says of the steps and of MFA.
fn head(text: &str) -> &str {
    let end = text.find("\n\nsts:").unwrap_or(text.len());
    text.split_at(end)
        .0
        .split_once("\n\n")
        .expect("a blank line before the steps")
        .1
}

#[test]
fn what_the_cache_answers() {
    let (text, json) = explained("one", &[], &[None, Some(7_200)]);
    assert_eq!(
        head(&text),
        "  1  access key of 'jon'            (not needed)
  2  sts:GetSessionToken for 'jon'  8h, MFA arn:aws:iam::111122223333:mfa/jon (cached, 2h left)
  3  sts:AssumeRole for 'one'       arn:aws:iam::222233334444:role/One, 1h

MFA is not asked: the cache answers"
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["mfa_prompts"], 0);
    assert_eq!(json["steps"][1]["cached_seconds"], 7_200);
    assert_eq!(json["steps"][1]["runs"], false);
    assert_eq!(json["steps"][2]["runs"], true);

    let (text, _) = explained("one", &[], &[None, None, Some(59)]);
    assert_eq!(
        head(&text),
        "  1  access key of 'jon'            (not needed)
  2  sts:GetSessionToken for 'jon'  8h, MFA arn:aws:iam::111122223333:mfa/jon (not needed)
  3  sts:AssumeRole for 'one'       arn:aws:iam::222233334444:role/One, 1h (cached, 59s left)

MFA is not asked: the cache answers"
    );
}

#[test]
fn commands_keep_their_arguments_to_themselves() {
    let (text, json) = explained("tool", &[], &[]);
    assert!(
        text.contains("credential_process = tool … (/config:16 [profile tool])"),
        "{text}"
    );
    assert!(
        text.contains("MFA is not asked: no step needs it"),
        "{text}"
    );
    assert!(!text.contains("hunter2") && !json.contains("hunter2"));
}

#[test]
fn other_bases() {
    let (text, _) = explained("sso", &[], &[]);
    assert_eq!(
        head(&text),
        "  1  sso:GetRoleCredentials for 'sso'

MFA is not asked: no step needs it

sso:GetRoleCredentials for 'sso'
  sso_session = acme (/config:24 [profile sso])
  sso_start_url = https://example.awsapps.com/start (/config:21 [sso-session acme])
  sso_region = eu-west-1 (/config:22 [sso-session acme])
  sso_account_id = 111122223333 (/config:25 [profile sso])
  sso_role_name = ReadOnly (/config:26 [profile sso])
"
    );
    let (text, json) = explained("ci", &[], &[]);
    assert!(
        text.contains(
            "  1  sts:AssumeRoleWithWebIdentity for 'ci'  arn:aws:iam::111122223333:role/Ci, 1h\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("  web_identity_token_file = /token (/config:29 [profile ci])\n"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["steps"][0]["role_arn"],
        "arn:aws:iam::111122223333:role/Ci"
    );
}

#[test]
fn settings_cannot_drive_the_terminal() {
    let (text, json) = explained("bad", &[], &[]);
    assert!(text.contains("region \\u{1b}[2J"), "{text}");
    assert!(!text.contains('\u{1b}') && !json.contains('\u{1b}'));
}

#[test]
fn the_document_for_scripts() {
    let (_, json) = explained("one", &[("AWS_REGION", "eu-west-2")], &[]);
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    let region = serde_json::json!({"value": "eu-west-2", "origin": {"from": "environment", "name": "AWS_REGION"}});
    assert_eq!(found["version"], 1);
    assert_eq!(found["profile"], "one");
    assert_eq!(found["config_file"], "/config");
    assert_eq!(found["region"], region);
    assert_eq!(found["endpoint_url"], serde_json::Value::Null);
    assert_eq!(found["mfa_prompts"], 1);
    assert_eq!(found["notes"], serde_json::json!([]));
    let at = |line: usize, section: &str| serde_json::json!({"from": "file", "line": line, "section": section});
    assert_eq!(
        found["steps"][2],
        serde_json::json!({
            "call": "sts:AssumeRole",
            "kind": "role",
            "profile": "one",
            "role_arn": "arn:aws:iam::222233334444:role/One",
            "runs": true,
            "cached_seconds": null,
            "duration_seconds": 3600,
            "capped_from_seconds": null,
            "cap_reason": null,
            "mfa_serial": null,
            "mfa_asked": false,
            "settings": [
                {"key": "role_arn", "value": "arn:aws:iam::222233334444:role/One", "origin": at(8, "profile one")},
                {"key": "source_profile", "value": "jon", "origin": at(7, "profile one")},
                {"key": "duration", "value": "1h",
                 "origin": {"from": "default", "reason": "1 hour unless told otherwise"}},
                {"key": "session_tags", "value": "team=web", "origin": at(10, "profile one")},
                {"key": "region", "value": "eu-west-2", "origin": {"from": "environment", "name": "AWS_REGION"}},
            ],
        })
    );
    assert_eq!(found["steps"][0]["kind"], "access_key");
    assert_eq!(found["steps"][1]["kind"], "session");
    assert_eq!(found["steps"][1]["mfa_asked"], true);
}
