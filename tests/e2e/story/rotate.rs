//! `rotate`: the stored key is replaced, with one MFA code, from any profile that hangs on it.

use aws_vault::credentials::masked;
use serde_json::json;

use crate::support::{BASTION, DECK, Home, KEY, Ran, Sim, account_role};

const SIBLINGS: &str = "\
[profile bastion]
mfa_serial = arn:aws:iam::111122223333:mfa/elmerfudd

[profile master]
source_profile = bastion
mfa_serial = arn:aws:iam::111122223333:mfa/elmerfudd
role_arn = arn:aws:iam::222233334444:role/DeveloperRole

[profile sibling]
source_profile = bastion
mfa_serial = arn:aws:iam::111122223333:mfa/elmerfudd
role_arn = arn:aws:iam::222233334444:role/DeveloperRole
role_session_name = sibling
";

#[test]
fn one_code_is_asked_for_and_the_new_key_replaces_the_old() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, BASTION);
    let (mut pty, child) = home.on_terminal(["rotate", "bastion"]);
    pty.wait_for("Enter MFA code for arn:aws:iam::111122223333:mfa/elmerfudd: ");
    pty.send(format!("{}\r", sim.code()));
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert_eq!(
        pty.shown.matches("Enter MFA code").count(),
        1,
        "{}",
        pty.shown
    );
    let new = replaced(&sim, &home);
    let (old, new) = (masked(KEY.id), masked(&new));
    let said: Vec<&str> = pty
        .shown
        .lines()
        .filter(|line| !line.starts_with("Enter MFA code"))
        .collect();
    assert_eq!(
        said,
        [
            "Rotating credentials stored for profile 'bastion' using a session from profile 'bastion'",
            "Creating a new access key",
            &format!("Created new access key {new}"),
            "Deleted 1 sessions for bastion",
            &format!("Deleting old access key {old}"),
            &format!("Deleted old access key {old}"),
            "Finished rotating access key",
        ]
    );
    assert_eq!(
        sim.writes(),
        [
            "iam:CreateAccessKey",
            "iam:UpdateAccessKey",
            "iam:DeleteAccessKey"
        ]
    );
    assert_eq!(
        sim.calls().last().unwrap().access_key_id,
        home.stored_id("bastion"),
        "the old key goes with the new one"
    );
    home.run(["exec", "-t", &sim.code(), "bastion", "--", "true"])
        .ok();
}

#[test]
fn sessions_of_every_profile_on_the_key_are_dropped() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, SIBLINGS);
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    home.run(["exec", "sibling", "--", "true"]).ok();
    assert_eq!(home.sessions(), 3);
    let ran = home.run(["rotate", "bastion"]).ok();
    assert!(
        ran.stdout.contains("Deleted 3 sessions for bastion\n"),
        "{ran:?}"
    );
    assert_eq!(home.sessions(), 0);
    assert_eq!(
        sim.count("GetSessionToken"),
        1,
        "the session that was there needs no other code"
    );
    replaced(&sim, &home);
}

#[test]
fn a_role_in_another_account_is_left_out() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    let ran = home.run(["rotate", "-t", &sim.code(), "master"]).ok();
    assert!(ran.stdout.starts_with(
        "Rotating credentials stored for profile 'bastion' using a session from profile 'master'\n"
    ));
    assert_eq!(
        (sim.count("GetSessionToken"), sim.count("AssumeRole")),
        (1, 0)
    );
    replaced(&sim, &home);
}

#[test]
fn a_key_several_roles_away_is_found() {
    let sim = Sim::with(|world| {
        let roles = &mut world["accounts"]["111122223333"]["roles"];
        *roles = json!({
            "First": account_role("111122223333", &["sts:AssumeRole"]),
            "Second": account_role("111122223333", &["iam:*"]),
        });
        // Who has no right to the keys but through the role.
        world["accounts"]["111122223333"]["users"]["elmerfudd"]["groups"] = json!([]);
    });
    let home = Home::with_key(
        &sim,
        "[profile bastion]\nregion = eu-west-1\n\n[profile first]\nsource_profile = bastion\nrole_arn = \
         arn:aws:iam::111122223333:role/First\n\n[profile second]\nsource_profile = first\nrole_arn = \
         arn:aws:iam::111122223333:role/Second\n",
    );
    home.run(["rotate", "bastion"]).fails("AccessDenied");
    assert_eq!(sim.keys(), [format!("{} Active", KEY.id)]);
    home.run(["rotate", "second"]).ok();
    assert_eq!(sim.count("AssumeRole"), 2);
    replaced(&sim, &home);
}

#[test]
fn no_session_uses_the_key_itself() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    for profile in ["bastion", "master"] {
        let before = home.stored_id("bastion");
        let ran = home.run(["rotate", "--no-session", profile]).ok();
        assert!(
            ran.stdout
                .starts_with("Rotating credentials stored for profile 'bastion' using"),
            "{ran:?}"
        );
        assert_ne!(home.stored_id("bastion"), before);
    }
    assert_eq!(
        (sim.count("GetSessionToken"), sim.count("AssumeRole")),
        (0, 0)
    );
    replaced(&sim, &home);
}

#[test]
fn a_profile_without_mfa_uses_its_key() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, "[profile bastion]\nregion = eu-west-1\n");
    let ran: Ran = home.run(["rotate", "bastion"]).ok();
    assert!(
        ran.stdout.starts_with(
            "Rotating credentials stored for profile 'bastion' using master credentials\n"
        ),
        "{ran:?}"
    );
    assert_eq!(ran.stderr, "");
    replaced(&sim, &home);
}

/// The store holds the user's only key, it is a new one, and nothing else is left behind. Returns its id.
#[track_caller]
fn replaced(sim: &Sim, home: &Home) -> String {
    let id = home.stored_id("bastion").unwrap();
    assert_ne!(id, KEY.id);
    assert_eq!(sim.keys(), [format!("{id} Active")]);
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "bastion\n");
    assert_eq!(home.env_of(&["-n", "bastion"]).var("AWS_ACCESS_KEY_ID"), id);
    id
}
