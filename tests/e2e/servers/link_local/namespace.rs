//! The command in a network of its own.

use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::{FETCH, ORDINARY, STRANGER, as_root_of_a_network};
use crate::servers::roles;
use crate::support::{Home, Running, python, run};

fn offline(home: &Home, starter: &[&str], script: &str) -> Command {
    let words = [
        "exec",
        "--ec2-server",
        "--link-local=offline",
        "deploy",
        "--",
        "sh",
        "-c",
    ];
    home.through(starter, words.into_iter().chain([script]))
}

#[test]
fn in_a_network_of_its_own() {
    let (_sim, home) = roles();
    let facts = "id -u; id -g; stat -c %U:%G \"$HOME\"; ls /proc/self/fd | wc -l; pwd";
    for starter in [&[][..], &ORDINARY] {
        let script = format!("{FETCH}{facts}; exit 7");
        let inside = run(&mut offline(&home, starter, &script));
        assert_eq!(inside.status.code(), Some(7), "{inside:#?}");
        let outside = run(Command::new("setsid")
            .arg("--wait")
            .args(starter)
            .args(["sh", "-c", facts])
            .env_clear()
            .envs(&home.vars)
            .stdin(Stdio::null()))
        .ok();
        let expected = format!("role=Deployer\nSuccess\nToken\n{}", outside.stdout);
        assert_eq!(
            inside.stdout, expected,
            "user, group, privileges and files are as outside"
        );
        assert!(inside.stderr.contains("no network but its own loopback"));
    }
    let status = run(&mut offline(&home, &ORDINARY, "grep Cap /proc/self/status")).ok();
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        let none = format!("{set}:\t0000000000000000");
        assert!(status.stdout.contains(&none), "{status:#?}");
    }
}

#[test]
fn boto3_and_the_aws_cli_look_there_first() {
    let (_sim, home) = roles();
    let (aws, python) = (python("aws"), python("python"));
    let script = format!(
        "{} -c \"import boto3; c = boto3.Session().get_credentials(); print(c.method, c.access_key[:4])\"; {} configure list",
        python.display(),
        aws.display()
    );
    let ran = run(&mut offline(&home, &ORDINARY, &script)).ok();
    let (boto3, cli) = ran.stdout.split_once('\n').unwrap();
    assert_eq!(boto3, "iam-role ASIA");
    let lines: Vec<_> = cli
        .lines()
        .filter(|line| line.contains("iam-role"))
        .collect();
    assert_eq!(lines.len(), 2, "access key and secret key: {cli}");
}

#[test]
fn it_ends_as_without() {
    let (_sim, home) = roles();
    let start = |words: &[&str]| {
        let flags = [
            "exec",
            "--ec2-server",
            "--link-local=offline",
            "deploy",
            "--",
        ];
        home.run(flags.iter().chain(words))
    };
    start(&["no-such-command"]).exits(127, "'no-such-command' was not found");
    start(&["/dev/null"]).exits(126, "cannot be run");

    let mut command = Command::new(env!("CARGO_BIN_EXE_aws-vault"));
    command
        .args([
            "exec",
            "--ec2-server",
            "--link-local=offline",
            "deploy",
            "--",
        ])
        .args(["sh", "-c", "read line; echo \"$line\"; kill -USR1 $$"])
        .env_clear()
        .envs(&home.vars)
        .stdin(std::fs::File::open(home.config()).unwrap());
    let ran = run(&mut command);
    let signal = std::os::unix::process::ExitStatusExt::signal(&ran.status);
    assert_eq!(signal, Some(Signal::USR1.as_raw()), "{ran:#?}");
    assert_eq!(
        ran.stdout, "[profile bastion]\n",
        "standard input is the command's"
    );
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let (_sim, home) = roles();
    let script = "n=0; trap 'n=$((n+1))' INT; echo ready; i=0; \
                  while [ $n = 0 ] && [ $i -lt 400 ]; do i=$((i+1)); sleep 0.02; done; sleep 0.2; \
                  echo \"count=$n.\"; exit 7";
    let words = [
        "exec",
        "--ec2-server",
        "--link-local=offline",
        "deploy",
        "--",
        "sh",
        "-c",
        script,
    ];
    let (mut pty, child) = home.on_terminal(words);
    pty.wait_for("ready");
    pty.send([3]);
    pty.wait_for("count=1.");
    assert_eq!(pty.finish(child).code(), Some(7));
}

/// A host beyond the network's gateway, and a service on this machine's loopback. With pasta; the device decides.
#[test]
fn the_rest_of_the_network_stays() {
    let (_sim, home) = roles();
    let device = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/net/tun");
    if let Err(error) = device {
        home.run([
            "exec",
            "--ec2-server",
            "--link-local=namespace",
            "deploy",
            "--",
            "true",
        ])
        .fails(&format!("/dev/net/tun cannot be opened ({error})"))
        .hints("the device must be there");
        return;
    }
    let python = python("python");
    let serve = |at: &str| format!("{} -m http.server -d / -b {at}", python.display());
    let script = format!(
        r#"
        "$0" exec --ec2-server --link-local=namespace deploy -- true; echo "without a way out=$?"
        mount -t tmpfs tmpfs /run; mkdir /run/netns
        ip netns add world
        ip link add eth0 type veth peer name eth0 netns world
        ip addr add 198.51.100.2/24 dev eth0; ip link set eth0 up; ip route add default via 198.51.100.1
        ip -n world addr add 198.51.100.1/24 dev eth0; ip -n world link set eth0 up
        ip netns exec world {world} 8000 >/dev/null 2>&1 &
        {own} 8001 >/dev/null 2>&1 &
        until_it curl -sf http://198.51.100.1:8000/; until_it curl -sf http://127.0.0.1:8001/
        "$0" exec --ec2-server --link-local=namespace deploy -- sh -c '
            code() {{ curl -s -m 20 -o /dev/null -w "%{{http_code}}\n" "$1"; }}
            {FETCH}
            code http://198.51.100.1:8000/; code http://127.0.0.1:8001/; echo $$ > "$HOME/inside"; exit 7'
        echo "status=$?"
        gone && echo "not on the loopback outside"
        # Whoever kept the network must not outlive the command.
        until_it sh -c '! pgrep -f "[_]_keep-network|[p]asta --foreground"'
        "$0" exec --ec2-server --link-local=namespace deploy -- sh -c 'echo $$ > "$HOME/pid"; exec sleep 600' & started=$!
        until_it test -s "$HOME/pid"
        kill -KILL $started; wait $started
        until_it sh -c '! pgrep -x sleep && ! pgrep -f "[_]_keep-network|[p]asta --foreground"'
        echo "nothing left"
        "#,
        world = serve("198.51.100.1"),
        own = serve("127.0.0.1"),
    );
    let ran = run(&mut as_root_of_a_network(&home, &script));
    assert!(
        ran.stderr
            .contains("pasta does not connect the command's network: "),
        "{ran:#?}"
    );
    let expected = "without a way out=1\nrole=Deployer\nSuccess\nToken\n200\n200\nstatus=7\nnot on the loopback outside\nnothing left\n";
    assert_eq!(ran.stdout, expected, "{ran:#?}");
}

#[test]
fn a_killed_parent_takes_the_command_along() {
    let (_sim, home) = roles();
    let script = "echo $$ > \"$HOME/pid\"; exec sleep 600";
    let running = Running::start(
        Command::new(env!("CARGO_BIN_EXE_aws-vault"))
            .args([
                "exec",
                "--ec2-server",
                "--link-local=offline",
                "deploy",
                "--",
                "sh",
                "-c",
                script,
            ])
            .env_clear()
            .envs(&home.vars)
            .stdin(Stdio::null()),
    );
    let pid = home.path("pid");
    wait_until(|| std::fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n')));
    running.kill(Signal::KILL);
    running.finish();
    let process = std::fs::read_to_string(pid).unwrap();
    let line = format!("/proc/{}/cmdline", process.trim());
    wait_until(|| {
        std::fs::read_to_string(&line)
            .unwrap_or_default()
            .is_empty()
    });
}

#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(80);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "waited in vain");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Whoever else is there, as root can put somebody there; and the name servers behind systemd-resolved.
#[test]
fn others_inside_and_the_name_servers() {
    let (_sim, home) = roles();
    let script = format!(
        r#"
        mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/resolve
        echo nameserver 127.0.0.53 > /run/stub; mount --bind /run/stub /etc/resolv.conf
        echo nameserver 192.0.2.53 > /run/systemd/resolve/resolv.conf
        "$0" exec --ec2-server --link-local=offline deploy -- sh -c '{FETCH} {STRANGER}; cat /etc/resolv.conf'
        cat /etc/resolv.conf
        "#
    );
    let ran = run(&mut as_root_of_a_network(&home, &script)).ok();
    let expected = "\
role=Deployer
Success
Token
stranger=403
nameserver 192.0.2.53
nameserver 127.0.0.53
";
    assert_eq!(ran.stdout, expected, "{ran:#?}");
}
