use std::path::Path;

use super::super::desired::desired;
use super::super::{file, write};
use super::*;
use crate::aws::iam::detail::{GroupDetail, KeyAge, PolicyDetail, UserDetail};

const FILE: &str = r#"
[bastion]
account = "111122223333"
region = "eu-west-1"
[admin]
profile = "root"
[accounts."A b"]
id = "222233334444"
[accounts.B]
id = "333344445555"
profile = "b"
[roles.Auditor]
accounts = ["B"]
third_party = { account = "999988887777", external_id = "4711" }
[roles.DeveloperRole]
accounts = ["A b", "B"]
managed_policies = ["PowerUserAccess", "arn:aws:iam::222233334444:policy/x"]
max_session_duration = "8h"
path = "/people/"
description = "Says \"hello\""
mfa_max_age = 3600
source_ip = ["192.0.2.0/24", "198.51.100.0/24"]
[roles.DeveloperRole.tags]
"cost center" = "4 \\ 2"
[roles.DeveloperRole.inline_policies]
Extra = '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
[groups.Developers]
assume = ["DeveloperRole"]
[groups.Half]
assume = ["DeveloperRole@B"]
managed_policies = ["ReadOnlyAccess"]
[users."elmer.fudd"]
groups = ["Developers", "Half"]
console = true
access_key = true
"#;

fn parsed(text: &str) -> Layout {
    file::parse(Path::new("x"), text, &|_| Ok(String::new()))
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn text_reads_back_as_the_same_layout() {
    let layout = parsed(FILE);
    assert_eq!(parsed(&write::text(&layout, &["a\nremark".into()])), layout);
}

#[test]
fn what_apply_makes_is_read_as_the_file_that_made_it() {
    let layout = parsed(FILE);
    let mut found = BTreeMap::new();
    for desired in desired(&layout) {
        let mut detail = AccountDetail::default();
        for (name, spec) in desired.roles {
            let role = RoleDetail {
                path: spec.path,
                trust: spec.trust,
                description: spec.description,
                max_session_duration: Some(spec.max_session_duration),
                inline_policies: spec.inline_policies,
                attached_policies: spec.managed_policies,
                tags: spec.tags,
                ..RoleDetail::default()
            };
            detail.roles.insert(name, role);
        }
        for (name, spec) in desired.policies {
            let policy = PolicyDetail {
                arn: spec.arn,
                path: OWN_PATH.into(),
                document: spec.document,
                old_versions: Vec::new(),
            };
            detail.policies.insert(name, policy);
        }
        for (name, spec) in desired.groups {
            let group = GroupDetail {
                path: OWN_PATH.into(),
                attached_policies: spec.managed_policies,
                ..GroupDetail::default()
            };
            detail.groups.insert(name, group);
        }
        for (name, spec) in desired.users {
            let user = UserDetail {
                groups: spec.groups,
                ..UserDetail::default()
            };
            detail.users.insert(name, user);
        }
        found.insert(desired.account.id, detail);
    }
    let known = Known {
        partition: layout.partition,
        bastion: layout.bastion.clone(),
        accounts: layout.accounts.clone(),
        admin: layout.admin.clone(),
    };
    let has = Belongings {
        console: true,
        keys: vec![KeyAge {
            access_key_id: "AKIA1".into(),
            active: true,
            created: None,
        }],
        devices: Vec::new(),
    };
    let belongings = BTreeMap::from([("elmer.fudd".to_owned(), has)]);
    let (read, remarks) = super::layout(known, &found, &belongings);
    assert_eq!(read, layout);
    assert!(remarks.is_empty(), "{remarks:?}");
}

#[test]
fn what_the_file_cannot_say_is_told() {
    let layout = parsed(FILE);
    let no_mfa = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}"#;
    let role = |duration| RoleDetail {
        trust: no_mfa.into(),
        path: "/".into(),
        max_session_duration: Some(duration),
        ..RoleDetail::default()
    };
    let account = |duration| AccountDetail {
        roles: BTreeMap::from([("Old".to_owned(), role(duration))]),
        ..AccountDetail::default()
    };
    let found = BTreeMap::from([
        ("222233334444".to_owned(), account(3600)),
        ("333344445555".to_owned(), account(7200)),
    ]);
    let known = Known {
        partition: layout.partition,
        bastion: layout.bastion.clone(),
        accounts: layout.accounts.clone(),
        admin: Admin::default(),
    };
    let (read, remarks) = super::layout(known, &found, &BTreeMap::new());
    assert_eq!(read.roles[0].accounts, ["A b"]);
    assert_eq!(
        remarks,
        [
            "role Old in A b does not require MFA; the file's would not be so",
            "role Old in B does not require MFA; the file's would not be so",
            "role Old in B differs from the one in A b, and is left out",
        ]
    );
}
