//! How the command ends, and how we end.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::{Server, roles};
use crate::support::{Home, run};

/// The program itself, not `setsid` in front of it.
fn command(home: &Home, script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aws-vault"));
    command
        .args(["exec", "--server", "deploy", "--", "sh", "-c", script])
        .env_clear()
        .envs(&home.vars)
        .stdin(std::process::Stdio::null());
    command
}

#[test]
fn the_status_is_the_commands() {
    let (_sim, home) = roles();
    for code in [0, 1, 2, 77, 126, 127, 255] {
        let ran = home.run([
            "exec",
            "--server",
            "deploy",
            "--",
            "sh",
            "-c",
            &format!("exit {code}"),
        ]);
        assert_eq!(ran.status.code(), Some(code), "{ran:#?}");
    }
    home.run(["exec", "--server", "deploy", "--", "no-such-command"])
        .exits(127, "'no-such-command' was not found");
    home.run(["exec", "--server", "deploy", "--", "/dev/null"])
        .exits(126, "cannot be run");
}

#[test]
fn killed_by_a_signal_as_the_command_was() {
    let (_sim, home) = roles();
    for signal in [
        Signal::INT,
        Signal::TERM,
        Signal::HUP,
        Signal::QUIT,
        Signal::USR1,
        Signal::KILL,
    ] {
        let number = signal.as_raw();
        let ran = run(&mut command(&home, &format!("kill -{number} $$; sleep 5")));
        assert_eq!(ran.status.signal(), Some(number), "{ran:#?}");
    }
}

#[test]
fn what_we_are_sent_reaches_the_command() {
    let (_sim, home) = roles();
    for (signal, name) in [
        (Signal::TERM, "TERM"),
        (Signal::HUP, "HUP"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::INT, "INT"),
    ] {
        let script = format!(
            "trap 'echo got; exit 9' {name}; echo ready > \"$HOME/ready\"; while :; do sleep 0.02; done"
        );
        let _ = std::fs::remove_file(home.path("ready"));
        let running = crate::support::Running::start(&mut command(&home, &script));
        wait_until(|| home.path("ready").exists());
        running.kill(signal);
        let ran = running.finish();
        assert_eq!(
            (ran.status.code(), ran.stdout.as_str()),
            (Some(9), "got\n"),
            "{name}: {ran:#?}"
        );
    }
}

#[test]
fn a_killed_parent_leaves_nothing_behind() {
    let (_sim, home) = roles();
    let script = "echo $$ > \"$HOME/pid.new\"; mv \"$HOME/pid.new\" \"$HOME/pid\"; \
                  echo $AWS_CONTAINER_CREDENTIALS_FULL_URI > \"$HOME/uri\"; while :; do sleep 0.05; done";
    let mut child = command(&home, script).spawn().unwrap();
    wait_until(|| home.path("uri").exists() && home.path("pid").exists());
    let pid = std::fs::read_to_string(home.path("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    wait_until(|| test_kill_process(pid).is_err() || is_zombie(pid));
}

#[test]
fn the_server_ends_with_the_command() {
    let (_sim, home) = roles();
    let server = Server::start(&home, &["--server", "deploy"]);
    let host = server.host().to_owned();
    server.container("/").ok();
    let ending = Instant::now();
    server.stop().ok();
    // It waits for no connection that is kept alive (60 s).
    assert!(ending.elapsed() < Duration::from_secs(30));
    assert!(std::net::TcpStream::connect(host).is_err());
}

/// The kernel and we may both deliver it, in an order that varies: a hundred runs, some at a time.
#[test]
fn ctrl_c_reaches_the_command_once() {
    let (_sim, home) = roles();
    home.run(["exec", "deploy", "--", "true"]).ok();
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| (0..20).for_each(|_| interrupted_once(&home)));
        }
    });
}

#[track_caller]
fn interrupted_once(home: &Home) {
    let script = "n=0; trap 'n=$((n+1))' INT; echo ready; i=0; \
                  while [ $n = 0 ] && [ $i -lt 3000 ]; do i=$((i+1)); sleep 0.02; done; sleep 0.2; \
                  echo \"count=$n.\"; exit 7";
    let (mut pty, child) =
        home.on_terminal(["exec", "--server", "deploy", "--", "sh", "-c", script]);
    pty.wait_for("ready");
    pty.send([3]);
    pty.wait_for("count=1.");
    assert_eq!(pty.finish(child).code(), Some(7));
}

#[test]
fn ctrl_z_stops_both_and_fg_continues_both() {
    let (_sim, home) = roles();
    let mut pty = crate::pty::Pty::open();
    let mut shell = pty.interactive("bash");
    shell
        .args(["--norc", "--noprofile", "-i"])
        .env_clear()
        .envs(&home.vars)
        .env("PS1", "$ ")
        .env("TERM", "dumb");
    let shell = shell.spawn().unwrap();
    pty.wait_for("$ ");
    let program = env!("CARGO_BIN_EXE_aws-vault");
    // Built-ins only: a shell that is stopped while it forks waits for a child that is stopped, too.
    let script = "echo up; while [ ! -e \"$HOME/go\" ]; do :; done; echo done.; exit 5";
    pty.send(format!(
        "{program} exec --server deploy -- sh -c '{script}'\n"
    ));
    pty.wait_for("up\r\n");
    pty.send([26]);
    pty.wait_for("Stopped");
    std::fs::write(home.path("go"), "").unwrap();
    pty.send("fg\n");
    pty.wait_for("done.\r\n");
    pty.send("echo status=$?.\n");
    pty.wait_for("status=5.");
    pty.send("exit\n");
    pty.finish(shell);
}

#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(80);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// In a container without an init that reaps, the dead stay listed.
fn is_zombie(pid: Pid) -> bool {
    let stat =
        std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.contains(") Z ")
}
