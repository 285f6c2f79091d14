//! `aws-vault server`, and its network for containers.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::roles;
use super::server::send;
use crate::support::{Home, must_start, python, run};

/// `aws-vault server …` in the foreground.
struct Standalone {
    child: Child,
    lines: Vec<String>,
}

impl Standalone {
    /// Reads what it prints; `count` variables.
    fn start(home: &Home, words: &[&str], count: usize) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aws-vault"));
        command
            .arg("server")
            .args(words)
            .env_clear()
            .envs(&home.vars)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = must_start(&mut command);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            lines: lines.take(count).map(Result::unwrap).collect(),
            child,
        }
    }

    fn values(&self, name: &str) -> Vec<&str> {
        let start = format!("{name}=");
        let found = self.lines.iter().filter_map(|line| {
            let line = line.strip_prefix("export ").unwrap_or(line);
            line.strip_prefix(&start)
        });
        found.collect()
    }
}

impl Drop for Standalone {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        let _ = self.child.wait();
    }
}

#[test]
fn a_program_in_another_terminal() {
    let (sim, home) = roles();
    let server = Standalone::start(&home, &["deploy"], 4);
    let script = format!(
        "{}\n{} -c \"import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])\"",
        server.lines.join("\n"),
        python("python").display()
    );
    let ran = run(Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .env("PATH", crate::support::path_variable())
        .env("AWS_ENDPOINT_URL", &sim.endpoint))
    .ok();
    assert!(ran.stdout.contains(":assumed-role/Deployer/"), "{ran:#?}");
    drop(server);

    let server = Standalone::start(&home, &["--ec2", "deploy"], 3);
    let aws = python("aws");
    let ran = run(Command::new(aws)
        .args(["sts", "get-caller-identity"])
        .env_clear()
        .env("AWS_ENDPOINT_URL", &sim.endpoint)
        .env("AWS_DEFAULT_REGION", server.values("AWS_DEFAULT_REGION")[0])
        .env(
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            server.values("AWS_EC2_METADATA_SERVICE_ENDPOINT")[0],
        ))
    .ok();
    assert!(ran.stdout.contains(":assumed-role/Deployer/"), "{ran:#?}");
    assert_eq!(sim.count("AssumeRole"), 1);
}

#[test]
fn a_token_that_is_read_anew_from_its_file() {
    let (_sim, home) = roles();
    let server = Standalone::start(&home, &["--token-file", "deploy"], 4);
    let file = server.values("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")[0];
    assert!(
        server
            .values("AWS_CONTAINER_AUTHORIZATION_TOKEN")
            .is_empty()
    );
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = std::fs::read_to_string(file).unwrap();
    let uri = server.values("AWS_CONTAINER_CREDENTIALS_FULL_URI")[0];
    let host = uri.strip_prefix("http://").unwrap().trim_end_matches('/');
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
    );
    send(host, request.as_bytes()).ok();
    home.run(["server", "--token-file", "--ec2", "deploy"])
        .exits(2, "--ec2");
}

#[test]
fn several_profiles_by_their_paths() {
    let (_sim, home) = roles();
    let server = Standalone::start(&home, &["deploy", "bastion"], 10);
    let uris = server.values("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let token = server.values("AWS_CONTAINER_AUTHORIZATION_TOKEN")[0];
    let keys: Vec<_> = uris
        .iter()
        .map(|uri| {
            let (host, path) = uri.strip_prefix("http://").unwrap().split_once('/').unwrap();
            let request = format!(
                "GET /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
            );
            send(host, request.as_bytes()).ok().json()["AccessKeyId"].to_string()
        })
        .collect();
    assert!(uris[1].ends_with("/profile/bastion"), "{uris:?}");
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn what_scripts_say_to_the_go_tools_proxy() {
    let (_sim, home) = roles();
    for words in [["proxy", "--stop"], ["server", "--stop"]] {
        home.run(words).ok();
    }
    home.run(["proxy"])
        .exits(2, "there is no separate proxy")
        .hints("exec --ec2-server");
    home.run(["server", "nobody"]).fails("profile 'nobody'");
    home.run(["server", "--docker", "--lazy", "deploy"])
        .fails("169.254.170.2:9078 cannot be listened on")
        .hints("docker network create --subnet 169.254.170.0/24 --gateway 169.254.170.2");
}

/// Docker's network without Docker: a bridge end of ours with the gateway's address, a container behind it, and a neighbour of
/// the host who knows the way, too.
#[test]
fn containers_of_the_bridge_and_nobody_else() {
    let (sim, home) = roles();
    // Nothing outside can be reached from the namespace below: the session must be there.
    for profile in ["deploy", "bastion"] {
        home.run(["exec", profile, "--", "true"]).ok();
    }
    sim.clear_calls();
    let program = env!("CARGO_BIN_EXE_aws-vault");
    let script = format!(
        r#"set -e
        ip link set lo up
        ip netns list >/dev/null 2>&1 || true
        mount -t tmpfs tmpfs /run
        mkdir -p /run/netns
        for name in container neighbour; do
            ip netns add $name
            ip link add $name-host type veth peer name eth0 netns $name
            ip link set $name-host up
            ip -n $name link set eth0 up
        done
        ip addr add 169.254.170.2/24 dev container-host
        ip -n container addr add 169.254.170.3/24 dev eth0
        ip addr add 192.0.2.1/24 dev neighbour-host
        ip -n neighbour addr add 192.0.2.2/24 dev eth0
        ip -n neighbour route add 169.254.170.2 via 192.0.2.1
        {program} server --docker --format=env deploy bastion > "$HOME/aws.env" 2> "$HOME/log" &
        server=$!
        while [ "$(grep -c TOKEN "$HOME/aws.env")" -lt 2 ]; do sleep 0.05; done
        tokens=$(sed -n 's/^AWS_CONTAINER_AUTHORIZATION_TOKEN=//p' "$HOME/aws.env")
        first=$(echo "$tokens" | sed -n 1p)
        ask() {{
            ip netns exec $1 bash -c 'exec 3<>/dev/tcp/169.254.170.2/9078
                printf "GET $0 HTTP/1.1\r\nHost: 169.254.170.2:9078\r\nAuthorization: $1\r\nConnection: close\r\n\r\n" >&3
                head -1 <&3 | tr -d "\r"' "$2" "$3"
        }}
        echo "own $(ask container /profile/deploy "$first")"
        echo "bare $(ask container / "$first")"
        echo "other $(ask container /profile/bastion "$first")"
        echo "role $(ask container /role-arn/arn:aws:iam::222233334444:role/team/Other "$first")"
        echo "metadata $(ask container /latest/meta-data/ "$first")"
        echo "none $(ask container / x)"
        echo "neighbour $(ask neighbour / "$first")"
        kill $server"#
    );
    let ran = run(Command::new("unshare")
        .args(["--map-root-user", "--net", "--mount", "bash", "-c", &script])
        .env_clear()
        .envs(&home.vars)
        .stdin(Stdio::null()));
    let wanted = "\
own HTTP/1.1 200 OK
bare HTTP/1.1 200 OK
other HTTP/1.1 403 Forbidden
role HTTP/1.1 403 Forbidden
metadata HTTP/1.1 404 Not Found
none HTTP/1.1 403 Forbidden
neighbour HTTP/1.1 403 Forbidden
";
    assert_eq!(ran.stdout, wanted, "{ran:#?}");
    assert_eq!(sim.actions(), [] as [&str; 0]);
}
