//! The same commands with a real GNOME Keyring as the store; no store is named, so the tool has to choose.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use crate::support::{DECK, Home, KEY, Sim, must_start};

/// A private bus with an unlocked keyring on it; ends when dropped.
struct Keyring {
    bus: Child,
}

impl Keyring {
    /// Starts both, and makes them the home's own.
    fn start(home: &mut Home) -> Self {
        let runtime = home.path("run");
        fs::create_dir(&runtime).unwrap();
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();
        home.set("XDG_RUNTIME_DIR", &runtime);
        let mut command = Command::new("dbus-daemon");
        command
            .args(["--session", "--nofork", "--nopidfile", "--print-address"])
            .arg(format!("--address=unix:path={}/bus", runtime.display()))
            .env_clear()
            .envs(&home.vars)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut bus = must_start(&mut command);
        let mut address = String::new();
        let mut lines = BufReader::new(bus.stdout.take().unwrap());
        lines.read_line(&mut address).unwrap();
        home.set("DBUS_SESSION_BUS_ADDRESS", address.trim_end());

        // Goes into the background when it is ready, and ends with the bus.
        let mut command = Command::new("gnome-keyring-daemon");
        command
            .args(["--daemonize", "--unlock", "--components=secrets"])
            .env_clear()
            .envs(&home.vars)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut daemon = must_start(&mut command);
        let mut password = daemon.stdin.take().unwrap();
        password.write_all(b"CANARY-login-password").unwrap();
        drop(password);
        assert!(daemon.wait().unwrap().success());
        Self { bus }
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

#[test]
fn the_desktops_keyring_is_chosen_used_and_not_left_for_another() {
    let sim = Sim::deck();
    let mut home = Home::of(&sim, DECK);
    for name in ["AWS_VAULT_BACKEND", "AWS_VAULT_FILE_PASSPHRASE"] {
        home.unset(name);
    }
    // The collection that is unlocked at login: to make another one asks for a password in a window.
    home.set("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME", "login");
    let keyring = Keyring::start(&mut home);
    home.add("bastion", KEY);
    assert!(!home.keys().exists());
    let code = sim.code();
    home.run(["exec", "-t", &code, "master", "--", "true"]).ok();
    let id = home.env_of(&["master"]).var("AWS_ACCESS_KEY_ID").to_owned();
    assert_eq!(home.env_of(&["master"]).var("AWS_ACCESS_KEY_ID"), id);
    assert_eq!(sim.actions(), ["sts:GetSessionToken", "sts:AssumeRole"]);
    let json = home.run(["list", "--json"]).ok().stdout;
    assert!(json.contains("\"backend\": \"secret-service\""), "{json}");
    home.run(["rotate", "bastion"]).ok();
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "bastion\n");
    let new = home
        .env_of(&["-n", "bastion"])
        .var("AWS_ACCESS_KEY_ID")
        .to_owned();
    assert_eq!(sim.keys(), [format!("{new} Active")]);

    drop(keyring);
    home.run(["exec", "-n", "bastion", "--", "true"])
        .fails("the secret-service keystore is not available")
        .hints("--backend");
    assert!(!home.keys().exists());
}
