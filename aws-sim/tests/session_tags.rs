//! Session tags and source identities: what a chain of roles carries along.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use aws_sdk_sts::types::Tag;
use common::{
    BASTION, MASTER, allow_all, deck_with, long_term, refusal, role, run, sts, temporary, trusting,
    with_role,
};
use serde_json::json;

#[test]
fn tags_and_source_identity_stay_with_the_chain() {
    run(async {
        let server = deck_with(|world| {
            let blue = json!({ "StringEquals": { "aws:PrincipalTag/Team": "blue", "aws:SourceIdentity": "alice" } });
            let first = format!("arn:aws:iam::{MASTER}:role/First");
            world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
            world["accounts"][MASTER]["roles"]["First"] =
                json!({ "trust": trusting(BASTION, &json!({})), "policies": allow_all() });
            world["accounts"][MASTER]["roles"]["Second"] =
                json!({ "trust": trusting(&first, &blue) });
        });
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
        let first = || {
            sts(&server, long_term(&server))
                .assume_role()
                .role_arn(role("First"))
                .role_session_name("me")
        };
        let tagged = first()
            .tags(tag("Team", "blue"))
            .tags(tag("Cost", "7"))
            .transitive_tag_keys("Team");
        let tagged = tagged.source_identity("alice").send().await.unwrap();
        assert_eq!(tagged.source_identity(), Some("alice"));
        let tagged = temporary(tagged.credentials());

        let second = || {
            sts(&server, tagged.clone())
                .assume_role()
                .role_arn(role("Second"))
                .role_session_name("me")
        };
        second().send().await.unwrap();
        second().source_identity("alice").send().await.unwrap();
        assert_eq!(
            refusal(second().source_identity("bob").send().await).0,
            "AccessDenied"
        );
        assert_eq!(
            refusal(second().tags(tag("team", "red")).send().await).0,
            "ValidationError"
        );
        let state = common::get(&server, "/_sim/state").json();
        let sessions = state["sessions"].as_array().unwrap();
        let last = sessions
            .iter()
            .find(|session| session["arn"].as_str().unwrap().contains("Second"))
            .unwrap();
        assert_eq!(
            last["tags"],
            json!({ "Team": "blue" }),
            "only transitive tags are handed on"
        );

        let untagged = first()
            .tags(tag("Team", "red"))
            .source_identity("alice")
            .send()
            .await
            .unwrap();
        let call = sts(&server, temporary(untagged.credentials()))
            .assume_role()
            .role_arn(role("Second"));
        assert_eq!(
            refusal(call.role_session_name("me").send().await).0,
            "AccessDenied"
        );
        let missing = first().transitive_tag_keys("Team").send().await;
        assert_eq!(refusal(missing).0, "ValidationError");
        let twice = first()
            .tags(tag("Team", "1"))
            .tags(tag("TEAM", "2"))
            .send()
            .await;
        assert!(refusal(twice).1.starts_with("Duplicate tag keys found."));
    });
}

#[test]
fn aws_wants_permissions_for_tags_and_source_identity_and_so_do_we_if_asked() {
    run(async {
        let mut trust = trusting(BASTION, &json!({}));
        let server = with_role("Ops", &json!({ "trust": trust }));
        server.world().options.require_session_actions = true;
        let tag = || Tag::builder().key("Team").value("blue").build().unwrap();
        let by = |server: &_| {
            sts(server, long_term(server))
                .assume_role()
                .role_arn(role("Ops"))
                .role_session_name("me")
        };
        by(&server).send().await.unwrap();
        assert!(
            refusal(by(&server).tags(tag()).send().await)
                .1
                .contains("sts:TagSession")
        );
        assert!(
            refusal(by(&server).source_identity("alice").send().await)
                .1
                .contains("sts:SetSourceIdentity")
        );

        trust["Statement"][0]["Action"] =
            json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
        let server = with_role("Ops", &json!({ "trust": trust }));
        server.world().options.require_session_actions = true;
        by(&server)
            .tags(tag())
            .source_identity("alice")
            .send()
            .await
            .unwrap();
    });
}
