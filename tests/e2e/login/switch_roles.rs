//! The console's Switch role page.

use super::{append, at_home, set};

const MASTER: &str = "https://signin.aws.amazon.com/switchrole?account=222233334444&roleName=DeveloperRole&displayName=master";

#[test]
fn the_link_of_one_profile_needs_no_credentials() {
    let (sim, mut home) = at_home();
    set(
        &home,
        "other",
        "aws_vault_display_name = Production & more\naws_vault_colour = red",
    );
    home.set("AWS_VAULT_FILE_PASSPHRASE", "wrong");
    sim.clear_calls();
    let link = |profile| {
        home.run(["login", "--switch-role", "--stdout", profile])
            .ok()
            .stdout
    };
    assert_eq!(link("master"), format!("{MASTER}\n"));
    assert_eq!(
        link("other"),
        "https://signin.aws.amazon.com/switchrole?account=333344445555&roleName=Other&displayName=Production+%26+more&color=f2b0a9\n"
    );
    home.run(["login", "--switch-role", "bastion"])
        .fails("has no role to switch to");
    assert!(sim.calls().is_empty());
}

#[test]
fn the_link_may_stand_on_a_command_line() {
    let (_sim, mut home) = at_home();
    let opener = home.script(
        "opener",
        "printf '%s\\n' \"$@\" > \"$HOME/argv.new\"; mv \"$HOME/argv.new\" \"$HOME/argv\"",
    );
    home.set("BROWSER", opener);
    home.run(["login", "--switch-role", "master"]).ok();
    assert_eq!(super::written(&home.path("argv")), format!("{MASTER}\n"));
}

#[test]
fn links_of_all_profiles_as_text_json_and_bookmarks() {
    let (sim, home) = at_home();
    append(
        &home,
        "[profile broken]\nrole_arn = nonsense\nsource_profile = bastion\n",
    );
    sim.clear_calls();
    let text = home.run(["switch-roles"]).ok();
    assert!(
        text.stdout
            .starts_with(&format!("master  {MASTER}\nother   https://signin.")),
        "{text:#?}"
    );
    assert_eq!(text.stdout.lines().count(), 2);
    assert!(
        text.stderr
            .contains("left out: role_arn of profile 'broken'"),
        "{text:#?}"
    );

    let json = home.run(["switch-roles", "--json"]).ok().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["roles"][0]["url"], MASTER);
    assert_eq!(json["roles"][1]["account"], "333344445555");

    let bookmarks = home.run(["switch-roles", "--bookmarks"]).ok().stdout;
    assert!(
        bookmarks.starts_with("<!DOCTYPE NETSCAPE-Bookmark-file-1>\n"),
        "{bookmarks}"
    );
    let escaped = MASTER.replace('&', "&amp;");
    assert!(
        bookmarks.contains(&format!("<DT><A HREF=\"{escaped}\">master</A>")),
        "{bookmarks}"
    );
    assert!(sim.calls().is_empty());
}
