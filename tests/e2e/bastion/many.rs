//! Two hundred accounts, five roles each. How long it takes is measured by `make bench` (bench/bastion.py).

use std::fmt::Write as _;

use serde_json::json;

use super::support::Stage;

const ACCOUNTS: usize = 200;

fn many() -> Stage {
    let stage = Stage::with(|world| {
        let role = world["accounts"]["333344445555"]["roles"].clone();
        for n in 0..ACCOUNTS {
            world["accounts"][format!("9{n:011}")] = json!({ "roles": role });
        }
    });
    let mut text = String::from(
        "[bastion]\naccount = \"111122223333\"\n[admin]\nprofile = \"martin\"\nrole = \"OrganizationAccountAccessRole\"\n",
    );
    for n in 0..ACCOUNTS {
        let _ = write!(text, "[accounts.A{n}]\nid = \"9{n:011}\"\n");
    }
    for role in 0..5 {
        let _ = write!(
            text,
            "[roles.Role{role}]\naccounts = [\"*\"]\nmanaged_policies = [\"PowerUserAccess\"]\n[groups.Group{role}]\nassume = [\"Role{role}\"]\n"
        );
    }
    std::fs::write(stage.file(), text).unwrap();
    stage
}

#[test]
fn two_hundred_accounts() {
    let stage = many();
    let planned = stage.bastion(["plan"]).exits(2, "");
    assert!(
        planned.stdout.contains("Plan: 2"),
        "{}",
        planned.stdout.lines().last().unwrap()
    );
    let applied = stage.bastion(["apply", "--yes"]).ok();
    assert!(
        applied.stdout.contains("in 201 accounts"),
        "{}",
        applied.stdout.lines().last().unwrap()
    );
    stage.bastion(["plan"]).ok();
}
