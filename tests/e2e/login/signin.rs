//! Sign-in with console credentials: in Chromium, by a code typed in, and what becomes of it.

use std::fs;

use super::set;
use crate::support::{Home, Sim};

const USER: &str = "arn:aws:iam::111122223333:user/elmerfudd";

/// A profile without any credentials, and a console in which the user is signed in.
fn at_console() -> (Sim, Home) {
    let sim = Sim::with(|world| {
        world["options"]["console_user"] = "111122223333/elmerfudd".into();
    });
    let home = Home::of(&sim, "# kept\n[profile dev]\nregion = eu-west-1\n");
    (sim, home)
}

/// A browser that follows the page's link when it has looked at it.
fn with_chromium(home: &mut Home) {
    let browser = home.script(
        "browser",
        r#"printf '%s\n' "$@" > "$HOME/argv"; cd "$HOME"
exec /usr/bin/chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$(mktemp -d)" \
    --virtual-time-budget=5000 --dump-dom "$@" > page 2> chromium.log"#,
    );
    home.set("BROWSER", browser);
}

#[test]
fn chromium_brings_a_sign_in_that_is_kept_in_the_keystore_and_renewed() {
    let (sim, mut home) = at_console();
    with_chromium(&mut home);
    let ran = home.run(["signin", "dev"]).ok();
    assert_eq!(
        ran.stdout,
        format!("Signed in as {USER}; profile 'dev' uses it.\n")
    );
    assert_eq!(
        fs::read_to_string(home.config()).unwrap(),
        format!("# kept\n[profile dev]\nlogin_session = {USER}\nregion = eu-west-1\n")
    );
    let argv = fs::read_to_string(home.path("argv")).unwrap();
    assert!(
        argv.starts_with("http://127.0.0.1:") && !argv.contains("code_challenge"),
        "{argv}"
    );
    assert!(
        !home.path(".aws/login").exists(),
        "the AWS CLI's cache is its own"
    );

    sim.clear_calls();
    let seen = home.env_of(&["dev"]).stdout;
    assert!(
        seen.contains("AWS_SESSION_TOKEN=") && seen.contains("AWS_VAULT=dev\n"),
        "{seen}"
    );
    assert_eq!(sim.actions(), ["signin-oauth:CreateOAuth2Token"]);
    home.env_of(&["dev"]);
    assert_eq!(sim.actions().len(), 1, "the second time the cache answers");

    let id = home.run([
        "exec",
        "dev",
        "--",
        crate::support::python("aws").to_str().unwrap(),
        "sts",
        "get-caller-identity",
    ]);
    assert!(id.ok().stdout.contains(USER));
    let names = home.item_names();
    assert!(
        names
            .iter()
            .any(|name| name.starts_with("aws-vault.LoginSession,")),
        "{names:?}"
    );

    // The console has a session already: the page is opened as it is.
    let page = home.run(["login", "--stdout", "--service=s3", "dev"]).ok();
    assert_eq!(
        page.stdout,
        "https://eu-west-1.console.aws.amazon.com/s3/buckets?region=eu-west-1\n"
    );
    assert!(page.stderr.contains(USER), "{page:#?}");

    home.run(["clear", "dev"]).ok();
    home.run(["exec", "dev", "--", "env"])
        .fails("profile 'dev' has no AWS sign-in session here");
}

#[test]
fn a_code_from_another_computer_is_typed_in_and_a_role_starts_from_it() {
    let (sim, home) = at_console();
    let (mut pty, child) = home.on_terminal(["signin", "--remote", "dev"]);
    pty.wait_for("/v1/authorize?");
    pty.wait_for("Code that the browser shows: ");
    let shown = pty.shown.clone();
    let url = shown
        .split_whitespace()
        .find(|word| word.contains("/v1/authorize?"))
        .unwrap();
    pty.send(format!("{}\r", code(&home, url)));
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(home.env_of(&["dev"]).stdout.contains("AWS_SESSION_TOKEN="));

    let role = "arn:aws:iam::222233334444:role/DeveloperRole";
    sim.clear_calls();
    home.env_of(&["--role-arn", role, "dev"]);
    assert_eq!(sim.actions(), ["sts:AssumeRole"]);
}

#[test]
fn sixteen_processes_renew_once() {
    let (sim, mut home) = at_console();
    with_chromium(&mut home);
    home.run(["signin", "dev"]).ok();
    sim.clear_calls();
    let running: Vec<_> = (0..16)
        .map(|_| home.start(["exec", "dev", "--", "true"]))
        .collect();
    crate::support::all_ok(running);
    assert_eq!(sim.count("CreateOAuth2Token"), 1);
}

#[test]
fn what_goes_wrong_is_said() {
    let (sim, mut home) = at_console();
    home.run(["signin"]).exits(2, "no profile given");
    home.run(["signin", "new"])
        .exits(2, "profile 'new' has no region to sign in at");
    set(
        &home,
        "dev",
        "role_arn = arn:aws:iam::222233334444:role/DeveloperRole",
    );
    home.run(["signin", "dev"])
        .fails("profile 'dev' has credentials already (role_arn in");

    home.configure("[profile dev]\nregion = eu-west-1\n");
    let (mut pty, child) = home.on_terminal(["signin", "--remote", "dev"]);
    pty.wait_for("Code that the browser shows: ");
    pty.send("bm90IHRoZSBjb2Rl\r");
    pty.wait_for("this is not the code of this sign-in");
    assert_eq!(pty.finish(child).code(), Some(1));
    assert!(
        !fs::read_to_string(home.config())
            .unwrap()
            .contains("login_session")
    );

    with_chromium(&mut home);
    home.run(["signin", "dev"]).ok();
    sim.end_sign_ins();
    home.run(["exec", "dev", "--", "env"])
        .fails("the AWS sign-in session of profile 'dev' is over (TOKEN_EXPIRED)");

    // Another person's console in the same browser.
    let config = fs::read_to_string(home.config()).unwrap();
    home.configure(&config.replace(USER, "arn:aws:iam::111122223333:user/somebody"));
    home.run(["signin", "dev"]).fails("and you signed in as");
}

/// What the confirmation page shows at the end of the link.
fn code(home: &Home, url: &str) -> String {
    let browser = std::process::Command::new("/usr/bin/chromium")
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .arg(format!(
            "--user-data-dir={}",
            home.path("elsewhere").display()
        ))
        .args(["--virtual-time-budget=5000", "--dump-dom", url])
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&browser.stdout).into_owned();
    let after = page
        .split("<code id=\"code\">")
        .nth(1)
        .unwrap_or_else(|| panic!("{page}"));
    after.split('<').next().unwrap().to_owned()
}
