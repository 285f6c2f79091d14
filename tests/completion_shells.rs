//! Completion as people meet it: a shell on a terminal, the script loaded, Tab pressed.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::exit)]

mod program;
mod pty;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use aws_vault::cli::args::Shell;
use aws_vault::cli::completion::{answer, is_asked, script};
use aws_vault::environment::Environment;
use program::write_program;
use pty::Pty;

/// Words of the command line, each followed by a newline.
const WORDS: &str = "TEST_WORDS";
/// Where the answer goes: the test harness writes to stdout itself.
/// Control-U.
const KILL_LINE: &str = "\u{15}";
const ANSWER: &str = "TEST_ANSWER";

#[test]
#[ignore = "not a test: what the shells below call as aws-vault"]
fn answerer() {
    let environment = Environment::of_process();
    let words: Vec<OsString> = environment
        .var(WORDS)
        .unwrap()
        .split_terminator('\n')
        .map(OsString::from)
        .collect();
    let answer = answer(&words, &environment, None, profiles).unwrap();
    let mut file = std::fs::File::create(environment.var(ANSWER).unwrap()).unwrap();
    file.write_all(&answer).unwrap();
}

fn profiles() -> Vec<String> {
    [
        "work",
        "work-production",
        "play:ground",
        "x;touch CREATED",
        "$(touch CREATED)",
        "two words",
        "-f",
    ]
    .map(str::to_owned)
    .into()
}

#[test]
fn bash_completes_commands_flags_and_profiles() {
    let machine = Machine::new(Shell::Bash);
    machine.completes("bash", &["--norc", "--noprofile", "-i"], "source ");
}

#[test]
fn zsh_completes_commands_flags_and_profiles() {
    let machine = Machine::new(Shell::Zsh);
    machine.completes(
        "zsh",
        &["-f", "-i"],
        "autoload -U compinit; compinit -u -D; source ",
    );
}

#[test]
fn fish_completes_commands_flags_and_profiles() {
    let machine = Machine::new(Shell::Fish);
    machine.completes("fish", &["--no-config", "-i"], "source ");
}

#[test]
fn bash_leaves_the_words_of_a_command_to_its_own_completion() {
    let machine = Machine::new(Shell::Bash);
    let (mut pty, child) = machine.shell("bash", &["--norc", "--noprofile", "-i"]);
    pty.send(format!(
        "_command_offset() {{ COMPREPLY=(own-$1); }}; source {}\r",
        machine.script()
    ));
    pty.send("aws-vault exec work -- aws s3 \t");
    pty.wait_for("aws s3 own-4");
    pty.send(KILL_LINE);
    pty.send("exit\r");
    pty.finish(child);
}

#[test]
fn only_plain_names_are_offered_and_only_where_a_profile_stands() {
    for (line, offered) in [
        (
            &["aws-vault", "exec", ""][..],
            &["work", "work-production", "play:ground"][..],
        ),
        (
            &["aws-vault", "exec", "-n", "-d", "1h", "w"],
            &["work", "work-production"],
        ),
        (&["aws-vault", "remove", "work-"], &["work-production"]),
        (&["aws-vault", "--debug", "login", "pl"], &["play:ground"]),
        (&["aws-vault", "rotate", "pl"], &["play:ground"]),
        (&["aws-vault", "explain", "pl"], &["play:ground"]),
        (&["aws-vault", "export", "pl"], &["play:ground"]),
        (&["aws-vault", "clear", "pl"], &["play:ground"]),
        (&["aws-vault", "add", ""], &[]),
        (&["aws-vault", "exec", "work", "aws", "--reg"], &[]),
        (&["aws-vault", "exec", "work", "--", "aws", "w"], &[]),
        (&["aws-vault", "exec", "work", "--reg"], &["--region"]),
        (&["aws-vault", "export", "--format", "po"], &["powershell"]),
        (
            &["aws-vault", "--backend", ""],
            &[
                "file",
                "keychain",
                "keyctl",
                "kwallet",
                "op",
                "op-connect",
                "pass",
                "passage",
                "secret-service",
                "wincred",
            ],
        ),
        (&["aws-vault", "expl"], &["explain"]),
        (&["aws-vault", "bastion", "enr"], &["enroll-mfa"]),
        (
            &["aws-vault", "bastion", "verify", "--as", "pl"],
            &["play:ground"],
        ),
        (
            &["aws-vault", "bastion", "init", "--admin-profile", "pl"],
            &["play:ground"],
        ),
        (
            &["aws-vault", "bastion", "export", "--format", "st"],
            &["stackset"],
        ),
    ] {
        let words: Vec<OsString> = ["aws-vault", "--"]
            .iter()
            .chain(line)
            .map(OsString::from)
            .collect();
        let environment: Environment = [("AWS_VAULT_COMPLETE", "fish")].into_iter().collect();
        let answer =
            String::from_utf8(answer(&words, &environment, None, profiles).unwrap()).unwrap();
        let mut names: Vec<&str> = answer
            .lines()
            .map(|line| line.split('\t').next().unwrap())
            .collect();
        // An empty word also brings up every flag.
        names.retain(|name| !(name.starts_with('-') && line.last() == Some(&"")));
        assert_eq!(names, offered, "{line:?}");
    }
}

#[test]
fn a_person_is_no_completion_script() {
    assert!(!is_asked(&Environment::default()));
    assert!(!is_asked(
        &[("AWS_VAULT_COMPLETE", "")].into_iter().collect()
    ));
    assert!(is_asked(
        &[("AWS_VAULT_COMPLETE", "bash")].into_iter().collect()
    ));
    let unknown: Environment = [("AWS_VAULT_COMPLETE", "tcsh")].into_iter().collect();
    assert!(answer(&[], &unknown, None, profiles).is_err());
}

#[test]
fn there_is_a_script_for_powershell() {
    let script = script(Shell::Powershell).unwrap();
    assert!(
        script.contains("Register-ArgumentCompleter") && script.contains("AWS_VAULT_COMPLETE"),
        "{script}"
    );
}

/// A folder with an `aws-vault` to be found in PATH, and the completion script.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new(shell: Shell) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("aws-vault");
        let calls = format!(
            "#!/bin/sh\n{WORDS}=$(printf '%s\\n' aws-vault \"$@\"; echo .)\nexport {WORDS}=\"${{{WORDS}%.}}\"\n\
             export {ANSWER}=$(mktemp)\n'{}' --ignored --exact answerer >/dev/null && cat \"${ANSWER}\"\n",
            std::env::current_exe().unwrap().display()
        );
        write_program(&program, &calls);
        std::fs::write(folder.path().join("script"), script(shell).unwrap()).unwrap();
        Self { folder }
    }

    fn script(&self) -> String {
        self.path().join("script").display().to_string()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn shell(&self, shell: &str, options: &[&str]) -> (Pty, std::process::Child) {
        let found = Command::new(shell).arg("--version").output();
        assert!(
            found.is_ok(),
            "{shell} is missing: install the Debian package {shell}"
        );
        let pty = Pty::open();
        let path = Environment::of_process().var("PATH").unwrap().to_owned();
        let child = pty
            .interactive(shell)
            .args(options)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", self.path().display()))
            .env("HOME", self.path())
            .env("TMPDIR", self.path())
            .env("TERM", "dumb")
            .env("LC_ALL", "C.UTF-8")
            .spawn()
            .unwrap();
        (pty, child)
    }

    /// Types half words and Tab. (Not `--format=power`: bash takes the `=` for the end of a word.)
    fn completes(&self, shell: &str, options: &[&str], load: &str) {
        let (mut pty, child) = self.shell(shell, options);
        pty.send(format!("{load}{}; echo load''ed\r", self.script()));
        pty.wait_for("loaded");
        for (typed, becomes) in [
            ("aws-vault expl\t", "explain"),
            ("aws-vault exec work-\t", "work-production"),
            ("aws-vault exec --no-s\t", "--no-session"),
            ("aws-vault export --format power\t", "powershell"),
        ] {
            pty.send(typed);
            pty.wait_for(becomes);
            pty.send(KILL_LINE);
        }
        pty.send("exit\r");
        pty.finish(child);
        assert!(!self.path().join("CREATED").exists());
    }
}
