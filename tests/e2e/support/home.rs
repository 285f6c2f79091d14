//! A home directory that nothing else uses.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aws_vault_keystore::{AskError, AskPassphrase, FileKeystore, Keystore as _, PassphraseRequest};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{DECK, KEY, Key, Ran, Running, Sim};
use crate::program::write_program;
use crate::pty::Pty;

pub const PASSPHRASE: &str = "CANARY-passphrase-of-the-file-store";

/// A home and the variables of whoever lives there. Nothing of the developer's own environment comes through but `PATH`.
pub struct Home {
    pub root: TempDir,
    pub vars: BTreeMap<OsString, OsString>,
}

impl Home {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut home = Self {
            root,
            vars: BTreeMap::new(),
        };
        let path = std::env::split_paths(&path_variable()).collect::<Vec<_>>();
        home.set("PATH", std::env::join_paths(path).unwrap());
        home.set("HOME", home.path(""));
        home.set("TMPDIR", home.path("tmp"));
        home.set("AWS_VAULT_BACKEND", "file");
        // The kernel's keyring outlives a test; the tests of unlocking switch it on.
        home.set("AWS_VAULT_UNLOCK_TTL", "0");
        home.set("AWS_VAULT_FILE_PASSPHRASE", PASSPHRASE);
        fs::create_dir(home.path("tmp")).unwrap();
        home
    }

    /// A home whose AWS is the simulated one.
    pub fn of(sim: &Sim, config: &str) -> Self {
        let mut home = Self::new();
        home.set("AWS_ENDPOINT_URL", &sim.endpoint);
        home.configure(config);
        home
    }

    /// The same with the key of the bastion user stored.
    pub fn with_key(sim: &Sim, config: &str) -> Self {
        let home = Self::of(sim, config);
        home.add("bastion", KEY);
        home
    }

    /// The two profiles of the talk, with an MFA device that needs nobody: each time it is asked it gives the next code.
    pub fn with_device(sim: &Sim) -> Self {
        let home = Self::with_key(sim, "");
        let device = home.script(
            "device",
            "echo asked >> \"$HOME/asked\"; sed -n \"$(wc -l < \"$HOME/asked\")p\" \"$HOME/codes\"",
        );
        let config = DECK.replace("mfa_serial", &format!("mfa_process = {device}\nmfa_serial"));
        home.configure(&config);
        fs::write(home.path("codes"), Sim::codes().join("\n") + "\n").unwrap();
        home
    }

    /// How often the device was asked.
    pub fn asked(&self) -> usize {
        let asked = fs::read_to_string(self.path("asked")).unwrap_or_default();
        asked.lines().count()
    }

    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.vars.insert(name.into(), value.as_ref().to_owned());
    }

    pub fn unset(&mut self, name: &str) {
        self.vars.remove(OsStr::new(name));
    }

    pub fn configure(&self, config: &str) {
        fs::create_dir_all(self.path(".aws")).unwrap();
        fs::write(self.config(), config).unwrap();
        // A file that others may write is refused, and the umask is whoever runs the test's.
        fs::set_permissions(self.config(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.path(".aws/config")
    }

    pub fn keys(&self) -> PathBuf {
        self.path(".awsvault/keys")
    }

    pub fn state(&self) -> PathBuf {
        self.path(".local/state/aws-vault")
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    /// A program in the home.
    pub fn script(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        write_program(&path, &format!("#!/bin/sh\n{text}\n"));
        path.to_str().unwrap().to_owned()
    }

    /// The program, without a terminal: the developer's own must not be asked.
    pub fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        self.through(&[], words)
    }

    /// The program started by another one, e.g. strace.
    pub fn through<S: AsRef<OsStr>>(
        &self,
        starter: &[&str],
        words: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new("setsid");
        command
            .arg("--wait")
            .args(starter)
            .arg(env!("CARGO_BIN_EXE_aws-vault"))
            .args(words)
            .env_clear()
            .envs(&self.vars)
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub fn run<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Ran {
        super::run(&mut self.command(words))
    }

    pub fn start<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Running {
        Running::start(&mut self.command(words))
    }

    /// The program with a person at its terminal.
    pub fn on_terminal<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> (Pty, Child) {
        let pty = Pty::open();
        let mut command = pty.command(env!("CARGO_BIN_EXE_aws-vault"));
        command.args(words).env_clear().envs(&self.vars);
        let child = super::must_start(&mut command);
        (pty, child)
    }

    #[track_caller]
    pub fn add(&self, profile: &str, key: Key<'_>) {
        let mut command = self.command(["add", "--env", "--no-add-config", profile]);
        command
            .env("AWS_ACCESS_KEY_ID", key.id)
            .env("AWS_SECRET_ACCESS_KEY", key.secret);
        super::run(&mut command).ok();
    }

    /// What `exec` gives to its command.
    #[track_caller]
    pub fn env_of(&self, words: &[&str]) -> Ran {
        self.run(["exec"].iter().chain(words).chain(&["--", "env"]))
            .ok()
    }

    /// The raw content of an item of the store.
    pub fn item(&self, name: &str) -> Option<Vec<u8>> {
        let item = self.keystore().read(name).unwrap()?;
        Some(item.data.expose().to_vec())
    }

    /// Names of everything in the store, sessions and keys of ours included.
    pub fn item_names(&self) -> Vec<String> {
        self.keystore().names().unwrap()
    }

    /// The file store, opened with the home's passphrase; `PASSPHRASE` where a test has taken that away from the program.
    fn keystore(&self) -> FileKeystore {
        let set = self.vars.get(OsStr::new("AWS_VAULT_FILE_PASSPHRASE"));
        let passphrase = set.map_or(PASSPHRASE, |set| set.to_str().unwrap());
        FileKeystore::new(&self.keys(), Box::new(Passphrase(passphrase.to_owned())))
    }

    /// The id of the access key that is stored for a profile.
    pub fn stored_id(&self, profile: &str) -> Option<String> {
        let json: serde_json::Value = serde_json::from_slice(&self.item(profile)?).unwrap();
        Some(json["AccessKeyID"].as_str().unwrap().to_owned())
    }

    /// How many sessions are cached.
    pub fn sessions(&self) -> usize {
        let files = self.files();
        files
            .iter()
            .filter(|path| path.extension().is_some_and(|it| it == "session"))
            .count()
    }

    /// Temporary files and locks that a run left behind.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let temporary = |path: &PathBuf| {
            path.extension()
                .is_some_and(|it| it == "tmp" || it == "lock")
        };
        self.files().into_iter().filter(temporary).collect()
    }

    /// Every file of the home.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = files_below(self.root.path());
        files.sort();
        files
    }

    /// A hash over names and contents of everything below a directory: equal means untouched.
    pub fn digest(&self, below: &str) -> String {
        let mut hash = Sha256::new();
        for file in self
            .files()
            .into_iter()
            .filter(|path| path.starts_with(self.path(below)))
        {
            hash.update(file.as_os_str().as_encoded_bytes());
            hash.update(fs::read(&file).unwrap());
        }
        format!("{:x?}", hash.finalize().as_slice())
    }
}

struct Passphrase(String);

impl AskPassphrase for Passphrase {
    fn ask(&self, _: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
        Ok(self.0.clone().into())
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| {
            if entry.file_type().unwrap().is_dir() {
                files_below(&entry.path())
            } else {
                vec![entry.path()]
            }
        })
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the programs that tests start are found as the test itself finds them"
)]
pub fn path_variable() -> OsString {
    std::env::var_os("PATH").unwrap()
}
