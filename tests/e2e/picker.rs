//! The list that a person chooses a profile from.

use std::fs;
use std::process::{Child, Stdio};

use crate::pty::Pty;
use crate::support::{DECK, Home, KEY, Sim};

const QUESTION: &str = "Choose AWS profile: ";

/// A home with the two profiles of the talk, an MFA session, and a key without a profile.
fn warm() -> (Sim, Home) {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, DECK);
    home.add("lone", KEY);
    home.env_of(&["-t", &sim.code(), "bastion"]);
    home.set("TERM", "xterm");
    home.set("NO_COLOR", "1");
    (sim, home)
}

/// Asked on the terminal, with the answer going elsewhere.
fn started(home: &Home, words: &[&str]) -> (Pty, Child, std::path::PathBuf) {
    let (pty, out) = (Pty::open(), home.path("out"));
    let mut command = pty.command(env!("CARGO_BIN_EXE_aws-vault"));
    command.args(words).env_clear().envs(&home.vars);
    command.stdout(Stdio::from(fs::File::create(&out).unwrap()));
    let child = command.spawn().unwrap();
    (pty, child, out)
}

#[test]
fn it_shows_what_is_known_and_stdout_is_the_answer_alone() {
    let (_sim, home) = warm();
    let (mut pty, child, out) = started(&home, &["export", "--format=json"]);
    pty.wait_for(QUESTION);
    pty.wait_for("> bastion  111122223333, key stored, session 59m");
    pty.wait_for("master   222233334444 DeveloperRole\r\n");
    pty.wait_for("lone     key stored");
    pty.send("mst");
    pty.wait_for("> master  222233334444 DeveloperRole");
    pty.wait_for("1 of 3");
    pty.send("\r");
    pty.wait_for(&format!("{QUESTION}master\r\n"));
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(pty.is_as_found());
    let document = fs::read_to_string(out).unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["Version"], 1);
}

#[test]
fn every_command_that_needs_a_profile_lets_one_choose() {
    let (_sim, mut home) = warm();
    let shell = home.script("shell", "echo \"shell of $AWS_VAULT\"");
    home.set("SHELL", shell);
    for (words, keys, says) in [
        (&["explain"][..], "\r", "1  access key of 'bastion'"),
        (&["explain"], "\u{1b}[B\r", "sts:AssumeRole for 'master'"),
        (&["exec"], "\t\t\u{10}\r", "shell of master"),
        (&["login", "--stdout"], "developer\r", "SigninToken="),
        (&["rotate"], "\u{1b}[A\r", "stored for profile 'lone'"),
    ] {
        let (mut pty, child, out) = started(&home, words);
        pty.wait_for(QUESTION);
        pty.send(keys);
        pty.finish(child);
        let answer = fs::read_to_string(out).unwrap();
        assert!(answer.contains(says), "{words:?}: {answer} {}", pty.shown);
    }
}

#[test]
fn leaving_the_list_picks_nothing() {
    let (sim, home) = warm();
    let before = sim.actions().len();
    for (keys, code, says) in [
        ("\u{3}", 130, "interrupted"),
        ("bas\u{3}", 130, "interrupted"),
        ("\u{1b}", 130, "interrupted"),
        ("\u{4}", 1, "left without an answer"),
        ("nothing\r\u{4}", 1, "left without an answer"),
    ] {
        let (mut pty, child, out) = started(&home, &["export"]);
        pty.wait_for(QUESTION);
        pty.send(keys);
        assert_eq!(
            pty.finish(child).code(),
            Some(code),
            "{keys:?}: {}",
            pty.shown
        );
        assert!(pty.shown.contains(says), "{keys:?}: {}", pty.shown);
        assert!(pty.is_as_found());
        assert_eq!(fs::read_to_string(out).unwrap(), "");
    }
    assert_eq!(sim.actions().len(), before);
}

#[test]
fn where_nobody_can_choose_a_profile_must_be_named() {
    let (_sim, mut home) = warm();
    for command in ["exec", "export", "rotate", "explain"] {
        home.run([command])
            .exits(2, "no profile given")
            .hints("name a profile");
    }
    home.run(["login"])
        .exits(2, "no profile given, and no AWS keys in the environment");
    home.set("TERM", "dumb");
    let (mut pty, child) = home.on_terminal(["export"]);
    assert_eq!(pty.finish(child).code(), Some(2), "{}", pty.shown);
    home.set("TERM", "xterm");
    home.set("AWS_CONFIG_FILE", "/dev/null");
    home.set("AWS_VAULT_FILE_DIR", home.path("empty"));
    let (mut pty, child) = home.on_terminal(["export"]);
    assert_eq!(pty.finish(child).code(), Some(2));
    assert!(
        pty.shown.contains("there is none to choose from"),
        "{}",
        pty.shown
    );
}
