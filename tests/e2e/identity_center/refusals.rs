//! What goes wrong, each in words of its own.

use std::net::TcpListener;

use aws_sim::{FaultKind, SsoUser};

use super::{CONFIG, home, instance, opened, user};
use crate::support::{error, fault, once, run};

const EXEC: [&str; 4] = ["exec", "dev", "--", "true"];

#[test]
fn denied_in_the_browser() {
    let sim = instance();
    let home = home(&sim);
    user(&sim, SsoUser::Denies);
    home.run(EXEC)
        .fails("signing in to 'corp': the access was refused in the browser")
        .hints("allow the access");
    let page = std::fs::read_to_string(home.path("page.html")).unwrap();
    assert!(page.contains("Access was not allowed"), "{page}");
    assert_eq!((home.sessions(), sim.count("CreateToken")), (0, 0));
}

#[test]
fn denied_for_a_code() {
    let sim = instance();
    let mut home = home(&sim);
    home.set("AWS_VAULT_DEVICE_CODE", "1");
    user(&sim, SsoUser::Denies);
    home.run(EXEC)
        .fails("the access was refused in the browser");
}

#[test]
fn a_code_that_nobody_confirms() {
    let sim = instance();
    let mut home = home(&sim);
    home.set("AWS_VAULT_DEVICE_CODE", "1");
    user(&sim, SsoUser::Waits);
    sim.world().identity_center.script.device_code_life_s = 2;
    home.run(EXEC)
        .fails("signing in to 'corp': nobody confirmed the code in the browser in time")
        .hints("within ten minutes");
}

#[test]
fn slow_down_is_obeyed() {
    let sim = instance();
    let mut home = home(&sim);
    home.set("AWS_VAULT_DEVICE_CODE", "1");
    sim.faults([once(
        "CreateToken",
        error(400, "SlowDownException", "Slow down"),
    )]);
    let ran = home.run(EXEC).ok();
    // One second as asked, then five more.
    assert!(ran.took.as_secs() >= 7, "{:?}", ran.took);
    assert_eq!(sim.count("CreateToken"), 2);
}

/// Whoever has no free port has none for the page that opens the browser either, and finishes elsewhere.
#[test]
fn a_port_that_cannot_be_had_leads_to_a_code() {
    let sim = instance();
    sim.world().identity_center.script.answers_after_polls = Some(1);
    let home = home(&sim);
    let strace = [
        "strace",
        "--quiet=all",
        "-o",
        "/dev/null",
        "-f",
        "--trace=bind",
        "--inject=bind:error=EADDRINUSE",
    ];
    let ran = run(&mut home.through(&strace, EXEC)).ok();
    for says in [
        "no port of this computer can be opened for the browser's answer: Address already in use",
        "; going on with a code instead",
        "The page must show this code: ",
        "; open the address above yourself",
    ] {
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
    }
    let grant = &sim.parameters("CreateToken")["grantType"];
    assert_eq!(grant, "urn:ietf:params:oauth:grant-type:device_code");
    assert_eq!(opened(&home), 0);
}

#[test]
fn an_answer_to_another_request_is_told_apart() {
    let sim = instance();
    let home = home(&sim);
    user(&sim, SsoUser::AnswersAnother);
    let (mut pty, child) = home.on_terminal(EXEC);
    pty.wait_for("the browser answered an older request (state mismatch)");
    pty.send("\u{3}");
    assert!(!pty.finish(child).success());
    assert_eq!(
        sim.count("CreateToken"),
        0,
        "the code of another request buys nothing"
    );
}

#[test]
fn a_start_url_of_another_region() {
    let sim = instance();
    let mut home = home(&sim);
    home.configure(&CONFIG.replace("corp.awsapps.com", "other.awsapps.com"));
    home.run(EXEC)
        .fails("signing in to 'corp': sso-oidc:RegisterClient was refused by 127.0.0.1:")
        .hints("sso_region is the region Identity Center was set up in");
    home.set("AWS_VAULT_DEVICE_CODE", "1");
    home.run(EXEC)
        .fails("sso-oidc:StartDeviceAuthorization was refused")
        .hints("check sso_start_url");
    assert_eq!(opened(&home), 0);
}

#[test]
fn a_revoked_refresh_token_and_an_expired_registration_lead_to_a_sign_in() {
    let sim = instance();
    sim.world().identity_center.script.access_token_life_s = 30;
    let home = home(&sim);
    home.env_of(&["dev"]);
    sim.world().identity_center.revoke_refresh_tokens();
    let ran = home.env_of(&["read"]);
    assert!(
        ran.stderr
            .contains("the sign-in of 'corp' is over (InvalidGrantException)"),
        "{}",
        ran.stderr
    );
    sim.world().identity_center.expire_registrations();
    let ran = home.env_of(&["legacy"]);
    assert!(
        ran.stderr.contains("is over (InvalidClientException)"),
        "{}",
        ran.stderr
    );
    assert_eq!(opened(&home), 3);

    // As long as a slow machine needs to sign in.
    let life = 10;
    sim.world().identity_center.script.registration_life_s = life;
    home.run(["clear"]).ok();
    home.env_of(&["dev"]);
    std::thread::sleep(std::time::Duration::from_secs(life));
    let ran = home.env_of(&["read"]);
    assert!(
        ran.stderr
            .contains("the registration of this program at 'corp' has expired"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_token_that_the_portal_refuses_is_replaced_once() {
    let sim = instance();
    let home = home(&sim);
    home.run(["sso", "login"]).ok();
    sim.world().identity_center.revoke_access_tokens();
    sim.clear_calls();
    home.env_of(&["dev"]);
    assert_eq!(
        sim.actions(),
        [
            "sso:GetRoleCredentials",
            "sso-oidc:CreateToken",
            "sso:GetRoleCredentials"
        ]
    );
    assert_eq!(opened(&home), 1, "the refresh token was still good");

    sim.faults([fault(
        "GetRoleCredentials",
        error(
            401,
            "UnauthorizedException",
            "Session token not found or invalid",
        ),
    )]);
    sim.clear_calls();
    home.run(["exec", "read", "--", "true"])
        .fails("'corp' does not accept the token of this very sign-in")
        .hints("ask your administrator");
    assert_eq!(opened(&home), 2, "one sign-in, no loop");
    assert_eq!(sim.count("GetRoleCredentials"), 3);
}

#[test]
fn a_role_that_is_not_yours() {
    let sim = instance();
    let home = home(&sim);
    home.configure(&CONFIG.replace("DeveloperRole\nregion", "Admin\nregion"));
    home.run(EXEC)
        .fails("profile 'dev': 'corp' gives you no role Admin in account 222233334444")
        .hints("aws-vault sso list");
}

#[test]
fn plain_http_to_another_machine_is_refused_and_a_general_endpoint_gets_no_token() {
    let sim = instance();
    let mut home = home(&sim);
    home.set("AWS_ENDPOINT_URL_SSO_OIDC", "http://192.0.2.1");
    home.run(EXEC).fails("is plain http to another machine");
    home.unset("AWS_ENDPOINT_URL_SSO_OIDC");
    home.set("AWS_ENDPOINT_URL_SSO", "http://192.0.2.1:80");
    home.run(EXEC).fails("is plain http to another machine");
    home.unset("AWS_ENDPOINT_URL_SSO");

    // https to somewhere else counts for signed calls only: tokens go to AWS, which cannot be reached here.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let general = format!("https://{}", listener.local_addr().unwrap());
    home.set("AWS_ENDPOINT_URL", general);
    home.configure(&CONFIG.replace("sso_region = eu-west-1", "sso_region = xx-nowhere-1"));
    home.run(EXEC)
        .fails("oidc.xx-nowhere-1.amazonaws.com")
        .hints("sso_region");
    assert!(
        listener.accept().is_err(),
        "nobody called the general endpoint"
    );
}

#[test]
fn answers_that_cannot_be_used() {
    let sim = instance();
    let home = home(&sim);
    for (action, kind, says) in [
        (
            "CreateToken",
            FaultKind::MissingField {
                name: "accessToken".into(),
            },
            "the access token is missing",
        ),
        (
            "RegisterClient",
            FaultKind::Garbage {
                body: "<html>".into(),
            },
            "signing in to 'corp'",
        ),
        (
            "CreateToken",
            error(500, "InternalServerException", "sorry"),
            "signing in to 'corp'",
        ),
    ] {
        sim.faults([fault(action, kind)]);
        home.run(EXEC).fails(says);
        assert_eq!(home.sessions(), 0, "{says}");
    }
    sim.faults([]);
    home.run(["sso", "login"]).ok();
    let sessions = home.sessions();
    for name in [
        "accessKeyId",
        "secretAccessKey",
        "sessionToken",
        "expiration",
    ] {
        let world = FaultKind::Garbage {
            body: format!(
                "{{\"roleCredentials\":{}}}",
                serde_json::json!({ "accessKeyId": "ASIA", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4_102_444_800_000_u64, name: null })
            ),
        };
        sim.faults([fault("GetRoleCredentials", world)]);
        home.run(EXEC).fails("the answer of 127.0.0.1:");
        assert_eq!(home.sessions(), sessions, "nothing unusable is kept");
    }
}

#[test]
fn a_clock_that_is_wrong_is_named() {
    let sim = instance();
    let home = home(&sim);
    home.run(["sso", "login"]).ok();
    sim.world().set_clock_offset(-7200);
    sim.world().identity_center.script.role_session_s = 900;
    home.run(EXEC)
        .fails("the credentials of 127.0.0.1:")
        .hints("clock differs from AWS's by 120 minutes");
}
