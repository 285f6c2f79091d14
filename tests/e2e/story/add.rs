//! `add`: from the environment, and from a person at a terminal.

use std::fs;

use crate::support::{BASTION, DECK, Home, KEY, SERIAL, Sim};

#[test]
fn a_key_from_the_environment_is_stored_and_its_profile_appended() {
    let mut home = Home::new();
    let before = "# mine; do not touch\r\n[default]\r\nregion=eu-west-1  # Dublin";
    home.configure(before);
    home.set("AWS_ACCESS_KEY_ID", KEY.id);
    home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
    let ran = home.run(["add", "--env", "work"]).ok();
    assert_eq!(
        ran.stdout,
        "Added credentials to profile \"work\" in vault\n"
    );
    assert_eq!(ran.stderr, "");
    assert_eq!(home.stored_id("work").as_deref(), Some(KEY.id));
    let after = fs::read_to_string(home.config()).unwrap();
    assert!(after.starts_with(before), "{after:?}");
    assert!(
        after[before.len()..].trim() == "[profile work]",
        "{after:?}"
    );
    assert_eq!(
        home.run(["list", "--profiles"]).ok().stdout,
        "default\nwork\n"
    );
}

#[test]
fn no_add_config_leaves_the_config_file_alone() {
    let home = Home::new();
    home.add("work", KEY);
    assert!(!home.config().exists());
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "work\n");
}

#[test]
fn a_person_types_the_key_and_no_secret_is_echoed() {
    let home = Home::new();
    let (mut pty, child) = home.on_terminal(["add", "bastion"]);
    pty.wait_for("Enter Access Key ID: ");
    pty.send(format!("{}\r", KEY.id));
    pty.wait_for("Enter Secret Access Key: ");
    pty.send(format!("{}\r", KEY.secret));
    pty.wait_for("Enter MFA Device ARN (If MFA is not enabled, leave this blank): ");
    pty.send(format!("{SERIAL}\r"));
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(
        pty.shown
            .contains("Added credentials to profile \"bastion\" in vault"),
        "{}",
        pty.shown
    );
    assert!(
        !pty.shown.contains(KEY.secret) && !pty.shown.contains(&KEY.secret[..8]),
        "{}",
        pty.shown
    );
    assert!(pty.is_as_found());
    let config = fs::read_to_string(home.config()).unwrap();
    assert!(
        config.contains("[profile bastion]") && config.contains(&format!("mfa_serial={SERIAL}")),
        "{config}"
    );
    assert_eq!(home.stored_id("bastion").as_deref(), Some(KEY.id));
}

#[test]
fn the_passphrase_of_a_new_store_is_asked_twice_and_opens_it_later() {
    let sim = Sim::deck();
    let mut home = Home::of(&sim, "[profile bastion]\nregion = eu-west-1\n");
    home.unset("AWS_VAULT_FILE_PASSPHRASE");
    home.set("AWS_ACCESS_KEY_ID", KEY.id);
    home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
    let (mut pty, child) = home.on_terminal(["add", "--env", "bastion"]);
    let asks = format!(
        "Choose a passphrase for the new keystore \"{}",
        home.keys().display()
    );
    pty.wait_for(&asks);
    pty.send("CANARY-one\r");
    pty.wait_for("again: ");
    pty.send("CANARY-two\r");
    pty.wait_for("the passphrases differ");
    for question in [asks.as_str(), "again: "] {
        pty.wait_for(question);
        pty.send("CANARY-three\r");
    }
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(!pty.shown.contains("CANARY-"), "{}", pty.shown);

    let (mut pty, child) =
        home.on_terminal(["exec", "bastion", "--", "sh", "-c", "echo as $AWS_VAULT"]);
    pty.wait_for(&format!(
        "Enter passphrase to unlock \"{}",
        home.keys().display()
    ));
    pty.send("CANARY-three\r");
    pty.wait_for("as bastion");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(!pty.shown.contains("CANARY-"), "{}", pty.shown);
}

#[test]
fn what_is_no_access_key_is_refused_and_nothing_is_stored() {
    for (id, secret, says) in [
        (KEY.secret, KEY.id, "not the id of an access key"),
        (KEY.id, KEY.id, "not a secret access key"),
        ("ASIAIOSFODNN7EXAMPLE", KEY.secret, "temporary access key"),
        (
            KEY.id,
            "two words that are no secret",
            "not a secret access key",
        ),
    ] {
        let mut home = Home::new();
        home.set("AWS_ACCESS_KEY_ID", id);
        home.set("AWS_SECRET_ACCESS_KEY", secret);
        let ran = home.run(["add", "--env", "work"]).fails(says).hints("");
        assert!(!ran.stderr.contains(secret), "{ran:?}");
        assert_eq!(home.files(), [] as [std::path::PathBuf; 0]);
    }
    let mut home = Home::new();
    home.run(["add", "--env", "work"])
        .fails("Missing value for AWS_ACCESS_KEY_ID");
    home.set("AWS_ACCESS_KEY_ID", KEY.id);
    home.run(["add", "--env", "work"])
        .fails("Missing value for AWS_SECRET_ACCESS_KEY");
}

#[test]
fn a_key_that_would_never_be_used_is_refused() {
    let home = Home::new();
    home.configure(DECK);
    let before = home.digest("");
    home.run(["add", "--env", "master"])
        .fails("Your profile has a source_profile of bastion, adding credentials to master won't have any effect");
    assert_eq!(home.digest(""), before);
}

#[test]
fn sessions_of_the_key_before_are_dropped() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, DECK);
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    assert_eq!(home.sessions(), 2);
    home.set("AWS_ACCESS_KEY_ID", KEY.id);
    home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
    let ran = home.run(["add", "--env", "bastion"]).ok();
    assert_eq!(
        ran.stdout,
        "Added credentials to profile \"bastion\" in vault\nDeleted 2 existing sessions.\n"
    );
    assert_eq!(home.sessions(), 0);
    assert_eq!(fs::read_to_string(home.config()).unwrap(), DECK);
}

#[test]
fn ctrl_c_at_any_question_stores_nothing() {
    let home = Home::new();
    for answers in 0..3 {
        let (mut pty, child) = home.on_terminal(["add", "bastion"]);
        for (question, answer) in [("ID: ", KEY.id), ("Key: ", KEY.secret)]
            .iter()
            .take(answers)
        {
            pty.wait_for(question);
            pty.send(format!("{answer}\r"));
        }
        pty.wait_for(["ID: ", "Key: ", "blank): "][answers]);
        pty.send("\u{3}");
        assert_eq!(pty.finish(child).code(), Some(130), "{}", pty.shown);
        assert!(pty.is_as_found());
        assert_eq!(home.files(), [] as [std::path::PathBuf; 0]);
    }
}

#[test]
fn a_device_typed_for_a_profile_that_is_there_already_is_not_silently_lost() {
    let home = Home::new();
    home.configure(BASTION);
    let (mut pty, child) = home.on_terminal(["add", "bastion"]);
    for (question, answer) in [
        ("ID: ", KEY.id),
        ("Key: ", KEY.secret),
        ("blank): ", "arn:aws:iam::111122223333:mfa/other"),
    ] {
        pty.wait_for(question);
        pty.send(format!("{answer}\r"));
    }
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(
        pty.shown
            .contains("mfa_serial = arn:aws:iam::111122223333:mfa/other"),
        "{}",
        pty.shown
    );
    assert_eq!(fs::read_to_string(home.config()).unwrap(), BASTION);
}
