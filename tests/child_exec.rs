//! What the command sees after we became it: a real `execve` from a copy of this test program.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::exit)]

mod program;

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};

use aws_vault::child::{command, run};
use aws_vault::environment::Environment;
use aws_vault::hardening;
use program::write_program;

/// Words of the command, separated by newlines.
const WORDS: &str = "TEST_COMMAND";

#[test]
#[ignore = "not a test: what the tests below start"]
fn become_the_command() {
    let open = std::fs::File::open("/dev/null").unwrap();
    hardening::apply();
    let environment = Environment::of_process();
    let words: Vec<OsString> = environment
        .set_var(WORDS)
        .and_then(|words| words.to_str())
        .unwrap()
        .split('\n')
        .map(OsString::from)
        .collect();
    let given = environment
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let error = run(&command(&words, &environment), given).unwrap_err();
    drop(open);
    eprint!("{}", error.render(Some("exec")));
    std::process::exit(error.kind.exit_code().into());
}

#[test]
fn process_id_is_kept_and_the_status_is_the_commands() {
    let child = replacing(&["sh", "-c", "echo pid=$$; exit 77"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(last_line(&output), format!("pid={pid}"));
    assert_eq!(output.status.code(), Some(77));
    for code in ["0", "1", "2", "126", "127", "130", "255"] {
        let output = replacing(&["sh", "-c", &format!("exit {code}")])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), code.parse().ok());
    }
}

#[test]
fn a_signal_kills_the_command_itself() {
    for (name, number) in [
        ("INT", 2),
        ("TERM", 15),
        ("HUP", 1),
        ("KILL", 9),
        ("PIPE", 13),
    ] {
        let output = replacing(&["sh", "-c", &format!("kill -{name} $$")])
            .output()
            .unwrap();
        assert_eq!(output.status.signal(), Some(number), "{name}: {output:?}");
    }
}

#[test]
fn sigpipe_and_the_signal_mask_are_at_their_default() {
    let output = replacing(&["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("SigBlk:\t0000000000000000"), "{text}");
    let ignored = text.split("SigIgn:\t").nth(1).unwrap().trim();
    // SIGPIPE is 13, and Rust programs ignore it.
    assert_eq!(
        u64::from_str_radix(ignored, 16).unwrap() >> 12 & 1,
        0,
        "{text}"
    );
}

#[test]
fn argv0_is_the_word_typed() {
    let output = replacing(&["cat", "/proc/self/cmdline"]).output().unwrap();
    assert!(
        output.stdout.ends_with(b"cat\0/proc/self/cmdline\0"),
        "{output:?}"
    );
}

#[test]
fn none_of_our_files_reach_the_command() {
    let direct = Command::new("ls").arg("/proc/self/fd").output().unwrap();
    let ours = replacing(&["ls", "/proc/self/fd"]).output().unwrap();
    let direct = String::from_utf8(direct.stdout).unwrap();
    let ours = String::from_utf8(ours.stdout).unwrap();
    assert!(ours.ends_with(&direct), "{direct} {ours}");
}

#[test]
fn the_command_gets_its_core_limit_back() {
    let limit = Command::new("sh")
        .args(["-c", "ulimit -c"])
        .output()
        .unwrap();
    let limit = String::from_utf8(limit.stdout).unwrap();
    let output = replacing(&["sh", "-c", "echo; ulimit -c"])
        .output()
        .unwrap();
    assert_eq!(last_line(&output), limit.trim());
}

#[test]
#[ignore = "not a test: what the next one starts"]
fn hardened() {
    hardening::apply();
    print!(
        "\n{}",
        std::fs::read_to_string("/proc/self/limits").unwrap()
    );
    assert_eq!(
        rustix::process::dumpable_behavior().unwrap(),
        rustix::process::DumpableBehavior::NotDumpable
    );
}

#[test]
#[cfg(target_os = "linux")]
fn our_own_memory_is_not_dumped() {
    let script = format!(
        "ulimit -S -c $(ulimit -H -c) && exec '{}' --ignored --exact --nocapture hardened",
        std::env::current_exe().unwrap().display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let limit = text
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(limit.split_whitespace().nth(4), Some("0"), "{limit}");
}

#[test]
fn not_found_is_127_and_not_executable_126() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o644)).unwrap();
    let lost = folder.path().join("lost-interpreter");
    write_program(&lost, "#!/nowhere/sh\n");
    for (word, code, says) in [
        (
            "no-such-command",
            127,
            "command 'no-such-command' was not found in PATH",
        ),
        ("/nowhere/x", 127, "'/nowhere/x' was not found"),
        (lost.to_str().unwrap(), 127, "interpreter"),
        (
            plain.to_str().unwrap(),
            126,
            "cannot be run: Permission denied",
        ),
        (folder.path().to_str().unwrap(), 126, "cannot be run"),
        ("", 127, "was not found"),
    ] {
        let output = replacing(&[word]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{word}: {stderr}");
        assert!(
            stderr.contains("aws-vault: error: exec: ") && stderr.contains(says),
            "{stderr}"
        );
    }
}

#[test]
fn a_command_comes_from_the_commands_own_path() {
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("only-here");
    write_program(&tool, "#!/bin/sh\necho found\n");
    let path = format!(
        "{}:{}",
        folder.path().display(),
        Environment::of_process().var("PATH").unwrap()
    );
    let output = replacing(&["only-here"])
        .env("PATH", path)
        .output()
        .unwrap();
    assert_eq!(last_line(&output), "found", "{output:?}");
}

/// This test program, about to become the command.
fn replacing(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "--nocapture", "become_the_command"])
        .env(WORDS, words.join("\n"));
    command
}

/// The test harness prints its own lines before the command starts.
fn last_line(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().last().unwrap_or_default().to_owned()
}
