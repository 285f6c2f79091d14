//! From keys to role credentials: what is asked of AWS, what the cache answers, and what arrives at AWS.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{BASTION, DECK, Home, SERIAL, Sim, account_role, run};

#[test]
fn profiles_on_one_key_share_a_code() {
    for (first, second) in [("bastion", "master"), ("master", "bastion")] {
        let sim = Sim::deck();
        let home = Home::with_key(&sim, DECK);
        home.run(["exec", "-t", &sim.code(), first, "--", "true"])
            .ok();
        home.run(["exec", second, "--", "true"]).ok();
        home.run(["exec", "--region", "us-west-2", first, "--", "true"])
            .ok();
        home.run(["exec", "--region", "ap-south-1", second, "--", "true"])
            .ok();
        assert_eq!(
            (sim.count("GetSessionToken"), sim.count("AssumeRole")),
            (1, 1),
            "{:?}",
            sim.actions()
        );
    }
}

#[test]
fn an_edited_profile_never_yields_the_old_identity() {
    let sim = Sim::with(|world| {
        world["accounts"]["222233334444"]["roles"]["Other"] =
            account_role("111122223333", &["iam:ListUsers"]);
    });
    let home = Home::with_key(&sim, DECK);
    let assumed = || sim.count("AssumeRole");
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    let edits = [
        DECK.replace("DeveloperRole", "Other"),
        format!("{DECK}duration_seconds = 1800\n"),
        format!("{DECK}session_tags = team=web\n"),
        format!("{DECK}session_tags = team=ops\n"),
        format!("{DECK}session_tags = squad=ops\n"),
        format!("{DECK}session_tags = team=web,stage=prod\n"),
        format!("{DECK}session_tags = team=web,stage=prod\ntransitive_session_tags = team\n"),
        format!("{DECK}role_session_name = me\n"),
        format!("{DECK}source_identity = me\n"),
        format!("{DECK}external_id = x1\n"),
    ];
    for (count, edit) in (2..).zip(&edits) {
        home.configure(edit);
        home.run(["exec", "master", "--", "true"]).ok();
        assert_eq!(assumed(), count, "{edit}");
    }
    // Comments, region and the order of keys are no reason.
    home.configure(&format!("# hello\n{DECK}region = eu-west-3\n"));
    home.run(["exec", "master", "--", "true"]).ok();
    home.configure(DECK);
    home.run(["exec", "master", "--", "true"]).ok();
    assert_eq!(
        (assumed(), sim.count("GetSessionToken")),
        (edits.len() + 1, 1)
    );
    home.run([
        "exec",
        "-d",
        "30m",
        "-t",
        &sim.code(),
        "master",
        "--",
        "true",
    ])
    .ok();
    assert_eq!(assumed(), edits.len() + 2);
}

#[test]
fn what_the_profile_says_arrives_at_sts() {
    let sim = Sim::with(|world| world["options"] = json!({ "require_session_actions": true }));
    sim.world()
        .accounts
        .get_mut("222233334444")
        .unwrap()
        .roles
        .get_mut("DeveloperRole")
        .unwrap()
        .trust =
        serde_json::from_value(account_role("111122223333", &[])["trust"].clone()).unwrap();
    let home = Home::with_key(
        &sim,
        &format!(
            "{DECK}role_session_name = jon@example.com\nduration_seconds = 1800\nexternal_id = x:1/2\nsource_identity = jon\n\
             session_tags = team = web , stage=prod\ntransitive_session_tags = team\n"
        ),
    );
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    let sent = sim.parameters("AssumeRole");
    let tags = [("1", "team", "web"), ("2", "stage", "prod")].map(|(number, key, value)| {
        [
            (format!("Tags.member.{number}.Key"), key),
            (format!("Tags.member.{number}.Value"), value),
        ]
    });
    let expected = [
        ("DurationSeconds", "1800"),
        ("ExternalId", "x:1/2"),
        ("RoleArn", "arn:aws:iam::222233334444:role/DeveloperRole"),
        ("RoleSessionName", "jon@example.com"),
        ("SourceIdentity", "jon"),
        ("TransitiveTagKeys.member.1", "team"),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let expected = expected.into_iter().chain(tags.into_iter().flatten());
    assert_eq!(
        sent,
        expected
            .map(|(name, value)| (name, value.to_owned()))
            .collect()
    );
    let sent = sim.parameters("GetSessionToken");
    assert_eq!(
        (
            sent["SerialNumber"].as_str(),
            sent["DurationSeconds"].as_str()
        ),
        (SERIAL, "28800")
    );
}

#[test]
fn a_role_longer_than_an_hour_is_assumed_with_the_key_and_its_own_code() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    home.run([
        "exec",
        "-d",
        "2h",
        "-t",
        &sim.code(),
        "master",
        "--",
        "true",
    ])
    .ok();
    assert_eq!(sim.actions(), ["sts:AssumeRole"]);
    let sent = sim.parameters("AssumeRole");
    assert_eq!(
        (
            sent["SerialNumber"].as_str(),
            sent["DurationSeconds"].as_str()
        ),
        (SERIAL, "7200")
    );
    assert!(sent["RoleSessionName"].parse::<u128>().is_ok(), "{sent:?}");
}

#[test]
fn roles_follow_each_other() {
    let sim = Sim::with(|world| {
        world["accounts"]["222233334444"]["roles"]["Hop"] =
            account_role("222233334444", &["iam:ListUsers"]);
        let hub = &mut world["accounts"]["222233334444"]["roles"]["DeveloperRole"];
        hub["policies"] = account_role("222233334444", &["sts:AssumeRole"])["policies"].take();
    });
    let home = Home::with_key(
        &sim,
        &format!(
            "{DECK}\n[profile hop]\nsource_profile = master\nrole_arn = arn:aws:iam::222233334444:role/Hop\n"
        ),
    );
    let id = home
        .env_of(&["-t", &sim.code(), "hop"])
        .var("AWS_ACCESS_KEY_ID")
        .to_owned();
    assert_eq!(
        sim.actions(),
        ["sts:GetSessionToken", "sts:AssumeRole", "sts:AssumeRole"]
    );
    sim.clear_calls();
    home.run(["exec", "master", "--", "true"]).ok();
    assert_eq!(home.env_of(&["hop"]).var("AWS_ACCESS_KEY_ID"), id);
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

#[test]
fn a_warm_run_calls_nobody_and_opens_four_files() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    let opened = opened_warm(&sim, &home, "master");
    let kinds: BTreeSet<&str> = opened
        .iter()
        .map(|path| match path.as_str() {
            ".aws/config" => "config",
            ".local/state/aws-vault/index.json" => "index",
            path if path.ends_with(".session") => "session",
            path if path.starts_with(".awsvault/keys/aws-vault.SessionKey,") => "key",
            path => path,
        })
        .collect();
    assert_eq!(opened.len(), 4, "{opened:#?}");
    assert_eq!(
        kinds,
        ["config", "index", "key", "session"].into(),
        "{opened:#?}"
    );
}

#[test]
fn a_session_with_too_little_left_is_made_anew() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, "[profile bastion]\nregion = eu-west-1\n");
    home.run(["exec", "-d", "15m", "bastion", "--", "true"])
        .ok();
    home.run(["exec", "-d", "15m", "bastion", "--", "true"])
        .ok();
    assert_eq!(sim.count("GetSessionToken"), 1);
    home.set("AWS_MIN_TTL", "16m");
    home.run(["exec", "-d", "15m", "bastion", "--", "true"])
        .ok();
    assert_eq!(sim.count("GetSessionToken"), 2);
}

#[test]
fn a_wrong_code_is_asked_for_again_once() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, BASTION);
    let (mut pty, child) =
        home.on_terminal(["exec", "bastion", "--", "sh", "-c", "echo as $AWS_VAULT"]);
    let question = format!("Enter MFA code for {SERIAL}: ");
    pty.wait_for(&question);
    pty.send("000000\r");
    pty.wait_for("AWS did not accept that MFA code");
    pty.wait_for(&question);
    pty.send(format!("{}\r", sim.code()));
    pty.wait_for("as bastion");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert_eq!(sim.count("GetSessionToken"), 2);

    home.run(["clear"]).ok();
    sim.clear_calls();
    let (mut pty, child) = home.on_terminal(["exec", "bastion", "--", "true"]);
    for code in ["000000", "000001"] {
        pty.wait_for(&question);
        pty.send(format!("{code}\r"));
    }
    pty.wait_for(
        "aws-vault: error: exec: profile 'bastion': sts:GetSessionToken was refused by 127.0.0.1",
    );
    pty.wait_for("hint: type the code that the device shows now");
    assert_eq!(pty.finish(child).code(), Some(1), "{}", pty.shown);
    assert_eq!((sim.count("GetSessionToken"), home.sessions()), (2, 0));
}

#[test]
fn a_code_given_as_a_flag_is_used_once() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, BASTION);
    home.run(["exec", "-t", "000000", "bastion", "--", "true"])
        .fails("MultiFactorAuthentication failed")
        .hints("each code works once");
    assert_eq!(sim.count("GetSessionToken"), 1);
    home.run(["exec", "-t", "12345", "bastion", "--", "true"])
        .exits(2, "--mfa-token is not six digits");
    let code = sim.code();
    home.run(["exec", "-t", &code, "bastion", "--", "true"])
        .ok();
    home.run(["clear"]).ok();
    home.run(["exec", "-t", &code, "bastion", "--", "true"])
        .fails("MultiFactorAuthentication failed");
}

#[test]
fn mfa_process_gives_the_code() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, "");
    let process = home.script("device", "cat \"$HOME/code\"");
    home.configure(&format!("{BASTION}mfa_process = {process}\n"));
    std::fs::write(home.path("code"), sim.code() + "\n").unwrap();
    home.run(["exec", "bastion", "--", "true"]).ok();
    assert_eq!(sim.count("GetSessionToken"), 1);

    home.run(["clear"]).ok();
    home.run(["exec", "bastion", "--", "true"])
        .fails("MultiFactorAuthentication failed");
    assert_eq!(
        sim.count("GetSessionToken"),
        2,
        "a code that was refused is not sent again"
    );
    for (script, says) in [
        ("exit 3", "mfa_process failed: exit status: 3"),
        (
            "echo hello",
            "the MFA code that mfa_process printed is not six digits",
        ),
    ] {
        home.script("device", script);
        home.run(["exec", "bastion", "--", "true"])
            .fails(says)
            .hints("");
    }
    assert_eq!(sim.count("GetSessionToken"), 2);
}

#[test]
fn ctrl_c_at_the_code_is_130_and_calls_nobody() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, BASTION);
    let (mut pty, child) = home.on_terminal(["exec", "bastion", "--", "true"]);
    pty.wait_for("Enter MFA code");
    pty.send("12\u{3}");
    assert_eq!(pty.finish(child).code(), Some(130), "{}", pty.shown);
    assert!(pty.is_as_found());
    assert_eq!(sim.actions(), [] as [&str; 0]);
    assert!(home.leftovers().is_empty());
}

/// What a warm run opens below the home; nobody may be called.
pub fn opened_warm(sim: &Sim, home: &Home, profile: &str) -> BTreeSet<String> {
    sim.clear_calls();
    let trace = home.path("trace");
    let strace = [
        "strace",
        "-f",
        "-qq",
        "-s",
        "4096",
        "-e",
        "trace=open,openat,connect,sendto",
        "-o",
        trace.to_str().unwrap(),
    ];
    run(&mut home.through(&strace, ["exec", profile, "--", "true"])).ok();
    assert_eq!(sim.actions(), [] as [&str; 0]);
    let text = std::fs::read_to_string(trace).unwrap();
    assert!(
        text.contains("openat("),
        "strace saw nothing: is ptrace forbidden here?"
    );
    assert!(
        !text.contains("connect(") && !text.contains("sendto("),
        "{text}"
    );
    let root = home.path("");
    let root = root.to_str().unwrap();
    text.lines()
        .filter_map(|line| line.split('"').nth(1)?.strip_prefix(root))
        .map(str::to_owned)
        .collect()
}
