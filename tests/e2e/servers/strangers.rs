//! Other users and other machines, asking for real.

use std::process::{Command, Stdio};

use super::{Server, roles};
use crate::support::{Ran, path_variable, run};

const CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials/Deployer";
/// IMDSv1, so that nothing but who asks keeps anybody out; and nothing was had yet, so that an answer would show as a call.
const OPEN: [&str; 4] = ["--ec2-server", "--lazy", "--http-tokens=optional", "deploy"];

/// Runs a shell script as another user of this machine: root becomes one; everybody else becomes one of the ids that are set
/// aside for him (subuid(5)), which the kernel tells apart like any other.
fn as_another_user(script: &str) -> Ran {
    let become_other: &[&str] = if rustix::process::getuid().is_root() {
        &[
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ]
    } else {
        &[
            "unshare",
            "--map-root-user",
            "--map-auto",
            "setpriv",
            "--reuid=1",
        ]
    };
    let ran = run(Command::new(become_other[0])
        .args(&become_other[1..])
        .args(["bash", "-c", &format!("echo uid=$(id -u)\n{script}")])
        .env_clear()
        .env("PATH", path_variable())
        .stdin(Stdio::null()));
    assert!(
        ran.stdout.starts_with("uid=65534\n") || ran.stdout.starts_with("uid=1\n"),
        "nobody else can be played: as an ordinary user this needs the Debian package uidmap and a line in /etc/subuid \
         (usermod --add-subuids 100000-165535 NAME): {ran:#?}"
    );
    ran
}

/// What bash sends and prints the answer of.
fn ask(host: &str, path: &str, header: &str) -> String {
    format!(
        "exec 3<>/dev/tcp/{}; printf 'GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n{header}Connection: close\\r\\n\\r\\n' >&3\n\
         cat <&3",
        host.replace(':', "/")
    )
}

#[test]
fn another_user_of_the_machine() {
    let (sim, home) = roles();
    for flag in ["--ec2-server", "--ecs-server"] {
        let words = [&[flag], &OPEN[1..]].concat();
        let server = Server::start(&home, &words);
        let (path, header) = match server.find_var("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            // Even one who knows the token.
            Some(token) => ("/", format!("Authorization: {token}\\r\\n")),
            None => (CREDENTIALS, String::new()),
        };
        let ran = as_another_user(&ask(server.host(), path, &header));
        assert!(ran.stdout.contains("\nHTTP/1.1 403 "), "{ran:#?}");
        assert!(
            ran.stdout.contains("another user of this machine"),
            "{ran:#?}"
        );
        assert!(!ran.stdout.contains("Secret"), "{ran:#?}");
        assert_eq!(sim.actions(), [] as [&str; 0]);
    }
    // The same request of our own user.
    let server = Server::start(&home, &OPEN);
    server.ask("GET", CREDENTIALS, &[]).ok();
}

/// A host on the same network that sends its packets for 127.0.0.1 to us. Linux drops them, unless `route_localnet` is on, as
/// Docker and Kubernetes set it (CVE-2020-8558); then it is for us to see that the client's socket is not on this machine.
#[test]
fn another_machine() {
    let (sim, home) = roles();
    // Nothing outside can be reached from the namespace below: the session must be there.
    home.run(["exec", "deploy", "--", "true"]).ok();
    sim.clear_calls();
    std::fs::write(home.path("network"), NETWORK).unwrap();
    std::fs::write(home.path("ask"), ASK).unwrap();
    std::fs::write(home.path("everybody"), EVERYBODY).unwrap();
    for flag in ["--ec2-server", "--ecs-server"] {
        let ran = run(Command::new("unshare")
            .args(["--map-root-user", "--net", "--mount", "bash"])
            .arg(home.path("network"))
            .arg(env!("CARGO_BIN_EXE_aws-vault"))
            .args([
                "exec",
                flag,
                "--http-tokens=optional",
                "deploy",
                "--",
                "bash",
            ])
            .arg(home.path("everybody"))
            .env_clear()
            .envs(&home.vars)
            .stdin(Stdio::null()));
        let wanted = "\
we: HTTP/1.1 200 OK
neighbour, by our address: nothing
neighbour, by the loopback's: nothing
neighbour, let in by route_localnet: HTTP/1.1 403 Forbidden
we again: HTTP/1.1 200 OK
";
        assert_eq!(ran.stdout, wanted, "{flag}: {ran:#?}");
    }
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

/// A network of two: us, and a neighbour who knows the way to our 127.0.0.1.
const NETWORK: &str = r#"
set -e
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p /run/netns
ip netns add neighbour
ip link add veth type veth peer name eth0 netns neighbour
ip addr add 192.0.2.1/24 dev veth
ip link set veth up
ip -n neighbour addr add 192.0.2.2/24 dev eth0
ip -n neighbour link set eth0 up
ip -n neighbour route add 127.0.0.0/8 via 192.0.2.1
ip netns exec neighbour bash -c 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet'
exec "$@"
"#;

/// One request to the address given; prints the first line of the answer.
const ASK: &str = r#"
url=${AWS_CONTAINER_CREDENTIALS_FULL_URI:-$AWS_EC2_METADATA_SERVICE_ENDPOINT}
port=${url##*:}; port=${port%/}
path=/latest/meta-data/iam/security-credentials/Deployer
[ -z "$AWS_CONTAINER_AUTHORIZATION_TOKEN" ] || path=/
exec 3<>/dev/tcp/$1/$port
printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAuthorization: %s\r\nConnection: close\r\n\r\n' \
    "$path" "$port" "$AWS_CONTAINER_AUTHORIZATION_TOKEN" >&3
head -1 <&3 | tr -d '\r'
"#;

/// The command beside the server asks, then the neighbour. What Linux drops is waited for in vain for a second.
const EVERYBODY: &str = r#"
tell() {
    who=$1; shift
    answer=$("$@" 2>/dev/null)
    echo "$who: ${answer:-nothing}"
}
neighbour="ip netns exec neighbour timeout"
tell "we" bash "$HOME/ask" 127.0.0.1
tell "neighbour, by our address" $neighbour 10 bash "$HOME/ask" 192.0.2.1
tell "neighbour, by the loopback's" $neighbour 1 bash "$HOME/ask" 127.0.0.1
echo 1 > /proc/sys/net/ipv4/conf/veth/route_localnet
tell "neighbour, let in by route_localnet" $neighbour 10 bash "$HOME/ask" 127.0.0.1
tell "we again" bash "$HOME/ask" 127.0.0.1
"#;
