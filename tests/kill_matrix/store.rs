//! A home with one kind of store, whose items are read by the store's own tools.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use crate::support::{Home, KEY, Keyring, Ran, Sim, run};

/// The places of the journal.
const JOURNAL: [&str; 2] = [
    "aws-vault rotation (bastion)",
    "aws-vault rotation (bastion) +",
];
const GPG_USER: &str = "vault@example.com";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    SecretService,
    Pass,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::File, Self::SecretService, Self::Pass];

    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::SecretService => "secret-service",
            Self::Pass => "pass",
        }
    }
}

pub struct Store {
    pub kind: Kind,
    pub home: Home,
    keyring: Option<Keyring>,
}

impl Store {
    pub fn new(kind: Kind) -> Self {
        let mut home = Home::new();
        home.configure("[profile bastion]\nregion = eu-west-1\n");
        home.set("AWS_VAULT_BACKEND", kind.name());
        // Unlocked with the login; a collection of its own would be asked about.
        home.set("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME", "login");
        let keyring = (kind == Kind::SecretService).then(|| Keyring::start(&mut home));
        if kind == Kind::Pass {
            prepare_pass(&mut home);
        }
        Self {
            kind,
            home,
            keyring,
        }
    }

    /// As it was before anything happened: the key is stored, nothing else is.
    pub fn reset(&mut self, sim: &Sim) {
        self.home.set("AWS_ENDPOINT_URL", &sim.endpoint);
        for dir in [self.home.state(), self.home.keys()] {
            let _ = fs::remove_dir_all(dir);
        }
        self.home.add("bastion", KEY);
    }

    /// The last state of the journal.
    pub fn journal(&self) -> Option<Value> {
        let states = JOURNAL.iter().filter_map(|name| self.item(name));
        states.max_by_key(|state| state["Rotation"]["Number"].as_u64())
    }

    /// The JSON of a stored credential or journal; `None` if there is none, or it is torn.
    pub fn item(&self, name: &str) -> Option<Value> {
        let data = match self.kind {
            Kind::File => self.home.item(name)?,
            Kind::SecretService => {
                data_of(&self.tool("secret-tool", &["lookup", "profile", name]))?
            }
            Kind::Pass => data_of(&self.tool("pass", &["show", name]))?,
        };
        serde_json::from_slice(&data).ok()
    }

    fn tool(&self, program: &str, words: &[&str]) -> Ran {
        run(Command::new(program)
            .args(words)
            .env_clear()
            .envs(&self.home.vars)
            .stdin(Stdio::null()))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.kind == Kind::Pass {
            self.tool("gpgconf", &["--kill", "gpg-agent"]);
        }
    }
}

/// The `Data` of an item's JSON.
fn data_of(shown: &Ran) -> Option<Vec<u8>> {
    let item: Value = serde_json::from_str(&shown.stdout).ok()?;
    BASE64_STANDARD.decode(item["Data"].as_str()?).ok()
}

/// A GnuPG key without a passphrase, and a store that `pass` has made.
fn prepare_pass(home: &mut Home) {
    let gnupg = home.path("gnupg");
    fs::create_dir(&gnupg).unwrap();
    fs::set_permissions(&gnupg, fs::Permissions::from_mode(0o700)).unwrap();
    home.set("GNUPGHOME", &gnupg);
    home.set("PASSWORD_STORE_DIR", home.path("store"));
    let ready = |program: &str, words: &[&str]| {
        run(Command::new(program)
            .args(words)
            .env_clear()
            .envs(&home.vars)
            .stdin(Stdio::null()))
        .ok();
    };
    ready(
        "gpg",
        &[
            "--quiet",
            "--batch",
            "--pinentry-mode=loopback",
            "--passphrase",
            "",
            "--quick-gen-key",
            GPG_USER,
            "future-default",
            "default",
            "never",
        ],
    );
    ready("pass", &["init", GPG_USER]);
}
