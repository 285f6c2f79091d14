//! `--link-local`: the true 169.254.169.254, in a network namespace and with the privileged helper. Each test has a network of
//! its own; this machine's is not touched.

mod helper;
mod namespace;
mod refusals;

use std::process::{Command, Stdio};

use crate::support::Home;

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

/// Runs a script as root of a network of its own, with at least one other user: root has everybody, others those that are set
/// aside for them (subuid(5)). Nothing outside can be reached from there: sessions must be there already.
fn as_root_of_a_network(home: &Home, script: &str) -> Command {
    home.run(["exec", "deploy", "--", "true"]).ok();
    let mut command = Command::new("unshare");
    if !rustix::process::getuid().is_root() {
        command.args(["--map-root-user", "--map-auto"]);
    }
    command
        .args([
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

/// What another user is answered.
const STRANGER: &str = r#"setpriv --reuid=1 --regid=1 --clear-groups curl -s -m 20 -o /dev/null -w "stranger=%{http_code}\n" \
    -X PUT -H X-aws-ec2-metadata-token-ttl-seconds:60 http://169.254.169.254/latest/api/token"#;

const PRELUDE: &str = r#"
    ip link set lo up
    address() { ip -o addr show dev lo | grep -F 169.254.169.254; }
    until_it() { for i in $(seq 1000); do "$@" >/dev/null 2>&1 && return; sleep 0.02; done; echo "in vain: $*"; exit 60; }
    gone() { ! address; }
    setpriv --reuid=1 true || echo "nobody else can be played: this needs the package uidmap and a line in /etc/subuid"
"#;
