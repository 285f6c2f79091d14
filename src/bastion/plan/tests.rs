use std::path::Path;

use super::super::desired::desired;
use super::super::file;
use super::*;
use crate::aws::iam::detail::{GroupDetail, PolicyDetail, UserDetail};

const FILE: &str = r#"
[bastion]
account = "111122223333"
[accounts.Master]
id = "222233334444"
[roles.DeveloperRole]
accounts = ["Master"]
managed_policies = ["PowerUserAccess"]
inline_policies = { Extra = '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}' }
description = "Everything but IAM"
[groups.Developers]
assume = ["DeveloperRole"]
[users.elmerfudd]
groups = ["Developers"]
"#;

fn sides(text: &str) -> (Desired, Desired) {
    let read = |_: &Path| Ok(String::new());
    let layout = file::parse(Path::new("bastion.toml"), text, &read).unwrap();
    let mut all = desired(&layout);
    let master = all.remove(1);
    (all.remove(0), master)
}

/// An account in which everything is as it should be.
fn perfect(desired: &Desired) -> AccountDetail {
    let mut detail = AccountDetail::default();
    for (name, spec) in &desired.roles {
        detail.roles.insert(
            name.clone(),
            RoleDetail {
                path: spec.path.clone(),
                trust: spec.trust.clone(),
                description: spec.description.clone(),
                max_session_duration: Some(spec.max_session_duration),
                inline_policies: spec.inline_policies.clone(),
                attached_policies: spec.managed_policies.clone(),
                tags: spec.tags.clone(),
                ..RoleDetail::default()
            },
        );
    }
    for (name, spec) in &desired.policies {
        let policy = PolicyDetail {
            arn: spec.arn.clone(),
            path: OWN_PATH.to_owned(),
            document: spec.document.clone(),
            old_versions: Vec::new(),
        };
        detail.policies.insert(name.clone(), policy);
    }
    for (name, spec) in &desired.groups {
        let group = GroupDetail {
            path: OWN_PATH.to_owned(),
            attached_policies: spec.managed_policies.clone(),
            ..GroupDetail::default()
        };
        detail.groups.insert(name.clone(), group);
    }
    for (name, spec) in &desired.users {
        let user = UserDetail {
            groups: spec.groups.clone(),
            tags: spec.tags.clone(),
            ..UserDetail::default()
        };
        detail.users.insert(name.clone(), user);
    }
    detail
}

fn names(plan: &AccountPlan) -> Vec<String> {
    let value = serde_json::to_value(&plan.actions).unwrap();
    let actions = value.as_array().unwrap().iter();
    actions
        .map(|action| action["action"].as_str().unwrap().to_owned())
        .collect()
}

fn planned(desired: &Desired, found: &AccountDetail) -> AccountPlan {
    plan(desired, found, &Adopted::new())
}

#[test]
fn from_nothing() {
    let (bastion, master) = sides(FILE);
    let plan = planned(&master, &AccountDetail::default());
    assert_eq!(
        names(&plan),
        ["CreateRole", "PutRolePolicy", "AttachRolePolicy"]
    );
    let plan = planned(&bastion, &AccountDetail::default());
    assert_eq!(
        names(&plan),
        [
            "CreatePolicy",
            "CreatePolicy",
            "CreateGroup",
            "AttachGroupPolicy",
            "AttachGroupPolicy",
            "CreateUser",
            "AddUserToGroup"
        ]
    );
}

#[test]
fn what_is_as_it_should_be_is_left_alone() {
    let (bastion, master) = sides(FILE);
    for (desired, unchanged) in [(&master, 1), (&bastion, 4)] {
        let plan = planned(desired, &perfect(desired));
        assert!(plan.is_clean(), "{plan:#?}");
        assert_eq!(plan.unchanged, unchanged);
    }
}

/// One thing changed by hand in the role, and what puts it right.
#[test]
fn drift_of_a_role() {
    type Change = fn(&mut RoleDetail);
    let cases: [(Change, &[&str]); 9] = [
        (
            |role| role.trust = role.trust.replace("\"true\"", "\"false\""),
            &["UpdateTrust"],
        ),
        (|role| role.description = None, &["UpdateRole"]),
        (
            |role| role.max_session_duration = Some(43_200),
            &["UpdateRole"],
        ),
        (
            |role| role.permissions_boundary = Some("arn:x".into()),
            &["DeleteBoundary"],
        ),
        (
            |role| assert!(role.attached_policies.insert("arn:admin".into())),
            &["DetachRolePolicy"],
        ),
        (|role| role.attached_policies.clear(), &["AttachRolePolicy"]),
        (
            |role| drop(role.inline_policies.insert("Hole".into(), "{}".into())),
            &["DeleteRolePolicy"],
        ),
        (
            |role| drop(role.inline_policies.insert("Extra".into(), "{}".into())),
            &["PutRolePolicy"],
        ),
        (
            |role| drop(role.tags.insert("cost".into(), "x".into())),
            &[],
        ),
    ];
    let (_, master) = sides(FILE);
    for (change, expected) in cases {
        let mut found = perfect(&master);
        change(found.roles.get_mut("DeveloperRole").unwrap());
        assert_eq!(names(&planned(&master, &found)), expected);
    }
}

#[test]
fn what_others_made_is_never_changed_unless_named() {
    let (bastion, master) = sides(FILE);
    let mut found = perfect(&master);
    let role = found.roles.get_mut("DeveloperRole").unwrap();
    role.tags.clear();
    role.trust = "{}".into();
    let plan = planned(&master, &found);
    assert!(plan.actions.is_empty());
    assert_eq!(plan.conflicts[0].what, "role/DeveloperRole@Master");
    let adopted = Adopted::from(["role/DeveloperRole@Master".to_owned()]);
    assert_eq!(
        names(&super::plan(&master, &found, &adopted)),
        ["UpdateTrust", "TagRole"]
    );

    // A role of another bastion account.
    let role = found.roles.get_mut("DeveloperRole").unwrap();
    role.tags.insert(OWNER_TAG.into(), "999988887777".into());
    assert!(
        planned(&master, &found).conflicts[0]
            .why
            .contains("999988887777")
    );

    let mut found = perfect(&bastion);
    found.users.get_mut("elmerfudd").unwrap().tags.clear();
    found.users.get_mut("elmerfudd").unwrap().groups.clear();
    found.groups.get_mut("Developers").unwrap().path = "/".into();
    found.policies.get_mut("Assume-Developers").unwrap().path = "/".into();
    let plan = planned(&bastion, &found);
    assert!(plan.actions.is_empty(), "{plan:#?}");
    let what: Vec<&str> = plan.conflicts.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "policy/Assume-Developers@Bastion",
            "group/Developers@Bastion",
            "user/elmerfudd@Bastion"
        ]
    );
}

#[test]
fn what_the_file_no_longer_wants_goes() {
    let (bastion, master) = sides(FILE);
    let shorter =
        "[bastion]\naccount = \"111122223333\"\n[accounts.Master]\nid = \"222233334444\"\n";
    let (no_people, no_roles) = sides(shorter);
    let plan = planned(&no_roles, &perfect(&master));
    assert_eq!(
        names(&plan),
        ["DetachRolePolicy", "DeleteRolePolicy", "DeleteRole"]
    );
    let plan = planned(&no_people, &perfect(&bastion));
    assert_eq!(
        names(&plan),
        [
            "RemoveUserFromGroup",
            "DetachGroupPolicy",
            "DetachGroupPolicy",
            "DeleteGroup",
            "DeletePolicy",
            "DeletePolicy"
        ]
    );
    assert_eq!(plan.unknown.len(), 1, "users are removed by name only");

    // Foreign things stay, whatever they are called.
    let mut foreign = perfect(&master);
    foreign.roles.get_mut("DeveloperRole").unwrap().tags.clear();
    assert!(planned(&no_roles, &foreign).is_clean());
}

#[test]
fn strangers_in_our_groups_are_told() {
    let (bastion, _) = sides(FILE);
    let mut found = perfect(&bastion);
    let stranger = UserDetail {
        groups: BTreeSet::from(["Developers".to_owned()]),
        ..UserDetail::default()
    };
    found.users.insert("mallory".into(), stranger);
    let plan = planned(&bastion, &found);
    assert!(plan.actions.is_empty());
    assert_eq!(
        plan.unknown,
        ["user mallory is in Developers, but not in the file"]
    );
}

#[test]
fn a_sixth_version_needs_room() {
    let (bastion, _) = sides(FILE);
    let mut found = perfect(&bastion);
    let policy = found.policies.get_mut("Assume-Developers").unwrap();
    policy.document = "{}".into();
    policy.old_versions = ["v3", "v4", "v5", "v6"].map(str::to_owned).to_vec();
    let plan = planned(&bastion, &found);
    assert_eq!(names(&plan), ["DeletePolicyVersion", "CreatePolicyVersion"]);
    assert!(
        matches!(&plan.actions[0], Action::DeletePolicyVersion { version, .. } if version == "v3")
    );
}

#[test]
fn the_digest_is_of_what_is_done() {
    use super::super::whole::Plan;
    let (bastion, master) = sides(FILE);
    let whole = |found: &AccountDetail| Plan {
        accounts: vec![
            planned(&bastion, &perfect(&bastion)),
            planned(&master, found),
        ],
        failures: Vec::new(),
    };
    let nothing = whole(&AccountDetail::default());
    assert_eq!(nothing.digest(), whole(&AccountDetail::default()).digest());
    let mut found = perfect(&master);
    found.roles.get_mut("DeveloperRole").unwrap().description = None;
    assert_ne!(nothing.digest(), whole(&found).digest());
    assert_eq!(nothing.digest().len(), 16);
}
