//! `sso populate`: profiles that the AWS CLI and the SDKs read.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::{CONFIG, home, instance, instance_with};
use crate::support::{Home, python, run};

const SESSION: &str = "\
# my file
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
";

#[test]
fn shows_asks_and_writes() {
    let sim = instance();
    let home = home(&sim);
    home.configure(SESSION);
    let shown = home.run(["sso", "populate", "--dry-run"]).ok().stdout;
    assert!(shown.contains("+[profile Master-ReadOnly]\n"), "{shown}");
    assert!(
        shown.ends_with("3 profiles to add, 0 to remove, 0 there already.\n"),
        "{shown}"
    );
    assert_eq!(fs::read_to_string(home.config()).unwrap(), SESSION);
    home.run(["sso", "populate"])
        .fails("there is no terminal to ask on")
        .hints("--yes");

    let (mut pty, child) = home.on_terminal(["sso", "populate", "corp"]);
    pty.wait_for("(y|N) ");
    pty.send("n\r");
    assert_eq!(pty.finish(child).code(), Some(0));
    assert_eq!(fs::read_to_string(home.config()).unwrap(), SESSION);

    let (mut pty, child) = home.on_terminal(["sso", "populate", "--region", "eu-west-1", "corp"]);
    pty.wait_for("(y|N) ");
    pty.send("y\r");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    let text = fs::read_to_string(home.config()).unwrap();
    assert!(text.starts_with(SESSION), "{text}");
    home.env_of(&["Master-DeveloperRole"]);

    // Nothing to do is no change, and no question.
    let again = home.run(["sso", "populate"]).ok().stdout;
    assert_eq!(again, "0 profiles to add, 0 to remove, 3 there already.\n");
}

#[test]
fn access_that_is_gone_is_pruned_on_request() {
    let sim = instance();
    let home = home(&sim);
    home.configure(SESSION);
    home.run(["sso", "populate", "--yes"]).ok();
    sim.world()
        .identity_center
        .assignments
        .remove("111122223333");
    let said = home.run(["sso", "populate", "--yes"]).ok().stdout;
    assert!(said.contains("No longer yours, and left alone"), "{said}");
    let pruned = home
        .run(["sso", "populate", "--yes", "--prune"])
        .ok()
        .stdout;
    let gone = "-[profile Bastion-ReadOnly]\n-sso_session=corp\n-sso_account_id=111122223333\n-sso_role_name=ReadOnly\n";
    assert!(pruned.contains(gone), "{pruned}");
    let names = home.run(["list", "--profiles"]).ok().stdout;
    assert_eq!(names, "Master-DeveloperRole\nMaster-ReadOnly\n");
}

#[test]
fn mistakes_cost_no_call() {
    let sim = instance();
    let home = home(&sim);
    for (words, says) in [
        (&["--template", "x"][..], "all profiles would have one name"),
        (
            &["--template", "{account}"],
            "'{account}', which is not known",
        ),
        (&["--region", "a b"], "is not the name of a region"),
    ] {
        home.run(["sso", "populate", "corp"].iter().chain(words))
            .exits(2, says);
    }
    home.configure(&CONFIG.replace("[sso-session corp]", "[sso-session other]"));
    home.run(["sso", "populate", "legacy"])
        .fails("would need a section [sso-session corp.awsapps.com]");
    assert!(sim.actions().is_empty());
}

/// The AWS CLI gets its credentials through `credential_process`, and boto3 reads what was written.
#[test]
fn other_tools_read_the_profiles() {
    let sim = instance();
    let home = home(&sim);
    home.configure(SESSION);
    home.run(["sso", "populate", "--yes", "--region", "eu-west-1"])
        .ok();
    let text = fs::read_to_string(home.config()).unwrap();
    home.configure(&format!(
        "{text}\n[profile cli]\nregion=eu-west-1\ncredential_process={} export --format=json Master-DeveloperRole\n",
        env!("CARGO_BIN_EXE_aws-vault")
    ));
    let names = boto3(
        &home,
        "import boto3; s = boto3.Session(); print(*s.available_profiles); \
         print(s._session.full_config['profiles']['Master-ReadOnly'])",
    );
    assert!(
        names.contains("Bastion-ReadOnly Master-DeveloperRole Master-ReadOnly cli"),
        "{names}"
    );
    assert!(names.contains("'sso_session': 'corp'"), "{names}");
    let exported = run(Command::new(python("aws"))
        .args([
            "sts",
            "get-caller-identity",
            "--profile",
            "cli",
            "--output",
            "text",
            "--query",
            "Arn",
        ])
        .env_clear()
        .envs(&home.vars))
    .ok()
    .stdout;
    assert_eq!(
        exported.trim(),
        "arn:aws:sts::222233334444:assumed-role/DeveloperRole/elmerfudd"
    );
}

fn boto3(home: &Home, program: &str) -> String {
    let mut command = Command::new(python("python"));
    command.args(["-c", program]).env_clear().envs(&home.vars);
    run(&mut command).ok().stdout
}

/// 2,000 accounts with three roles each, and answers that take 20 ms.
#[test]
fn thousands_of_accounts() {
    let sim = instance_with(|instance| {
        instance["generated_accounts"] = 2000.into();
        instance["generated_roles"] = json!(["Admin", "PowerUser", "ReadOnly"]);
        instance["script"] = json!({ "portal_latency_ms": 20 });
    });
    let home = home(&sim);
    home.configure(SESSION);
    home.run(["sso", "login"]).ok();
    let ran = home.run(["sso", "populate", "--yes"]).ok();
    assert!(
        ran.stdout.contains("6003 profiles to add"),
        "{}",
        ran.stdout.len()
    );
    assert_eq!(
        home.run(["list", "--profiles"]).ok().stdout.lines().count(),
        6003
    );
}
