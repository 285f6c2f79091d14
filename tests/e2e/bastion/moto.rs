//! The same against moto, an AWS that we did not write, with several accounts.

use crate::moto::Moto;
use crate::support::{Home, Key, python};

/// moto takes any key for one of its default account, 123456789012, until told otherwise.
fn home(moto: &Moto) -> Home {
    let mut home = Home::new();
    home.set("AWS_ENDPOINT_URL", &moto.endpoint);
    home.configure("[profile martin]\nregion = eu-west-1\n");
    home.add(
        "martin",
        Key {
            id: "AKIAADMINISTRATOR000",
            secret: "administrator-administrator",
        },
    );
    home
}

/// As docs/bastion.md begins.
#[test]
fn from_an_empty_organization_to_a_role_in_six_commands() {
    let moto = Moto::with_aws_policies();
    moto.admin(&["organizations", "create-organization"]);
    for name in ["Bastion", "Product"] {
        let words = ["organizations", "create-account", "--account-name", name];
        moto.admin(&[&words[..], &["--email", "x@example.com"]].concat());
    }
    let home = home(&moto);
    let file = home.path("bastion.toml");
    let file = file.to_str().unwrap();
    let bastion = |words: &[&str]| {
        let words = [&["bastion"], words, &["--file", file]].concat();
        home.run(words).ok().stdout
    };

    bastion(&[
        "init",
        "--organization",
        "--admin-profile",
        "martin",
        "--bastion",
        "Bastion",
        "--user",
        "elmerfudd",
    ]);
    bastion(&["apply", "--yes"]);
    let added = bastion(&["add-user", "elmerfudd", "--store", "bastion"]);
    assert!(added.contains("shown only now"), "{added}");
    let words = ["bastion", "enroll-mfa", "elmerfudd", "--file", file];
    let (mut pty, child) = home.on_terminal(words);
    pty.wait_for("type the key: ");
    // moto takes any codes.
    for question in ["First code", "The next one"] {
        pty.wait_for(question);
        pty.send("123456\r");
    }
    pty.wait_for("is enabled for elmerfudd");
    assert!(pty.finish(child).success(), "{}", pty.shown);
    bastion(&["config", "elmerfudd"]);
    let aws = python("aws");
    // moto's management account is called "master", as the deck's.
    let words = [
        "exec",
        "-t",
        "123456",
        "master",
        "--",
        aws.to_str().unwrap(),
    ];
    let query = [
        "sts",
        "get-caller-identity",
        "--query",
        "Arn",
        "--output",
        "text",
    ];
    let who = home.run(words.iter().chain(&query)).ok().stdout;
    assert!(
        who.starts_with("arn:aws:sts::123456789012:assumed-role/DeveloperRole/"),
        "{who}"
    );
    assert!(bastion(&["plan"]).contains("0 to create"));
}
