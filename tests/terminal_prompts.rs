//! Prompts on a real pseudo-terminal: this test program asks, the test is the person.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::exit)]

mod pty;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};

use aws_vault::environment::Environment;
use aws_vault::error::CliError;
use aws_vault::terminal::{Terminal, TerminalError, progress};
use pty::Pty;
use zeroize::Zeroizing;

const QUESTION: &str = "TEST_QUESTION";

#[test]
#[ignore = "not a test: what the tests below start"]
fn asker() {
    let environment = Environment::of_process();
    let status = match asked(environment.var(QUESTION).unwrap()) {
        Ok(answer) => {
            println!("answer={:?};", *answer);
            0
        }
        Err(error) => {
            let error = CliError::from(error);
            print!("{}", error.render(None));
            error.kind.exit_code()
        }
    };
    std::process::exit(status.into());
}

fn asked(question: &str) -> Result<Zeroizing<String>, TerminalError> {
    let mut terminal = Terminal::open()?;
    match question {
        "plain" => terminal.ask("Enter Access Key ID: "),
        "hidden" => terminal.ask_hidden("Enter Secret: "),
        "confirm" => Ok(terminal.confirm("Delete? (y|N) ")?.to_string().into()),
        "two" => Ok(format!(
            "{}+{}",
            *terminal.ask("First: ")?,
            *terminal.ask("Second: ")?
        )
        .into()),
        "hostile" => terminal.ask("\u{1b}]0;x\u{7}Code: "),
        "progress" => {
            progress("working");
            Ok(Zeroizing::default())
        }
        other => panic!("{other}"),
    }
}

#[test]
fn an_answer_comes_from_the_terminal_not_from_stdin() {
    for end in ["\r", "\n"] {
        let (mut pty, child) = ask("plain");
        pty.wait_for("Enter Access Key ID: ");
        pty.send("AKIÄ");
        pty.wait_for("AKIÄ");
        pty.send("X\u{7f}1");
        pty.send(end);
        assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
        assert!(
            pty.shown.contains("AKIÄX\u{8} \u{8}1\r\n"),
            "{:?}",
            pty.shown
        );
        assert!(pty.shown.contains(r#"answer="AKIÄ1";"#), "{:?}", pty.shown);
        assert!(pty.is_as_found());
    }
}

#[test]
fn hidden_input_shows_stars_only() {
    let (mut pty, child) = ask("hidden");
    pty.wait_for("Enter Secret: ");
    assert!(!pty.is_as_found());
    pty.send("\u{1b}[200~hunter2\u{1b}[201~\r");
    pty.wait_for("answer=");
    assert!(
        pty.shown.contains("Enter Secret: *******\r\n"),
        "{:?}",
        pty.shown
    );
    assert!(
        !pty.shown[..pty.shown.find("answer=").unwrap()].contains("hunter"),
        "{:?}",
        pty.shown
    );
    pty.wait_for(r#""hunter2";"#);
    assert_eq!(pty.finish(child).code(), Some(0));
    assert!(pty.is_as_found());
}

#[test]
fn ctrl_c_exits_130_with_the_echo_back_on() {
    for question in ["plain", "hidden", "confirm"] {
        let (mut pty, child) = ask(question);
        pty.wait_for(
            ": ".get(..if question == "confirm" { 0 } else { 2 })
                .unwrap(),
        );
        wait_until_raw(&pty);
        pty.send("abc\u{3}");
        assert_eq!(pty.finish(child).code(), Some(130), "{:?}", pty.shown);
        assert!(pty.is_as_found());
    }
}

#[test]
fn ctrl_d_on_an_empty_line_is_no_answer() {
    let (mut pty, child) = ask("hidden");
    pty.wait_for("Enter Secret: ");
    pty.send("\u{4}");
    assert_eq!(pty.finish(child).code(), Some(1), "{:?}", pty.shown);
    assert!(
        pty.shown.contains("left without an answer"),
        "{:?}",
        pty.shown
    );
    assert!(pty.is_as_found());
}

#[test]
fn sigterm_ends_a_question_with_the_echo_back_on() {
    let (mut pty, child) = ask("hidden");
    pty.wait_for("Enter Secret: ");
    wait_until_raw(&pty);
    let kill = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(kill.success());
    assert_eq!(pty.finish(child).signal(), Some(15), "{:?}", pty.shown);
    assert!(pty.is_as_found());
}

#[test]
fn only_y_and_yes_are_yes() {
    for (answer, yes) in [
        ("y", "true"),
        ("YES", "true"),
        (" Y ", "true"),
        ("", "false"),
        ("n", "false"),
        ("yep", "false"),
    ] {
        let (mut pty, child) = ask("confirm");
        pty.wait_for("(y|N) ");
        pty.send(format!("{answer}\r"));
        pty.wait_for(&format!("answer=\"{yes}\";"));
        assert_eq!(pty.finish(child).code(), Some(0));
    }
}

#[test]
fn what_is_typed_ahead_answers_the_next_question() {
    let (mut pty, child) = ask("two");
    pty.wait_for("First: ");
    wait_until_raw(&pty);
    pty.send("one\rtwo\r");
    pty.wait_for(r#"answer="one+two";"#);
    assert_eq!(pty.finish(child).code(), Some(0));
}

#[test]
fn a_prompt_cannot_drive_the_terminal() {
    let (mut pty, child) = ask("hostile");
    pty.wait_for("Code: ");
    pty.send("\r");
    assert_eq!(pty.finish(child).code(), Some(0));
    assert!(
        !pty.shown.contains('\u{1b}') && !pty.shown.contains('\u{7}'),
        "{:?}",
        pty.shown
    );
}

#[test]
fn progress_is_for_terminals() {
    let (mut pty, child) = ask("progress");
    pty.wait_for("working\r\n");
    pty.finish(child);
    let output = asking(&Pty::open(), "progress")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn without_a_terminal_there_is_an_error() {
    let output = Command::new("setsid")
        .arg("--wait")
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "asker"])
        .env(QUESTION, "plain")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains("aws-vault: error: there is no terminal to ask on: "),
        "{stdout}"
    );
}

fn ask(question: &str) -> (Pty, Child) {
    let pty = Pty::open();
    let child = asking(&pty, question).spawn().unwrap();
    (pty, child)
}

fn asking(pty: &Pty, question: &str) -> Command {
    let mut command = pty.command(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "--nocapture", "asker"])
        .env(QUESTION, question);
    command
}

/// A signal or typing ahead means something only once the question is being asked.
fn wait_until_raw(pty: &Pty) {
    while pty.is_as_found() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
