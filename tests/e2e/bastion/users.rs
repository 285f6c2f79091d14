//! Users: made, given a device, taken into `~/.aws/config`, proved, and removed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::UNIX_EPOCH;

use super::support::Stage;
use crate::support::{error, now, once};

pub const SERIAL: &str = "arn:aws:iam::111122223333:mfa/elmerfudd";

fn step() -> u64 {
    aws_sim::step_at(now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

/// The last two codes that have been shown, and the next one.
pub fn codes(seed: &str) -> [String; 3] {
    let step = step();
    [step - 1, step, step + 1].map(|step| aws_sim::token_code(seed, step).unwrap())
}

impl Stage {
    /// The deck's layout, applied; elmerfudd's key in the vault and a device that works. Gives the next code.
    fn with_elmer() -> (Self, String) {
        let stage = Self::deck();
        stage.bastion(["apply", "--yes"]).ok();
        stage
            .bastion(["add-user", "elmerfudd", "--store", "bastion"])
            .ok();
        let seed = stage.enroll("elmerfudd");
        stage.bastion(["config", "elmerfudd"]).ok();
        let code = codes(&seed)[2].clone();
        (stage, code)
    }

    /// As a password manager does it. Returns the seed.
    fn enroll(&self, user: &str) -> String {
        let file = self.file();
        let words = ["bastion", "enroll-mfa", "--stdin", user, "--file", &file];
        let mut command = self.home.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let uri = lines.next().unwrap().unwrap();
        let (_, rest) = uri.split_once("secret=").unwrap();
        let seed = rest.split('&').next().unwrap().to_owned();
        let [first, second, _] = codes(&seed);
        let mut stdin = child.stdin.take().unwrap();
        stdin
            .write_all(format!("{first}\n{second}\n").as_bytes())
            .unwrap();
        let said = lines.next().unwrap().unwrap();
        assert!(said.contains("is enabled"), "{said}");
        assert!(child.wait().unwrap().success());
        seed
    }
}

#[test]
fn from_nothing_to_a_role_in_six_commands() {
    let stage = Stage::new();
    stage.init();
    stage.bastion(["apply", "--yes"]).ok();
    let added = stage
        .bastion(["add-user", "elmerfudd", "--store", "bastion"])
        .ok();
    assert!(
        added
            .stdout
            .contains("https://111122223333.signin.aws.amazon.com/console"),
        "{}",
        added.stdout
    );
    assert!(added.stdout.contains("shown only now"), "{}", added.stdout);
    assert!(stage.home.stored_id("bastion").is_some());

    // On a terminal: the QR code, the key to type, two codes.
    let file = stage.file();
    let (mut pty, child) =
        stage
            .home
            .on_terminal(["bastion", "enroll-mfa", "elmerfudd", "--file", &file]);
    pty.wait_for("type the key: ");
    pty.wait_for("\n");
    let shown = pty.shown.clone();
    assert!(
        shown.contains("▀\r\nScan this") || shown.contains("█\r\nScan this"),
        "{shown}"
    );
    let (_, key) = shown.split_once("type the key: ").unwrap();
    let seed: String = key.lines().next().unwrap().split_whitespace().collect();
    assert!(shown.matches('█').count() > 50, "a QR code: {shown}");
    let [first, second, next] = codes(&seed);
    pty.wait_for("First code");
    pty.send("12345\r");
    pty.wait_for("six digits");
    pty.send(format!("{first}\r"));
    pty.wait_for("The next one");
    pty.send(format!("{second}\r"));
    pty.wait_for("is enabled for elmerfudd");
    assert!(pty.finish(child).success());

    let config = stage.bastion(["config", "elmerfudd"]).ok();
    assert!(config.stdout.contains(
        "https://signin.aws.amazon.com/switchrole?account=222233334444&roleName=DeveloperRole"
    ));
    let text = std::fs::read_to_string(stage.home.config()).unwrap();
    let expected = format!(
        "[profile martin]\nregion = eu-west-1\n\n[profile bastion]\nregion=eu-west-1\nmfa_serial={SERIAL}\n\n\
         [profile master]\nregion=eu-west-1\nsource_profile=bastion\nmfa_serial={SERIAL}\n\
         role_arn=arn:aws:iam::222233334444:role/DeveloperRole\n"
    );
    assert!(text.starts_with(&expected), "{text}");

    let ran = stage
        .home
        .run(["exec", "-t", &next, "master", "--", "env"])
        .ok();
    assert!(ran.var("AWS_ACCESS_KEY_ID").starts_with("ASIA"));
    let calls = stage.sim.calls();
    let last = calls
        .iter()
        .rfind(|call| call.action == "AssumeRole")
        .unwrap();
    assert_eq!(
        last.caller.as_deref(),
        Some("arn:aws:iam::111122223333:user/elmerfudd")
    );
    assert!(last.mfa);

    // A second time nothing is added.
    stage.bastion(["config", "elmerfudd"]).ok();
    assert_eq!(std::fs::read_to_string(stage.home.config()).unwrap(), text);
}

#[test]
fn config_leaves_other_profiles_alone() {
    let stage = Stage::deck();
    let before = "# mine\n[profile master]\nrole_arn = arn:aws:iam::999988887777:role/Other\n";
    stage.home.configure(before);
    let ran = stage.bastion(["config", "elmerfudd"]).ok();
    assert!(
        ran.stderr
            .contains("another [profile master]; it is left alone"),
        "{}",
        ran.stderr
    );
    let text = std::fs::read_to_string(stage.home.config()).unwrap();
    assert!(
        text.starts_with(before) && text.contains("[profile bastion]"),
        "{text}"
    );
    stage
        .bastion(["config", "nobody"])
        .fails("the file has no user 'nobody'")
        .hints("elmerfudd");
    let printed = stage.bastion(["config", "--print", "elmerfudd"]).ok();
    assert!(
        printed.stdout.contains("[profile master]"),
        "{}",
        printed.stdout
    );
}

#[test]
fn codes_that_are_wrong_leave_no_device_behind() {
    let stage = Stage::deck();
    stage.bastion(["apply", "--yes"]).ok();
    let file = stage.file();
    let mut command = stage.home.command([
        "bastion",
        "enroll-mfa",
        "--stdin",
        "elmerfudd",
        "--file",
        &file,
    ]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"000000\n000000\n000000\n000000\n000000\n000000\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("InvalidAuthenticationCode"), "{stderr}");
    assert!(
        stage
            .writes()
            .contains(&"DeleteVirtualMFADevice".to_owned())
    );
    stage.enroll("elmerfudd");
    stage
        .bastion(["enroll-mfa", "--stdin", "elmerfudd"])
        .fails("has the MFA device")
        .hints("--name");
}

#[test]
fn the_user_may_enroll_without_the_administrator() {
    let stage = Stage::deck();
    stage.bastion(["apply", "--yes"]).ok();
    stage
        .bastion(["add-user", "elmerfudd", "--store", "bastion"])
        .ok();
    stage.bastion(["config", "elmerfudd"]).ok();
    let file = stage.file();
    let words = [
        "bastion",
        "enroll-mfa",
        "--stdin",
        "--as",
        "bastion",
        "elmerfudd",
        "--file",
        &file,
    ];
    let mut command = stage.home.command(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let uri = lines.next().unwrap().unwrap();
    let seed = uri
        .split_once("secret=")
        .unwrap()
        .1
        .split('&')
        .next()
        .unwrap()
        .to_owned();
    let [first, second, _] = codes(&seed);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{first}\n{second}\n").as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn verify_proves_the_fence_and_finds_its_holes() {
    let (stage, code) = Stage::with_elmer();
    let ran = stage
        .bastion(["verify", "--as", "bastion", "-t", &code])
        .ok();
    for line in [
        "refuses without MFA",
        "opens for elmerfudd with MFA",
        "trusts exactly whom it should",
        "has an MFA device",
    ] {
        assert!(ran.stdout.contains(line), "no {line}: {}", ran.stdout);
    }
    assert!(ran.stdout.contains(" 0 failed"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("FAIL"), "{}", ran.stdout);
    {
        let mut world = stage.sim.world();
        let master = world.accounts.get_mut("222233334444").unwrap();
        let role = master.roles.get_mut("DeveloperRole").unwrap();
        let open = role
            .trust
            .source()
            .replace("\"Bool\"", "\"BoolIfExists\"")
            .replace("\"true\"", "\"false\"");
        role.trust = aws_sim::Document::parse(&open).unwrap();
        world
            .accounts
            .get_mut("111122223333")
            .unwrap()
            .users
            .get_mut("elmerfudd")
            .unwrap()
            .mfa_devices
            .clear();
    }
    let ran = stage.bastion(["verify", "--json"]).exits(1, "");
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let failed: Vec<String> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["result"] == "fail")
        .map(|it| {
            format!(
                "{} {}",
                it["what"].as_str().unwrap(),
                it["message"].as_str().unwrap()
            )
        })
        .collect();
    for hole in [
        "role DeveloperRole does not require MFA",
        "role DeveloperRole opens without MFA",
        "user elmerfudd has no MFA device",
    ] {
        assert!(
            failed.iter().any(|it| it.starts_with(hole)),
            "no {hole}: {failed:#?}"
        );
    }
}

#[test]
fn users_come_and_go() {
    let stage = Stage::deck();
    stage
        .bastion(["add-user", "bugs"])
        .exits(2, "has no user 'bugs'")
        .hints("--group");
    stage
        .bastion(["add-user", "bugs", "--group", "Developer"])
        .fails("did you mean 'Developers'?");
    stage
        .bastion(["add-user", "elmerfudd"])
        .fails("has no group Developers yet")
        .hints("bastion apply");
    stage.bastion(["apply", "--yes"]).ok();
    let added = stage
        .bastion(["add-user", "bugs", "--group", "Developers", "--group", "IT"])
        .ok();
    assert!(
        added.stdout.contains("Access key, shown only now: AKIA"),
        "{}",
        added.stdout
    );
    stage.bastion(["plan"]).ok();
    // Again: nothing is made twice.
    stage.sim.clear_calls();
    let again = stage.bastion(["add-user", "bugs"]).ok();
    assert!(!again.stdout.contains("shown only now"), "{}", again.stdout);
    assert!(stage.writes().is_empty(), "{:?}", stage.writes());

    stage.enroll("bugs");
    stage
        .bastion(["remove-user", "bugs"])
        .fails("no terminal")
        .hints("--yes");
    // Broken off in the middle, and finished.
    stage.sim.set_faults(vec![once(
        "DeactivateMFADevice",
        error(403, "AccessDenied", "not now"),
    )]);
    stage
        .bastion(["remove-user", "--yes", "bugs"])
        .fails("iam:DeactivateMFADevice")
        .hints("run it again");
    stage.bastion(["remove-user", "--yes", "bugs"]).ok();
    assert!(
        !stage.sim.world().accounts["111122223333"]
            .users
            .contains_key("bugs")
    );
    let text = std::fs::read_to_string(stage.file()).unwrap();
    assert!(
        !text.contains("bugs") && text.contains("elmerfudd"),
        "{text}"
    );
    stage.bastion(["plan"]).ok();
}
