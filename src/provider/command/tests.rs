use super::*;
use crate::config::profile::Origin;

fn run(command: &str, limit: Duration) -> Result<String, Reason> {
    let setting = Setting::new(
        command.to_owned(),
        Origin::File {
            line: 7,
            section: "profile x".into(),
        },
    );
    let environment = [
        ("PATH", "/usr/bin:/bin"),
        ("AWS_VAULT_FILE_PASSPHRASE", "CANARY"),
        ("AWS_VAULT_OP_CONNECT_TOKEN", "CANARY"),
        ("COLOUR", "blue"),
    ]
    .into_iter()
    .collect();
    let directive = Directive {
        key: "credential_process",
        profile: "x",
        command: &setting,
    };
    let bytes = directive.run(&environment, limit)?;
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

const LONG: Duration = Duration::from_mins(1);

#[test]
fn with_and_without_a_shell() {
    for (command, expected) in [
        ("echo 'a  b' c", "a  b c\n"),
        ("/bin/echo \"a  b\"", "a  b\n"),
        ("echo $COLOUR", "blue\n"),
        ("echo x | tr x y", "y\n"),
        ("echo '$COLOUR'", "$COLOUR\n"),
        ("true", ""),
    ] {
        assert_eq!(run(command, LONG).unwrap(), expected, "{command}");
    }
    assert!(!run("env", LONG).unwrap().contains("CANARY"));
}

#[test]
fn failures_have_their_own_words() {
    for (command, expected) in [
        ("", "names no program"),
        ("'a", "has a quotation mark that is not closed"),
        (
            "no-such-helper",
            "cannot be run: no-such-helper was not found",
        ),
        ("./helper", "cannot be run: ./helper was not found"),
        ("false", "failed (exit status: 1)"),
        ("exit 3; true", "failed (exit status: 3)"),
        (
            "head -c 2000000 /dev/zero",
            "printed more than 1048576 bytes",
        ),
    ] {
        assert_eq!(run(command, LONG).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_helper_that_hangs_is_ended() {
    let started = Instant::now();
    for command in ["sleep 20", "sleep 20; true", "exec >&-; sleep 20"] {
        let reason = run(command, Duration::from_millis(100)).unwrap_err();
        assert!(matches!(reason, Reason::TimedOut), "{command}: {reason}");
    }
    assert!(started.elapsed() < Duration::from_secs(19));
}

/// With a terminal the helper is of our own process group.
#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_its_children_end_with_it() {
    use std::io::{BufRead as _, BufReader};

    let script = "sh -c 'sleep 600 & echo $!; wait' & echo $!; sleep 600";
    let mut child = Command::new("/bin/sh")
        .args(["-c", script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let started: Vec<String> = lines.take(2).map(Result::unwrap).collect();
    end(&mut child, true);
    for id in started {
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
            // The dead stay listed where nobody reaps them.
            stat.map_or(true, |stat| stat.contains(") Z "))
        };
        let asked = Instant::now();
        while !gone() {
            assert!(asked.elapsed() < LONG, "{id} is still running");
            std::thread::sleep(POLL);
        }
    }
}
