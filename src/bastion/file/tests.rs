use super::*;
use crate::bastion::model::{Assumable, Trust};

const GOOD: &str = r#"
[bastion]
account = "111122223333"

[accounts.Master]
id = "222233334444"
[accounts.Product]
id = "333344445555"
profile = "product-admin"
color = "F2B0A9"

[roles.DeveloperRole]
accounts = ["*"]
managed_policies = ["PowerUserAccess", "arn:aws:iam::222233334444:policy/x"]
inline_policies = { Extra = '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}', File = "x.json" }
max_session_duration = "8h"
mfa_max_age = 3600

[roles.Auditor]
accounts = ["Master"]
third_party = { account = "999988887777", external_id = "4711" }

[groups.Developers]
assume = ["DeveloperRole@Product", "DeveloperRole"]

[users.elmerfudd]
groups = ["Developers"]
console = true
"#;

fn read(path: &Path) -> std::io::Result<String> {
    if path == Path::new("x.json") {
        Ok(r#"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}"#.to_owned())
    } else {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

fn parsed(text: &str) -> Result<Layout, FileError> {
    parse(Path::new("bastion.toml"), text, &read)
}

#[test]
fn everything_has_its_place() {
    let layout = parsed(GOOD).unwrap();
    let role = layout.role("DeveloperRole").unwrap();
    assert_eq!(role.accounts, ["Master", "Product"]);
    assert_eq!(role.max_session_duration, 28_800);
    assert!(
        role.managed_policies
            .contains("arn:aws:iam::aws:policy/PowerUserAccess")
    );
    assert_eq!(role.inline_policies.len(), 2);
    assert_eq!(
        role.trust,
        Trust::Bastion {
            mfa_max_age: Some(3600),
            source_ip: vec![]
        }
    );
    let one = |account: &str| Assumable {
        account: account.to_owned(),
        role: "DeveloperRole".to_owned(),
    };
    let group = layout.group("Developers").unwrap();
    assert_eq!(group.assume, [one("Product"), one("Master")]);
    assert_eq!(
        layout.role_arn(&one("Master")).as_deref(),
        Some("arn:aws:iam::222233334444:role/DeveloperRole")
    );
    assert!(layout.user("elmerfudd").unwrap().console);
}

/// One change to the good file, the place of the mistake, and words of the message.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "account = \"111122223333\"",
        "account = \"11112222\"",
        "3:11: '11112222' is no account id: twelve digits",
    ),
    (
        "account = \"111122223333\"",
        "account = 111122223333",
        "3:11: invalid type: integer",
    ),
    ("account = \"111122223333\"", "account = ", "3:11: "),
    (
        "account = \"111122223333\"",
        "acount = \"111122223333\"",
        "3:1: there is no key 'acount' here (did you mean 'account'?)",
    ),
    (
        "id = \"333344445555\"",
        "id = \"222233334444\"",
        "8:6: 222233334444 is already the id of 'Master'",
    ),
    (
        "id = \"333344445555\"",
        "id = \"111122223333\"",
        "8:6: 111122223333 is already the id of 'Bastion'",
    ),
    (
        "color = \"F2B0A9\"",
        "color = \"red\"",
        "10:9: 'red' is no colour",
    ),
    (
        "accounts = [\"*\"]",
        "accounts = [\"Mastre\"]",
        "13:13: there is no account 'Mastre' (did you mean 'Master'?)",
    ),
    (
        "max_session_duration = \"8h\"",
        "max_session_duration = \"13h\"",
        "16:24: max_session_duration must be between 1h and 12h",
    ),
    (
        "max_session_duration = \"8h\"",
        "max_session_duration = \"soon\"",
        "16:24: ",
    ),
    (
        "mfa_max_age = 3600",
        "source_ip = [\"10.0.0.0/33\"]",
        "17:14: '10.0.0.0/33' is no address range",
    ),
    (
        "File = \"x.json\"",
        "File = \"y.json\"",
        "the policy file 'y.json' cannot be read",
    ),
    (
        "\"s3:*\",\"Resource\":\"*\"",
        "\"s3:*\",\"Principal\":\"*\",\"Resource\":\"*\"",
        "the policy 'Extra' has a Principal",
    ),
    (
        "external_id = \"4711\"",
        "external_id = \"\"",
        "21:57: an external ID has 2 to 1,224",
    ),
    (
        "external_id = \"4711\"",
        "externalid = \"4711\"",
        "there is no key 'externalid' here (did you mean 'external_id'?)",
    ),
    (
        "assume = [\"DeveloperRole@Product\"",
        "assume = [\"DevelopRole@Product\"",
        "24:11: there is no role 'DevelopRole' (did you mean 'DeveloperRole'?)",
    ),
    (
        "assume = [\"DeveloperRole@Product\"",
        "assume = [\"DeveloperRole@Prodct\"",
        "24:11: role 'DeveloperRole' is not in account 'Prodct' (did you mean 'Product'?)",
    ),
    (
        "assume = [\"DeveloperRole@Product\"",
        "assume = [\"Auditor\"",
        "24:11: role 'Auditor' is for a third party",
    ),
    (
        "groups = [\"Developers\"]",
        "groups = [\"developer\"]",
        "27:11: there is no group 'developer' (did you mean 'Developers'?)",
    ),
    (
        "groups = [\"Developers\"]",
        "",
        "user 'elmerfudd' is in no group",
    ),
    (
        "[users.elmerfudd]",
        "[users.\"elmer fudd\"]",
        "26:8: the user's name 'elmer fudd' has ' ' in it",
    ),
    ("[roles.Auditor]", "[roles.DeveloperRole]", "19:"),
];

#[test]
fn mistakes_have_a_place_and_a_suggestion() {
    for (good, bad, expected) in MISTAKES {
        assert!(GOOD.contains(good), "{good}");
        let error = parsed(&GOOD.replacen(good, bad, 1)).unwrap_err();
        let told = error.to_string();
        assert!(told.starts_with("bastion.toml:"), "{told}");
        assert!(told.contains(expected), "{bad}\n{told}\nwanted {expected}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = GOOD
        .replace("333344445555", "x")
        .replace("[\"Developers\"]", "[\"Nobody\"]");
    let error = parsed(&text).unwrap_err();
    assert_eq!(error.mistakes.len(), 2, "{error}");
}

#[test]
fn quotas_are_checked_before_any_call() {
    let many = (0..12)
        .map(|n| format!("\"P{n}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let text = GOOD.replace("\"PowerUserAccess\"", &many);
    assert!(
        parsed(&text)
            .unwrap_err()
            .to_string()
            .contains("'DeveloperRole' has 13 managed policies; AWS attaches 10")
    );

    let groups = (0..11)
        .map(|n| format!("[groups.G{n}]\n"))
        .collect::<Vec<_>>()
        .concat();
    let names = (0..11)
        .map(|n| format!("\"G{n}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let text = groups + &GOOD.replace("[\"Developers\"]", &format!("[{names}]"));
    assert!(
        parsed(&text)
            .unwrap_err()
            .to_string()
            .contains("is in 11 groups; AWS allows 10")
    );

    let long = "x".repeat(11_000);
    let text = GOOD.replace("s3:*", &long);
    assert!(
        parsed(&text)
            .unwrap_err()
            .to_string()
            .contains("AWS allows 10240")
    );

    let account = |n| format!("[accounts.A{n}]\nid = \"9{n:011}\"\n");
    let accounts = (0..1500).map(account).collect::<Vec<_>>().concat();
    let text = GOOD.replace(
        "[roles.DeveloperRole]",
        &format!("{accounts}\n[roles.DeveloperRole]"),
    );
    assert!(
        parsed(&text)
            .unwrap_err()
            .to_string()
            .contains("split the group")
    );
}
