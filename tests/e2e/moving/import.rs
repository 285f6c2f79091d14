//! `import`: what is found, proved, stored and removed.

use std::fs;

use crate::support::{Home, KEY, SERIAL, Sim, error, fault};

/// A second key that AWS knows.
const OTHER: &str = "AKIACANARYANOTHERKEY";
const OTHER_SECRET: &str = "CANARYsecretOfTheOtherUser/+012345678901";

/// With a comment, CRLF, odd spacing and a profile that has no key.
pub fn file() -> String {
    format!(
        "# mine\r\n[bastion]\r\n  AWS_Access_Key_ID   =  {}\r\naws_secret_access_key={}\r\n\r\n[default]\r\nregion=eu-west-1\r\n; end",
        KEY.id, KEY.secret
    )
}

/// The same without the key.
pub const REST: &str = "# mine\r\n\r\n[default]\r\nregion=eu-west-1\r\n; end";

#[test]
fn a_key_is_proved_stored_and_removed_from_the_file() {
    let (sim, home) = home_with(&file());
    let ran = home.run(["import", "--scrub"]).ok();
    let path = credentials(&home);
    assert_eq!(
        ran.stdout,
        format!(
            "Found 1 access key in {path}:\n  bastion  ****************NKEY\n\
             Importing bastion... works (arn:aws:iam::111122223333:user/elmerfudd), stored\n\
             Removed 1 access key from {path}; `aws-vault import --undo` puts back what was removed.\n\
             What lay in clear text may have been copied. Replace it at AWS:\n  aws-vault rotate bastion\n"
        )
        .replace("NKEY", &KEY.id[16..])
    );
    assert_eq!(ran.stderr, "");
    assert_eq!(sim.actions(), ["sts:GetCallerIdentity"]);
    assert_eq!(text(&home), REST);
    assert_eq!(home.stored_id("bastion").as_deref(), Some(KEY.id));
    // The lines that went are nowhere in clear.
    for file in home.files() {
        let bytes = fs::read(&file).unwrap();
        let secret = KEY.secret.as_bytes();
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret),
            "{}",
            file.display()
        );
    }
    assert_eq!(home.leftovers(), Vec::<std::path::PathBuf>::new());
    home.run(["exec", "--no-session", "bastion", "--", "true"])
        .ok();

    let again = home.run(["import", "--scrub"]).ok();
    assert_eq!(again.stdout, format!("No access keys found in {path}.\n"));
    assert_eq!(text(&home), REST);
}

#[test]
fn a_key_that_aws_refuses_stays_in_the_file_and_out_of_the_store() {
    let dead = "[dead]\naws_access_key_id=AKIADEADDEADDEADDEAD\naws_secret_access_key=CANARYsecretOfNobody0123456789012345678\n";
    let wrong = format!(
        "[wrong]\naws_access_key_id={}\naws_secret_access_key=CANARYsecretOfSomebodyElse01234567890123\n",
        KEY.id
    );
    let (_sim, home) = home_with(&format!("{dead}{}\n{wrong}", file()));
    let ran = home.run(["import", "--scrub"]);
    let ran = ran.fails("2 access keys were not imported");
    assert!(
        ran.stdout
            .contains("Importing dead... failed: sts:GetCallerIdentity was refused"),
        "{ran:#?}"
    );
    assert!(ran.stdout.contains("InvalidClientTokenId"), "{ran:#?}");
    assert!(ran.stdout.contains("SignatureDoesNotMatch"), "{ran:#?}");
    assert!(!ran.stdout.contains("CANARYsecret") && !ran.stderr.contains("CANARYsecret"));
    assert_eq!(text(&home), format!("{dead}{REST}\n{wrong}"));
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "bastion\n");
}

#[test]
fn aws_out_of_reach_stores_nothing_unless_offline() {
    let (sim, home) = home_with(&file());
    sim.faults([fault(
        "GetCallerIdentity",
        error(503, "ServiceUnavailable", "no"),
    )]);
    let before = home.digest("");
    home.run(["import", "--scrub"])
        .fails("GetCallerIdentity")
        .hints("--offline");
    assert_eq!((text(&home), home.stored_id("bastion")), (file(), None));
    assert_eq!(home.digest(""), before);
    sim.clear_calls();
    let ran = home.run(["import", "--scrub", "--offline"]).ok();
    assert!(
        ran.stdout.contains("Importing bastion... stored\n"),
        "{ran:#?}"
    );
    assert_eq!((sim.actions(), text(&home)), (vec![], REST.to_owned()));
}

#[test]
fn names_that_are_taken() {
    let (_sim, home) = home_with(&file());
    home.add("bastion", KEY);
    let ran = home.run(["import", "--scrub"]).ok();
    assert!(
        ran.stdout.contains("Importing bastion... stored already\n"),
        "{ran:#?}"
    );
    assert_eq!(text(&home), REST);

    let other =
        format!("[bastion]\naws_access_key_id={OTHER}\naws_secret_access_key={OTHER_SECRET}\n");
    fs::write(home.path(".aws/credentials"), &other).unwrap();
    let ran = home.run(["import", "--scrub", "--offline"]).ok();
    assert!(
        ran.stdout
            .contains("skipped, another key is stored under this name; --overwrite"),
        "{ran:#?}"
    );
    assert_eq!(
        (text(&home), home.stored_id("bastion").as_deref()),
        (other, Some(KEY.id))
    );
    home.run(["import", "--scrub", "--offline", "--overwrite"])
        .ok();
    assert_eq!(
        (text(&home).as_str(), home.stored_id("bastion").as_deref()),
        ("", Some(OTHER))
    );
}

#[test]
fn what_is_no_long_term_key_is_left_alone() {
    let config = "[profile role]\nsource_profile = bastion\n";
    let text_before = format!(
        "[sso]\naws_access_key_id=ASIACANARYTEMPORARY1\naws_secret_access_key={0}\naws_session_token=CANARYtoken\n\
         [half]\naws_access_key_id={1}\n[short]\naws_access_key_id=AKIA\naws_secret_access_key={0}\n\
         [role]\naws_access_key_id={1}\naws_secret_access_key={0}\n[oidc:x]\naws_access_key_id={1}\naws_secret_access_key={0}\n",
        KEY.secret, KEY.id
    );
    let (sim, home) = home_with(&text_before);
    home.configure(config);
    let ran = home
        .run(["import", "--scrub"])
        .fails("3 access keys were not imported");
    for says in [
        "Found 5 access keys in ",
        "(temporary)\n",
        "Importing sso... skipped, a temporary key",
        "Importing half... failed: it has no aws_secret_access_key",
        "Importing short... failed: that is not the id of an access key",
        "Importing role... skipped, Your profile has a source_profile of bastion",
        "Importing oidc:x... failed: ",
    ] {
        assert!(ran.stdout.contains(says), "no {says:?} in {ran:#?}");
    }
    assert_eq!((text(&home), sim.actions()), (text_before, vec![]));
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "");
}

#[test]
fn one_profile_alone() {
    let (_sim, home) = home_with(&format!(
        "{}\n[other]\naws_access_key_id={OTHER}\naws_secret_access_key={OTHER_SECRET}\n",
        file()
    ));
    home.run(["import", "nobody"])
        .fails("has no access key of 'nobody'");
    home.run(["import", "--scrub", "bastion"]).ok();
    assert!(text(&home).starts_with(REST) && text(&home).contains(OTHER_SECRET));
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "bastion\n");
}

#[test]
fn without_an_answer_the_file_stays() {
    let (_sim, home) = home_with(&file());
    let ran = home.run(["import"]).ok();
    assert!(
        ran.stderr.contains("the keys still stand in") && ran.stderr.contains("import --scrub"),
        "{ran:#?}"
    );
    assert_eq!(
        (text(&home), home.stored_id("bastion").as_deref()),
        (file(), Some(KEY.id))
    );
    for (answer, code, expected) in [
        ("n", 0, file()),
        ("\u{3}", 130, file()),
        ("yes", 0, REST.to_owned()),
    ] {
        let (mut pty, child) = home.on_terminal(["import"]);
        pty.wait_for("Remove 1 access key from ");
        pty.wait_for("(y|N) ");
        pty.send(format!("{answer}\r"));
        assert_eq!(pty.finish(child).code(), Some(code), "{}", pty.shown);
        assert_eq!(text(&home), expected, "{answer}");
        assert!(!pty.shown.contains(KEY.secret));
    }
    fs::write(home.path(".aws/credentials"), file()).unwrap();
    let (mut pty, child) = home.on_terminal(["import", "--no-scrub"]);
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert_eq!(text(&home), file());
}

#[test]
fn the_consoles_csv() {
    let (_sim, home) = home_with("");
    let head = "\u{feff}Access key ID,Secret access key\r\n";
    let csv = home.path("elmerfudd_accessKeys.csv");
    fs::write(&csv, format!("{head}{},{}\r\n", KEY.id, KEY.secret)).unwrap();
    let path = csv.to_str().unwrap();
    home.run(["import", "--csv", path, "--no-scrub"]).ok();
    home.run(["import", "--csv", path, "--scrub", "bastion"])
        .ok();
    assert_eq!(
        home.run(["list", "--credentials"]).ok().stdout,
        "bastion\nelmerfudd\n"
    );
    assert_eq!(fs::read_to_string(&csv).unwrap(), head);
    home.run(["import", "--csv", path, "--undo"]).ok();
    assert!(fs::read_to_string(&csv).unwrap().contains(KEY.secret));
    fs::write(&csv, "[default]\n").unwrap();
    home.run(["import", "--csv", path]).fails(":1: no columns");
}

#[test]
fn the_environment() {
    let (_sim, mut home) = home_with("");
    home.run(["import", "--env"]).exits(2, "'profile'");
    home.run(["import", "--env", "ci"])
        .fails("Missing value for AWS_ACCESS_KEY_ID");
    home.set("AWS_ACCESS_KEY_ID", KEY.id);
    home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
    home.set("AWS_SESSION_TOKEN", "CANARYtoken");
    let ran = home.run(["import", "--env", "ci"]).ok();
    assert!(ran.stdout.contains("skipped, a temporary key"), "{ran:#?}");
    home.unset("AWS_SESSION_TOKEN");
    let ran = home.run(["import", "--env", "ci"]).ok();
    assert!(
        ran.stdout.contains("works (arn:") && ran.stderr.contains("unset AWS_ACCESS_KEY_ID"),
        "{ran:#?}"
    );
    assert_eq!(home.stored_id("ci").as_deref(), Some(KEY.id));
}

#[test]
fn rotate_at_once() {
    let (sim, home) = home_with(&file());
    home.configure("[profile bastion]\nregion = eu-west-1\n");
    let ran = home.run(["import", "--scrub", "--rotate"]).ok();
    assert!(
        ran.stdout.ends_with("Finished rotating access key\n"),
        "{ran:#?}"
    );
    let now = home.stored_id("bastion").unwrap();
    assert_ne!(now, KEY.id);
    assert_eq!(sim.keys(), [format!("{now} Active")]);
    home.run(["import", "--rotate", "--offline"])
        .exits(2, "--offline");
}

#[test]
fn the_profiles_own_region_and_endpoint_are_used() {
    let (_sim, mut home) = home_with(&file());
    home.configure(&format!(
        "[profile bastion]\nregion = nowhere-1\nmfa_serial = {SERIAL}\n"
    ));
    home.set("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    home.run(["import"]).fails("127.0.0.1:1 cannot be reached");
}

/// A home with this `~/.aws/credentials`, readable by its owner only.
pub fn home_with(text: &str) -> (Sim, Home) {
    use std::os::unix::fs::PermissionsExt as _;
    let sim = Sim::deck();
    let home = Home::of(&sim, "");
    let path = home.path(".aws/credentials");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    (sim, home)
}

pub fn text(home: &Home) -> String {
    fs::read_to_string(home.path(".aws/credentials")).unwrap()
}

pub fn credentials(home: &Home) -> String {
    home.path(".aws/credentials").to_str().unwrap().to_owned()
}
