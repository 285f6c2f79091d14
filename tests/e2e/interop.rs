//! Stores shared with the Go tool, both ways.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use crate::support::{Home, KEY, PASSPHRASE, Sim, python, run};

/// The key in the store that the Go tool wrote.
const GO_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const GO_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

#[test]
fn a_store_of_the_go_tool_is_used() {
    let sim = Sim::with(|world| {
        let keys = &mut world["accounts"]["111122223333"]["users"]["elmerfudd"]["access_keys"];
        keys[0]["id"] = GO_ID.into();
        keys[0]["secret"] = GO_SECRET.into();
    });
    let mut home = Home::of(
        &sim,
        "[profile jon]\nregion = eu-west-1\n\n[profile \"team/100% prod\"]\nregion = eu-west-1\n",
    );
    home.set("AWS_VAULT_FILE_PASSPHRASE", "go test passphrase");
    copy_store(&home);
    let before = home.digest(".awsvault");
    assert_eq!(
        home.run(["list", "--credentials"]).ok().stdout,
        "jon\nteam/100% prod\n"
    );
    for profile in ["jon", "team/100% prod"] {
        let ran = home.env_of(&["--no-session", profile]);
        assert_eq!(
            (
                ran.var("AWS_ACCESS_KEY_ID"),
                ran.var("AWS_SECRET_ACCESS_KEY")
            ),
            (GO_ID, GO_SECRET)
        );
        let json = home
            .run(["export", "--no-session", "--format=json", profile])
            .ok()
            .stdout;
        assert_eq!(
            json,
            format!(
                "{{\n  \"Version\": 1,\n  \"AccessKeyId\": \"{GO_ID}\",\n  \"SecretAccessKey\": \"{GO_SECRET}\"\n}}\n"
            )
        );
    }
    assert_eq!(home.digest(".awsvault"), before, "reading changes nothing");
    home.run(["exec", "jon", "--", "true"]).ok();
    assert_eq!(sim.actions(), ["sts:GetSessionToken"]);
    let names: Vec<_> = fs::read_dir(home.keys())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 3, "only the session key is new: {names:?}");
}

#[test]
fn an_item_of_ours_is_the_go_tools_byte_for_byte() {
    let mut home = Home::new();
    copy_store(&home);
    home.set("AWS_VAULT_FILE_PASSPHRASE", "go test passphrase");
    home.set("AWS_ACCESS_KEY_ID", GO_ID);
    home.set("AWS_SECRET_ACCESS_KEY", GO_SECRET);
    let mut theirs = opened(&home.keys().join("jon"), "go test passphrase");
    add_account_id(&mut theirs);
    home.run(["add", "--env", "--no-add-config", "jon"]).ok();
    let ours = opened(&home.keys().join("jon"), "go test passphrase");
    assert_eq!(ours["payload"], theirs["payload"]);
    let mut headers = [ours["header"].clone(), theirs["header"].clone()];
    assert_eq!(
        headers[0]["p2c"], 600_000,
        "the Go tool reads up to 1.3 million"
    );
    for header in &mut headers {
        // What differs from one writing to the next, and the rounds, which are more than the Go tool's.
        for member in ["p2s", "created", "p2c"] {
            assert!(
                header.as_object_mut().unwrap().remove(member).is_some(),
                "{header}"
            );
        }
    }
    assert_eq!(headers[0], headers[1]);
}

#[test]
fn another_implementation_opens_what_we_store() {
    let home = Home::new();
    home.add("team/100% ü", KEY);
    let item = opened(&home.keys().join("team%2F100%25 ü"), PASSPHRASE);
    let payload: Value = serde_json::from_str(item["payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload["Key"], "team/100% ü");
    assert_eq!(payload["Label"], "aws-vault (team/100% ü)");
}

#[test]
fn sessions_of_the_go_tool_are_no_credentials_and_clear_removes_them() {
    let home = Home::new();
    home.add("jon", KEY);
    let item = fs::read(home.keys().join("jon")).unwrap();
    let session =
        "sts.GetSessionToken,am9u,YXJuOmF3czppYW06OjEyMzQ1Njc4OTAxMjptZmEvam9u,1700003600";
    fs::write(home.keys().join(session), &item).unwrap();
    fs::write(
        home.keys().join("oidc:https:%2F%2Fd.example%2Fstart"),
        &item,
    )
    .unwrap();
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "jon\n");
    assert_eq!(
        home.run(["clear", "jon"]).ok().stdout,
        "Cleared 1 sessions.\n"
    );
    assert_eq!(home.run(["clear"]).ok().stdout, "Cleared 1 sessions.\n");
    assert_eq!(home.item_names(), ["jon"]);
}

/// The fixture is version 7.2.0's; the fork's 7.13 writes one more member, and so do we.
fn add_account_id(item: &mut Value) {
    let payload = item["payload"].as_str().unwrap();
    let data = serde_json::from_str::<Value>(payload).unwrap()["Data"].take();
    let data = data.as_str().unwrap();
    let json = String::from_utf8(BASE64_STANDARD.decode(data).unwrap()).unwrap();
    let longer = format!("{},\"AccountID\":\"\"}}", json.strip_suffix('}').unwrap());
    item["payload"] = payload
        .replace(data, &BASE64_STANDARD.encode(longer))
        .into();
}

fn copy_store(home: &Home) {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("keystore/tests/fixtures/go-file");
    fs::create_dir_all(home.keys()).unwrap();
    for entry in fs::read_dir(store).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), home.keys().join(entry.file_name())).unwrap();
    }
}

/// Header and payload of an item, as jwcrypto reads them.
fn opened(item: &Path, passphrase: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("keystore/tests/support/jwe.py");
    let ran = run(Command::new(python("python"))
        .arg(script)
        .arg(passphrase)
        .stdin(Stdio::from(fs::File::open(item).unwrap())))
    .ok();
    serde_json::from_str(&ran.stdout).unwrap()
}
