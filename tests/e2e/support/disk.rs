//! A small disk of its own, in a mount namespace of its own.

use std::process::{Command, Stdio};

use super::Home;

/// How a command sees a directory of the home.
#[derive(Clone, Copy, Debug)]
pub enum Disk<'a> {
    /// Everything in it can be read and nothing written; a permission bit would not stop root.
    ReadOnly(&'a str),
    /// A copy of it on a disk without any room left.
    Full(&'a str),
}

impl Disk<'_> {
    /// The program in a view of the file system in which `dir` is like this; afterwards `then`, a shell command, runs there.
    pub fn command(self, home: &Home, words: &[&str], then: &str) -> Command {
        let (dir, mount) = match self {
            Self::ReadOnly(dir) => (
                dir,
                "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\"",
            ),
            Self::Full(dir) => (
                dir,
                "cp -a \"$0\" \"$0.copy\" && mount -t tmpfs -o size=256k,mode=700 tmpfs \"$0\" && cp -a \"$0.copy/.\" \"$0\" \
                 && rm -r \"$0.copy\" && { cat /dev/zero > \"$0/filler\" 2>/dev/null; true; }",
            ),
        };
        let script = format!(
            "{{ {mount}; }} || {{ echo 'cannot mount in a user namespace (unshare --map-root-user --mount)' >&2; exit 99; }}
             \"$@\"; status=$?; {{ :; {then}
}} >&2; exit $status"
        );
        let mut command = Command::new("unshare");
        command
            .args([
                "--map-root-user",
                "--mount",
                "setsid",
                "--wait",
                "sh",
                "-c",
                &script,
            ])
            .arg(home.path(dir))
            .arg(env!("CARGO_BIN_EXE_aws-vault"))
            .args(words)
            .env_clear()
            .envs(&home.vars)
            .stdin(Stdio::null());
        command
    }
}
