//! A real GNOME Keyring on a private session bus.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

pub use super::bus::Bus;
use super::bus::{end, patient, signal};
use super::{PYTHON, item, start, support_file};
use aws_vault_keystore::{Keystore, Limits, SecretServiceKeystore};

pub const COLLECTION: &str = "awsvault";
const COLLECTION_PASSWORD: &str = "vault password";

impl Bus {
    pub fn keystore(&self) -> SecretServiceKeystore {
        SecretServiceKeystore::new(COLLECTION)
            .at_address(&self.address)
            .with_limits(patient())
    }

    /// The items of a collection as another implementation sees them.
    pub fn items(&self, collection: &str) -> serde_json::Value {
        serde_json::from_str(&self.python("list", collection, "")).unwrap()
    }

    /// Has another implementation store items, described as [`Bus::items`] describes them.
    pub fn create_items(&self, collection: &str, items: &serde_json::Value) {
        self.python("create", collection, &items.to_string());
    }

    fn python(&self, command: &str, collection: &str, input: &str) -> String {
        let mut child = start(
            "python3",
            self.command(PYTHON)
                .arg(support_file("items.py"))
                .args([command, collection])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        );
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "items.py: {complaints}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Everything that is said on a bus.
pub struct Watcher {
    monitor: Child,
    traffic: PathBuf,
}

impl Watcher {
    pub fn start(bus: &Bus) -> Watcher {
        let traffic = bus.dir.path().join("traffic");
        let monitor = start(
            "dbus-bin",
            Command::new("dbus-monitor")
                .args(["--binary", "--address", &bus.address])
                .stdout(fs::File::create(&traffic).unwrap())
                .stderr(Stdio::null()),
        );
        let watcher = Watcher { monitor, traffic };
        watcher.traffic_with(bus, b"NameHasOwner");
        watcher
    }

    /// The traffic up to now, once it contains that text; makes some more until what was said has been written down.
    pub fn traffic_with(&self, bus: &Bus, text: &[u8]) -> Vec<u8> {
        for _ in 0..6000 {
            let traffic = fs::read(&self.traffic).unwrap();
            if traffic.windows(text.len()).any(|window| window == text) {
                return traffic;
            }
            let _ = bus.keystore().probe();
            sleep(Duration::from_millis(10));
        }
        panic!("dbus-monitor saw no {:?}", String::from_utf8_lossy(text));
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        end(&mut self.monitor);
    }
}

/// Runs a test until it succeeds, at most three times.
///
/// GNOME Keyring and its prompter fail to agree on a key about once in 300 prompts ("Cannot import an invalid key" in the
/// daemon's log), and that looks like a prompt that was dismissed. A test that fails for a reason of ours fails three times.
pub fn repeated(test: impl Fn() + UnwindSafe + RefUnwindSafe) {
    for _ in 0..2 {
        if catch_unwind(&test).is_ok() {
            return;
        }
    }
    test();
}

/// A GNOME Keyring whose prompts are answered from a script; ends when dropped.
pub struct GnomeKeyring {
    daemon: Child,
    prompter: Child,
    prompter_name: String,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    // Last, since the others live on it.
    pub bus: Bus,
}

impl GnomeKeyring {
    pub fn start() -> GnomeKeyring {
        let bus = Bus::start();
        let mut prompter = start(
            "python3",
            bus.command(PYTHON)
                .arg(support_file("prompter.py"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped()),
        );
        let mut answers = BufReader::new(prompter.stdout.take().unwrap());
        let mut prompter_name = String::new();
        answers.read_line(&mut prompter_name).unwrap();
        let prompter_name = prompter_name.trim_end().to_owned();
        assert!(
            prompter_name.starts_with(':'),
            "the scripted prompter did not start"
        );
        GnomeKeyring {
            daemon: start_daemon(&bus, &prompter_name),
            commands: prompter.stdin.take().unwrap(),
            answers,
            prompter,
            prompter_name,
            bus,
        }
    }

    /// With the collection already made and one item in it.
    pub fn with_item(name: &str) -> GnomeKeyring {
        let mut keyring = GnomeKeyring::start();
        keyring.expect_password();
        keyring
            .keystore()
            .write(&item(name, "first secret"))
            .unwrap();
        keyring
    }

    pub fn keystore(&self) -> SecretServiceKeystore {
        self.bus.keystore()
    }

    pub fn keystore_with_prompt_limit(&self, prompt: Duration) -> SecretServiceKeystore {
        self.keystore().with_limits(Limits {
            prompt,
            ..patient()
        })
    }

    /// The next prompt is answered with the collection's password.
    pub fn expect_password(&mut self) {
        self.tell(&format!("password {COLLECTION_PASSWORD}"));
    }

    pub fn expect_dismissal(&mut self) {
        self.tell("dismiss");
    }

    /// Prompts stay open for so long.
    pub fn delay_answers(&mut self, delay: Duration) {
        self.tell(&format!("delay {}", delay.as_millis()));
    }

    pub fn is_expecting(&mut self) -> bool {
        self.tell("expecting") == "yes"
    }

    pub fn tell(&mut self, command: &str) -> String {
        writeln!(self.commands, "{command}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    /// Afterwards the collection is locked, as it is when the user logs in again.
    pub fn restart(&mut self) {
        self.kill();
        self.daemon = start_daemon(&self.bus, &self.prompter_name);
    }

    pub fn kill(&mut self) {
        end(&mut self.daemon);
    }

    pub fn suspend(&self) {
        signal("STOP", &self.daemon);
    }

    pub fn resume(&self) {
        signal("CONT", &self.daemon);
    }

    pub fn process_id(&self) -> u32 {
        self.daemon.id()
    }

    /// The items as another implementation sees them.
    pub fn items(&self) -> serde_json::Value {
        self.bus.items(COLLECTION)
    }

    /// Has another implementation store items, described as [`Bus::items`] describes them.
    pub fn create_items(&self, items: &serde_json::Value) {
        self.bus.create_items(COLLECTION, items);
    }

    /// Removes the collection.
    pub fn delete(&self) {
        self.bus.python("delete", COLLECTION, "");
    }

    pub fn lock(&self) {
        self.bus.python("lock", COLLECTION, "");
    }
}

impl Drop for GnomeKeyring {
    fn drop(&mut self) {
        end(&mut self.daemon);
        end(&mut self.prompter);
    }
}

fn start_daemon(bus: &Bus, prompter_name: &str) -> Child {
    let mut daemon = start(
        "gnome-keyring",
        bus.command("gnome-keyring-daemon")
            .args(["--foreground", "--components=secrets"])
            .arg(format!(
                "--control-directory={}",
                bus.dir.path().join("control").display()
            ))
            .env("GNOME_KEYRING_TEST_PROMPTER", prompter_name)
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    for _ in 0..6000 {
        if bus.keystore().probe().is_ok() {
            return daemon;
        }
        sleep(Duration::from_millis(10));
    }
    end(&mut daemon);
    panic!("gnome-keyring-daemon did not appear on the bus within a minute");
}
