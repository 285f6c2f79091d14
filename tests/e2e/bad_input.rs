//! Everything that people and disks do wrong: an error of its own with a hint, exit code 1, nothing lost, nothing half-written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{BASTION, DECK, Disk, Home, KEY, SERIAL, Sim, run};

#[test]
fn a_profile_that_is_not_there() {
    let sim = Sim::deck();
    let home = Home::with_key(
        &sim,
        &format!(
            "{DECK}\n[default]\nregion = eu-west-1\n[profile empty]\n[profile lost]\nsource_profile = nowhere\n"
        ),
    );
    let config = home.config();
    for command in [
        &["exec", "mastre"][..],
        &["export", "mastre"],
        &["rotate", "mastre"],
        &["explain", "mastre"],
    ] {
        home.run(command)
            .fails(&format!(
                "profile 'mastre' not found in {} and no stored credentials exist for it",
                config.display()
            ))
            .hints("aws-vault list");
    }
    home.run(["exec", "empty", "--", "true"])
        .fails("empty")
        .hints("aws-vault add empty");
    home.run(["exec", "lost", "--", "true"])
        .fails(".aws/config:14: source_profile 'nowhere'")
        .hints("aws-vault add nowhere");
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

#[test]
fn a_wrong_passphrase_changes_nothing() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, DECK);
    home.run(["exec", "-t", &sim.code(), "master", "--", "true"])
        .ok();
    home.set("AWS_ACCESS_KEY_ID", KEY.id);
    home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
    let before = home.digest("");
    sim.clear_calls();
    for passphrase in ["wrong", ""] {
        home.set("AWS_VAULT_FILE_PASSPHRASE", passphrase);
        for command in [
            &["exec", "master", "--", "true"][..],
            &["exec", "-n", "bastion", "--", "true"],
            &["exec", "-d", "20m", "bastion", "--", "true"],
            &["export", "bastion"],
            &["rotate", "bastion"],
            &["add", "--env", "other"],
            &["add", "--env", "bastion"],
        ] {
            let ran = home
                .run(command)
                .fails("the passphrase does not open the keystore in ")
                .hints("AWS_VAULT_FILE_PASSPHRASE");
            assert!(!ran.stdout.contains("Added"), "{ran:?}");
        }
    }
    assert_eq!(home.digest(""), before);
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

#[test]
fn nobody_to_ask() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, BASTION);
    home.run(["exec", "bastion", "--", "true"])
        .fails(&format!(
            "an MFA code for {SERIAL} is needed, and there is no terminal to ask on"
        ))
        .hints("--mfa-token");
    home.run(["add", "other"])
        .fails("there is no terminal to ask on")
        .hints("");
    home.unset("AWS_VAULT_FILE_PASSPHRASE");
    home.run(["exec", "bastion", "--", "true"])
        .fails("there is no terminal to ask for the passphrase")
        .hints("AWS_VAULT_FILE_PASSPHRASE");
    home.set("AWS_VAULT_BACKEND", "op-connect");
    home.set("OP_CONNECT_HOST", "http://127.0.0.1:1");
    home.set("OP_VAULT_ID", "vault");
    home.run(["list", "--credentials"])
        .fails("there is no terminal to ask for the token of the 1Password Connect server")
        .hints("AWS_VAULT_OP_CONNECT_TOKEN");
    assert_eq!((sim.actions(), home.sessions()), (vec![], 0));
}

#[test]
fn no_region_and_nothing_that_tells_it() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, "[profile bastion]\n");
    home.run(["exec", "bastion", "--", "true"])
        .fails("no region is configured")
        .hints("--region");
    assert_eq!((sim.actions(), home.sessions()), (vec![], 0));
    home.run(["exec", "--region", "eu-west-1", "bastion", "--", "true"])
        .ok();
}

#[test]
fn a_store_that_cannot_be_had() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, BASTION);
    home.set("AWS_VAULT_BACKEND", "secret-service");
    home.run(["exec", "bastion", "--", "true"])
        .fails("the secret-service keystore is not available")
        .hints("--backend");
    home.set("AWS_VAULT_BACKEND", "nonsense");
    home.run(["exec", "bastion", "--", "true"])
        .exits(2, "AWS_VAULT_BACKEND");
}

#[test]
fn the_store_is_chosen_once() {
    let sim = Sim::deck();
    let mut home = Home::of(&sim, "[profile bastion]\nregion = eu-west-1\n");
    home.unset("AWS_VAULT_BACKEND");
    home.add("bastion", KEY);
    assert!(home.keys().join("bastion").exists());
    let index = fs::read_to_string(home.state().join("index.json")).unwrap();
    assert!(index.contains("\"name\": \"file\""), "{index}");
    home.run(["exec", "bastion", "--", "true"]).ok();
}

#[test]
fn a_stored_item_that_is_broken() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, "[profile bastion]\nregion = eu-west-1\n");
    let item = home.keys().join("bastion");
    let good = fs::read(&item).unwrap();
    for broken in [&b""[..], b"not a token", &good[..good.len() / 2]] {
        fs::write(&item, broken).unwrap();
        let before = home.digest(".awsvault");
        home.run(["exec", "bastion", "--", "true"])
            .fails("bastion")
            .hints("");
        assert_eq!(home.digest(".awsvault"), before);
    }
}

#[test]
fn a_home_that_cannot_be_written() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, "[profile bastion]\nregion = eu-west-1\n");
    fs::create_dir_all(home.state()).unwrap();
    for dir in ["", ".local/state/aws-vault"] {
        let disk = Disk::ReadOnly(dir);
        let ran = run(&mut disk.command(&home, &["exec", "bastion", "--", "true"], ""))
            .fails("the session cache cannot be written");
        let ran = ran.hints("AWS_VAULT_SESSION_DIR");
        assert!(ran.error().contains("Read-only file system"), "{ran:?}");
        run(&mut disk.command(&home, &["exec", "-n", "bastion", "--", "true"], "")).ok();
        assert_eq!(
            run(&mut disk.command(&home, &["list", "--profiles"], ""))
                .ok()
                .stdout,
            "bastion\n"
        );
    }
    assert_eq!(
        sim.actions(),
        [] as [&str; 0],
        "no code and no call is wasted"
    );
}

#[test]
fn a_full_disk_is_noticed_before_a_code_is_spent() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, DECK);
    fs::create_dir_all(home.state()).unwrap();
    let disk = Disk::Full(".local/state/aws-vault");
    let ran = run(&mut disk.command(
        &home,
        &["exec", "-t", &sim.code(), "bastion", "--", "true"],
        "ls -A \"$0\"",
    ))
    .fails("No space left on device");
    let ran = ran.hints("room");
    assert_eq!(sim.actions(), [] as [&str; 0]);
    assert!(
        !ran.stderr.contains(".tmp\n") && !ran.stderr.contains(".session\n"),
        "{ran:?}"
    );

    home.set("AWS_ACCESS_KEY_ID", KEY.id);
    home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
    let show = "cd \"$0\"; echo 'files:'; ls -A; echo 'sum:'; cksum < bastion";
    let before = run(std::process::Command::new("cksum")
        .stdin(fs::File::open(home.keys().join("bastion")).unwrap()))
    .ok()
    .stdout;
    for name in ["bastion", "other"] {
        let disk = Disk::Full(".awsvault/keys");
        let ran = run(&mut disk.command(&home, &["add", "--env", name], show))
            .fails("No space left on device")
            .hints("room");
        let files: Vec<&str> = ran
            .stderr
            .lines()
            .skip_while(|line| *line != "files:")
            .skip(1)
            .take_while(|line| *line != "sum:")
            .collect();
        assert_eq!(files, ["bastion", "filler"], "{ran:?}");
        assert!(
            ran.stderr.ends_with(&before) && ran.stdout.is_empty(),
            "{ran:?}"
        );
    }
}

#[test]
fn a_config_file_that_add_cannot_write() {
    let mut home = Home::new();
    home.configure("[default]\nregion = eu-west-1\n");
    home.set("AWS_ACCESS_KEY_ID", KEY.id);
    home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
    for disk in [Disk::ReadOnly(".aws"), Disk::Full(".aws")] {
        let ran = run(&mut disk.command(
            &home,
            &["add", "--env", "work"],
            "ls -A \"$0\"; cat \"$0/config\"",
        ))
        .fails("cannot write config file")
        .hints("");
        assert!(
            ran.stdout.contains("Added credentials"),
            "the key is stored, and that is said: {ran:?}"
        );
        let left: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| *line != "filler")
            .rev()
            .take(3)
            .collect();
        assert_eq!(
            left,
            ["region = eu-west-1", "[default]", "config"],
            "{ran:?}"
        );
        assert_eq!(home.stored_id("work").as_deref(), Some(KEY.id));
    }
}

#[test]
fn a_config_file_that_is_none() {
    let home = Home::new();
    home.add("work", KEY);
    fs::create_dir_all(home.config()).unwrap();
    home.run(["list"])
        .fails("is a directory")
        .hints("AWS_CONFIG_FILE");
    fs::remove_dir(home.config()).unwrap();
    run(std::process::Command::new("mkfifo").arg(home.config())).ok();
    home.run(["list"])
        .fails(&home.config().display().to_string())
        .hints("AWS_CONFIG_FILE");
    fs::remove_file(home.config()).unwrap();
    for (text, says) in [
        (
            &b"[profile a]\nregion = eu-west-1\nnonsense\n"[..],
            "config:3: ",
        ),
        (b"[profile a\n", "config:1: "),
        (b"[profile a]\nregion = \xff\n", "config:2: "),
        (
            b"[profile work]\nsource_profile = b\n[profile b]\nsource_profile = work\n",
            "source_profile runs in a loop: work (line 2) \u{2192} b (line 4) \u{2192} work",
        ),
        (
            b"[profile work]\ninclude_profile = work\n",
            "include_profile runs in a loop",
        ),
        (
            b"[profile work]\nduration_seconds = long\n",
            "config:2: duration_seconds must be",
        ),
        (
            b"[profile work]\nsession_tags = nonsense\n",
            "Failed to parse session_tags",
        ),
    ] {
        fs::write(home.config(), text).unwrap();
        fs::set_permissions(home.config(), fs::Permissions::from_mode(0o600)).unwrap();
        let ran = home.run(["exec", "work", "--", "true"]).fails(says);
        assert_eq!(fs::read(home.config()).unwrap(), text, "{ran:?}");
    }
    fs::write(home.config(), vec![b'#'; 40 << 20]).unwrap();
    home.run(["list"])
        .fails("is larger than")
        .hints("AWS_CONFIG_FILE");
}

#[test]
fn garbage_in_the_cache_is_a_miss() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, "[profile bastion]\nregion = eu-west-1\n");
    home.run(["exec", "bastion", "--", "true"]).ok();
    let files = home.files();
    let session = files
        .iter()
        .find(|path| path.extension().is_some_and(|it| it == "session"))
        .unwrap();
    let good = fs::read(session).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let header_only = good.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for (count, bad) in (2..).zip([
        &b""[..],
        b"{}\n",
        &good[..good.len() - 1],
        &flipped,
        &good[..header_only],
        b"\xff\n",
    ]) {
        fs::write(session, bad).unwrap();
        home.run(["exec", "bastion", "--", "true"]).ok();
        assert_eq!(sim.count("GetSessionToken"), count);
        home.run(["exec", "bastion", "--", "true"]).ok();
        assert_eq!(sim.count("GetSessionToken"), count);
    }
    fs::write(home.state().join("index.json"), "garbage").unwrap();
    home.run(["exec", "bastion", "--", "true"]).ok();
}
