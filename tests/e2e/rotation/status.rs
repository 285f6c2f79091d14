//! `status`: what AWS says of each key.

use aws_vault::credentials::masked;
use serde_json::{Value, json};

use super::PLAIN;
use crate::support::{BASTION, Home, KEY, Key, Sim, error, fault};

#[test]
fn whose_how_old_and_when_used() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    let table = home.run(["status"]).ok().stdout;
    let row = table.lines().nth(1).unwrap();
    for cell in [
        "bastion",
        &masked(KEY.id),
        "111122223333",
        "elmerfudd",
        "d !",
        "never",
        "yes",
    ] {
        assert!(row.contains(cell), "no {cell:?} in {table}");
    }
    let again = home.run(["status", "--json"]).ok();
    let json: Value = serde_json::from_str(&again.stdout).unwrap();
    let key = &json["access_keys"][0];
    assert_eq!(key["arn"], "arn:aws:iam::111122223333:user/elmerfudd");
    assert_eq!(
        (&key["mfa_devices"], &key["keys_of_user"]),
        (&json!(1), &json!(1))
    );
    assert!(
        key["last_used"].is_string(),
        "status was the last use: {key}"
    );
    assert_eq!(key["rotation"], Value::Null);
    assert!(!again.stdout.contains("CANARYsecret"));
    assert_eq!(sim.writes(), [] as [&str; 0]);
}

#[test]
fn what_is_not_allowed_is_said_and_the_rest_is_shown() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, PLAIN);
    sim.faults(
        ["ListAccessKeys", "ListMFADevices"]
            .map(|action| fault(action, error(403, "AccessDenied", "no"))),
    );
    let table = home.run(["status"]).ok().stdout;
    assert!(
        table.contains("iam:ListAccessKeys is not allowed; iam:ListMFADevices is not allowed"),
        "{table}"
    );
    assert!(table.contains("elmerfudd"), "{table}");
}

#[test]
fn a_session_with_mfa_is_used_if_it_is_there_and_never_asked_for() {
    let only_with_mfa = |world: &mut Value| {
        world["accounts"]["111122223333"]["users"]["elmerfudd"]["policies"]["OnlyWithMfa"] = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Deny", "NotAction": ["sts:*"], "Resource": "*",
                "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } }
            }]
        });
    };
    let sim = Sim::with(only_with_mfa);
    let home = Home::with_key(&sim, BASTION);
    assert!(
        home.run(["status"])
            .ok()
            .stdout
            .contains("iam:ListAccessKeys is not allowed")
    );
    home.run(["exec", "-t", &sim.code(), "bastion", "--", "true"])
        .ok();
    let table = home.run(["status"]).ok().stdout;
    assert!(
        !table.contains("not allowed") && table.contains("d !"),
        "{table}"
    );
}

#[test]
fn many_keys_are_asked_about_at_once() {
    let names: Vec<String> = (0..20).map(|number| format!("user{number:02}")).collect();
    let key = |name: &str| {
        (
            format!("AKIACANARY{name:0>10}").to_uppercase(),
            format!("CANARYsecretOf{name:0>26}"),
        )
    };
    let sim = Sim::with(|world| {
        let users = world["accounts"]["111122223333"]["users"]
            .as_object_mut()
            .unwrap();
        let mut template = users["elmerfudd"].clone();
        template.as_object_mut().unwrap().remove("id");
        template["mfa_devices"] = json!([]);
        for name in &names {
            let (id, secret) = key(name);
            template["access_keys"] = json!([{ "id": id, "secret": secret }]);
            users.insert(name.clone(), template.clone());
        }
    });
    let section = |name: &String| format!("[profile {name}]\nregion = eu-west-1\n");
    let config = names.iter().map(section).collect::<Vec<_>>().concat();
    let home = Home::of(&sim, &config);
    for name in &names {
        let (id, secret) = key(name);
        home.add(
            name,
            Key {
                id: &id,
                secret: &secret,
            },
        );
    }
    let json: Value = serde_json::from_str(&home.run(["status", "--json"]).ok().stdout).unwrap();
    let keys = json["access_keys"].as_array().unwrap();
    let shown: Vec<&str> = keys
        .iter()
        .map(|key| key["user"].as_str().unwrap())
        .collect();
    assert_eq!(
        shown, names,
        "each its own answer, in the order of the names"
    );
}
