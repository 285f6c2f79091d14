//! `export`: every format read by what it is meant for.

use std::process::Command;

use serde_json::Value;

use crate::support::{BASTION, Home, Ran, Sim, run};

const NAMES: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];

#[test]
fn every_format_says_the_same() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, BASTION);
    let env = home.run(["export", "-t", &sim.code(), "bastion"]).ok();
    assert_eq!(
        env.stdout
            .lines()
            .map(|line| line.split('=').next().unwrap())
            .collect::<Vec<_>>(),
        NAMES
    );
    let values = NAMES.map(|name| unquoted(env.var(name)));
    let export = |format: &str| {
        home.run(["export", &format!("--format={format}"), "bastion"])
            .ok()
    };

    assert_eq!(export("env").stdout, env.stdout);
    let exported = export("export-env").stdout;
    let bare: Vec<_> = exported
        .lines()
        .map(|line| line.strip_prefix("export ").unwrap())
        .collect();
    assert_eq!(bare, env.stdout.lines().collect::<Vec<_>>());

    assert_eq!(
        through("sh", &["-c", "eval \"$0\"; env"], &export("export-env")),
        values
    );
    assert_eq!(
        through(
            "fish",
            &["--no-config", "-c", "eval $argv[1]; env", "--"],
            &export("fish")
        ),
        values
    );

    let document: Value = serde_json::from_str(&export("json").stdout).unwrap();
    let members: Vec<_> = export("json")
        .stdout
        .lines()
        .filter_map(|line| Some(line.split('"').nth(1)?.to_owned()))
        .collect();
    assert_eq!(
        members,
        [
            "Version",
            "AccessKeyId",
            "SecretAccessKey",
            "SessionToken",
            "Expiration"
        ]
    );
    assert_eq!(document["Version"], 1);
    assert_eq!(
        [
            "AccessKeyId",
            "SecretAccessKey",
            "SessionToken",
            "Expiration"
        ]
        .map(|name| text(&document[name])),
        values[..4]
    );
    assert_eq!(
        home.run(["exec", "--json", "bastion"]).ok().stdout,
        export("json").stdout
    );

    let nu: Value = serde_json::from_str(&export("nu").stdout).unwrap();
    assert_eq!(NAMES.map(|name| text(&nu[name])), values);

    let ini = export("ini").stdout;
    assert_eq!(
        ini,
        format!(
            "[bastion]\naws_access_key_id={}\naws_secret_access_key={}\naws_session_token={}\naws_credential_expiration={}\nregion={}\n",
            values[0], values[1], values[2], values[3], values[4]
        )
    );
    for (format, start) in [
        ("powershell", "$Env:AWS_ACCESS_KEY_ID = '"),
        ("cmd", "set "),
        ("dotenv", "AWS_ACCESS_KEY_ID="),
    ] {
        let text = export(format).stdout;
        assert!(
            text.starts_with(start) && text.lines().count() == 6,
            "{text}"
        );
        assert!(
            values.iter().all(|value| text.contains(value.as_str())),
            "{text}"
        );
    }
    assert_eq!(
        sim.actions(),
        ["sts:GetSessionToken"],
        "export is answered from the cache"
    );
}

#[test]
fn standard_output_is_the_document_even_when_a_code_is_asked_for() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, BASTION);
    let (mut pty, child) = home.on_terminal(["export", "--format=json", "bastion"]);
    pty.wait_for("Enter MFA code for arn:aws:iam::111122223333:mfa/elmerfudd: ");
    pty.send(format!("{}\r", sim.code()));
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);

    home.run(["clear"]).ok();
    let out = home.path("document.json");
    let pty = crate::pty::Pty::open();
    let script = format!(
        "exec {} export --format=json bastion > {}",
        env!("CARGO_BIN_EXE_aws-vault"),
        out.display()
    );
    let mut command = pty.command("sh");
    command.args(["-c", &script]).env_clear().envs(&home.vars);
    let child = command.spawn().unwrap();
    let mut pty = pty;
    pty.wait_for("Enter MFA code");
    pty.send(format!("{}\r", sim.code()));
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    let document: Value = serde_json::from_str(&std::fs::read_to_string(out).unwrap()).unwrap();
    assert_eq!(document["Version"], 1);
}

#[test]
fn text_from_the_config_cannot_run_when_it_is_evaluated() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, "[profile bastion]\n");
    let hostile = format!(
        "x;touch {0}/pwned;$(touch {0}/pwned)",
        home.path("").display()
    );
    let ran = home
        .run([
            "export",
            "--no-session",
            "--format=export-env",
            "--region",
            &hostile,
            "bastion",
        ])
        .ok();
    let regions = through("sh", &["-c", "eval \"$0\"; env"], &ran);
    assert_eq!(regions[4], hostile);
    assert!(!home.path("pwned").exists());
}

/// The variables that a shell has after it evaluated the document.
fn through(shell: &str, words: &[&str], document: &Ran) -> [String; 6] {
    let ran = run(Command::new(shell)
        .args(words)
        .arg(&document.stdout)
        .env_clear()
        .env("PATH", crate::support::path_variable())
        .env("HOME", "/nonexistent"))
    .ok();
    NAMES.map(|name| ran.find_var(name).unwrap_or_default().to_owned())
}

fn unquoted(value: &str) -> String {
    value.trim_matches('\'').to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
