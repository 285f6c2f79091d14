//! What `export` prints, compared byte by byte, and evaluated by the shells it is meant for.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use aws_vault::cli::args::Format;
use aws_vault::cli::formats::format;
use aws_vault::credentials::{AccessKey, Credentials, SessionCredentials};
use aws_vault::environment::Environment;

/// Values that would run a command, end a quote, or be expanded.
const HOSTILE: &[&str] = &[
    "x;touch CREATED",
    "$(touch CREATED)",
    "`touch CREATED`",
    "x & touch CREATED & x",
    "x | touch CREATED",
    "x > CREATED",
    "(touch CREATED)",
    "'; touch CREATED; '",
    "\"; touch CREATED; \"",
    "\\'; touch CREATED; \\'",
    "$HOME",
    "${HOME}",
    "%PATH%",
    "!!",
    "!x",
    "~",
    "~root",
    "*",
    "{a,b}",
    "# comment",
    " blanks ",
    "-x",
    "--",
    "=",
    "back\\slash\\",
    "\\n",
    "tab\there",
    "two\nlines",
    "x\ntouch CREATED",
    "ünïcödé",
    "\u{2019}; touch CREATED; \u{2018}",
    "",
];

#[test]
fn ordinary_output_is_that_of_the_go_tool() {
    let session = session();
    let key = key();
    let env = "\
AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
AWS_SESSION_TOKEN=IQoJb3JpZ2luX2VjE+/=
AWS_CREDENTIAL_EXPIRATION=2023-11-14T22:13:20Z
AWS_REGION=eu-west-1
AWS_DEFAULT_REGION=eu-west-1
";
    let region = Some("eu-west-1");
    assert_eq!(*format(Format::Env, &session, "work", region).unwrap(), env);
    assert_eq!(
        *format(Format::Dotenv, &session, "work", region).unwrap(),
        env
    );
    let exported = env
        .lines()
        .map(|line| format!("export {line}\n"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(
        *format(Format::ExportEnv, &session, "work", region).unwrap(),
        exported
    );
    let set = env
        .lines()
        .map(|line| format!("set {line}\n"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(*format(Format::Cmd, &session, "work", region).unwrap(), set);
    let fish = env
        .lines()
        .map(|line| format!("set -gx {}\n", line.replacen('=', " ", 1)))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(
        *format(Format::Fish, &session, "work", region).unwrap(),
        fish
    );
    let powershell = env
        .lines()
        .map(|line| format!("$Env:{}'\n", line.replacen('=', " = '", 1)))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(
        *format(Format::Powershell, &session, "work", region).unwrap(),
        powershell
    );

    assert_eq!(
        *format(Format::Env, &key, "work", None).unwrap(),
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
    );
    assert_eq!(
        *format(Format::Json, &session, "work", region).unwrap(),
        r#"{
  "Version": 1,
  "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
  "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  "SessionToken": "IQoJb3JpZ2luX2VjE+/=",
  "Expiration": "2023-11-14T22:13:20Z"
}
"#
    );
    assert_eq!(
        *format(Format::Json, &key, "work", None).unwrap(),
        r#"{
  "Version": 1,
  "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
  "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
}
"#
    );
    assert_eq!(
        *format(Format::Ini, &session, "work", region).unwrap(),
        "\
[work]
aws_access_key_id=ASIAIOSFODNN7EXAMPLE
aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
aws_session_token=IQoJb3JpZ2luX2VjE+/=
aws_credential_expiration=2023-11-14T22:13:20Z
region=eu-west-1
"
    );
    assert_eq!(
        *format(Format::Ini, &key, "work", None).unwrap(),
        "[work]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\naws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
    );
}

#[test]
fn json_has_gos_escapes_and_any_value() {
    let odd = Credentials::AccessKey(AccessKey {
        access_key_id: "<&>\u{1b}\u{0}\u{2028}".into(),
        secret_access_key: "\"\\\n".into(),
    });
    let text = format(Format::Json, &odd, "work", None).unwrap();
    assert!(
        text.contains(r#""\u003c\u0026\u003e\u001b\u0000\u2028""#),
        "{}",
        *text
    );
    assert!(text.contains(r#""\"\\\n""#), "{}", *text);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["AccessKeyId"], "<&>\u{1b}\u{0}\u{2028}");
}

#[test]
fn nu_is_a_record_of_variables() {
    let text = format(Format::Nu, &session(), "work", Some("x;\"'$(y)`")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["AWS_ACCESS_KEY_ID"], "ASIAIOSFODNN7EXAMPLE");
    assert_eq!(value["AWS_CREDENTIAL_EXPIRATION"], "2023-11-14T22:13:20Z");
    assert_eq!(value["AWS_REGION"], "x;\"'$(y)`");
    assert_eq!(value["AWS_DEFAULT_REGION"], "x;\"'$(y)`");
    assert_eq!(value.as_object().unwrap().len(), 6);
}

#[test]
fn posix_shells_receive_every_value_intact() {
    for shell in ["dash", "bash", "zsh"] {
        for value in HOSTILE {
            let script = format!(
                "{}printf %s \"$AWS_REGION\"",
                exported(Format::ExportEnv, value).unwrap()
            );
            assert_eq!(evaluated(shell, &script), *value, "{shell}: {script}");
            match exported(Format::Env, value) {
                Ok(text) => {
                    let script = format!("{text}printf %s \"$AWS_REGION\"");
                    assert_eq!(evaluated(shell, &script), *value, "{shell}: {script}");
                }
                Err(()) => assert!(value.contains('\n'), "{value:?}"),
            }
        }
        // As people write it: in a command substitution, exported to programs.
        let text = exported(Format::ExportEnv, "two\nlines").unwrap();
        let script = format!("eval \"$(cat <<'END'\n{text}END\n)\"; printenv AWS_REGION");
        assert_eq!(evaluated(shell, &script), "two\nlines\n", "{shell}");
    }
}

#[test]
fn fish_receives_every_value_intact() {
    for value in HOSTILE {
        let script = format!(
            "{}printf %s \"$AWS_REGION\"",
            exported(Format::Fish, value).unwrap()
        );
        assert_eq!(evaluated("fish", &script), *value, "{script}");
    }
    let script = format!(
        "{}printenv AWS_REGION",
        exported(Format::Fish, "it's").unwrap()
    );
    assert_eq!(evaluated("fish", &script), "it's\n");
}

#[test]
fn dotenv_files_mean_the_same_to_a_shell_or_are_refused() {
    for value in HOSTILE {
        match exported(Format::Dotenv, value) {
            Ok(text) => {
                let script = format!("{text}printf %s \"$AWS_REGION\"");
                assert_eq!(evaluated("dash", &script), *value, "{script}");
            }
            Err(()) => assert!(value.contains(['\'', '\\', '$', '\n']), "{value:?}"),
        }
    }
}

#[test]
fn powershell_quotes_every_kind_of_single_quote() {
    for (value, line) in [
        ("x;y", "$Env:AWS_REGION = 'x;y'"),
        ("it's", "$Env:AWS_REGION = 'it''s'"),
        ("$(x)`n\"", "$Env:AWS_REGION = '$(x)`n\"'"),
        (
            "\u{2018}\u{2019}\u{201a}\u{201b}",
            "$Env:AWS_REGION = '\u{2018}\u{2018}\u{2019}\u{2019}\u{201a}\u{201a}\u{201b}\u{201b}'",
        ),
        ("two\nlines", "$Env:AWS_REGION = 'two\nlines'"),
    ] {
        let text = exported(Format::Powershell, value).unwrap();
        assert!(text.contains(&format!("\n{line}\n")), "{text}");
    }
}

#[test]
fn cmd_quotes_or_refuses() {
    for (value, line) in [
        ("x&y", "set \"AWS_REGION=x&y\""),
        ("a b^|<>()", "set \"AWS_REGION=a b^|<>()\""),
    ] {
        let text = exported(Format::Cmd, value).unwrap();
        assert!(text.contains(&format!("\n{line}\n")), "{text}");
    }
    for value in ["%PATH%", "!x!", "\" & calc & \"", "two\nlines"] {
        assert!(exported(Format::Cmd, value).is_err(), "{value:?}");
    }
}

#[test]
fn ini_back_quotes_what_would_be_a_comment_and_cannot_be_broken_out_of() {
    for (value, line) in [
        ("a#b", "region=`a#b`"),
        ("a;b", "region=`a;b`"),
        ("a b", "region=a b"),
    ] {
        assert!(
            exported(Format::Ini, value)
                .unwrap()
                .ends_with(&format!("\n{line}\n"))
        );
    }
    assert!(exported(Format::Ini, "x\n[default]").is_err());
    assert!(exported(Format::Ini, "`#").is_err());
    assert!(format(Format::Ini, &key(), "x]\n[default", None).is_err());
    assert!(!exported(Format::Ini, "").unwrap().contains("region"));
}

#[test]
fn control_characters_are_refused_with_the_variables_name_but_not_its_value() {
    for formatting in [
        Format::Env,
        Format::ExportEnv,
        Format::Ini,
        Format::Powershell,
        Format::Cmd,
        Format::Fish,
        Format::Dotenv,
    ] {
        for value in [
            "CANARY\u{0}",
            "CANARY\u{1b}[31m",
            "CANARY\r",
            "CANARY\u{7f}",
            "CANARY\u{9b}",
        ] {
            let error = format(formatting, &key(), "work", Some(value))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("AWS_REGION") || error.contains("region"),
                "{error}"
            );
            assert!(!error.contains("CANARY"), "{error}");
        }
    }
}

fn exported(formatting: Format, region: &str) -> Result<String, ()> {
    format(formatting, &session(), "work", Some(region))
        .map(|text| text.to_string())
        .map_err(|_| ())
}

/// What the script prints, in a shell without start-up files and an empty folder, where nothing may be created.
fn evaluated(shell: &str, script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let options: &[&str] = match shell {
        "bash" => &["--norc", "--noprofile", "-c"],
        "zsh" => &["-f", "-c"],
        "fish" => &["--no-config", "-c"],
        _ => &["-c"],
    };
    let output = Command::new(shell)
        .args(options)
        .arg(script)
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", Environment::of_process().var_os("PATH").unwrap())
        .env("HOME", folder.path())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{shell}: {error}; install the Debian package {shell}"));
    assert!(output.status.success(), "{shell}: {script}: {output:?}");
    assert!(
        !folder.path().join("CREATED").exists(),
        "{shell} ran {script}"
    );
    String::from_utf8(output.stdout).unwrap()
}

fn key() -> Credentials {
    Credentials::AccessKey(AccessKey {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
    })
}

fn session() -> Credentials {
    Credentials::Session(SessionCredentials {
        access_key_id: "ASIAIOSFODNN7EXAMPLE".into(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        session_token: "IQoJb3JpZ2luX2VjE+/=".into(),
        expiration: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
    })
}
