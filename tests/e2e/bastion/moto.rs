//! The same against moto, an AWS that we did not write, with several accounts.

use super::support::INIT;
use crate::moto::Moto;
use crate::support::{Home, Key};

#[test]
fn plan_apply_and_nothing_left_to_do() {
    let moto = Moto::with_aws_policies();
    let mut home = Home::new();
    home.set("AWS_ENDPOINT_URL", &moto.endpoint);
    home.configure("[profile martin]\nregion = eu-west-1\n");
    // moto takes any key for one of its default account, 123456789012, until told otherwise.
    home.add(
        "martin",
        Key {
            id: "AKIAADMINISTRATOR000",
            secret: "administrator-administrator",
        },
    );
    let file = home.path("bastion.toml");
    let file = file.to_str().unwrap();
    let bastion = |words: &[&str]| {
        let mut all = vec!["bastion"];
        all.extend(words);
        all.extend(["--file", file]);
        home.run(all)
    };
    let init: Vec<&str> = INIT
        .iter()
        .copied()
        .chain(["--user", "elmerfudd"])
        .collect();
    bastion(&init).ok();
    bastion(&["plan"]).exits(2, "");
    bastion(&["apply", "--yes"]).ok();
    let again = bastion(&["apply", "--yes"]).ok();
    assert!(
        again
            .stdout
            .contains("0 to create, 0 to change, 0 to delete"),
        "{}",
        again.stdout
    );
    let added = bastion(&["add-user", "elmerfudd", "--store", "bastion"]).ok();
    assert!(added.stdout.contains("shown only now"), "{}", added.stdout);
    bastion(&["config", "elmerfudd"]).ok();
}
