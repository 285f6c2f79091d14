//! `--link-local`: the true 169.254.169.254, in a network namespace and with the privileged helper. Each test has a network of
//! its own; this machine's is not touched.

use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::roles;
use crate::program::write_program;
use crate::support::{Home, Running, path_variable, python, run};

/// An ordinary user, whoever runs the tests: nothing but the own files, and no capabilities.
const ORDINARY: [&str; 4] = ["unshare", "--user", "--map-user=1000", "--map-group=1000"];

/// Credentials as a program gets them that knows no variable.
const FETCH: &str = r#"
    imds=http://169.254.169.254/latest
    test -z "$AWS_EC2_METADATA_SERVICE_ENDPOINT" || exit 50
    token=$(curl -sS -m 20 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" $imds/api/token) || exit 51
    get() { curl -sS -m 20 -H "X-aws-ec2-metadata-token: $token" "$imds/meta-data/$1"; }
    role=$(get iam/security-credentials/)
    echo "role=$role"
    get "iam/security-credentials/$role" | grep -oE "Success|Token"
"#;

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

/// Runs a script as root of a network of its own. Nothing outside can be reached from there: sessions must be there already.
fn as_root_of_a_network(home: &Home, script: &str) -> Command {
    home.run(["exec", "deploy", "--", "true"]).ok();
    let mut command = Command::new("unshare");
    command
        .args([
            "--map-root-user",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ])
        .args(["bash", "-c"])
        .arg(format!("{PRELUDE}\n{script}"))
        .arg(env!("CARGO_BIN_EXE_aws-vault"))
        .env_clear()
        .envs(&home.vars)
        .stdin(Stdio::null());
    command
}

const PRELUDE: &str = r#"
    ip link set lo up
    address() { ip -o addr show dev lo | grep -F 169.254.169.254; }
    until_it() { for i in $(seq 1000); do "$@" >/dev/null 2>&1 && return; sleep 0.02; done; echo "in vain: $*"; exit 60; }
    gone() { ! address; }
"#;

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
    let python = python("python");
    let serve = |at: &str| format!("{} -m http.server -d / -b {at}", python.display());
    let script = format!(
        r#"
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
    let device = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/net/tun");
    if let Err(error) = device {
        assert!(
            ran.stderr
                .contains(&format!("/dev/net/tun cannot be opened ({error})")),
            "{ran:#?}"
        );
        assert!(
            ran.stderr.contains("hint: the device must be there"),
            "{ran:#?}"
        );
        return;
    }
    let expected = "role=Deployer\nSuccess\nToken\n200\n200\nstatus=7\nnot on the loopback outside\nnothing left\n";
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

#[test]
fn the_helper_holds_the_address_and_nothing_else() {
    let (_sim, home) = roles();
    let script = format!(
        r#"
        "$0" exec --ec2-server --link-local=sudo deploy -- sh -c '{FETCH} exit 7'; echo "status=$?"
        gone && echo "gone after"
        "$0" exec --ec2-server --link-local=sudo deploy -- sleep 600 & first=$!
        until_it address
        address | tr -s ' ' | cut -d' ' -f2-8
        address | grep -oE 'valid_lft [0-9]+sec' | grep -cE ' (30|2[0-9]|1[0-9])sec'
        ss -Hltn | tr -s ' ' | cut -d' ' -f4 | grep -F ':80'
        grep -E 'Cap(Prm|Eff|Amb)|NoNewPrivs' "/proc/$(pgrep -f '[_]_link-local-helper')/status"
        "$0" exec --ec2-server --link-local=sudo deploy -- true; echo "second=$?"
        address >/dev/null && echo "the first keeps it"
        kill -KILL $first; wait $first 2>/dev/null
        until_it gone; until_it sh -c '! pgrep -x sleep && ! pgrep -f "[_]_link-local-helper"'; echo "gone with its owner"
        "$0" server --link-local deploy > "$HOME/out" & server=$!
        until_it test -s "$HOME/out"; cat "$HOME/out"
        kill -INT $server; kill -TERM "$(pgrep -f '[_]_link-local-helper')"; until_it gone; echo "gone by SIGTERM"
        "#
    );
    let ran = run(&mut as_root_of_a_network(&home, &script));
    let expected = "\
role=Deployer
Success
Token
status=7
gone after
lo inet 169.254.169.254/32 scope host dynamic lo:aws-vault\\
1
169.254.169.254%lo:80
CapPrm:\t0000000000001000
CapEff:\t0000000000001000
CapAmb:\t0000000000000000
NoNewPrivs:\t1
second=1
the first keeps it
gone with its owner
export AWS_REGION=eu-central-1
export AWS_DEFAULT_REGION=eu-central-1
gone by SIGTERM
";
    assert_eq!(ran.stdout, expected, "{ran:#?}");
    assert!(
        ran.stderr.contains("169.254.169.254:80 is taken"),
        "{ran:#?}"
    );
}

/// A neighbour who routes the address to us, as any host of the same network can.
#[test]
fn neighbours_find_nothing_there() {
    let (_sim, home) = roles();
    let script = r#"
        mount -t tmpfs tmpfs /run; mkdir /run/netns
        ip netns add neighbour
        ip link add eth0 type veth peer name eth0 netns neighbour
        ip addr add 192.0.2.1/24 dev eth0; ip link set eth0 up
        ip -n neighbour addr add 192.0.2.2/24 dev eth0; ip -n neighbour link set eth0 up
        ip -n neighbour route add 169.254.169.254 via 192.0.2.1
        "$0" server --link-local deploy > "$HOME/out" & server=$!
        until_it test -s "$HOME/out"
        put() { curl -s -m 5 -o /dev/null -w '%{http_code}' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
            http://169.254.169.254/latest/api/token; }
        echo "own $(put)"
        export -f put
        echo "neighbour $(ip netns exec neighbour bash -c put)"
        kill -KILL $server
        until_it gone"#;
    let ran = run(&mut as_root_of_a_network(&home, script)).ok();
    assert_eq!(ran.stdout, "own 200\nneighbour 000\n", "{ran:#?}");
}

#[test]
fn what_is_said_when_neither_way_is_open() {
    let (_sim, mut home) = roles();
    home.run(["exec", "deploy", "--", "true"]).ok();
    let bare = home.path("bare");
    std::fs::create_dir(&bare).unwrap();
    home.set("PATH", &bare);
    let unshare = which("unshare");
    let in_network = |script: &str| {
        let shell = [
            &which("sh"),
            "-c",
            script,
            &unshare,
            env!("CARGO_BIN_EXE_aws-vault"),
        ];
        run(home_in_network(&home).args(shell))
    };
    let exec = |how: &str| {
        let start = r#"exec "$0" --user --map-user=1000 --map-group=1000 "$1" exec --ec2-server"#;
        in_network(&format!("{start} {how} deploy -- true"))
    };
    exec("--link-local=namespace")
        .fails("neither pasta nor slirp4netns is installed")
        .hints("install pasta (Debian and Fedora: passt)");
    exec("--link-local").fails(
        "and 169.254.169.254 cannot be added to this machine's loopback: sudo is not installed",
    );
    write_program(&bare.join("sudo"), "#!/bin/sh\nexit 1\n");
    exec("--link-local")
        .fails("neither pasta nor slirp4netns is installed; and 169.254.169.254 cannot be added")
        .hints("without --link-local no privileges are needed");

    let script = "echo 0 > /proc/sys/user/max_user_namespaces; \
                  exec \"$1\" exec --ec2-server --link-local=offline deploy -- true";
    in_network(script)
        .fails("a user and a network namespace cannot be made: No space left on device")
        .hints("sysctl kernel.apparmor_restrict_unprivileged_userns");

    home.set("PATH", path_variable());
    home.run(["exec", "--link-local", "deploy", "--", "true"])
        .exits(2, "--ec2-server");
    home.run(["server", "--link-local", "--port", "1234", "deploy"])
        .exits(2, "--port");
}

/// Helpers are not for people, who find nothing to do with them.
#[test]
fn helpers_started_by_hand() {
    let home = Home::new();
    for word in ["__in-namespace", "__keep-network", "__link-local-helper"] {
        home.run([word]).exits(2, "is for aws-vault itself");
    }
    home.run(["__link-local-helper", "no-such-socket"])
        .exits(2, "is for aws-vault itself");
}

fn home_in_network(home: &Home) -> Command {
    let mut command = Command::new(which("unshare"));
    command
        .args(["--map-root-user", "--net"])
        .env_clear()
        .envs(&home.vars)
        .stdin(Stdio::null());
    command
}

fn which(program: &str) -> String {
    std::env::split_paths(&path_variable())
        .map(|folder| folder.join(program))
        .find(|path| path.exists())
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "waited in vain");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
