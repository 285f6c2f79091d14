//! `remove` and `clear`: what goes and what stays.

use crate::support::{DECK, Home, Sim};

#[test]
fn remove_asks_and_only_yes_removes() {
    let (_sim, home) = warm();
    let before = home.digest("");
    for answer in ["n", "", "yep", "Y E S"] {
        let (mut pty, child) = home.on_terminal(["remove", "bastion"]);
        pty.wait_for("Delete credentials for profile \"bastion\"? (y|N) ");
        pty.send(format!("{answer}\r"));
        assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
        assert_eq!(home.digest(""), before, "{answer}");
    }
    let (mut pty, child) = home.on_terminal(["rm", "bastion"]);
    pty.wait_for("(y|N) ");
    pty.send("Y\r");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(
        pty.shown
            .contains("Deleted credentials.\r\nDeleted 2 sessions."),
        "{}",
        pty.shown
    );
    assert_eq!((home.sessions(), home.stored_id("bastion")), (0, None));
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "");
}

#[test]
fn force_does_not_ask_and_needs_no_terminal() {
    let (_sim, home) = warm();
    home.run(["remove", "bastion"])
        .fails("there is no terminal to ask on")
        .hints("--force");
    assert_eq!(
        home.run(["rm", "-f", "bastion"]).ok().stdout,
        "Deleted credentials.\nDeleted 2 sessions.\n"
    );
    home.run(["remove", "--force", "bastion"])
        .fails("no access key is stored for profile 'bastion'");
    home.run(["exec", "bastion", "--", "true"])
        .fails("bastion")
        .hints("aws-vault add bastion");
}

#[test]
fn ctrl_c_removes_nothing() {
    let (_sim, home) = warm();
    let before = home.digest("");
    let (mut pty, child) = home.on_terminal(["remove", "bastion"]);
    pty.wait_for("(y|N) ");
    pty.send("y\u{3}");
    assert_eq!(pty.finish(child).code(), Some(130), "{}", pty.shown);
    assert!(pty.is_as_found());
    assert_eq!(home.digest(""), before);
}

#[test]
fn clear_forgets_sessions_and_keeps_keys() {
    let (sim, home) = warm();
    assert_eq!(
        home.run(["clear", "master"]).ok().stdout,
        "Cleared 1 sessions.\n"
    );
    assert_eq!(
        home.run(["list", "--sessions"]).ok().stdout.lines().count(),
        1
    );
    assert_eq!(
        home.run(["clear", "nobody"]).ok().stdout,
        "Cleared 0 sessions.\n"
    );
    assert_eq!(home.run(["clear"]).ok().stdout, "Cleared 1 sessions.\n");
    assert_eq!(home.sessions(), 0);
    assert!(home.stored_id("bastion").is_some());
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
}

#[test]
fn clear_and_sessions_only_need_no_passphrase() {
    for words in [&["clear"][..], &["remove", "--sessions-only", "bastion"]] {
        let (_sim, mut home) = warm();
        home.set("AWS_VAULT_FILE_PASSPHRASE", "wrong");
        let ran = home.run(words).ok();
        assert!(ran.stdout.contains(" 2 sessions."), "{ran:?}");
        assert!(home.keys().join("bastion").exists());
    }
}

/// A home with both sessions of the deck in its cache.
fn warm() -> (Sim, Home) {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    assert_eq!(home.sessions(), 2);
    (sim, home)
}
