//! `backup` and `restore`, and the way back with Debian's `age` alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support::{Home, KEY, Key, Ran, run};

const OTHER: Key<'static> = Key {
    id: "AKIACANARYANOTHERKEY",
    secret: "CANARYsecretOfAnotherUser/+0123456789012",
};

fn home() -> Home {
    let home = Home::new();
    home.configure("[profile bastion]\n");
    home.add("bastion", KEY);
    home.add("team/prod", OTHER);
    home
}

/// A pair of keys; the public one.
fn key_pair(home: &Home) -> String {
    let made = run(Command::new("age-keygen")
        .arg("-o")
        .arg(home.path("identity.txt")))
    .ok();
    made.stderr
        .trim()
        .strip_prefix("Public key: ")
        .unwrap()
        .to_owned()
}

fn words<'a>(command: &'a str, rest: &[&'a str], file: &'a str) -> Vec<&'a str> {
    [command]
        .into_iter()
        .chain(rest.iter().copied())
        .chain([file])
        .collect()
}

#[test]
fn for_a_recipient_and_back_with_age_alone() {
    let home = home();
    let public = key_pair(&home);
    let file = home.path("keys.age");
    let file = file.to_str().unwrap();
    home.run(["backup", "-r", &public, file]).ok();
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(!String::from_utf8_lossy(&fs::read(file).unwrap()).contains("CANARY"));

    let plain = run(Command::new("age")
        .args(["-d", "-i"])
        .arg(home.path("identity.txt"))
        .arg(file))
    .ok();
    let document: Value = serde_json::from_str(&plain.stdout).unwrap();
    assert_eq!(document["version"], 1);
    for (entry, (name, key)) in document["items"]
        .as_array()
        .unwrap()
        .iter()
        .zip([("bastion", KEY), ("team/prod", OTHER)])
    {
        let data: Value = serde_json::from_str(entry["data"].as_str().unwrap()).unwrap();
        assert_eq!(
            (
                &entry["name"],
                &data["AccessKeyID"],
                &data["SecretAccessKey"]
            ),
            (&name.into(), &key.id.into(), &key.secret.into())
        );
    }

    home.run(["backup", "-r", &public, file])
        .fails("is there already")
        .hints("--overwrite");
    home.run(["backup", "--overwrite", "-r", &public, file])
        .ok();
    let identity = home.path("identity.txt");
    let verified = home
        .run(["backup", "--verify", "-i", identity.to_str().unwrap(), file])
        .ok();
    assert_eq!(
        verified.stdout.matches("as stored").count(),
        2,
        "{verified:?}"
    );
}

#[test]
fn a_store_is_lost_and_comes_back() {
    let home = home();
    let public = key_pair(&home);
    let identity = home.path("identity.txt");
    let identity = ["-i", identity.to_str().unwrap()];
    let file = home.path("keys.age");
    let file = file.to_str().unwrap();
    home.run(["backup", "-r", &public, file]).ok();
    fs::remove_dir_all(home.keys()).unwrap();

    let dry = home
        .run(words(
            "restore",
            &[identity[0], identity[1], "--dry-run"],
            file,
        ))
        .ok();
    assert_eq!(
        dry.stdout.matches("would be restored").count(),
        2,
        "{dry:?}"
    );
    assert!(home.item("bastion").is_none());
    home.run(words("restore", &identity, file)).ok();
    assert_eq!(home.stored_id("bastion").as_deref(), Some(KEY.id));
    assert_eq!(home.stored_id("team/prod").as_deref(), Some(OTHER.id));
    assert!(
        home.run(["list", "--credentials"])
            .ok()
            .stdout
            .contains("team/prod\n")
    );
}

#[test]
fn what_is_stored_is_never_overwritten_unasked() {
    let home = home();
    let public = key_pair(&home);
    let identity = home.path("identity.txt");
    let identity = ["-i", identity.to_str().unwrap()];
    let file = home.path("keys.age");
    let file = file.to_str().unwrap();
    home.run(["backup", "-r", &public, file]).ok();
    home.add("bastion", OTHER);

    let ran: Ran = home
        .run(words("restore", &identity, file))
        .fails("what is stored was left alone");
    assert!(
        ran.stdout.contains("another key is stored under this name"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("is stored already"), "{ran:?}");
    assert_eq!(home.stored_id("bastion").as_deref(), Some(OTHER.id));
    home.run(words(
        "backup",
        &["--verify", identity[0], identity[1]],
        file,
    ))
    .fails("not what is stored now");

    let mut only = words("restore", &[identity[0], identity[1], "--overwrite"], file);
    only.push("bastion");
    home.run(only).ok();
    assert_eq!(home.stored_id("bastion").as_deref(), Some(KEY.id));
    let mut unknown = words("restore", &identity, file);
    unknown.push("nobody");
    home.run(unknown).fails("'nobody' is not in the backup");
}

#[test]
fn for_a_passphrase_that_is_typed_twice() {
    let home = home();
    let file = home.path("keys.age");
    let file = file.to_str().unwrap();
    let (mut pty, child) = home.on_terminal(["backup", file]);
    pty.wait_for("New passphrase for the backup: ");
    pty.send("correct horse\r");
    pty.wait_for("The same again: ");
    pty.send("battery staple\r");
    assert_eq!(pty.finish(child).code(), Some(1), "{}", pty.shown);
    assert!(!fs::exists(file).unwrap());

    let (mut pty, child) = home.on_terminal(["backup", file]);
    pty.wait_for("New passphrase for the backup: ");
    pty.send("correct horse\r");
    pty.wait_for("The same again: ");
    pty.send("correct horse\r");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(
        pty.shown.contains("it was opened again and compared"),
        "{}",
        pty.shown
    );
    assert!(!pty.shown.contains("horse"), "{}", pty.shown);

    let (mut pty, child) = home.on_terminal(["restore", file]);
    pty.wait_for("Passphrase of the backup: ");
    pty.send("wrong horse\r");
    assert_eq!(pty.finish(child).code(), Some(1), "{}", pty.shown);
    assert!(
        pty.shown.contains("the passphrase does not open it"),
        "{}",
        pty.shown
    );

    fs::remove_dir_all(home.keys()).unwrap();
    let (mut pty, child) = home.on_terminal(["restore", file]);
    pty.wait_for("Passphrase of the backup: ");
    pty.send("correct horse\r");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert_eq!(home.stored_id("bastion").as_deref(), Some(KEY.id));

    // Debian's `age` asks on the terminal, too.
    let mut pty = crate::pty::Pty::open();
    let mut command = pty.command("age");
    command.args(["-d", file]);
    let child = crate::support::must_start(&mut command);
    pty.wait_for("Enter passphrase");
    pty.send("correct horse\r");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(pty.shown.contains(OTHER.id), "{}", pty.shown);
}

#[test]
fn nonsense_is_refused_with_a_hint() {
    let home = home();
    let file = home.path("keys.age");
    let file = file.to_str().unwrap();
    home.run(["backup", "-r", "ssh-ed25519 AAAA", file])
        .exits(2, "not an age public key")
        .hints("age-keygen");
    home.run(["backup", file])
        .fails("there is no terminal to ask on")
        .hints("--recipient");
    assert!(!fs::exists(file).unwrap());
    fs::write(file, "age-encryption.org/v1\nnonsense").unwrap();
    home.run(["restore", file])
        .fails("it is not an age file, or it is damaged");
    home.run(["restore", "/nowhere/keys.age"])
        .fails("/nowhere/keys.age: ");
    let empty = Home::new();
    empty
        .run(["backup", file, "--overwrite"])
        .fails("no access key is stored");
}
