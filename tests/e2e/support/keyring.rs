//! A real GNOME Keyring.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use super::{Home, must_start};

/// A private bus with an unlocked keyring on it; ends when dropped.
pub struct Keyring {
    bus: Child,
}

impl Keyring {
    /// Starts both, and makes them the home's own.
    pub fn start(home: &mut Home) -> Self {
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
