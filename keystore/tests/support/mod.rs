//! What the tests of all stores share.

#![allow(clippy::unwrap_used, dead_code)]

#[cfg(target_os = "linux")]
pub mod bus;
pub mod conformance;
#[cfg(target_os = "linux")]
pub mod gnome_keyring;
#[cfg(target_os = "linux")]
pub mod keepassxc;
#[cfg(target_os = "linux")]
pub mod kwallet;
#[cfg(unix)]
pub mod pass;
pub mod writers;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use aws_vault_keystore::{Item, Secret};

/// Debian's own Python, for which the needed modules are packaged.
pub const PYTHON: &str = "/usr/bin/python3";

pub fn item(name: &str, data: impl Into<Vec<u8>>) -> Item {
    Item {
        name: name.to_owned(),
        data: Secret::new(data.into()),
        label: format!("aws-vault ({name})"),
        description: String::new(),
        not_trust_application: true,
        not_synchronizable: false,
    }
}

pub fn start(package: &str, command: &mut Command) -> Child {
    command.spawn().unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("cannot start {program}: {error} (Debian package {package})")
    })
}

pub fn support_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/support")
        .join(name)
}

/// Writes a program through a child: a copy of our own handle, in another thread's child that has not yet become its program,
/// would make the kernel refuse to run it ("Text file busy").
pub fn write_program(path: &Path, script: &str) {
    let text = path.with_extension("text");
    std::fs::write(&text, script).unwrap();
    let installed = Command::new("install")
        .args(["-m", "755"])
        .args([&text, path])
        .status();
    assert!(installed.unwrap().success());
}

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}
