//! `exec`: what the command gets, and how it ends.

use std::os::unix::process::ExitStatusExt as _;

use crate::support::{BASTION, DECK, Home, KEY, PASSPHRASE, Ran, Sim};

#[test]
fn the_command_gets_a_session_and_its_region() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    let ran = home.env_of(&["-t", &sim.code(), "bastion"]);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.var("AWS_VAULT"), "bastion");
    assert_eq!(
        (ran.var("AWS_REGION"), ran.var("AWS_DEFAULT_REGION")),
        ("eu-west-1", "eu-west-1")
    );
    assert!(ran.var("AWS_ACCESS_KEY_ID").starts_with("ASIA"), "{ran:?}");
    assert!(
        !ran.var("AWS_SESSION_TOKEN").is_empty() && !ran.stdout.contains(KEY.secret),
        "{ran:?}"
    );
    let expiration = ran.var("AWS_CREDENTIAL_EXPIRATION");
    assert!(
        expiration.ends_with('Z') && expiration.len() == 20,
        "{expiration}"
    );

    let role = home.env_of(&["master"]);
    assert_eq!(role.find_var("AWS_REGION"), None, "{role:?}");
    assert_ne!(role.var("AWS_ACCESS_KEY_ID"), ran.var("AWS_ACCESS_KEY_ID"));
    let asked = home.env_of(&["--region", "eu-central-1", "master"]);
    assert_eq!(asked.var("AWS_DEFAULT_REGION"), "eu-central-1");
}

#[test]
fn no_session_hands_out_the_key_itself() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, BASTION);
    home.set("AWS_SESSION_TOKEN", "stale");
    home.set("AWS_CREDENTIAL_EXPIRATION", "stale");
    let ran = home.env_of(&["--no-session", "bastion"]);
    assert_eq!(
        (
            ran.var("AWS_ACCESS_KEY_ID"),
            ran.var("AWS_SECRET_ACCESS_KEY")
        ),
        (KEY.id, KEY.secret)
    );
    assert_eq!(
        (
            ran.find_var("AWS_SESSION_TOKEN"),
            ran.find_var("AWS_CREDENTIAL_EXPIRATION")
        ),
        (None, None)
    );
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

#[test]
fn the_status_is_the_commands_own() {
    let (_sim, home) = warm();
    let run = |words: &[&str]| home.run(["exec", "bastion", "--"].iter().chain(words));
    for code in [0, 1, 2, 77, 126, 127, 130, 255] {
        let ran = run(&["sh", "-c", &format!("exit {code}")]);
        assert_eq!((ran.status.code(), ran.stderr.as_str()), (Some(code), ""));
    }
    for (name, number) in [("TERM", 15), ("INT", 2), ("KILL", 9)] {
        let ran = run(&["sh", "-c", &format!("kill -{name} $$")]);
        assert_eq!(ran.status.signal(), Some(number), "{ran:?}");
    }
    run(&["no-such-command"]).exits(127, "command 'no-such-command' was not found in PATH");
    std::fs::write(home.path("plain"), "echo no\n").unwrap();
    run(&[home.path("plain").to_str().unwrap()]).exits(126, "cannot be run: Permission denied");
}

#[test]
fn words_after_the_profile_are_the_commands() {
    let (_sim, home) = warm();
    let script = home.script("words", "printf '<%s>' \"$@\"");
    let expected = "<--region><x><-d><1h><--><--help><--no-session>";
    let words = ["--region", "x", "-d", "1h", "--", "--help", "--no-session"];
    for start in [&["exec", "bastion"][..], &["exec", "bastion", "--"]] {
        let ran = home
            .run(start.iter().copied().chain([script.as_str()]).chain(words))
            .ok();
        assert_eq!(ran.stdout, expected);
    }
    let odd = home
        .run([
            "exec",
            "bastion",
            "--",
            &script,
            "two words",
            "",
            "*",
            "ü\n",
        ])
        .ok();
    assert_eq!(odd.stdout, "<two words><><*><ü\n>");
}

#[test]
fn nested_use_is_refused() {
    let (sim, mut home) = warm();
    home.set("AWS_VAULT", "other");
    let before = sim.actions().len();
    let text = "running in an existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force";
    home.run(["exec", "bastion", "--", "true"]).fails(text);
    home.run(["export", "bastion"])
        .fails("aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force");
    home.run(["exec", "--nest", "bastion", "--", "true"]).ok();
    home.run(["export", "--nest", "bastion"]).ok();
    home.set("AWS_VAULT", "");
    home.run(["exec", "bastion", "--", "true"]).ok();
    assert_eq!(sim.actions().len(), before);
}

#[test]
fn a_program_in_a_subshell_fetches_credentials_of_any_profile() {
    let (_sim, home) = warm();
    let ours = env!("CARGO_BIN_EXE_aws-vault");
    // The passphrase does not reach the subshell; this is the person who types it again.
    let again = format!("AWS_VAULT_FILE_PASSPHRASE={PASSPHRASE}");
    for words in [
        &["export", "--format=json", "bastion"][..],
        &["export", "--format=json", "-n", "bastion"],
        &["exec", "--json", "bastion"],
    ] {
        let outer = ["exec", "bastion", "--", "env", &again, ours];
        let ran = home.run(outer.iter().chain(words)).ok();
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(document["Version"], 1, "{words:?}");
    }
}

#[test]
fn a_profile_whose_credential_process_is_ourselves_is_no_loop() {
    let (sim, home) = warm();
    let ours = env!("CARGO_BIN_EXE_aws-vault");
    let process = format!(
        "credential_process = env AWS_VAULT_FILE_PASSPHRASE={PASSPHRASE} {ours} export --format=json bastion\n"
    );
    home.configure(&format!("{BASTION}{process}"));
    let aws = crate::support::python("aws");
    let aws = aws.to_str().unwrap();
    // The AWS CLI runs in the subshell, and asks for the profile that the subshell is of.
    let outer = ["exec", "--profile-env", "bastion", "--", aws];
    let ran = home
        .run(outer.iter().chain(&["sts", "get-caller-identity"]))
        .ok();
    assert!(ran.stdout.contains(":user/elmerfudd"), "{ran:?}");
    assert_eq!(sim.count("GetSessionToken"), 1);
}

#[test]
fn the_command_may_be_told_the_profile_alone() {
    let (_sim, mut home) = warm();
    home.set("AWS_SESSION_TOKEN", "stale");
    let told = |home: &Home, words: &[&str]| {
        let ran = home.env_of(words);
        let mut lines: Vec<_> = ran
            .stdout
            .lines()
            .filter(|it| it.starts_with("AWS_"))
            .collect();
        lines.retain(|it| !it.starts_with("AWS_ENDPOINT_URL=") && !it.starts_with("AWS_VAULT_"));
        lines.sort_unstable();
        lines.join(" ")
    };
    let alone =
        "AWS_DEFAULT_REGION=eu-west-1 AWS_PROFILE=bastion AWS_REGION=eu-west-1 AWS_VAULT=bastion";
    assert_eq!(told(&home, &["--profile-env", "bastion"]), alone);
    home.set("AWS_VAULT_PROFILE_ENV", "true");
    assert_eq!(told(&home, &["bastion"]), alone);
    // They are proven before the command starts.
    home.run(["clear"]).ok();
    home.run(["exec", "bastion", "--", "true"])
        .fails("an MFA code for arn:aws:iam::111122223333:mfa/elmerfudd is needed");
    home.run(["exec", "nobody", "--", "true"]).fails("'nobody'");
}

#[test]
fn without_words_the_profile_is_aws_profile_and_the_command_the_shell() {
    let (_sim, mut home) = warm();
    let shell = home.script("shell", "echo $# as $AWS_VAULT with ${AWS_PROFILE-none}");
    home.set("SHELL", &shell);
    home.set("AWS_PROFILE", "bastion");
    let ran = home.run(["exec"]).ok();
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("0 as bastion with none\n", "")
    );
    home.unset("AWS_PROFILE");
    home.run(["exec"]).exits(2, "no profile given");

    let (mut pty, child) = home.on_terminal(["exec", "bastion"]);
    pty.wait_for(&format!(
        "Starting subshell {shell}, use `exit` to exit the subshell"
    ));
    pty.wait_for("0 as bastion");
    assert_eq!(pty.finish(child).code(), Some(0));
}

#[test]
fn the_process_is_replaced() {
    let (_sim, home) = warm();
    let running = home.start(["exec", "bastion", "--", "sh", "-c", "echo $$"]);
    let pid = running.pid.as_raw_nonzero();
    assert_eq!(running.finish().ok().stdout, format!("{pid}\n"));
}

#[test]
fn a_role_that_the_user_may_not_assume_is_refused_in_one_sentence() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    let without_mfa = DECK.replace(
        "source_profile = bastion\nmfa_serial",
        "source_profile = bastion\n# mfa_serial",
    );
    home.configure(&without_mfa);
    let ran: Ran = home
        .run(["exec", "master", "--", "true"])
        .fails("AccessDenied")
        .hints("MFA");
    assert!(
        ran.error()
            .contains("profile 'master': sts:AssumeRole was refused by 127.0.0.1"),
        "{ran:?}"
    );
    assert_eq!(home.sessions(), 0);
}

/// A home with a session of `bastion` in its cache.
fn warm() -> (Sim, Home) {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, BASTION);
    home.run(["exec", "-t", &sim.code(), "bastion", "--", "true"])
        .ok();
    (sim, home)
}
