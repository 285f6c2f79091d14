//! Password stores with throw-away keys.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use aws_vault_keystore::PassKeystore;
use tempfile::TempDir;

use super::{start, support_file, write_program};

const KEY: &str = "vault@example.com";

/// A home directory with a GnuPG key and a store that `pass` has made.
pub struct PassHome {
    pub home: TempDir,
    pub store: PathBuf,
}

impl PassHome {
    /// The key has no passphrase.
    pub fn new() -> PassHome {
        PassHome::with_passphrase("")
    }

    pub fn with_passphrase(passphrase: &str) -> PassHome {
        let home = tempfile::tempdir().unwrap();
        let pass_home = PassHome {
            store: home.path().join("store"),
            home,
        };
        fs::create_dir(pass_home.gnupg()).unwrap();
        run(Command::new("chmod").arg("700").arg(pass_home.gnupg()));
        pass_home.gpg(
            &["--batch", "--pinentry-mode=loopback", "--passphrase"],
            &[
                passphrase,
                "--quick-gen-key",
                KEY,
                "future-default",
                "default",
                "never",
            ],
        );
        run(pass_home
            .command("pass", "pass")
            .args(["init", KEY])
            .stdout(Stdio::null()));
        pass_home
    }

    pub fn gnupg(&self) -> PathBuf {
        self.home.path().join("gnupg")
    }

    pub fn keystore(&self) -> PassKeystore {
        PassKeystore::pass(&self.store)
            .with_variable("HOME", self.home.path())
            .with_variable("GNUPGHOME", self.gnupg())
    }

    /// Answers passphrase prompts by a program in the place of a pinentry; `reply` is its answer to `GETPIN`.
    pub fn set_pinentry(&self, reply: &str) {
        let script = format!(
            "#!/bin/sh\necho OK\nwhile read -r line; do case $line in GETPIN*) {reply};; BYE*) exit;; *) echo OK;; esac; done\n"
        );
        let pinentry = self.home.path().join("pinentry");
        write_program(&pinentry, &script);
        let agent = format!("pinentry-program {}\n", pinentry.display());
        fs::write(self.gnupg().join("gpg-agent.conf"), agent).unwrap();
        self.end_agent();
    }

    pub fn end_agent(&self) {
        run(self.command("gpg", "gpgconf").args(["--kill", "gpg-agent"]));
    }

    /// Encrypts an item as the store's own program does, without it.
    pub fn encrypt(&self, path: &str, json: &str) {
        let file = self.file(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let plain = self.home.path().join("plain");
        fs::write(&plain, json).unwrap();
        let (file, plain) = (file.to_str().unwrap(), plain.to_str().unwrap());
        self.gpg(&["--batch", "--yes", "-e", "-r", KEY], &["-o", file, plain]);
    }

    pub fn decrypt(&self, path: &str) -> String {
        let mut command = self.command("gpg", "gpg");
        command
            .args(["--batch", "--quiet", "-d"])
            .arg(self.file(path));
        output(&mut command)
    }

    pub fn file(&self, path: &str) -> PathBuf {
        self.store.join(format!("{path}.gpg"))
    }

    pub fn gpg(&self, options: &[&str], arguments: &[&str]) {
        run(self
            .command("gpg", "gpg")
            .arg("--quiet")
            .args(options)
            .args(arguments));
    }

    pub fn command(&self, package: &str, program: &str) -> Command {
        require(package, program);
        let mut command = Command::new(program);
        command
            .env("HOME", self.home.path())
            .env("GNUPGHOME", self.gnupg())
            .env("PASSWORD_STORE_DIR", &self.store);
        command
    }
}

impl Drop for PassHome {
    fn drop(&mut self) {
        self.end_agent();
    }
}

/// A home directory with an age identity and a store for `passage`.
pub struct PassageHome {
    pub home: TempDir,
    pub store: PathBuf,
}

impl PassageHome {
    pub fn new() -> PassageHome {
        let home = tempfile::tempdir().unwrap();
        let passage_home = PassageHome {
            store: home.path().join("store"),
            home,
        };
        require("age", "age-keygen");
        run(Command::new("age-keygen")
            .arg("-o")
            .arg(passage_home.identities())
            .stderr(Stdio::null()));
        fs::create_dir(&passage_home.store).unwrap();
        passage_home
    }

    pub fn identities(&self) -> PathBuf {
        self.home.path().join("identities")
    }

    /// Through the program that `PASSAGE` names, if there is one, and through our own in its place otherwise.
    pub fn keystore(&self) -> PassKeystore {
        let stand_in = support_file("passage.sh");
        let program = std::env::var_os("PASSAGE").map_or(stand_in, PathBuf::from);
        PassKeystore::passage(&self.store)
            .with_command(program.to_str())
            .with_variable("HOME", self.home.path())
            .with_variable("PASSAGE_IDENTITIES_FILE", self.identities())
    }
}

fn require(package: &str, program: &str) {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null());
    let _ = start(package, &mut command).wait();
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
