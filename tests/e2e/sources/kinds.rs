//! One profile of every kind, and a role behind each: `explain`, `exec` and `export`.

use std::fs;

use super::{
    CONTAINER_TOKEN, Helper, SAML_PROVIDER, role_behind, saml_response, sim, web_identity,
};
use crate::support::{Home, KEY};

/// What a profile says, what `explain` calls its first step in text and in JSON, and whether that step is cached.
struct Kind {
    settings: String,
    step: &'static str,
    json: &'static str,
    is_cached: bool,
}

impl Kind {
    fn of(settings: impl Into<String>, step: &'static str, json: &'static str) -> Self {
        Self {
            settings: settings.into(),
            step,
            json,
            is_cached: true,
        }
    }

    fn uncached(self) -> Self {
        Self {
            is_cached: false,
            ..self
        }
    }
}

fn kinds(home: &Home, helper: &Helper) -> Vec<Kind> {
    const WEB: &str = "role_arn = arn:aws:iam::222233334444:role/Ci\nweb_identity_token";
    let saml = format!(
        "role_arn = arn:aws:iam::222233334444:role/Staff\nsaml_principal_arn = {SAML_PROVIDER}\nsaml_assertion"
    );
    let token = home.path("token").display().to_string();
    let assertion = home.path("assertion").display().to_string();
    let web = |how: String| {
        let step = "sts:AssumeRoleWithWebIdentity for 'it'";
        Kind::of(format!("{WEB}_{how}"), step, "web_identity")
    };
    let saml = |how: String| {
        let step = "sts:AssumeRoleWithSAML for 'it'";
        Kind::of(format!("{saml}_{how}"), step, "saml")
    };
    let ambient = |source: &str| {
        let settings = format!("credential_source = {source}");
        Kind::of(settings, "credential_source of 'it'", "credential_source").uncached()
    };
    vec![
        Kind::of("", "access key of 'it' in clear text", "static_key").uncached(),
        web(format!("file = {token}")),
        web(format!("process = cat {token}")),
        saml(format!("file = {assertion}")),
        saml(format!("process = cat {assertion}")),
        Kind::of(
            format!("credential_process = {}", helper.program),
            "credential_process of 'it'",
            "credential_process",
        ),
        ambient("Environment"),
        ambient("Ec2InstanceMetadata"),
        ambient("EcsContainer"),
    ]
}

#[test]
fn explain_exec_and_export_for_every_kind() {
    let sim = sim();
    let helper = Helper::of(&sim, "bastion");
    let mut home = Home::of(&sim, "");
    home.add("stored", KEY);
    fs::write(home.path("token"), web_identity(600)).unwrap();
    fs::write(
        home.path("assertion"),
        saml_response("2099-01-01T00:00:00Z"),
    )
    .unwrap();
    home.set("AWS_ACCESS_KEY_ID", KEY.id);
    home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
    home.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", &sim.endpoint);
    let uri = format!("{}/container/credentials", sim.endpoint);
    home.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
    home.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", CONTAINER_TOKEN);
    fs::write(
        home.path(".aws/credentials"),
        format!(
            "[it]\naws_access_key_id={}\naws_secret_access_key={}\n",
            KEY.id, KEY.secret
        ),
    )
    .unwrap();
    for Kind {
        settings,
        step,
        json: kind,
        is_cached,
    } in kinds(&home, &helper)
    {
        let role = role_behind("it");
        home.configure(&format!(
            "[profile it]\nregion = eu-west-1\n{settings}\n{role}"
        ));
        let told = home.run(["explain", "it"]).ok().stdout;
        assert!(told.contains(step), "{settings}: {told}");
        let json = home.run(["explain", "--json", "dev"]).ok().stdout;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["steps"][0]["kind"], kind, "{settings}");
        assert_eq!(
            json["steps"].as_array().unwrap().last().unwrap()["kind"],
            "role"
        );

        home.env_of(&["it"]).var("AWS_SECRET_ACCESS_KEY");
        let session = home.env_of(&["dev"]);
        session.var("AWS_SESSION_TOKEN");
        let exported = home.run(["export", "--format=json", "dev"]).ok().stdout;
        let exported: serde_json::Value = serde_json::from_str(&exported).unwrap();
        assert_eq!(
            exported["AccessKeyId"],
            session.var("AWS_ACCESS_KEY_ID"),
            "{settings}"
        );
        let told = home.run(["explain", "dev"]).ok().stdout;
        let base = told.lines().find(|line| line.contains(step)).unwrap();
        assert_eq!(base.contains("(cached, "), is_cached, "{settings}: {told}");
        assert!(!told.contains("CANARY"), "{told}");
        home.run(["clear"]).ok();
    }
    assert!(home.leftovers().is_empty());
}
