//! A home with one kind of store, whose items are read by the store's own tools.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_vault_keystore::{AskError, AskPassphrase, FileKeystore, Keystore as _, PassphraseRequest};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{Home, KEY, Key, Keyring, PASSPHRASE, Ran, Sim, run};

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
    /// Opened once: its passphrase costs 600,000 rounds.
    file: FileKeystore,
    bystander: Value,
}

/// What a rotation of `bastion` has nothing to do with: an item of the same store, and its key of another user of the account.
pub const BYSTANDER: Key<'static> = Key {
    id: "AKIACANARYBYSTANDER1",
    secret: "CANARYsecretOfABystander/+01234567890123",
};

/// The talk's world with that user, who has a second key as well.
pub fn world() -> Sim {
    Sim::with(|world| {
        world["accounts"]["111122223333"]["users"]["daffy"] = json!({ "access_keys": [
            { "id": BYSTANDER.id, "secret": BYSTANDER.secret },
            { "id": "AKIACANARYBYSTANDER2", "secret": "CANARYsecretInNoStore/+01234567890123456" },
        ] });
    })
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
        home.add("bystander", BYSTANDER);
        home.add("bastion", KEY);
        let file = FileKeystore::new(&home.keys(), Box::new(Passphrase));
        let mut store = Self {
            kind,
            home,
            keyring,
            file,
            bystander: Value::Null,
        };
        store.bystander = store.item("bystander").unwrap();
        for dir in store.dirs() {
            copy(&dir, &dir.with_extension("before"));
        }
        store
    }

    /// Where the store and what we remember of it are, as far as they are files.
    fn dirs(&self) -> Vec<PathBuf> {
        let dirs = [self.home.state(), self.home.keys(), self.home.path("store")];
        dirs.into_iter().filter(|dir| dir.exists()).collect()
    }

    /// Nothing has happened to what the rotation has nothing to do with.
    pub fn bystander_is_untouched(&self, sim: &Sim) -> bool {
        let world = sim.world();
        let keys = &world.accounts["111122223333"].users["daffy"].access_keys;
        let ids = [BYSTANDER.id, "AKIACANARYBYSTANDER2"];
        self.item("bystander").as_ref() == Some(&self.bystander)
            && keys.len() == 2
            && keys
                .iter()
                .zip(ids)
                .all(|(key, id)| key.id == id && key.status == aws_sim::Status::Active)
    }

    /// As it was before anything happened: two keys are stored, nothing else is.
    pub fn reset(&mut self, sim: &Sim) {
        self.home.set("AWS_ENDPOINT_URL", &sim.endpoint);
        for dir in self.dirs() {
            fs::remove_dir_all(&dir).unwrap();
            copy(&dir.with_extension("before"), &dir);
        }
        if self.keyring.is_some() {
            self.home.add("bastion", KEY);
        }
    }

    /// The last state of the journal.
    pub fn journal(&self) -> Option<Value> {
        let states = JOURNAL.iter().filter_map(|name| self.item(name));
        states.max_by_key(|state| state["Rotation"]["Number"].as_u64())
    }

    /// The JSON of a stored credential or journal; `None` if there is none, or it is torn.
    pub fn item(&self, name: &str) -> Option<Value> {
        let data = match self.kind {
            Kind::File => self.file.read(name).ok()??.data.expose().to_vec(),
            Kind::SecretService => {
                data_of(&self.tool("secret-tool", &["lookup", "profile", name]))?
            }
            // gpg is slow to say that there is nothing.
            Kind::Pass if !self.home.path(&format!("store/{name}.gpg")).exists() => return None,
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

struct Passphrase;

impl AskPassphrase for Passphrase {
    fn ask(&self, _: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
        Ok(PASSPHRASE.into())
    }
}

/// A directory and all that is in it; modes, too.
fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").args([from, to])).ok();
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
