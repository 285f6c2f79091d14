use super::*;
use crate::config::profile::{Endpoints, Setting};
use crate::config::session_policies::SessionPolicies;

fn setting<T>(value: T) -> Setting<T> {
    Setting::new(value, Origin::Flag("--test"))
}

fn role() -> AssumeRole {
    AssumeRole {
        profile: "master".into(),
        role_arn: setting("arn:aws:iam::222233334444:role/DeveloperRole".into()),
        session_name: None,
        duration: Lifetime {
            seconds: 3600,
            origin: Origin::Default("AssumeRole's default"),
            cap: None,
        },
        mfa: None,
        external_id: None,
        tags: vec![("a".into(), "b".into())],
        transitive_tags: vec![],
        source_identity: None,
        policies: SessionPolicies::default(),
        service: Service {
            region: Some(setting("eu-west-1".into())),
            endpoints: Endpoints::default(),
        },
    }
}

fn chain(role: AssumeRole) -> Chain {
    Chain {
        profile: "master".into(),
        region: None,
        endpoint_url: None,
        base: Base::Stored {
            profile: "bastion".into(),
        },
        links: vec![Link::AssumeRole(role)],
        notes: vec![],
    }
}

fn hash(edit: impl FnOnce(&mut AssumeRole)) -> Fingerprint {
    let mut role = role();
    edit(&mut role);
    Fingerprint::after(&chain(role), 1, "memory")
}

/// Every input that decides the credentials changes the name; what does not decide them does not.
#[test]
fn every_input_counts() {
    let original = hash(|_| ());
    let changed = [
        hash(|role| role.role_arn.value.push('2')),
        hash(|role| role.duration.seconds = 900),
        hash(|role| role.session_name = Some(setting("jon".into()))),
        hash(|role| role.external_id = Some(setting("x".into()))),
        hash(|role| role.source_identity = Some(setting("jon".into()))),
        hash(|role| role.policies.document = Some(setting("{}".into()))),
        hash(|role| role.policies.arns = Some(setting(vec!["arn:x".into()]))),
        hash(|role| role.tags[0].1 = "c".into()),
        hash(|role| role.tags.push(("d".into(), "e".into()))),
        hash(|role| role.transitive_tags.push("a".into())),
        hash(|role| role.service.region = Some(setting("cn-north-1".into()))),
        hash(|role| role.service.endpoints.sts = Some(setting("http://127.0.0.1:1".into()))),
        hash(|role| role.service.endpoints.sts_regional_endpoints = Some(setting("legacy".into()))),
        Fingerprint::after(&chain(role()), 1, "another store"),
    ];
    for (index, other) in changed.iter().enumerate() {
        assert_ne!(*other, original, "change {index}");
        assert!(!changed[..index].contains(other), "change {index} collides");
    }
    assert_eq!(
        original,
        hash(|role| role.service.region = Some(setting("us-west-2".into())))
    );
    assert_eq!(original, hash(|role| role.profile = "alias".into()));
}
