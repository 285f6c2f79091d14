//! The seed of an MFA device in the vault: kept only after a warning, used once per code, backed up, and gone when told.

use std::fs;
use std::process::Command;

use aws_vault::mfa::totp;
use serde_json::Value;

use super::support::Stage;
use super::users::{SERIAL, codes};
use crate::support::{all_ok, run};

impl Stage {
    /// elmerfudd with a key in the vault and no device yet.
    fn before_enrolment() -> Self {
        let stage = Self::deck();
        stage.bastion(["apply", "--yes"]).ok();
        stage
            .bastion(["add-user", "elmerfudd", "--store", "bastion"])
            .ok();
        stage.bastion(["config", "elmerfudd"]).ok();
        stage
    }

    /// On a terminal, with the warning read and agreed to. Returns the seed.
    fn enroll_and_keep(&self) -> String {
        let file = self.file();
        let words = [
            "bastion",
            "enroll-mfa",
            "--keep-seed",
            "elmerfudd",
            "--file",
            &file,
        ];
        let (mut pty, child) = self.home.on_terminal(words);
        pty.wait_for("the second factor lives beside the first");
        pty.wait_for("(y|N) ");
        pty.send("y\r");
        pty.wait_for("type the key: ");
        pty.wait_for("\n");
        let (_, key) = pty.shown.split_once("type the key: ").unwrap();
        let seed: String = key.lines().next().unwrap().split_whitespace().collect();
        let [first, second, _] = codes(&seed);
        pty.wait_for("First code");
        pty.send(format!("{first}\r"));
        pty.wait_for("The next one");
        pty.send(format!("{second}\r"));
        pty.wait_for("Its seed is kept in the file store");
        assert!(pty.finish(child).success());
        seed
    }

    /// The device takes every code again, and nobody here remembers one.
    fn forget_codes(&self) {
        let mut world = self.sim.world();
        let account = world.accounts.get_mut("111122223333").unwrap();
        let user = account.users.get_mut("elmerfudd").unwrap();
        user.mfa_devices[0].last_step = None;
        for file in self.home.files() {
            if file.extension().is_some_and(|it| it == "spent") {
                fs::remove_file(file).unwrap();
            }
        }
    }
}

#[test]
fn nothing_is_made_without_consent() {
    let stage = Stage::before_enrolment();
    stage.sim.clear_calls();
    let file = stage.file();
    let words = ["bastion", "enroll-mfa", "--keep-seed", "elmerfudd"];
    let (mut pty, child) = stage
        .home
        .on_terminal(words.iter().chain(&["--file", &file]));
    pty.wait_for("(y|N) ");
    pty.send("\r");
    pty.wait_for("no device was made");
    assert_eq!(pty.finish(child).code(), Some(1));
    assert!(stage.writes().is_empty(), "{:?}", stage.writes());

    stage
        .bastion(["enroll-mfa", "--keep-seed", "elmerfudd"])
        .fails("terminal");
    stage
        .bastion(["enroll-mfa", "--keep-seed", "--stdin", "elmerfudd"])
        .exits(2, "--stdin");
    stage
        .home
        .run(["exec", "--prompt=vault", "master", "--", "env"])
        .fails(SERIAL)
        .hints("--keep-seed");
}

#[test]
fn codes_come_from_the_vault_and_none_comes_twice() {
    let stage = Stage::before_enrolment();
    let seed = stage.enroll_and_keep();
    let spent = |stage: &Stage| {
        let files = stage.home.files().into_iter();
        files
            .filter(|it| it.extension().is_some_and(|it| it == "spent"))
            .count()
    };
    assert_eq!(spent(&stage), 1, "both codes of the enrolment are used up");
    stage.forget_codes();

    // Two chains that each need a code, at once: one of them waits for the next 30 seconds.
    stage.sim.clear_calls();
    let env = |words: &[&str]| {
        let words = ["exec", "--prompt=vault"].iter().chain(words);
        stage.home.start(words.chain(&["--", "env"]))
    };
    let ran = all_ok([env(&["bastion"]), env(&["--no-session", "master"])]);
    for one in &ran {
        assert!(one.var("AWS_ACCESS_KEY_ID").starts_with("ASIA"));
        assert!(!one.stdout.contains(&seed) && !one.stderr.contains(&seed));
    }
    let waited = ran
        .iter()
        .filter(|one| one.stderr.contains("takes each MFA code once"));
    assert_eq!(waited.count(), 1, "{ran:#?}");
    let refused = stage.sim.calls().into_iter().filter(|it| it.status != 200);
    assert_eq!(refused.count(), 0, "no code was sent twice");

    // In no file, in no form.
    let bytes = data_encoding::BASE32_NOPAD.decode(seed.as_bytes()).unwrap();
    for file in stage.home.files() {
        let content = fs::read(&file).unwrap();
        for form in [seed.as_bytes(), &bytes] {
            let found = content.windows(form.len()).any(|window| window == form);
            assert!(!found, "{}", file.display());
        }
    }
    assert!(totp::Seed::parse(&seed).is_some());
}

#[test]
fn every_command_knows_what_a_seed_is() {
    let stage = Stage::before_enrolment();
    let seed = stage.enroll_and_keep();
    let home = &stage.home;
    let listed = home.run(["list", "--credentials"]).ok();
    assert_eq!(listed.stdout, "bastion\nmartin\n");
    let listed: Value = serde_json::from_str(&home.run(["list", "--json"]).ok().stdout).unwrap();
    assert_eq!(listed["mfa_seeds"], serde_json::json!([SERIAL]));
    let status = home.run(["status", "--json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    let kept = |name: &str| {
        let keys = status["access_keys"].as_array().unwrap();
        keys.iter().find(|key| key["name"] == name).unwrap()["mfa_seed_kept"].clone()
    };
    assert_eq!(kept("martin"), false);
    home.run(["clear"]).ok();

    let made = run(Command::new("age-keygen")
        .arg("-o")
        .arg(home.path("identity")))
    .ok();
    let public = made.stderr.trim().strip_prefix("Public key: ").unwrap();
    let backup = home.path("keys.age");
    let backup = backup.to_str().unwrap();
    let written = home.run(["backup", "-r", public, backup]).ok();
    assert!(
        written.stdout.contains("2 keys and 1 MFA seed"),
        "{}",
        written.stdout
    );

    home.run(["remove", "--mfa-seed", "bastion"])
        .fails("terminal")
        .hints("--force");
    let removed = home
        .run(["remove", "--mfa-seed", "--force", "bastion"])
        .ok();
    assert_eq!(removed.stdout, format!("Deleted the seed of {SERIAL}.\n"));
    home.run(["remove", "--mfa-seed", "--force", "bastion"])
        .fails("no MFA seed is kept for 'bastion'");

    let identity = home.path("identity");
    let words = ["restore", "-i", identity.to_str().unwrap(), backup];
    let restored = home.run(words).ok();
    assert!(restored.stdout.contains("restored"), "{}", restored.stdout);
    let item = home.item(&format!("aws-vault mfa ({SERIAL})")).unwrap();
    let item: Value = serde_json::from_slice(&item).unwrap();
    assert_eq!(item["Base32StringSeed"], seed);
    assert_eq!(item["SerialNumber"], SERIAL);

    let gone = stage.bastion(["remove-user", "--yes", "elmerfudd"]).ok();
    assert!(
        gone.stdout
            .contains(&format!("Deleted the seed of {SERIAL}.")),
        "{}",
        gone.stdout
    );
    assert!(home.item(&format!("aws-vault mfa ({SERIAL})")).is_none());
}
