//! IAM Identity Center: sign-in, its refusals, and the `sso` commands.

mod commands;
mod page;
mod parallel;
mod populate;
mod refusals;
mod sign_in;

use std::fs;

use aws_sim::SsoUser;
use serde_json::{Value, json};

use crate::support::{Home, Sim, account_role};

pub const START_URL: &str = "https://corp.awsapps.com/start";
pub const MASTER: &str = "222233334444";

pub const CONFIG: &str = "\
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1

[profile dev]
sso_session = corp
sso_account_id = 222233334444
sso_role_name = DeveloperRole
region = eu-west-1

[profile read]
sso_session = corp
sso_account_id = 222233334444
sso_role_name = ReadOnly

[profile legacy]
sso_start_url = https://corp.awsapps.com/start#/
sso_region = eu-west-1
sso_account_id = 111122223333
sso_role_name = ReadOnly

[profile behind]
source_profile = dev
role_arn = arn:aws:iam::222233334444:role/Behind
duration_seconds = 7200
";

/// The world of the talk, and an instance of Identity Center for it.
pub fn instance() -> Sim {
    instance_with(|_| ())
}

pub fn instance_with(change: impl FnOnce(&mut Value)) -> Sim {
    Sim::with(|world| {
        let all = json!({ "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
        let roles = &mut world["accounts"][MASTER]["roles"];
        roles["DeveloperRole"]["policies"] = json!({ "All": all });
        roles["Behind"] = account_role(MASTER, &["*"]);
        world["identity_center"] = json!({
            "start_url": START_URL,
            "assignments": {
                MASTER: { "name": "Master", "email": "m@example.com", "roles": ["DeveloperRole", "ReadOnly"] },
                "111122223333": { "name": "Bastion", "email": "b@example.com", "roles": ["ReadOnly"] },
            },
        });
        change(&mut world["identity_center"]);
    })
}

/// A home whose browser is curl: it follows every redirect and keeps the last page.
pub fn home(sim: &Sim) -> Home {
    let mut home = Home::of(sim, CONFIG);
    let browser = home.script(
        "browser",
        "echo \"$*\" >> \"$HOME/opened\"\nexec curl --silent --location --output \"$HOME/page.html\" \"$1\"",
    );
    home.set("BROWSER", browser);
    // Wherever the tests run.
    home.set("AWS_VAULT_DEVICE_CODE", "0");
    home
}

/// How often a browser was opened.
pub fn opened(home: &Home) -> usize {
    let opened = fs::read_to_string(home.path("opened")).unwrap_or_default();
    opened.lines().count()
}

pub fn user(sim: &Sim, user: SsoUser) {
    sim.world().identity_center.script.user = user;
}
