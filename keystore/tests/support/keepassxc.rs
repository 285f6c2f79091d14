//! A real KeePassXC on a private session bus.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use aws_vault_keystore::Keystore;

use super::bus::{Bus, end};
use super::gnome_keyring::COLLECTION;
use super::{fixture, start};

const PASSWORD: &str = "vault password\n";

/// It asks nobody for anything: there is no screen.
const CONFIG: &str = "[General]\nSingleInstance=false\nAutoSaveAfterEveryChange=true\n\
                      [GUI]\nCheckForUpdates=false\n\
                      [FdoSecrets]\nEnabled=true\nShowNotification=false\nConfirmAccessItem=false\nConfirmDeleteItem=false\n";

/// A KeePassXC without a screen that shows one database, open and empty, as the collection `awsvault`. Ends when dropped.
pub struct KeePassXc {
    program: Child,
    database: PathBuf,
    // Last, since the program lives on it.
    pub bus: Bus,
}

impl KeePassXc {
    pub fn start() -> KeePassXc {
        let bus = Bus::start();
        let database = bus.dir.path().join("awsvault.kdbx");
        fs::copy(fixture("keepassxc.kdbx"), &database).unwrap();
        fs::write(bus.dir.path().join("config.ini"), CONFIG).unwrap();
        KeePassXc {
            program: start_program(&bus, &database),
            database,
            bus,
        }
    }

    pub fn on_disk(&self) -> Vec<u8> {
        fs::read(&self.database).unwrap()
    }

    /// With the same database, from the disk.
    pub fn restart_after_kill(&mut self) {
        end(&mut self.program);
        self.program = start_program(&self.bus, &self.database);
    }
}

impl Drop for KeePassXc {
    fn drop(&mut self) {
        end(&mut self.program);
    }
}

fn start_program(bus: &Bus, database: &PathBuf) -> Child {
    let dir = bus.dir.path();
    let mut program = start(
        "keepassxc",
        bus.command("keepassxc")
            .arg("--config")
            .arg(dir.join("config.ini"))
            .arg("--localconfig")
            .arg(dir.join("local.ini"))
            .arg("--pw-stdin")
            .arg(database)
            .env("QT_QPA_PLATFORM", "offscreen")
            .env("XDG_CONFIG_HOME", dir)
            .env("XDG_CACHE_HOME", dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    let mut stdin = program.stdin.take().unwrap();
    stdin.write_all(PASSWORD.as_bytes()).unwrap();
    drop(stdin);
    for _ in 0..600 {
        if is_open(bus) {
            return program;
        }
        sleep(Duration::from_millis(100));
    }
    end(&mut program);
    panic!("KeePassXC did not open its database within a minute");
}

/// It is on the bus before it has opened the database, and listing would show a dialog until then.
fn is_open(bus: &Bus) -> bool {
    if bus.keystore().probe().is_err() {
        return false;
    }
    let output = bus
        .command("dbus-send")
        .args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
        ])
        .arg(format!("/org/freedesktop/secrets/collection/{COLLECTION}"))
        .args(["org.freedesktop.DBus.Properties.Get"])
        .args(["string:org.freedesktop.Secret.Collection", "string:Locked"])
        .output()
        .expect("cannot start dbus-send (Debian package dbus-bin)");
    String::from_utf8_lossy(&output.stdout).contains("boolean false")
        && bus.keystore().names().is_ok()
}
