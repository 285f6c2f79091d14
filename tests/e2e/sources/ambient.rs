//! `credential_source`: the environment, the instance, the container.

use std::fs;

use super::{CONTAINER_TOKEN, role_behind, sim};
use crate::support::{Home, KEY, Sim};

fn home(sim: &Sim, source: &str) -> Home {
    let roles = role_behind("here");
    let mut home = Home::of(
        sim,
        &format!("[profile here]\ncredential_source = {source}\nregion = eu-west-1\n{roles}"),
    );
    match source {
        "Environment" => {
            home.set("AWS_ACCESS_KEY_ID", KEY.id);
            home.set("AWS_SECRET_ACCESS_KEY", KEY.secret);
        }
        "EcsContainer" => {
            let uri = format!("{}/container/credentials", sim.endpoint);
            home.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
            home.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", CONTAINER_TOKEN);
        }
        _ => home.set(
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            format!("{}/", sim.endpoint),
        ),
    }
    home
}

#[test]
fn keys_of_the_environment_and_a_role_with_them() {
    let sim = sim();
    let mut home = home(&sim, "Environment");
    assert_eq!(home.env_of(&["here"]).var("AWS_ACCESS_KEY_ID"), KEY.id);
    home.env_of(&["dev"]);
    home.env_of(&["dev"]);
    assert_eq!(sim.actions(), ["sts:AssumeRole"]);
    // Another key is another identity: nothing of the old one is handed out.
    home.set("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE0000");
    home.run(["exec", "dev", "--", "true"])
        .fails("InvalidClientTokenId");
    home.unset("AWS_ACCESS_KEY_ID");
    home.run(["exec", "here", "--", "true"])
        .fails(
            "credential_source of profile 'here' is Environment, but AWS_ACCESS_KEY_ID is not set",
        )
        .hints("set AWS_ACCESS_KEY_ID");
    assert_eq!(home.sessions(), 1);
}

#[test]
fn the_instances_role_by_imdsv2_only() {
    let sim = sim();
    let mut home = home(&sim, "Ec2InstanceMetadata");
    let ran = home.env_of(&["here"]);
    assert!(ran.find_var("AWS_CREDENTIAL_EXPIRATION").is_some());
    let role = "GET /latest/meta-data/iam/security-credentials/";
    assert_eq!(
        sim.actions(),
        [
            "metadata:PUT /latest/api/token".to_owned(),
            format!("metadata:{role}"),
            format!("metadata:{role}Machine"),
        ]
    );
    // The service is a cache itself: nothing is kept but the role behind it.
    assert_eq!(home.sessions(), 0);
    home.env_of(&["dev"]);
    sim.clear_calls();
    home.env_of(&["dev"]);
    assert_eq!(sim.actions(), Vec::<String>::new());

    home.set("AWS_EC2_METADATA_DISABLED", "true");
    home.run(["exec", "here", "--", "true"])
        .fails("but AWS_EC2_METADATA_DISABLED is true");
    home.unset("AWS_EC2_METADATA_DISABLED");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    home.set(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        format!("http://{address}"),
    );
    home.run(["exec", "here", "--", "true"])
        .fails("but the instance metadata service cannot be reached")
        .hints("AWS's own machines");
}

#[test]
fn the_containers_role_with_a_token_or_its_file() {
    let sim = sim();
    let mut home = home(&sim, "EcsContainer");
    home.env_of(&["here"]);
    home.env_of(&["dev"]);
    let token = home.path("container-token");
    fs::write(&token, format!("{CONTAINER_TOKEN}\n")).unwrap();
    home.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token);
    home.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "stale");
    home.env_of(&["here"]);
    fs::write(&token, "wrong").unwrap();
    let refused = home
        .run(["exec", "here", "--", "true"])
        .fails("answered with HTTP status 403");
    assert!(
        !refused.stderr.contains("container/credentials"),
        "{refused:#?}"
    );
    let explained = home.run(["explain", "here"]).ok().stdout;
    assert!(!explained.contains("container/credentials"), "{explained}");
    home.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/x");
    home.run(["exec", "here", "--", "true"])
        .fails("goes to 192.0.2.1 without TLS");
    home.unset("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    home.run(["exec", "here", "--", "true"])
        .fails("neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor");
}
