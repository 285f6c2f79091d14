//! Web identities and SAML assertions.

use std::fs;

use aws_sim::FaultKind;

use super::{SAML_PROVIDER, role_behind, saml_response, sim, web_identity};
use crate::concurrency::together;
use crate::support::{Home, Sim, once};

const NEVER: &str = "2099-01-01T00:00:00Z";

fn with_token(sim: &Sim, token: &str) -> Home {
    let home = Home::of(sim, "");
    fs::write(home.path("token"), token).unwrap();
    home.configure(&format!(
        "[profile web]\nrole_arn = arn:aws:iam::222233334444:role/Ci\nweb_identity_token_file = {}\n\
         role_session_name = build-7\nregion = eu-west-1\n{}duration_seconds = 7200\n",
        home.path("token").display(),
        role_behind("web"),
    ));
    home
}

fn with_assertion(sim: &Sim, assertion: &str) -> Home {
    let home = Home::of(sim, "");
    fs::write(home.path("assertion"), assertion).unwrap();
    home.configure(&format!(
        "[profile staff]\nrole_arn = arn:aws:iam::222233334444:role/Staff\nsaml_assertion_file = {}\n\
         saml_principal_arn = {SAML_PROVIDER}\nregion = eu-west-1\n",
        home.path("assertion").display(),
    ));
    home
}

#[test]
fn a_web_identity_is_trimmed_cached_and_feeds_roles_for_an_hour() {
    let sim = sim();
    let home = with_token(&sim, &format!("\n {}\r\n", web_identity(600)));
    let first = home.env_of(&["web"]);
    let call = sim.parameters("AssumeRoleWithWebIdentity");
    assert_eq!(call["RoleSessionName"], "build-7");
    let again = home.env_of(&["web"]);
    assert_eq!(
        again.var("AWS_ACCESS_KEY_ID"),
        first.var("AWS_ACCESS_KEY_ID")
    );
    home.env_of(&["dev"]);
    assert_eq!(sim.parameters("AssumeRole")["DurationSeconds"], "3600");
    assert_eq!(
        sim.actions(),
        ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"]
    );
    let listed = home.run(["list", "--sessions"]).ok().stdout;
    assert!(
        listed.contains("sts.AssumeRoleWithWebIdentity:"),
        "{listed}"
    );
    let steps = home.run(["explain", "dev"]).ok().stdout;
    assert!(steps.contains("role chaining"), "{steps}");
}

#[test]
fn a_renewed_token_is_read_again() {
    let sim = sim();
    let home = with_token(&sim, &web_identity(-60));
    home.run(["exec", "web", "--", "true"])
        .fails("profile 'web': sts:AssumeRoleWithWebIdentity was refused")
        .hints("the web identity token has expired");
    fs::write(home.path("token"), web_identity(600)).unwrap();
    home.env_of(&["web"]);
    assert!(home.leftovers().is_empty());
}

#[test]
fn a_process_prints_the_token_once_for_thirty_two() {
    let sim = sim();
    let home = Home::of(&sim, "");
    let token = home.script(
        "token",
        &format!("echo ran >> \"$HOME/ran\"; echo '{}'", web_identity(600)),
    );
    home.configure(&format!(
        "[profile web]\nrole_arn = arn:aws:iam::222233334444:role/Ci\nweb_identity_token_process = {token} 'an argument'\n\
         region = eu-west-1\n",
    ));
    sim.faults([once(
        "AssumeRoleWithWebIdentity",
        FaultKind::Latency { ms: 300 },
    )]);
    assert_eq!(together(&home, "web", 32).len(), 1);
    assert_eq!(sim.count("AssumeRoleWithWebIdentity"), 1);
    assert_eq!(
        fs::read_to_string(home.path("ran"))
            .unwrap()
            .lines()
            .count(),
        1
    );
    let steps = home.run(["explain", "web"]).ok().stdout;
    assert!(!steps.contains("an argument"), "{steps}");
}

#[test]
fn bad_tokens_have_their_own_words() {
    let sim = sim();
    let home = with_token(&sim, "");
    let exec = || home.run(["exec", "web", "--", "true"]);
    exec()
        .fails("web_identity_token_file of profile 'web'")
        .hints("whoever renews the token");
    fs::remove_file(home.path("token")).unwrap();
    exec().fails("does not exist");
    fs::write(home.path("token"), "CANARY.not.a-token").unwrap();
    let ran = exec().fails("InvalidIdentityToken");
    assert!(!ran.stderr.contains("CANARY"), "{ran:#?}");
    ran.hints("does IAM know its OIDC provider");
    assert_eq!(sim.count("AssumeRoleWithWebIdentity"), 1);
    assert!(home.leftovers().is_empty());
}

#[test]
fn assertions_as_xml_and_in_base64() {
    let sim = sim();
    let home = with_assertion(&sim, &saml_response(NEVER));
    home.env_of(&["staff"]);
    assert_eq!(
        sim.parameters("AssumeRoleWithSAML")["PrincipalArn"],
        SAML_PROVIDER
    );
    let listed = home.run(["list", "--sessions"]).ok().stdout;
    assert!(listed.contains("sts.AssumeRoleWithSAML:"), "{listed}");

    let encoded =
        crate::support::run(std::process::Command::new("base64").arg(home.path("assertion")));
    let home = with_assertion(&sim, &encoded.ok().stdout);
    home.env_of(&["staff"]);
    assert_eq!(sim.count("AssumeRoleWithSAML"), 2);
}

#[test]
fn a_stale_or_foreign_assertion_is_explained() {
    let sim = sim();
    with_assertion(&sim, &saml_response("2020-01-01T00:00:00Z"))
        .run(["exec", "staff", "--", "true"])
        .fails("ExpiredTokenException")
        .hints("the SAML assertion has expired");
    let other = saml_response(NEVER).replace("idp.example.com", "evil.example.com");
    with_assertion(&sim, &other)
        .run(["exec", "staff", "--", "true"])
        .fails("InvalidIdentityToken")
        .hints("does IAM know its SAML provider");
    let home = with_assertion(&sim, "x");
    let config = fs::read_to_string(home.config()).unwrap();
    home.configure(&config.replace("saml_principal_arn", "#"));
    home.run(["exec", "staff", "--", "true"])
        .fails("profile 'staff' has saml_assertion_file but no saml_principal_arn");
}
