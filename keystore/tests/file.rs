//! The file store.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use aws_vault_keystore::{
    AskError, AskPassphrase, Asked, Backend, Error, FileKeystore, Keystore, PassphraseRequest,
    Settings, location, open, probe,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::json;
use support::{PYTHON, conformance, fixture, item, start, support_file, writers};
use tempfile::TempDir;

const PASSPHRASE: &str = "correct horse";

/// The store and the number of a writer that another test runs in a process of its own.
const DIR_VARIABLE: &str = "TEST_STORE";
const WRITER_VARIABLE: &str = "TEST_WRITER";

/// Gives the same answer every time and writes down what it was asked.
#[derive(Clone, Default)]
struct Asker {
    answer: Rc<RefCell<String>>,
    asked: Rc<RefCell<Vec<&'static str>>>,
}

impl Asker {
    fn answering(answer: &str) -> Self {
        let asker = Asker::default();
        asker.now_answers(answer);
        asker
    }

    fn now_answers(&self, answer: &str) {
        answer.clone_into(&mut self.answer.borrow_mut());
    }

    fn asked(&self) -> Vec<&'static str> {
        self.asked.take()
    }
}

impl AskPassphrase for Asker {
    fn ask(&self, request: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
        self.asked.borrow_mut().push(match request {
            PassphraseRequest::Unlock { .. } => "unlock",
            PassphraseRequest::Create { .. } => "create",
            _ => "something else",
        });
        Ok(SecretString::from(self.answer.borrow().clone()))
    }
}

struct Refuses(AskError);

impl AskPassphrase for Refuses {
    fn ask(&self, _: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
        Err(self.0.clone())
    }
}

fn with_passphrase(dir: &Path, passphrase: &str) -> FileKeystore {
    FileKeystore::new(dir, Box::new(Asker::answering(passphrase))).with_iterations(1000)
}

fn keystore(dir: &Path) -> FileKeystore {
    with_passphrase(dir, PASSPHRASE)
}

/// A place for a store, and the store's directory in it, which does not exist yet.
fn place() -> (TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("home/.awsvault/keys");
    (place, dir)
}

/// Every file below a directory with its content.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(snapshot(&path));
        } else {
            let content = fs::read(&path).unwrap();
            files.insert(path, content);
        }
    }
    files
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn conforms() {
    let (_place, dir) = place();
    conformance::check(|| keystore(&dir));
    conformance::check_persistence(|| keystore(&dir));
}

#[test]
fn location_and_probe_open_nothing() {
    let (_place, dir) = place();
    let settings = Settings::new(dir.clone());
    let text = format!("file:{}", dir.display());
    assert_eq!(location(Backend::File, &settings), text);
    assert_eq!(
        location(Backend::SecretService, &settings),
        "secret-service:awsvault"
    );
    let asker = Asker::default();
    let store = open(Backend::File, &settings, Box::new(asker.clone())).unwrap();
    assert_eq!((store.backend(), store.location()), (Backend::File, text));
    probe(Backend::File, &settings).unwrap();
    assert!(!dir.exists());
    assert!(asker.asked().is_empty());

    fs::create_dir_all(dir.parent().unwrap()).unwrap();
    fs::write(&dir, "a file").unwrap();
    let error = probe(Backend::File, &settings).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                backend: Backend::File,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn only_the_user_can_read_and_nothing_else_is_left_behind() {
    let (place, dir) = place();
    keystore(&dir).write(&item("team/prod", "secret")).unwrap();
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(dir.parent().unwrap()), 0o700);
    let file = dir.join("team%2Fprod");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(snapshot(place.path()).keys().collect::<Vec<_>>(), [&file]);

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    keystore(&dir).write(&item("team/prod", "other")).unwrap();
    assert_eq!(mode(&file), 0o600);
    assert_eq!(snapshot(place.path()).len(), 1);
}

#[test]
fn the_passphrase_is_asked_when_needed_and_once() {
    let (_place, dir) = place();
    let asker = Asker::answering(PASSPHRASE);
    let store = FileKeystore::new(&dir, Box::new(asker.clone()));
    assert!(store.read("jon").unwrap().is_none());
    assert!(!store.remove("jon").unwrap());
    assert!(asker.asked().is_empty());
    store.write(&item("jon", "a")).unwrap();
    store.write(&item("jane", "b")).unwrap();
    store.read("jon").unwrap().unwrap();
    assert_eq!(asker.asked(), ["create"]);

    let store = FileKeystore::new(&dir, Box::new(asker.clone()));
    assert_eq!(store.names().unwrap(), ["jane", "jon"]);
    assert!(store.remove("jane").unwrap());
    assert!(asker.asked().is_empty());
    store.read("jon").unwrap().unwrap();
    store.write(&item("jill", "c")).unwrap();
    assert_eq!(asker.asked(), ["unlock"]);

    let store = FileKeystore::new(&dir, Box::new(asker.clone()));
    store.write(&item("jon", "d")).unwrap();
    store.read("jill").unwrap().unwrap();
    assert_eq!(asker.asked(), ["unlock"]);
}

#[test]
fn a_wrong_passphrase_changes_nothing_and_can_be_corrected() {
    let (place, dir) = place();
    keystore(&dir).write(&item("jon", "secret")).unwrap();
    let before = snapshot(place.path());

    let asker = Asker::answering("wrong");
    let store = FileKeystore::new(&dir, Box::new(asker.clone()));
    for _ in 0..2 {
        let read = store.read("jon").unwrap_err();
        assert!(matches!(read, Error::WrongPassphrase { .. }), "{read}");
        let same = store.write(&item("jon", "x")).unwrap_err();
        assert!(matches!(same, Error::WrongPassphrase { .. }), "{same}");
        let new = store.write(&item("new", "x")).unwrap_err();
        assert!(matches!(new, Error::WrongPassphrase { .. }), "{new}");
    }
    assert_eq!(snapshot(place.path()), before);
    assert_eq!(asker.asked(), ["unlock"; 6]);
    asker.now_answers(PASSPHRASE);
    assert_eq!(store.read("jon").unwrap().unwrap().data.expose(), b"secret");
    store.write(&item("new", "x")).unwrap();
    assert_eq!(asker.asked(), ["unlock"]);
}

#[test]
fn no_passphrase_is_an_error_that_changes_nothing() {
    let (place, dir) = place();
    for error in [
        AskError::NoTerminal(Asked::Passphrase),
        AskError::Interrupted(Asked::Passphrase),
        AskError::Failed(Asked::Passphrase, "broken".to_owned()),
    ] {
        let store = FileKeystore::new(&dir, Box::new(Refuses(error.clone())));
        let result = store.write(&item("jon", "x")).unwrap_err();
        assert!(
            matches!(&result, Error::Ask(reason) if *reason == error),
            "{result}"
        );
    }
    assert!(snapshot(place.path()).is_empty());
    assert!(!dir.exists());
}

#[test]
fn an_empty_passphrase_opens_what_it_closed_but_makes_no_new_store() {
    let (_place, dir) = place();
    let error = with_passphrase(&dir, "")
        .write(&item("jon", "x"))
        .unwrap_err();
    assert!(matches!(error, Error::EmptyPassphrase), "{error}");
    assert!(!dir.exists());

    let copy = copy_of("jwcrypto/empty-passphrase");
    let store = with_passphrase(copy.path(), "");
    store.write(&item("new", "x")).unwrap();
    assert!(store.read("jon").unwrap().is_some());
    assert!(
        with_passphrase(copy.path(), "")
            .read("new")
            .unwrap()
            .is_some()
    );
}

#[test]
fn one_item_with_another_passphrase_does_not_spoil_the_rest() {
    let (_place, dir) = place();
    keystore(&dir).write(&item("b", "secret")).unwrap();
    let odd = tempfile::tempdir().unwrap();
    with_passphrase(odd.path(), "corect horse")
        .write(&item("a", "typo"))
        .unwrap();
    fs::copy(odd.path().join("a"), dir.join("a")).unwrap();

    let store = keystore(&dir);
    store.write(&item("c", "x")).unwrap();
    let error = store.read("a").unwrap_err();
    assert!(
        matches!(&error, Error::OtherPassphrase { name, .. } if name == "a"),
        "{error}"
    );
    assert!(store.read("b").unwrap().is_some());
}

#[test]
fn two_first_writers_with_two_passphrases_do_not_mix() {
    struct Slow(PathBuf);
    impl AskPassphrase for Slow {
        fn ask(&self, _: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
            with_passphrase(&self.0, "faster")
                .write(&item("first", "x"))
                .unwrap();
            Ok(SecretString::from("slower"))
        }
    }
    let (_place, dir) = place();
    let error = FileKeystore::new(&dir, Box::new(Slow(dir.clone())))
        .write(&item("second", "y"))
        .unwrap_err();
    assert!(matches!(error, Error::WrongPassphrase { .. }), "{error}");
    assert_eq!(keystore(&dir).names().unwrap(), ["first"]);
}

#[test]
fn other_entries_of_the_directory_are_no_items() {
    let (place, dir) = place();
    keystore(&dir).write(&item("jon", "x")).unwrap();
    fs::create_dir(dir.join("directory")).unwrap();
    for name in [".DS_Store", ".jon.swp", "jon~"] {
        fs::copy(dir.join("jon"), dir.join(name)).unwrap();
    }
    symlink("nowhere", dir.join("dangling")).unwrap();
    symlink("jon", dir.join("link")).unwrap();
    fs::write(place.path().join("device"), "").unwrap();
    let store = keystore(&dir);
    assert_eq!(store.names().unwrap(), ["jon", "link"]);
    assert!(store.read("link").unwrap().is_some());
    assert!(matches!(
        store.read("directory").unwrap_err(),
        Error::Io { .. }
    ));

    for name in [".hidden", "backup~"] {
        assert!(matches!(
            store.write(&item(name, "x")).unwrap_err(),
            Error::InvalidName { .. }
        ));
    }
}

#[test]
fn damaged_items_are_told_from_a_wrong_passphrase_without_asking() {
    let (_place, dir) = place();
    keystore(&dir).write(&item("jon", "x")).unwrap();
    let good = fs::read_to_string(dir.join("jon")).unwrap();
    let asker = Asker::answering(PASSPHRASE);
    for damaged in [
        "",
        "garbage",
        &good[..good.len() / 2],
        &good[..good.len() - 1],
        &good.repeat(2),
    ] {
        fs::write(dir.join("bad"), damaged).unwrap();
        let error = FileKeystore::new(&dir, Box::new(asker.clone()))
            .read("bad")
            .unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{damaged}: {error}");
    }
    assert!(asker.asked().is_empty());
    // Neither proves the damaged item that the passphrase is right, nor does it keep the rest from proving it.
    keystore(&dir).write(&item("new", "y")).unwrap();

    fs::write(dir.join("bad"), format!("{good}\n")).unwrap();
    assert!(keystore(&dir).read("bad").unwrap().is_some());
}

#[test]
fn a_symbolic_link_to_the_directory_will_do() {
    let (place, dir) = place();
    fs::create_dir_all(&dir).unwrap();
    let link = place.path().join("link");
    symlink(&dir, &link).unwrap();
    keystore(&link).write(&item("jon", "x")).unwrap();
    assert!(keystore(&dir).read("jon").unwrap().is_some());
    assert_eq!(snapshot(place.path()).len(), 2, "the item, seen twice");
}

#[test]
fn items_of_the_go_tool_open() {
    let dir = fixture("go-file");
    let store = with_passphrase(&dir, "go test passphrase");
    assert_eq!(store.names().unwrap(), ["jon", "team/100% prod"]);
    for name in ["jon", "team/100% prod"] {
        let item = store.read(name).unwrap().unwrap();
        assert_eq!(item.label, format!("aws-vault ({name})"));
        assert!(item.not_trust_application && !item.not_synchronizable);
        let data: serde_json::Value = serde_json::from_slice(item.data.expose()).unwrap();
        assert_eq!(data["AccessKeyID"], "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(
            data["SecretAccessKey"],
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        );
    }
    let error = with_passphrase(&dir, "go test passphrase ")
        .read("jon")
        .unwrap_err();
    assert!(matches!(error, Error::WrongPassphrase { .. }), "{error}");
}

#[test]
fn items_of_another_implementation_open() {
    for (store, passphrase) in [
        ("plain", "jwcrypto"),
        ("empty-passphrase", ""),
        ("unicode-passphrase", "pässwörd 🔑"),
    ] {
        let store = with_passphrase(&fixture("jwcrypto").join(store), passphrase);
        assert_eq!(
            store.names().unwrap(),
            ["jon", "oidc:https://d.example/start"]
        );
        for name in store.names().unwrap() {
            let item = store.read(&name).unwrap().unwrap();
            assert_eq!(
                item.data.expose(),
                br#"{"AccessKeyID":"AKIAIOSFODNN7EXAMPLE"}"#
            );
        }
    }
}

#[test]
fn another_implementation_opens_our_items() {
    let (_place, dir) = place();
    FileKeystore::new(&dir, Box::new(Asker::answering("pässwörd 🔑")))
        .write(&item("jon", "{\"a\":1}"))
        .unwrap();
    let sealed = fs::read(dir.join("jon")).unwrap();
    assert!(!sealed.ends_with(b"\n"));

    let mut child = start(
        "python3",
        Command::new(PYTHON)
            .arg(support_file("jwe.py"))
            .arg("pässwörd 🔑")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
    );
    child.stdin.take().unwrap().write_all(&sealed).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let opened: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        opened["payload"],
        r#"{"Key":"jon","Data":"eyJhIjoxfQ==","Label":"aws-vault (jon)","Description":"","KeychainNotTrustApplication":true,"KeychainNotSynchronizable":false}"#
    );
    let header = &opened["header"];
    assert_eq!(header["p2c"], json!(600_000));
    assert!(header["created"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn an_item_of_an_earlier_release_gets_more_rounds_when_it_is_rewritten() {
    let (_place, dir) = place();
    fs::create_dir_all(&dir).unwrap();
    fs::copy(fixture("go-file/jon"), dir.join("jon")).unwrap();
    let rounds = |name| {
        let sealed = fs::read_to_string(dir.join(name)).unwrap();
        let header = URL_SAFE_NO_PAD
            .decode(sealed.split('.').next().unwrap())
            .unwrap();
        serde_json::from_slice::<serde_json::Value>(&header).unwrap()["p2c"].clone()
    };
    let store = with_passphrase(&dir, "go test passphrase").with_iterations(10_000);
    assert_eq!(rounds("jon"), json!(8192));
    let jon = store.read("jon").unwrap().unwrap();
    assert_eq!(rounds("jon"), json!(8192));
    store.write(&jon).unwrap();
    assert_eq!(rounds("jon"), json!(10_000));
    let again = store.read("jon").unwrap().unwrap();
    assert_eq!(again.data.expose(), jon.data.expose());
}

#[test]
fn many_writers_lose_nothing() {
    let (place, dir) = place();
    writers::check(writers::OPERATIONS, || keystore(&dir));
    // Nothing that was on its way is left behind.
    let items = keystore(&dir).names().unwrap().len();
    assert_eq!(snapshot(place.path()).len(), items);
}

#[test]
fn many_writing_processes_lose_nothing() {
    let (place, dir) = place();
    writers::begin(&keystore(&dir));
    let processes: Vec<_> = (0..writers::WRITERS)
        .map(|writer| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--exact", "inner_writes"])
                .env(DIR_VARIABLE, &dir)
                .env(WRITER_VARIABLE, writer.to_string())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{shown}");
    }
    writers::end(&keystore(&dir), writers::OPERATIONS);
    let items = keystore(&dir).names().unwrap().len();
    assert_eq!(snapshot(place.path()).len(), items);
}

#[test]
#[ignore = "run by another test in processes of their own"]
fn inner_writes() {
    let dir = PathBuf::from(std::env::var_os(DIR_VARIABLE).unwrap());
    let writer = std::env::var(WRITER_VARIABLE).unwrap().parse().unwrap();
    writers::one_of_many(&keystore(&dir), writer, writers::OPERATIONS);
}

#[cfg(target_os = "linux")]
#[test]
fn what_permissions_forbid_is_told_and_changes_nothing() {
    let (place, dir) = place();
    keystore(&dir).write(&item("jon", "secret")).unwrap();
    keystore(&dir).write(&item("hidden", "secret")).unwrap();
    let before = snapshot(place.path());
    fs::set_permissions(dir.join("hidden"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o555)).unwrap();
    as_nobody_special(|| {
        let store = keystore(&dir);
        let read = store.read("jon").unwrap().unwrap();
        assert_eq!(read.data.expose(), b"secret");
        for (result, path) in [
            (store.read("hidden").map(drop), dir.join("hidden")),
            (store.write(&item("jon", "new")), dir.join("jon")),
            (store.write(&item("jane", "new")), dir.join("jane")),
            (store.remove("jon").map(drop), dir.join("jon")),
        ] {
            let error = result.unwrap_err().to_string();
            let text = format!("{}: Permission denied", path.display());
            assert!(error.starts_with(&text), "{error}");
        }
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o000)).unwrap();
        for result in [store.names().map(drop), store.read("jon").map(drop)] {
            let error = result.unwrap_err().to_string();
            assert!(
                error.ends_with("Permission denied (os error 13)"),
                "{error}"
            );
        }
    });
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(dir.join("hidden"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(snapshot(place.path()), before);
}

/// In a thread without what root may do in spite of permissions.
#[cfg(target_os = "linux")]
fn as_nobody_special(work: impl FnOnce() + Send) {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut sets = capabilities(None).unwrap();
            let special = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
            sets.effective = sets.effective.difference(special);
            set_capabilities(None, sets).unwrap();
            work();
        });
        thread.join().unwrap();
    });
}

#[test]
fn a_full_disk_names_the_file_and_keeps_the_old_item() {
    let disk = Disk::mount("size=64k", |_| {});
    let dir = disk.path().join("keys");
    keystore(&dir).write(&item("jon", "old")).unwrap();
    let before = snapshot(&disk.path());
    let error = keystore(&dir)
        .write(&item("jon", "x".repeat(100_000)))
        .unwrap_err();
    assert!(
        matches!(&error, Error::Io { path, source }
        if *path == dir.join("jon") && source.kind() == std::io::ErrorKind::StorageFull),
        "{error}"
    );
    assert_eq!(snapshot(&disk.path()), before);
    assert_eq!(
        keystore(&dir).read("jon").unwrap().unwrap().data.expose(),
        b"old"
    );
}

#[test]
fn a_read_only_disk_can_be_read_and_names_the_file() {
    let mut disk = Disk::mount("size=1m", |path| {
        keystore(&path.join("keys"))
            .write(&item("jon", "old"))
            .unwrap();
    });
    disk.make_read_only();
    let dir = disk.path().join("keys");
    let store = keystore(&dir);
    assert!(store.read("jon").unwrap().is_some());
    for (error, path) in [
        (store.write(&item("jon", "x")).unwrap_err(), dir.join("jon")),
        (store.remove("jon").unwrap_err(), dir.join("jon")),
        (
            keystore(&disk.path().join("new"))
                .write(&item("jon", "x"))
                .unwrap_err(),
            disk.path().join("new"),
        ),
    ] {
        assert!(
            error.to_string().starts_with(&path.display().to_string()),
            "{error}"
        );
        assert!(matches!(error, Error::Io { source, .. }
            if source.kind() == std::io::ErrorKind::ReadOnlyFilesystem));
    }
}

fn copy_of(name: &str) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (path, content) in snapshot(&fixture(name)) {
        fs::write(copy.path().join(path.file_name().unwrap()), content).unwrap();
    }
    copy
}

/// A small disk of its own, mounted in another process's view and seen through it; needs no privileges.
struct Disk {
    holder: Child,
    mount_point: TempDir,
}

impl Disk {
    fn mount(options: &str, prepare: impl FnOnce(&Path)) -> Disk {
        let mount_point = tempfile::tempdir().unwrap();
        let mut holder = start(
            "util-linux",
            Command::new("unshare")
                .args(["--map-root-user", "--mount", "sh", "-c"])
                .arg("mount -t tmpfs -o \"$1\" tmpfs \"$2\" && while echo ready && read -r command; do $command || exit; done")
                .args(["sh", options])
                .arg(mount_point.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped()),
        );
        wait_until_ready(&mut holder);
        let disk = Disk {
            holder,
            mount_point,
        };
        prepare(&disk.path());
        disk
    }

    fn path(&self) -> PathBuf {
        let below_root = self.mount_point.path().strip_prefix("/").unwrap();
        Path::new("/proc")
            .join(self.holder.id().to_string())
            .join("root")
            .join(below_root)
    }

    fn make_read_only(&mut self) {
        let mount_point = self.mount_point.path().display();
        let mut commands = self.holder.stdin.as_ref().unwrap();
        writeln!(commands, "mount -o remount,ro {mount_point}").unwrap();
        wait_until_ready(&mut self.holder);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn wait_until_ready(holder: &mut Child) {
    let mut line = String::new();
    let mut output = BufReader::new(holder.stdout.as_mut().unwrap());
    output.read_line(&mut line).unwrap();
    assert_eq!(
        line, "ready\n",
        "cannot mount a tmpfs in a user namespace, or cannot make it read-only"
    );
}
