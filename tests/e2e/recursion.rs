//! Profiles whose `credential_process` calls aws-vault again.

use crate::support::{Home, KEY, PASSPHRASE, Sim};

const PROGRAM: &str = env!("CARGO_BIN_EXE_aws-vault");

fn process(profile: &str, of: &str) -> String {
    format!(
        "[profile {profile}]\ncredential_process = {PROGRAM} export --format=json --no-session {of}\nregion = eu-west-1\n"
    )
}

#[test]
fn a_profile_that_calls_us_for_itself_is_resolved() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, &process("bastion", "bastion"));
    let given = home.env_of(&["-n", "bastion"]);
    assert_eq!(given.var("AWS_ACCESS_KEY_ID"), KEY.id);
    let explained = home.run(["explain", "bastion"]).ok().stdout;
    assert!(
        explained.contains("calls aws-vault for the profile itself"),
        "{explained}"
    );
    // The very thing that an SDK does, also in a subshell, which has no passphrase of ours.
    let words = ["exec", "-n", "bastion", "--", "sh", "-c"];
    let inner =
        format!("AWS_VAULT_FILE_PASSPHRASE={PASSPHRASE} {PROGRAM} export --format=json -n bastion");
    let ran = home.run(words.iter().copied().chain([inner.as_str()])).ok();
    assert!(ran.stdout.contains(KEY.id), "{ran:#?}");

    home.run(["remove", "--force", "bastion"]).ok();
    home.run(["exec", "bastion", "--", "true"])
        .fails(":2: credential_process of profile 'bastion' calls aws-vault for the profile itself")
        .hints("aws-vault add bastion");
}

/// The helper needs what opens the store, and is given it because it is aws-vault.
#[test]
fn a_profile_that_calls_us_for_another_gets_its_credentials() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, &process("other", "bastion"));
    assert_eq!(home.env_of(&["other"]).var("AWS_ACCESS_KEY_ID"), KEY.id);
}

/// Every round would wait for the lock that the round before it holds.
#[test]
fn a_loop_of_two_ends_at_once_and_is_named() {
    let sim = Sim::deck();
    let config = process("a", "b") + &process("b", "a");
    let home = Home::of(&sim, &config);
    home.run(["exec", "a", "--", "true"])
        .fails("credential_process runs in a loop: a (line 2) → b (line 5) → a");
    assert_eq!(home.sessions(), 0);
}

/// A device whose codes come from a command that needs such a code.
#[test]
fn a_code_that_needs_a_code_is_a_loop() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, "");
    home.configure(&format!(
        "[profile bastion]\nregion = eu-west-1\nmfa_serial = arn:aws:iam::111122223333:mfa/elmerfudd\n\
         mfa_process = {PROGRAM} exec bastion -- echo 123456\n"
    ));
    let ran = home.run(["exec", "bastion", "--", "true"]);
    assert_eq!(ran.status.code(), Some(1), "{ran:#?}");
    assert!(
        ran.stderr.contains("mfa_process runs in a loop: "),
        "{ran:#?}"
    );
}

/// The same of `rotate`, which needs a code for the profile's session.
#[test]
fn a_rotation_whose_code_needs_a_rotation_is_a_loop() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, "");
    home.configure(&format!(
        "[profile bastion]\nregion = eu-west-1\nmfa_serial = arn:aws:iam::111122223333:mfa/elmerfudd\n\
         mfa_process = {PROGRAM} rotate bastion\n"
    ));
    let before = home.digest("");
    let ran = home.run(["rotate", "bastion"]);
    assert_eq!(ran.status.code(), Some(1), "{ran:#?}");
    assert!(
        ran.stderr.contains("mfa_process runs in a loop: "),
        "{ran:#?}"
    );
    assert_eq!(home.digest(""), before);
}
