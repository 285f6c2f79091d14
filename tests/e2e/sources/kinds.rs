//! One profile of every kind and a role behind each, with everything that hands credentials out: the table of docs/sources.md.

use std::fs;

use serde_json::Value;

use super::{
    CONTAINER_TOKEN, Helper, ROLE, SAML_PROVIDER, role_behind, saml_response, sim, web_identity,
};
use crate::servers::Server;
use crate::support::{Home, KEY, Sim};

const USER: &str = "arn:aws:iam::111122223333:user/elmerfudd";

/// What a profile says, and what becomes of it.
struct Kind {
    settings: String,
    /// What `explain` calls its first step in text and in JSON.
    step: &'static str,
    json: &'static str,
    /// Whether that step is cached.
    is_cached: bool,
    /// Whether a server hands them out.
    is_served: bool,
    /// Whether AWS signs them in to the console.
    signs_in: bool,
    /// How many seconds a role behind it is wanted for, and lives.
    role_life: (u32, u32),
}

impl Kind {
    /// A role session, or something else that AWS takes for one.
    fn of(settings: impl Into<String>, step: &'static str, json: &'static str) -> Self {
        Self {
            settings: settings.into(),
            step,
            json,
            is_cached: true,
            is_served: true,
            signs_in: true,
            role_life: (7200, 3600),
        }
    }

    fn uncached(self) -> Self {
        Self {
            is_cached: false,
            ..self
        }
    }

    /// They do not expire, and SDKs take nothing from a server that does not.
    fn unserved(self) -> Self {
        Self {
            is_served: false,
            ..self
        }
    }

    /// A user's access key, to which AWS gives a role for as long as the role allows.
    fn of_user(self) -> Self {
        Self {
            role_life: (7200, 7200),
            ..self
        }
    }

    /// A session of an IAM user, which AWS signs in nowhere.
    fn of_user_session(self) -> Self {
        Self {
            signs_in: false,
            ..self.of_somebody()
        }
    }

    /// Whose they are shows only when they are there: AWS refuses more than an hour to a session.
    fn of_somebody(self) -> Self {
        Self {
            role_life: (3600, 3600),
            ..self
        }
    }
}

fn kinds(home: &Home, [role, session, keys]: [&Helper; 3]) -> Vec<Kind> {
    const WEB: &str = "role_arn = arn:aws:iam::222233334444:role/Ci\nweb_identity_token";
    const ACCOUNT: &str = "sso_account_id = 222233334444\nsso_role_name = Machine";
    const PORTAL: &str = "sso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n";
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
    let process = |helper: &Helper| {
        let settings = format!("credential_process = {}", helper.program);
        Kind::of(settings, "credential_process of 'it'", "credential_process")
    };
    let ambient = |source: &str| {
        let settings = format!("credential_source = {source}");
        Kind::of(settings, "credential_source of 'it'", "credential_source").uncached()
    };
    let sso = |settings: String| Kind::of(settings, "sso:GetRoleCredentials for 'it'", "sso");
    vec![
        Kind::of("", "access key of 'it' in clear text", "static_key")
            .uncached()
            .of_user(),
        sso(format!(
            "sso_session = corp\n{ACCOUNT}\n[sso-session corp]\n{PORTAL}"
        )),
        sso(format!("{PORTAL}{ACCOUNT}")),
        web(format!("file = {token}")),
        web(format!("process = cat {token}")),
        saml(format!("file = {assertion}")),
        saml(format!("process = cat {assertion}")),
        process(role).of_somebody(),
        process(session).of_user_session(),
        process(keys).uncached().unserved().of_user(),
        ambient("Environment").unserved().of_user(),
        ambient("Ec2InstanceMetadata"),
        ambient("EcsContainer"),
        Kind::of(
            format!("login_session = {USER}"),
            "signin:CreateOAuth2Token for 'it'",
            "login_session",
        )
        .of_somebody(),
    ]
}

/// A home in which every kind finds what it needs.
fn equipped(sim: &Sim) -> Home {
    let mut home = Home::of(sim, "");
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
    // Identity Center's pages lead back by redirects alone.
    let browser = home.script("browser", "exec curl --silent --location \"$1\"");
    home.set("BROWSER", browser);
    home.set("AWS_VAULT_DEVICE_CODE", "0");
    home
}

/// Signs in to the console, whose page needs a browser with scripts.
fn sign_in(home: &mut Home) {
    let browser = home.vars[std::ffi::OsStr::new("BROWSER")].clone();
    let chromium = home.script(
        "chromium-once",
        "exec /usr/bin/chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
         --user-data-dir=\"$(mktemp -d)\" --virtual-time-budget=5000 --dump-dom \"$@\" > \"$HOME/page\" 2>&1",
    );
    home.set("BROWSER", chromium);
    home.configure("[profile it]\nregion = eu-west-1\n");
    let clear = home.path(".aws/credentials");
    let aside = home.path("credentials-aside");
    fs::rename(&clear, &aside).unwrap();
    home.run(["signin", "it"]).ok();
    fs::rename(aside, clear).unwrap();
    home.set("BROWSER", browser);
}

#[test]
fn explain_exec_export_login_and_server_for_every_kind() {
    let sim = sim();
    let role = Helper::of(&sim, &format!("--role-arn {ROLE} bastion"));
    let session = Helper::of(&sim, "bastion");
    let keys = Helper::of(&sim, "--no-session bastion");
    let mut home = equipped(&sim);
    for kind in kinds(&home, [&role, &session, &keys]) {
        if kind.json == "login_session" {
            sign_in(&mut home);
        }
        let settings = &kind.settings;
        println!("{settings}");
        home.configure(&format!(
            "[profile it]\nregion = eu-west-1\n{settings}\n{}duration_seconds = {}\n",
            role_behind("it"),
            kind.role_life.0,
        ));
        explain(&home, &kind);
        hand_out(&home, &sim, &kind);
        let told = home.run(["explain", "dev"]).ok().stdout;
        let base = told.lines().find(|line| line.contains(kind.step)).unwrap();
        assert_eq!(
            base.contains("(cached, "),
            kind.is_cached,
            "{settings}: {told}"
        );
        assert!(!told.contains("CANARY"), "{told}");
        for profile in ["it", "dev"] {
            log_in(&home, profile, &kind);
            serve(&home, profile, &kind);
        }
        home.run(["clear"]).ok();
    }
    assert!(home.leftovers().is_empty());
}

fn explain(home: &Home, kind: &Kind) {
    let told = home.run(["explain", "it"]).ok().stdout;
    assert!(told.contains(kind.step), "{}: {told}", kind.settings);
    let json = home.run(["explain", "--json", "dev"]).ok().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let steps = json["steps"].as_array().unwrap();
    assert_eq!(steps[0]["kind"], kind.json, "{}", kind.settings);
    assert_eq!(steps.last().unwrap()["kind"], "role");
}

fn hand_out(home: &Home, sim: &Sim, kind: &Kind) {
    home.env_of(&["it"]).var("AWS_SECRET_ACCESS_KEY");
    let session = home.env_of(&["dev"]);
    session.var("AWS_SESSION_TOKEN");
    let exported = home.run(["export", "--format=json", "dev"]).ok().stdout;
    let exported: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(
        exported["AccessKeyId"],
        session.var("AWS_ACCESS_KEY_ID"),
        "{}",
        kind.settings
    );
    assert_eq!(
        sim.parameters("AssumeRole")["DurationSeconds"],
        kind.role_life.1.to_string(),
        "{}",
        kind.settings
    );
}

fn log_in(home: &Home, profile: &str, kind: &Kind) {
    let ran = home.run(["login", "--stdout", profile]);
    if !kind.signs_in && profile == "it" {
        ran.fails("AWS signs only roles and federated users in");
        return;
    }
    let link = ran.ok().stdout;
    // The console has the session of a sign-in already: its page is opened as it is.
    let is_page = kind.json == "login_session" && profile == "it";
    assert_eq!(
        link.contains("SigninToken="),
        !is_page,
        "{}: {link}",
        kind.settings
    );
}

fn serve(home: &Home, profile: &str, kind: &Kind) {
    let words = ["--ecs-server", "--lazy", profile];
    let server = Server::start(home, &words);
    let answer = server.container("/");
    let is_served = kind.is_served || profile == "dev";
    let expected = if is_served { 200 } else { 503 };
    assert_eq!(
        answer.status, expected,
        "{} {profile}: {answer:#?}",
        kind.settings
    );
}
