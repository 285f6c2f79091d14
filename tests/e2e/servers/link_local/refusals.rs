//! What is said where it cannot work.

use std::process::{Command, Stdio};

use crate::program::write_program;
use crate::servers::roles;
use crate::support::{Home, path_variable, run};

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
