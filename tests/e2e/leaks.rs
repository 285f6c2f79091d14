//! Every secret of a whole story is a canary; afterwards they are looked for everywhere but where they belong.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
use serde_json::Value;

use crate::support::{BASTION, DECK, Home, KEY, PASSPHRASE, Ran, Sim, run};

/// Secrets by what they are.
#[derive(Default)]
struct Canaries(BTreeMap<String, Vec<u8>>);

impl Canaries {
    fn add(&mut self, what: &str, secret: impl AsRef<[u8]>) {
        assert!(secret.as_ref().len() >= 6, "{what} is no secret");
        self.0.insert(what.to_owned(), secret.as_ref().to_vec());
    }

    /// What of them is in there, in clear or in a usual encoding.
    fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        self.0
            .iter()
            .filter(|(_, secret)| {
                let hex = hex(secret);
                // Base64 of the middle is the same wherever it stands, up to the three ways it may be aligned.
                let aligned = (0..3).map(|start| {
                    BASE64_STANDARD_NO_PAD
                        .encode(&secret[start..start + (secret.len() - start) / 3 * 3])
                });
                contains(secret)
                    || contains(hex.as_bytes())
                    || secret.len() >= 16
                        && aligned.into_iter().any(|text| contains(text.as_bytes()))
            })
            .map(|(what, _)| what.as_str())
            .collect()
    }

    #[track_caller]
    fn are_not_in(&self, place: &str, bytes: &[u8]) {
        assert_eq!(
            self.found_in(bytes),
            [] as [&str; 0],
            "in {place}: {}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn a_whole_story_with_debug_leaks_nothing() {
    // A device of its own: other tests give its codes on command lines.
    let sim = Sim::with(|world| {
        let device = &mut world["accounts"]["111122223333"]["users"]["elmerfudd"]["mfa_devices"][0];
        device["seed"] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into();
    });
    let mut home = Home::of(&sim, DECK);
    // And a passphrase: other tests have helpers that are given theirs on a command line.
    let passphrase = "CANARY-passphrase-of-this-story";
    home.set("AWS_VAULT_FILE_PASSPHRASE", passphrase);
    let mut canaries = Canaries::default();
    canaries.add("passphrase", passphrase);
    canaries.add("secret access key", KEY.secret);
    let mut said: Vec<(String, Ran)> = Vec::new();

    let (seen, ()) = watched(|| {
        home.set("AWS_ACCESS_KEY_ID", KEY.id);
        home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
        let mut tell = |home: &Home, words: &[&str]| {
            let ran = home.run(["--debug"].iter().chain(words));
            said.push((words.join(" "), ran));
        };
        tell(&home, &["add", "--env", "bastion"]);
        home.unset("AWS_ACCESS_KEY_ID");
        home.unset("AWS_SECRET_ACCESS_KEY");
        tell(&home, &["explain", "master"]);
        tell(&home, &["exec", "-t", "000000", "master", "--", "true"]);

        let process = home.script("device", "cat \"$HOME/code\"");
        home.configure(&DECK.replace(
            "mfa_serial",
            &format!("mfa_process = {process}\nmfa_serial"),
        ));
        let code = sim.code();
        fs::write(home.path("code"), &code).unwrap();
        canaries.add("MFA code", &code);
        let out = home.script("show", "env > \"$HOME/shown\"");
        for profile in ["master", "bastion"] {
            tell(&home, &["exec", profile, "--", &out]);
            let shown = fs::read_to_string(home.path("shown")).unwrap();
            for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
                let value = shown
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
                    .unwrap();
                canaries.add(&format!("{name} of {profile}"), value);
            }
        }
        canaries.add(
            "session key",
            home.item("aws-vault.SessionKey,YXdzLXZhdWx0,,4102444800")
                .unwrap(),
        );
        tell(&home, &["list", "--json"]);
        tell(&home, &["rotate", "bastion"]);
        let item: Value = serde_json::from_slice(&home.item("bastion").unwrap()).unwrap();
        canaries.add(
            "new secret access key",
            item["SecretAccessKey"].as_str().unwrap(),
        );
        tell(&home, &["list"]);
        tell(&home, &["clear"]);
        tell(&home, &["exec", "bastion", "--", "true"]);
        // What is left is what the program left: the test's own files go.
        for own in ["device", "show", "shown", "code"] {
            fs::remove_file(home.path(own)).unwrap();
        }
        tell(&home, &["remove", "--force", "bastion"]);
    });

    let codes: Vec<_> = said
        .iter()
        .map(|(_, ran)| ran.status.code().unwrap())
        .collect();
    assert_eq!(codes, [0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0], "{said:#?}");
    assert!(
        said.iter()
            .any(|(_, ran)| ran.stderr.contains("GetSessionToken")),
        "--debug says nothing"
    );
    for (words, ran) in &said {
        canaries.are_not_in(&format!("stdout of {words}"), ran.stdout.as_bytes());
        canaries.are_not_in(&format!("stderr of {words}"), ran.stderr.as_bytes());
    }
    for file in home.files() {
        canaries.are_not_in(&file.display().to_string(), &fs::read(&file).unwrap());
    }
    assert_eq!(fs::read_dir(home.path("tmp")).unwrap().count(), 0);
    assert!(
        seen.iter()
            .any(|line| line.starts_with(env!("CARGO_BIN_EXE_aws-vault"))),
        "no command line was seen"
    );
    for line in &seen {
        canaries.are_not_in("a command line", line.as_bytes());
    }
}

#[test]
fn files_of_a_living_session_are_sealed_and_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    let ran = home.env_of(&["-t", &sim.code(), "master"]);
    let bastion = home.env_of(&["bastion"]);
    let mut canaries = Canaries::default();
    canaries.add("passphrase", PASSPHRASE);
    canaries.add("key", KEY.secret);
    canaries.add(
        "session key",
        home.item("aws-vault.SessionKey,YXdzLXZhdWx0,,4102444800")
            .unwrap(),
    );
    for (number, ran) in [ran, bastion].iter().enumerate() {
        canaries.add(
            &format!("secret {number}"),
            ran.var("AWS_SECRET_ACCESS_KEY"),
        );
        canaries.add(&format!("token {number}"), ran.var("AWS_SESSION_TOKEN"));
        canaries.add(&format!("id {number}"), ran.var("AWS_ACCESS_KEY_ID"));
    }
    for file in home.files() {
        canaries.are_not_in(&file.display().to_string(), &fs::read(&file).unwrap());
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", file.display());
    }
    for dir in [home.keys(), home.state()] {
        assert_eq!(
            fs::metadata(&dir).unwrap().permissions().mode() & 0o077,
            0,
            "{}",
            dir.display()
        );
    }
}

#[test]
fn the_command_gets_nothing_that_is_not_its_own() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, BASTION);
    let withheld = [
        "AWS_VAULT_FILE_PASSPHRASE",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SECURITY_TOKEN",
        "AWS_SESSION_EXPIRATION",
        "AWS_CREDENTIAL_FILE",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SDK_LOAD_CONFIG",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ACCOUNT_ID",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN",
        "OP_SERVICE_ACCOUNT_TOKEN",
    ];
    for name in &withheld[1..] {
        home.set(name, "CANARY-stale");
    }
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
    ] {
        home.set(name, "CANARY-stale");
    }
    let ran = home.env_of(&["-t", &sim.code(), "bastion"]);
    assert!(!ran.stdout.contains("CANARY"), "{ran:?}");
    for name in withheld {
        assert_eq!(ran.find_var(name), None, "{ran:?}");
    }
    let settings: Vec<_> = home.vars.keys().filter_map(|name| name.to_str()).collect();
    let is_setting = |name: &&str| name.starts_with("AWS_VAULT_") && settings.contains(name);
    let names = ran.stdout.lines().filter_map(|line| line.split_once('='));
    let mut given: Vec<&str> = names
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("AWS") && !is_setting(name))
        .collect();
    given.sort_unstable();
    let expected = [
        "AWS_ACCESS_KEY_ID",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_VAULT",
    ];
    assert_eq!(given, expected);
}

#[test]
fn the_command_gets_three_open_files() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, DECK);
    let list = ["sh", "-c", "ls /proc/$$/fd"];
    let code = sim.code();
    let cold = home
        .run(["exec", "-t", &code, "master", "--"].iter().chain(&list))
        .ok();
    let warm = home.run(["exec", "master", "--"].iter().chain(&list)).ok();
    // What the test itself inherited is passed on, as a shell's `<(…)` needs it.
    let plain = run(std::process::Command::new(list[0])
        .args(&list[1..])
        .stdin(Stdio::null()))
    .ok();
    assert_eq!((&cold.stdout, &warm.stdout), (&plain.stdout, &plain.stdout));
    assert!(plain.stdout.starts_with("0\n1\n"), "{plain:?}");
}

/// What is not found would be no proof if nothing were ever found.
#[test]
fn a_planted_secret_is_found() {
    let mut canaries = Canaries::default();
    canaries.add("secret", KEY.secret);
    let text = |middle: &str| format!("some text {middle} and more");
    assert_eq!(canaries.found_in(text(KEY.secret).as_bytes()), ["secret"]);
    assert_eq!(
        canaries.found_in(text(&hex(KEY.secret.as_bytes())).as_bytes()),
        ["secret"]
    );
    for before in ["", "x", "xy", "xyz"] {
        let encoded = BASE64_STANDARD.encode(format!("{before}{}!", KEY.secret));
        assert_eq!(
            canaries.found_in(text(&encoded).as_bytes()),
            ["secret"],
            "{encoded}"
        );
    }
    assert_eq!(canaries.found_in(b"some text"), [] as [&str; 0]);
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Runs the story while the command lines of all processes are looked at, again and again.
fn watched<T>(story: impl FnOnce() -> T) -> (Vec<String>, T) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = std::collections::BTreeSet::new();
            while !over.load(Ordering::Relaxed) {
                seen.extend(command_lines());
                thread::sleep(Duration::from_millis(1));
            }
            seen.into_iter().collect()
        });
        let result = story();
        over.store(true, Ordering::Relaxed);
        (watcher.join().unwrap(), result)
    })
}

fn command_lines() -> impl Iterator<Item = String> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes.filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    })
}
