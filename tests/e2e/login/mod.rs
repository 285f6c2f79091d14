//! The console: what the browser is told, which page it opens, and what a real one shows.

mod ad_hoc;
mod browsers;
mod chromium;
mod pages;
mod signin;
mod switch_roles;

use std::fs;
use std::path::Path;

use crate::support::{Home, Sim, account_role};

/// A second account whose role needs no MFA.
const OTHER: &str = "
[profile other]
source_profile = bastion
role_arn = arn:aws:iam::333344445555:role/Other
";

/// The talk's profiles and `other`; MFA codes come by themselves.
fn at_home() -> (Sim, Home) {
    let sim = Sim::with(|world| {
        let role = account_role("111122223333", &["*"]);
        let deep = account_role("333344445555", &["*"]);
        world["accounts"]["333344445555"] =
            serde_json::json!({ "roles": { "Other": role, "Deep": deep } });
        let user = &mut world["accounts"]["111122223333"]["users"]["elmerfudd"];
        user["policies"]["Console"] = serde_json::json!({
            "Statement": [{ "Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*" }]
        });
        world["options"]["local_console"] = true.into();
    });
    let home = Home::with_device(&sim);
    append(&home, OTHER);
    (sim, home)
}

/// More lines at the end of the config file.
fn append(home: &Home, lines: &str) {
    let config = fs::read_to_string(home.config()).unwrap();
    home.configure(&(config + lines));
}

/// A line right below `[profile NAME]`, or in `[default]`.
fn set(home: &Home, profile: &str, line: &str) {
    let config = fs::read_to_string(home.config()).unwrap();
    let header = format!("[profile {profile}]\n");
    home.configure(&if profile == "default" {
        format!("[default]\n{line}\n{config}")
    } else {
        config.replace(&header, &format!("{header}{line}\n"))
    });
}

/// The content of a file that another process writes whole.
#[track_caller]
fn written(path: &Path) -> String {
    for _ in 0..9000 {
        if let Ok(text) = fs::read_to_string(path)
            && text.ends_with('\n')
        {
            return text;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} was never written", path.display());
}

/// Where the link leads, once signed in.
#[track_caller]
fn destination(link: &str) -> String {
    let query = link.split_once('?').unwrap().1.trim_end();
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "Destination")
        .unwrap_or_else(|| panic!("no destination in {link}"))
        .1
        .into_owned()
}
