//! What goes wrong, and that nothing is lost or half-written by it.

use rustix::process::Signal;

use super::support::Stage;
use crate::support::{error, fault};

#[test]
fn a_wrong_account_id_stops_everything_before_the_first_write() {
    let stage = Stage::deck();
    // The profile of another account.
    stage.edit(
        "[accounts.Product]\n",
        "[accounts.Product]\nprofile = \"martin\"\n",
    );
    stage
        .bastion(["apply", "--yes"])
        .fails("Product 333344445555: the credentials for it are those of account 222233334444")
        .hints("nothing was written");
    assert!(stage.writes().is_empty(), "{:?}", stage.writes());
}

#[test]
fn a_missing_permission_names_action_and_account_and_the_others_go_on() {
    let stage = Stage::with(|world| {
        let role = &mut world["accounts"]["333344445555"]["roles"]["OrganizationAccountAccessRole"];
        role["attached"] = serde_json::json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    });
    stage.init();
    let ran = stage
        .bastion(["apply", "--yes"])
        .fails("1 account not as the file says");
    assert!(
        ran.stderr
            .contains("Product 333344445555: iam:CreateRole was refused"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("in 3 accounts"), "{}", ran.stdout);
    let world = stage.sim.world();
    assert!(world.accounts["444455556666"].roles.contains_key("ITRole"));
    assert!(
        world.accounts["111122223333"]
            .users
            .contains_key("elmerfudd")
    );
}

#[test]
fn an_account_that_vanished_is_named() {
    let stage = Stage::deck();
    stage.sim.world().accounts.remove("333344445555");
    let ran = stage
        .bastion(["plan"])
        .exits(1, "Product 333344445555: sts:AssumeRole was refused");
    assert!(
        ran.stderr.contains("hint: is account 333344445555 closed"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("1 accounts unread"), "{}", ran.stdout);
    assert!(ran.stdout.contains("+ role ITRole"), "{}", ran.stdout);
}

#[test]
fn a_foreign_role_is_in_the_way_until_it_is_named() {
    let stage = Stage::with(|world| {
        let roles = &mut world["accounts"]["222233334444"]["roles"];
        roles["DeveloperRole"] = serde_json::json!({ "trust": { "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::222233334444:root" }, "Action": "sts:AssumeRole" }
        ] } });
    });
    stage.init();
    let ran = stage.bastion(["apply", "--yes"]);
    assert_eq!(ran.status.code(), Some(2), "{ran:#?}");
    assert!(
        ran.stdout
            .contains("! role/DeveloperRole@Master exists, and was not made by this tool"),
        "{}",
        ran.stdout
    );
    let untouched = {
        let world = stage.sim.world();
        let role = &world.accounts["222233334444"].roles["DeveloperRole"];
        role.tags.is_empty() && role.attached.is_empty()
    };
    assert!(untouched);
    stage
        .bastion(["apply", "--yes", "--adopt", "role/DeveloperRole@Nowhere"])
        .exits(2, "no such thing");
    stage
        .bastion(["apply", "--yes", "--adopt", "role/DeveloperRole@Master"])
        .ok();
    stage.bastion(["plan"]).ok();
}

#[test]
fn a_plan_that_went_stale_is_refused() {
    let stage = Stage::deck();
    let digest = stage.plan()["digest"].as_str().unwrap().to_owned();
    stage
        .sim
        .world()
        .accounts
        .get_mut("333344445555")
        .unwrap()
        .roles
        .clear();
    stage.edit("\"8h\"", "\"4h\"");
    stage
        .bastion(["apply", "--plan", &digest])
        .fails(&format!("the plan is not {digest} any more"))
        .hints("bastion plan");
    assert!(stage.writes().is_empty());
}

#[test]
fn a_quota_is_named() {
    let stage = Stage::deck();
    let full = error(
        409,
        "LimitExceeded",
        "Cannot exceed quota for RolesPerAccount: 1000",
    );
    stage.sim.set_faults(vec![fault("CreateRole", full)]);
    let ran = stage
        .bastion(["apply", "--yes"])
        .fails("not as the file says");
    assert!(
        ran.stderr.contains("RolesPerAccount: 1000"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("hint: a quota of the account is used up"),
        "{}",
        ran.stderr
    );
}

#[test]
fn two_applies_at_once() {
    let stage = Stage::deck();
    stage.sim.set_faults(vec![fault(
        "CreateRole",
        aws_sim::FaultKind::Latency { ms: 3000 },
    )]);
    let file = stage.file();
    let first = stage
        .home
        .start(["bastion", "apply", "--yes", "--file", &file]);
    let start = std::time::Instant::now();
    while !stage.writes().iter().any(|action| action == "CreateRole") {
        assert!(start.elapsed().as_secs() < 80);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    first.kill(Signal::STOP);
    stage
        .bastion(["apply", "--yes"])
        .fails("another run is changing the layout of bastion account 111122223333")
        .hints("wait");
    first.kill(Signal::CONT);
    first.finish().ok();
}

#[test]
fn a_malformed_file_has_its_line() {
    let stage = Stage::deck();
    stage.edit("accounts = [\"Corporate\"]", "accounts = [\"Corprate\"]");
    stage
        .bastion(["plan"])
        .fails("(did you mean 'Corporate'?)")
        .hints("docs/bastion.md");
    stage
        .bastion(["init", "--bastion", "111122223333", "--admin-profile", "x"])
        .fails("is there already");
    std::fs::remove_file(stage.file()).unwrap();
    stage
        .bastion(["plan"])
        .fails("bastion.toml")
        .hints("bastion init");
}

#[test]
fn nobody_to_ask() {
    let stage = Stage::deck();
    stage
        .bastion(["apply"])
        .fails("no terminal")
        .hints("--plan DIGEST or --yes");
    assert!(stage.writes().is_empty());
}
