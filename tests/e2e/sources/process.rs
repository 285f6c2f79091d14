//! `credential_process`.

use aws_sim::FaultKind;

use super::{Helper, role_behind, sim};
use crate::concurrency::together;
use crate::support::{Home, KEY, error, once};

fn config(command: &str) -> String {
    let roles = role_behind("tool");
    format!("[profile tool]\ncredential_process = {command}\nregion = eu-west-1\n{roles}")
}

#[test]
fn temporary_credentials_are_cached_and_feed_roles() {
    let sim = sim();
    let helper = Helper::of(&sim, "bastion");
    let home = Home::of(&sim, &config(&helper.program));
    let first = home.env_of(&["tool"]);
    assert_eq!(first.stderr, "the helper speaks\n");
    let id = first.var("AWS_ACCESS_KEY_ID");
    assert!(first.find_var("AWS_CREDENTIAL_EXPIRATION").is_some());

    let again = home.env_of(&["tool"]);
    assert_eq!(
        (again.var("AWS_ACCESS_KEY_ID"), again.stderr.as_str()),
        (id, "")
    );
    let listed = home.run(["list", "--sessions"]).ok().stdout;
    assert!(listed.starts_with("credential_process:"), "{listed}");

    sim.clear_calls();
    home.env_of(&["dev"]);
    home.env_of(&["dev"]);
    assert_eq!(
        (sim.actions(), helper.runs()),
        (vec!["sts:AssumeRole".to_owned()], 1)
    );

    let steps = home.run(["explain", "dev"]).ok().stdout;
    assert!(steps.contains("credential_process of 'tool'"), "{steps}");
    assert_eq!(steps.matches("(cached, ").count(), 2, "{steps}");
    home.run(["clear", "tool"]).ok();
    home.env_of(&["tool"]);
    assert_eq!(helper.runs(), 2);
}

#[test]
fn long_term_keys_are_not_cached() {
    let sim = sim();
    let helper = Helper::of(&sim, "--no-session bastion");
    let home = Home::of(&sim, &config(&helper.program));
    for _ in 0..2 {
        let ran = home.env_of(&["tool"]);
        assert_eq!(ran.var("AWS_ACCESS_KEY_ID"), KEY.id);
        assert_eq!(ran.find_var("AWS_SESSION_TOKEN"), None);
    }
    assert_eq!((helper.runs(), home.sessions()), (2, 0));
    home.env_of(&["dev"]);
    home.env_of(&["dev"]);
    assert_eq!((helper.runs(), home.sessions()), (3, 1));
    assert!(home.leftovers().is_empty());
}

#[test]
fn thirty_two_cold_starts_run_it_once() {
    let sim = sim();
    let helper = Helper::of(&sim, "bastion");
    let home = Home::of(&sim, &config(&helper.program));
    sim.faults([once("GetSessionToken", FaultKind::Latency { ms: 300 })]);
    assert_eq!(together(&home, "dev", 32).len(), 1);
    assert_eq!((helper.runs(), sim.count("AssumeRole")), (1, 1));
    assert!(home.leftovers().is_empty());
}

#[test]
fn revoked_credentials_are_obtained_again_once() {
    let sim = sim();
    let helper = Helper::of(&sim, "bastion");
    let home = Home::of(&sim, &config(&helper.program));
    home.env_of(&["tool"]);
    sim.faults([once("AssumeRole", error(403, "ExpiredToken", "expired"))]);
    home.env_of(&["dev"]);
    assert_eq!((helper.runs(), sim.count("AssumeRole")), (2, 2));
}

#[test]
fn commands_from_a_file_that_others_can_write_are_not_run() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    let touch = format!("touch {}", home.path("ran").display());
    let role =
        "role_arn = arn:aws:iam::222233334444:role/Ci\nsaml_principal_arn = x\nregion = eu-west-1";
    for key in [
        "credential_process",
        "web_identity_token_process",
        "saml_assertion_process",
    ] {
        home.configure(&format!("[profile tool]\n{role}\n{key} = {touch}\n"));
        let mode = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(home.config(), mode).unwrap();
        home.run(["exec", "tool", "--", "true"])
            .fails("can be written by every user")
            .hints("chmod 600");
        assert!(!home.path("ran").exists(), "{key}");
    }
}

#[test]
fn a_helper_that_asks_for_its_own_profile_is_stopped_before_it_waits_for_us() {
    let sim = sim();
    let home = Home::of(&sim, "");
    let helper = home.script(
        "helper",
        &format!(
            "exec '{}' export --format=json tool",
            env!("CARGO_BIN_EXE_aws-vault")
        ),
    );
    home.configure(&config(&helper));
    let ran = home
        .run(["exec", "tool", "--", "true"])
        .fails("credential_process of profile 'tool' (line 2 [profile tool]) failed");
    assert!(
        ran.stderr.contains("credential_process runs in a loop"),
        "{ran:#?}"
    );
}

#[test]
fn a_warm_run_costs_what_a_role_costs() {
    let sim = sim();
    let helper = Helper::of(&sim, "bastion");
    let home = Home::of(&sim, &config(&helper.program));
    for profile in ["tool", "dev"] {
        home.env_of(&[profile]);
        let opened = crate::chain::opened_warm(&sim, &home, profile);
        assert_eq!(opened.len(), 4, "config, index, session, key: {opened:#?}");
    }
}

#[test]
fn it_may_ask_on_the_terminal() {
    let sim = sim();
    let helper = Helper::of(&sim, "bastion");
    let home = Home::of(&sim, "");
    let asks = home.script(
        "asks",
        &format!(
            "printf 'PIN: ' >&2; read pin; test \"$pin\" = 1234 || exit 9; exec {}",
            helper.program
        ),
    );
    home.configure(&config(&asks));
    let (mut pty, child) = home.on_terminal(["exec", "tool", "--", "true"]);
    pty.wait_for("PIN: ");
    pty.send("1234\n");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    home.run(["clear"]).ok();
    // Without a terminal it reads nothing, and not what belongs to the command.
    let mut command = home.command(["exec", "tool", "--", "cat"]);
    let (input, mut write) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut write, b"1234\n").unwrap();
    drop(write);
    command.stdin(input);
    crate::support::run(&mut command).fails("failed (exit status: 9)");
}
