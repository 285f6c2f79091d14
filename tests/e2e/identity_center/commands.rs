//! `sso login`, `logout` and `list`, and what `list` and `clear` make of sign-ins.

use serde_json::Value;

use super::{CONFIG, home, instance, instance_with, opened};
use crate::support::fault;

#[test]
fn login_and_logout() {
    let sim = instance();
    let home = home(&sim);
    let ran = home.run(["sso", "login", "corp"]).ok();
    assert!(
        ran.stdout.starts_with("Signed in to 'corp', until 20"),
        "{}",
        ran.stdout
    );
    home.run(["sso", "login", "dev"]).ok();
    assert_eq!(opened(&home), 2, "whoever asks for a sign-in gets one");
    home.env_of(&["dev"]);
    home.env_of(&["behind"]);
    let ran = home.run(["sso", "logout"]).ok();
    assert_eq!(ran.stdout, "Signed out of 'corp', and forgot 2 sessions.\n");
    assert_eq!((sim.count("Logout"), home.sessions()), (1, 0));
    let names = home.item_names();
    assert!(
        !names.iter().any(|name| name.contains("SignIn")),
        "{names:?}"
    );
    let ran = home.run(["sso", "logout", "--all"]).ok();
    assert_eq!(ran.stdout, "Nobody was signed in to 'corp'.\n");
    home.env_of(&["dev"]);
    assert_eq!(opened(&home), 3);
}

#[test]
fn names_that_mean_nothing() {
    let sim = instance();
    let home = home(&sim);
    home.run(["sso", "login", "nobody"])
        .fails("'nobody' is neither an sso-session nor a profile")
        .hints("corp");
    home.configure("[profile x]\nregion=eu-west-1\n");
    home.run(["sso", "login"])
        .exits(2, "no sso-session is configured");
    home.run(["sso", "login", "x"])
        .fails("'x' has no sso_start_url, or no sso_region");
    home.configure(&format!(
        "{CONFIG}\n[sso-session other]\nsso_start_url=https://x\n"
    ));
    home.run(["sso", "list"])
        .exits(2, "there are several sso-sessions")
        .hints("corp, other");
    home.run(["sso", "list", "other"])
        .fails("'other' has no sso_start_url, or no sso_region");
}

#[test]
fn list_of_accounts_and_roles() {
    let sim = instance();
    let home = home(&sim);
    let ran = home.run(["sso", "list"]).ok();
    assert_eq!(
        ran.stdout,
        "\
Account       Name     Role           Profile
111122223333  Bastion  ReadOnly       legacy
222233334444  Master   DeveloperRole  dev
222233334444  Master   ReadOnly       read
"
    );
    let json = home.run(["sso", "list", "--json", "corp"]).ok().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["session"], "corp");
    assert_eq!(json["accounts"][1]["name"], "Master");
    assert_eq!(json["accounts"][1]["email"], "m@example.com");
    assert_eq!(json["accounts"][1]["roles"][0]["profiles"][0], "dev");
    assert_eq!(opened(&home), 1);
}

#[test]
fn pages_and_throttling() {
    let sim = instance_with(|instance| {
        instance["generated_accounts"] = 60.into();
        instance["generated_roles"] = serde_json::json!(["A", "B", "C"]);
        instance["script"] = serde_json::json!({ "page_size": 2, "portal_rate": 60 });
    });
    let home = home(&sim);
    let ran = home.run(["sso", "list"]).ok();
    assert_eq!(ran.stdout.lines().count(), 1 + 3 + 180);
    let throttled = sim
        .calls()
        .iter()
        .filter(|call| call.error.as_deref() == Some("TooManyRequestsException"))
        .count();
    assert!(throttled > 0, "the limit was never met");
}

#[test]
fn a_listing_that_broke_off_goes_on() {
    let sim = instance_with(|instance| {
        instance["generated_accounts"] = 40.into();
        instance["generated_roles"] = serde_json::json!(["A"]);
    });
    let home = home(&sim);
    let mut broken = fault(
        "ListAccountRoles",
        crate::support::error(403, "ForbiddenException", "No access"),
    );
    broken.skip = 25;
    broken.count = Some(1);
    sim.faults([broken]);
    home.run(["sso", "list"]).fails("ListAccountRoles");
    let done = sim.count("ListAccountRoles");
    sim.clear_calls();
    home.run(["sso", "list"]).ok();
    assert!(
        sim.count("ListAccountRoles") < done,
        "what was known was asked again"
    );
    assert_eq!(sim.count("ListAccounts"), 0);
    let left = home.files();
    assert!(
        !left
            .iter()
            .any(|path| path.extension().is_some_and(|it| it == "listing"))
    );
}

#[test]
fn sign_ins_are_listed_and_cleared() {
    let sim = instance();
    let home = home(&sim);
    home.env_of(&["dev"]);
    let table = home.run(["list"]).ok().stdout;
    let row = |name: &str| {
        let line = table.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert!(
        row("dev").starts_with("- oidc:corp, sso.GetRoleCredentials:"),
        "{table}"
    );
    assert_eq!(row("legacy"), "- oidc:corp", "{table}");
    assert_eq!(row("behind"), "- -", "{table}");
    let sessions = home.run(["list", "--sessions"]).ok().stdout;
    assert!(
        sessions.starts_with("oidc:corp\nsso.GetRoleCredentials:"),
        "{sessions}"
    );
    let json: Value = serde_json::from_str(&home.run(["list", "--json"]).ok().stdout).unwrap();
    assert_eq!(json["sign_ins"][0]["name"], "corp");
    assert_eq!(json["sessions"].as_array().unwrap().len(), 1);

    assert_eq!(
        home.run(["clear", "read"]).ok().stdout,
        "Cleared 1 sessions.\n"
    );
    assert_eq!(
        home.run(["list", "--sessions"]).ok().stdout.lines().count(),
        1
    );
    home.env_of(&["read"]);
    assert_eq!(
        opened(&home),
        2,
        "the sign-in was cleared with the profile that uses it"
    );
    assert_eq!(home.run(["clear"]).ok().stdout, "Cleared 3 sessions.\n");
    assert_eq!(home.run(["list", "--sessions"]).ok().stdout, "");
    let names = home.item_names();
    assert!(
        !names.iter().any(|name| name.contains("SignIn")),
        "{names:?}"
    );
}
