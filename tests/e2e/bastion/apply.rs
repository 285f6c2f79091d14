//! Plan and apply against the simulated AWS: what is made, and that it is made once.

use aws_sim::FaultKind;

use super::support::Stage;
use crate::support::{error, fault, once};

#[test]
fn from_empty_accounts_to_the_decks_layout() {
    let stage = Stage::deck();
    let planned = stage.bastion(["plan"]).exits(2, "");
    assert!(
        stage.writes().is_empty(),
        "plan writes nothing: {:?}",
        stage.writes()
    );
    for line in [
        "+ role DeveloperRole",
        "+ group Developers",
        "+ user elmerfudd",
        "aws:MultiFactorAuthPresent",
    ] {
        assert!(
            planned.stdout.contains(line),
            "no {line}: {}",
            planned.stdout
        );
    }
    let digest = planned.stdout.rsplit(' ').next().unwrap().trim().to_owned();
    stage.bastion(["apply", "--plan", &digest]).ok();

    let world = stage.sim.world();
    let bastion = &world.accounts["111122223333"];
    assert_eq!(bastion.users["elmerfudd"].groups, ["Developers"]);
    assert_eq!(bastion.groups["Developers"].path, "/aws-vault/");
    let names: Vec<&String> = bastion.managed_policies.keys().collect();
    assert_eq!(
        names,
        [
            "Assume-Developers",
            "Assume-Finance",
            "Assume-IT",
            "SelfManageCredentials"
        ]
    );
    let role = &world.accounts["222233334444"].roles["DeveloperRole"];
    let trust = role.trust.source();
    for part in [
        "AllowBastionAccountUserWithMFA",
        "arn:aws:iam::111122223333:root",
        "\"aws:MultiFactorAuthPresent\": \"true\"",
    ] {
        assert!(trust.contains(part), "{trust}");
    }
    assert_eq!(role.tags["aws-vault:bastion"], "111122223333");
    drop(world);

    stage.sim.clear_calls();
    stage.bastion(["plan"]).ok();
    let again = stage.bastion(["apply", "--yes"]).ok();
    assert!(
        again
            .stdout
            .contains("0 to create, 0 to change, 0 to delete"),
        "{}",
        again.stdout
    );
    assert!(
        stage.writes().is_empty(),
        "a second apply writes nothing: {:?}",
        stage.writes()
    );
}

#[test]
fn drift_is_shown_as_a_difference_and_put_right() {
    let stage = Stage::deck();
    stage.bastion(["apply", "--yes"]).ok();
    {
        let mut world = stage.sim.world();
        let master = world.accounts.get_mut("222233334444").unwrap();
        let role = master.roles.get_mut("DeveloperRole").unwrap();
        let wide = role.trust.source().replace("\"true\"", "\"false\"");
        role.trust = aws_sim::Document::parse(&wide).unwrap();
        role.attached
            .insert("arn:aws:iam::aws:policy/AdministratorAccess".into());
    }
    let plan = stage.bastion(["plan"]).exits(2, "");
    assert!(
        plan.stdout
            .contains("- role DeveloperRole: policy AdministratorAccess"),
        "{}",
        plan.stdout
    );
    assert!(
        plan.stdout
            .contains("-           \"aws:MultiFactorAuthPresent\": \"false\""),
        "{}",
        plan.stdout
    );
    stage.bastion(["apply", "--yes"]).ok();
    stage.bastion(["plan"]).ok();
}

#[test]
fn a_lost_answer_is_finished_by_the_next_apply() {
    for action in [
        "CreateRole",
        "CreatePolicy",
        "CreateGroup",
        "CreateUser",
        "AttachRolePolicy",
    ] {
        let stage = Stage::deck();
        stage
            .sim
            .set_faults(vec![once(action, FaultKind::LostReply)]);
        stage.bastion(["apply", "--yes"]);
        stage.bastion(["apply", "--yes"]).ok();
        stage.bastion(["plan"]).ok();
    }
}

#[test]
fn throttling_is_waited_out() {
    let stage = Stage::deck();
    let throttled = error(400, "Throttling", "Rate exceeded");
    let mut faults = vec![];
    for action in [
        "GetAccountAuthorizationDetails",
        "CreateRole",
        "AttachGroupPolicy",
    ] {
        faults.push(aws_sim::Fault {
            count: Some(3),
            ..fault(action, throttled.clone())
        });
    }
    stage.sim.set_faults(faults);
    stage.bastion(["apply", "--yes"]).ok();
    stage.bastion(["plan"]).ok();
}

#[test]
fn what_leaves_the_file_leaves_the_accounts_and_foreign_things_stay() {
    let stage = Stage::deck();
    stage.bastion(["apply", "--yes"]).ok();
    {
        let mut world = stage.sim.world();
        let text = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"sts:AssumeRole"}]}"#;
        let foreign = format!(r#"{{"trust": {text}}}"#);
        let corporate = world.accounts.get_mut("444455556666").unwrap();
        corporate
            .roles
            .insert("Theirs".into(), serde_json::from_str(&foreign).unwrap());
    }
    stage.edit("[\"ITRole\", \"IAMRole\"]", "[\"IAMRole\"]");
    let text = std::fs::read_to_string(stage.file()).unwrap();
    let (before, rest) = text.split_once("[roles.ITRole]").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    std::fs::write(stage.file(), format!("{before}{after}")).unwrap();
    stage.bastion(["apply", "--yes"]).ok();
    let world = stage.sim.world();
    let roles: Vec<&String> = world.accounts["444455556666"].roles.keys().collect();
    assert_eq!(roles, ["OrganizationAccountAccessRole", "Theirs"]);
}

#[test]
fn accounts_come_from_the_organization() {
    let stage = Stage::new();
    stage
        .bastion([
            "init",
            "--organization",
            "--admin-profile",
            "martin",
            "--bastion",
            "Bastion",
            "--user",
            "elmerfudd",
        ])
        .ok();
    stage.bastion(["apply", "--yes"]).ok();
    assert!(
        stage.sim.world().accounts["333344445555"]
            .roles
            .contains_key("DeveloperRole")
    );
}
