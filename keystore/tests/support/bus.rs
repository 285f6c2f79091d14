//! A private session bus.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aws_vault_keystore::Limits;
use tempfile::TempDir;

use super::start;

/// A bus that nobody else is on and where nothing is started but by [`Bus::with_service`]; ends when dropped.
pub struct Bus {
    pub address: String,
    pub dir: TempDir,
    daemon: Child,
}

impl Bus {
    pub fn start() -> Bus {
        Bus::start_in(tempfile::tempdir().unwrap())
    }

    /// A bus that starts the program when the name is called.
    pub fn with_service(name: &str, program: &str) -> Bus {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("[D-BUS Service]\nName={name}\nExec={program}\n");
        fs::write(dir.path().join(format!("{name}.service")), text).unwrap();
        Bus::start_in(dir)
    }

    fn start_in(dir: TempDir) -> Bus {
        let config = dir.path().join("bus.conf");
        fs::write(
            &config,
            format!(
                "<busconfig><type>session</type><listen>unix:path={0}/bus</listen>
                 <servicedir>{0}</servicedir>
                 <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>
                 <allow own=\"*\"/></policy></busconfig>",
                dir.path().display()
            ),
        )
        .unwrap();
        let mut daemon = start(
            "dbus-daemon",
            Command::new("dbus-daemon")
                .arg(format!("--config-file={}", config.display()))
                .args(["--nofork", "--nopidfile", "--print-address"])
                .stdout(Stdio::piped())
                // Only complaints that it cannot raise its limits.
                .stderr(Stdio::null()),
        );
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Bus {
            address: address.trim_end().to_owned(),
            dir,
            daemon,
        }
    }

    pub fn suspend(&self) {
        signal("STOP", &self.daemon);
    }

    /// Runs on this bus, without the user's own files and display.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("HOME", self.dir.path())
            .env("XDG_DATA_HOME", self.dir.path())
            .env("XDG_RUNTIME_DIR", self.dir.path())
            .env_remove("DISPLAY");
        command
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        end(&mut self.daemon);
    }
}

/// For many callers of one service on a busy machine.
pub fn patient() -> Limits {
    Limits {
        call: Duration::from_mins(2),
        ..Limits::default()
    }
}

pub fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

pub fn signal(name: &str, child: &Child) {
    let status = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "kill failed");
}
