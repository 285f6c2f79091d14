//! One person, one profile: how credentials come about, and how they are had again.

use std::fs;

use super::{CONFIG, home, instance, opened};
use crate::support::{Home, Sim};

#[test]
fn a_browser_brings_the_code_and_the_cache_keeps_the_rest() {
    let sim = instance();
    let home = home(&sim);
    let ran = home.env_of(&["dev"]);
    assert!(ran.var("AWS_ACCESS_KEY_ID").starts_with("ASIA"));
    assert!(
        ran.stderr.contains("/authorize?response_type=code&"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        sim.actions(),
        [
            "sso-oidc:RegisterClient",
            "sso-oidc:Authorize",
            "sso-oidc:CreateToken",
            "sso:GetRoleCredentials"
        ]
    );
    assert_eq!(
        sim.parameters("RegisterClient")["scopes"],
        "[\"sso:account:access\"]"
    );
    let page = fs::read_to_string(home.path("page.html")).unwrap();
    assert!(page.contains("You are signed in"), "{page}");
    let argv = fs::read_to_string(home.path("opened")).unwrap();
    assert!(
        argv.starts_with("http://127.0.0.1:") && !argv.contains("state"),
        "{argv}"
    );

    sim.clear_calls();
    assert_eq!(
        home.env_of(&["dev"]).var("AWS_ACCESS_KEY_ID"),
        ran.var("AWS_ACCESS_KEY_ID")
    );
    assert!(sim.actions().is_empty());
    home.env_of(&["read"]);
    home.env_of(&["legacy"]);
    assert_eq!(
        sim.actions(),
        ["sso:GetRoleCredentials"; 2],
        "one sign-in for all of the instance"
    );
    assert_eq!(opened(&home), 1);
    no_token_in_clear(&home);
}

/// `aoa…` is how every token of the simulated service begins.
fn no_token_in_clear(home: &Home) {
    for file in home.files() {
        let bytes = fs::read(&file).unwrap();
        let found = bytes
            .windows(19)
            .any(|window| window == b"aoaIQoJb3JpZ2luX2Vj");
        assert!(!found, "a token in {}", file.display());
    }
}

#[test]
fn a_role_behind_it_lives_for_an_hour_at_most() {
    let sim = instance();
    let home = home(&sim);
    let ran = home.env_of(&["behind"]);
    assert!(ran.var("AWS_ACCESS_KEY_ID").starts_with("ASIA"));
    assert_eq!(sim.parameters("AssumeRole")["DurationSeconds"], "3600");
    sim.clear_calls();
    home.env_of(&["behind"]);
    assert!(sim.actions().is_empty());
    let explained = home.run(["explain", "behind"]).ok().stdout;
    assert!(explained.contains("sso:GetRoleCredentials"), "{explained}");
    assert!(explained.contains("sts:AssumeRole"), "{explained}");
}

#[test]
fn a_code_for_a_browser_elsewhere() {
    let sim = instance();
    let mut home = home(&sim);
    home.set("AWS_VAULT_DEVICE_CODE", "1");
    sim.world().identity_center.script.answers_after_polls = Some(1);
    let ran = home.run(["exec", "--stdout", "dev", "--", "env"]).ok();
    assert_eq!(opened(&home), 0);
    assert!(ran.stderr.contains("/device?user_code="), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("The page must show this code: "),
        "{}",
        ran.stderr
    );
    assert_eq!(sim.count("CreateToken"), 2, "pending once");

    // With a browser here the page is opened, too.
    home.run(["clear"]).ok();
    sim.world().identity_center.script.answers_after_polls = None;
    home.env_of(&["dev"]);
    assert_eq!(opened(&home), 1);
}

#[test]
fn printed_instead_of_opened() {
    let sim = instance();
    let mut home = home(&sim);
    home.set("AWS_VAULT_STDOUT", "true");
    let (mut pty, child) = home.on_terminal(["exec", "dev", "--", "true"]);
    pty.wait_for("&scopes=sso%3Aaccount%3Aaccess");
    let url = pty
        .shown
        .split_whitespace()
        .find(|word| word.contains("/authorize?"))
        .unwrap()
        .to_owned();
    let curl = std::process::Command::new("curl")
        .args(["--silent", "--location", &url])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&curl.stdout).contains("You are signed in"));
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert_eq!(opened(&home), 0);
}

#[test]
fn a_token_that_is_over_is_refreshed_without_a_browser() {
    let sim = instance();
    sim.world().identity_center.script.access_token_life_s = 30;
    let home = home(&sim);
    home.env_of(&["dev"]);
    sim.clear_calls();
    home.env_of(&["read"]);
    assert_eq!(
        sim.actions(),
        ["sso-oidc:CreateToken", "sso:GetRoleCredentials"]
    );
    assert_eq!(sim.parameters("CreateToken")["grantType"], "refresh_token");
    home.env_of(&["legacy"]);
    assert_eq!(opened(&home), 1);
}

#[test]
fn scopes_are_sent_as_configured() {
    let sim = instance();
    let home = home(&sim);
    home.configure(&CONFIG.replace(
        "sso_region = eu-west-1\n\n[profile dev]",
        "sso_region = eu-west-1\nsso_registration_scopes = sso:account:access, codewhisperer:completions\n\n[profile dev]",
    ));
    home.env_of(&["dev"]);
    assert_eq!(
        sim.parameters("RegisterClient")["scopes"],
        "[\"codewhisperer:completions\",\"sso:account:access\"]"
    );
}

#[test]
fn a_warm_start_asks_nobody() {
    let sim = instance();
    let home = home(&sim);
    home.env_of(&["dev"]);
    drop(sim);
    home.env_of(&["dev"]);
}

#[test]
fn ctrl_c_at_the_browser_ends_the_wait() {
    let sim = instance();
    let home = home(&sim);
    sim.world().identity_center.script.user = aws_sim::SsoUser::Waits;
    let (mut pty, child) = home.on_terminal(["exec", "dev", "--", "true"]);
    pty.wait_for("/authorize?");
    sim.wait_for("Authorize", 1);
    pty.send("\u{3}");
    let status = pty.finish(child);
    assert!(!status.success(), "{status:?}");
    sim.world().identity_center.script.user = aws_sim::SsoUser::Approves;
    home.env_of(&["dev"]);
}

/// The Go tool takes our items for sessions, and its own tokens are not used.
#[test]
fn items_of_the_store() {
    let sim: Sim = instance();
    let home = home(&sim);
    home.env_of(&["dev"]);
    let names = home.item_names();
    assert!(
        names.iter().all(|name| name.split(',').count() == 4),
        "{names:?}"
    );
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "");
}
