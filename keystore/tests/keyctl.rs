//! The store in the kernel's keyrings, beside keyutils' `keyctl`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use aws_vault_keystore::{
    Backend, Error, KeyctlKeystore, KeyctlScope, Keystore, Settings, location, probe,
};
use support::{conformance, item, start, writers};

/// Names the keyring for a test that another one runs in a process of its own.
const KEYRING_VARIABLE: &str = "TEST_KEYRING";

/// A keyring that no other test uses, in that of the user; removed when dropped.
struct Keyring {
    name: String,
}

impl Keyring {
    fn new() -> Keyring {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Keyring {
            name: format!("aws-vault-test-{}-{number}", std::process::id()),
        }
    }

    /// Made by `keyctl`, as the first thing.
    fn made_by_keyctl() -> Keyring {
        let keyring = Keyring::new();
        keyctl(&["newring", &keyring.name, "@u"]).unwrap();
        keyring
    }

    fn keystore(&self) -> KeyctlKeystore {
        KeyctlKeystore::new(KeyctlScope::User).with_keyring(&self.name)
    }

    fn number(&self) -> String {
        keyctl(&["search", "@u", "keyring", &self.name]).unwrap()
    }

    fn key(&self, name: &str) -> String {
        keyctl(&["search", &self.number(), "user", name]).unwrap()
    }

    /// Runs one of the ignored tests in a process that another program starts; what it printed.
    fn run_under(&self, package: &str, program: &[&str], test: &str) -> String {
        let mut command = Command::new(program[0]);
        command
            .args(&program[1..])
            .arg(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", test, "--nocapture"])
            .env(KEYRING_VARIABLE, &self.name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = start(package, &mut command).wait_with_output().unwrap();
        let shown = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{shown}");
        shown
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        if let Ok(number) = keyctl(&["search", "@u", "keyring", &self.name]) {
            let _ = keyctl(&["unlink", &number, "@u"]);
        }
    }
}

fn keyctl(arguments: &[&str]) -> Result<String, String> {
    keyctl_with_input(arguments, b"")
}

fn keyctl_with_input(arguments: &[&str], input: &[u8]) -> Result<String, String> {
    let mut command = Command::new("keyctl");
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = start("keyutils", &mut command);
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

fn limits() -> conformance::Limits {
    conformance::Limits {
        data_only: true,
        sizes: Some(1..=32_767),
        ..conformance::Limits::default()
    }
}

#[test]
fn conforms() {
    let keyring = Keyring::new();
    conformance::check_within(&limits(), || keyring.keystore());
    conformance::check_persistence(|| keyring.keystore());
    let permissions = Some(0x3f3f_0000);
    conformance::check_within(&limits(), || {
        keyring.keystore().with_permissions(permissions)
    });
}

#[test]
fn conforms_in_every_scope() {
    let keyring = Keyring::new();
    for scope in KeyctlScope::ALL {
        let store = || KeyctlKeystore::new(*scope).with_keyring(&keyring.name);
        store().probe().unwrap();
        conformance::check_within(&limits(), store);
        assert_eq!(
            store().location(),
            format!("keyctl:{scope}/{}", keyring.name)
        );
    }
    for ring in ["@us", "@s"] {
        if let Ok(number) = keyctl(&["search", ring, "keyring", &keyring.name]) {
            let _ = keyctl(&["unlink", &number, ring]);
        }
    }
    let in_persistent = format!(
        "p=$(keyctl get_persistent @s) && keyctl unlink $(keyctl search $p keyring {}) $p",
        keyring.name
    );
    keyctl(&["session", "-", "sh", "-c", &in_persistent]).unwrap();
}

#[test]
fn scopes_are_apart() {
    let keyring = Keyring::new();
    let inner = KeyctlKeystore::new(KeyctlScope::Process).with_keyring(&keyring.name);
    keyring.keystore().write(&item("jon", "user's")).unwrap();
    assert!(inner.read("jon").unwrap().is_none());
    inner.write(&item("jon", "process's")).unwrap();
    let read = keyring.keystore().read("jon").unwrap().unwrap();
    assert_eq!(read.data.expose(), b"user's");
    assert!(inner.remove("jon").unwrap());
    assert_eq!(keyring.keystore().names().unwrap(), ["jon"]);
}

#[test]
fn reading_an_absent_keyring_makes_none() {
    let keyring = Keyring::new();
    let store = keyring.keystore();
    store.probe().unwrap();
    assert!(store.read("jon").unwrap().is_none());
    assert!(!store.remove("jon").unwrap());
    assert!(store.names().unwrap().is_empty());
    keyctl(&["search", "@u", "keyring", &keyring.name]).unwrap_err();
}

#[test]
fn items_that_keyctl_made_are_read_and_replaced() {
    let keyring = Keyring::made_by_keyctl();
    let number = keyring.number();
    keyctl_with_input(
        &["padd", "user", "jon", &number],
        br#"{"AccessKeyID":"AKIA"}"#,
    )
    .unwrap();
    let store = keyring.keystore();
    assert_eq!(store.names().unwrap(), ["jon"]);
    let read = store.read("jon").unwrap().unwrap();
    assert_eq!(read.data.expose(), br#"{"AccessKeyID":"AKIA"}"#);
    let key = keyring.key("jon");
    store.write(&item("jon", "rotated")).unwrap();
    assert_eq!(keyctl(&["pipe", &key]).unwrap(), "rotated");
    assert!(store.remove("jon").unwrap());
    assert_eq!(keyctl(&["rlist", &number]).unwrap(), "");
}

#[test]
fn items_have_the_shape_that_keyctl_shows() {
    let keyring = Keyring::new();
    let store = keyring.keystore();
    store.write(&item("a;b", "secret")).unwrap();
    let key = keyring.key("a;b");
    assert_eq!(keyctl(&["pipe", &key]).unwrap(), "secret");
    let described = keyctl(&["rdescribe", &key]).unwrap();
    assert!(described.starts_with("user;"), "{described}");
    assert!(described.ends_with(";3f010000;a;b"), "{described}");

    let open = keyring.keystore().with_permissions(Some(0x3f03_0000));
    open.write(&item("a;b", "secret")).unwrap();
    let described = keyctl(&["rdescribe", &keyring.key("a;b")]).unwrap();
    assert!(described.ends_with(";3f030000;a;b"), "{described}");
    assert_eq!(store.names().unwrap(), ["a;b"]);
}

#[test]
fn one_bad_key_does_not_hide_the_others() {
    let keyring = Keyring::made_by_keyctl();
    let number = keyring.number();
    let store = keyring.keystore();
    let long = "x".repeat(4095);
    for name in ["jon", "revoked", "expired", "hidden", &long] {
        store.write(&item(name, "secret")).unwrap();
    }
    keyctl(&["add", "logon", "other:type", "x", &number]).unwrap();
    keyctl(&["newring", "jon", &number]).unwrap();
    keyctl(&["revoke", &keyring.key("revoked")]).unwrap();
    keyctl(&["setperm", &keyring.key("hidden"), "0"]).unwrap();
    keyctl(&["timeout", &keyring.key("expired"), "1"]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(store.names().unwrap(), ["jon", &long]);
    for name in ["revoked", "expired"] {
        assert!(store.read(name).unwrap().is_none(), "{name}");
        store.write(&item(name, "again")).unwrap();
        let read = store.read(name).unwrap().unwrap();
        assert_eq!(read.data.expose(), b"again");
    }
    let error = store.write(&item(&"x".repeat(4096), "y")).unwrap_err();
    assert!(matches!(error, Error::InvalidName { .. }), "{error}");
    assert!(store.read(&"x".repeat(4096)).unwrap().is_none());
}

#[test]
fn a_session_without_the_users_keyring_reads_all_the_same() {
    let keyring = Keyring::new();
    keyring.keystore().write(&item("jon", "secret")).unwrap();
    // What the trap is: the kernel refuses the key to whoever does not possess it.
    let refused = keyctl(&["session", "-", "keyctl", "pipe", &keyring.key("jon")]);
    assert!(refused.unwrap_err().contains("Permission denied"));

    let session = ["keyctl", "session", "-"];
    keyring.run_under("keyutils", &session, "inner_reads_and_writes");
    let read = keyring.keystore().read("inner").unwrap().unwrap();
    assert_eq!(read.data.expose(), b"from another session");
    assert_eq!(keyring.keystore().names().unwrap(), ["inner", "jon"]);
}

#[test]
#[ignore = "run by another test in a session of its own"]
fn inner_reads_and_writes() {
    let name = std::env::var(KEYRING_VARIABLE).unwrap();
    let store = KeyctlKeystore::new(KeyctlScope::User).with_keyring(&name);
    let read = store.read("jon").unwrap().unwrap();
    assert_eq!(read.data.expose(), b"secret");
    store.write(&item("inner", "from another session")).unwrap();
}

#[test]
fn what_the_kernel_refuses_is_told() {
    let keyring = Keyring::new();
    keyring.keystore().write(&item("jon", "secret")).unwrap();
    let table = [
        (
            "keyctl:error=EPERM",
            "the keyctl keystore is not available: ",
        ),
        (
            "keyctl:error=ENOSYS",
            "the keyctl keystore is not available: ",
        ),
        ("keyctl:error=EACCES", "the keyctl keystore denies access: "),
        ("add_key:error=EDQUOT", "the keyctl keystore is full: "),
        (
            "add_key:error=EPERM",
            "the keyctl keystore is not available: ",
        ),
        (
            "add_key:error=ENOMEM",
            "the keyctl keystore failed to store the item: ",
        ),
    ];
    for (fault, text) in table {
        let inject = format!("inject={fault}");
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
        let shown = keyring.run_under("strace", &strace, "inner_writes_in_vain");
        assert!(
            shown.contains(&format!("error: {text}")),
            "{fault}: {shown}"
        );
    }
    assert_eq!(keyring.keystore().names().unwrap(), ["jon"]);
    let read = keyring.keystore().read("jon").unwrap().unwrap();
    assert_eq!(read.data.expose(), b"secret");
}

#[test]
#[ignore = "run by another test with faults in the kernel's answers"]
fn inner_writes_in_vain() {
    let name = std::env::var(KEYRING_VARIABLE).unwrap();
    let store = KeyctlKeystore::new(KeyctlScope::User).with_keyring(&name);
    println!("error: {}", store.write(&item("jon", "new")).unwrap_err());
}

#[test]
fn many_writers_lose_nothing() {
    let keyring = Keyring::new();
    writers::check(writers::OPERATIONS, || keyring.keystore());
}

#[test]
fn settings_choose_the_scope() {
    let settings = Settings {
        keyctl_scope: KeyctlScope::Session,
        ..Settings::new("/nonexistent".into())
    };
    assert_eq!(
        location(Backend::Keyctl, &settings),
        "keyctl:session/aws-vault"
    );
    probe(Backend::Keyctl, &settings).unwrap();
}
