//! Which page is opened, for whom, and for how long.

use std::time::SystemTime;

use aws_vault::aws::Aws;
use aws_vault::config::chain::Service;
use aws_vault::config::profile::{Endpoints, Origin, Setting};
use aws_vault::credentials::{AccessKey, Credentials};
use secrecy::ExposeSecret as _;

use super::{append, at_home, destination, set};
use crate::pty::Pty;
use crate::support::{Home, KEY, Sim};

#[track_caller]
fn link(home: &Home, words: &[&str]) -> String {
    let words = ["login", "--stdout"].iter().chain(words);
    home.run(words).ok().stdout
}

#[test]
fn pages_by_service_path_and_link() {
    let (_sim, home) = at_home();
    set(&home, "other", "region = eu-central-1");
    for (words, page) in [
        (
            &["other"][..],
            "https://eu-central-1.console.aws.amazon.com/console/home?region=eu-central-1",
        ),
        (
            &["--service=s3", "other"],
            "https://eu-central-1.console.aws.amazon.com/s3/buckets?region=eu-central-1",
        ),
        (
            &["--service", "sg", "other"],
            "https://eu-central-1.console.aws.amazon.com/ec2/home?region=eu-central-1#SecurityGroups:",
        ),
        (
            &["--service=iam", "other"],
            "https://us-east-1.console.aws.amazon.com/iam/home?region=eu-central-1",
        ),
        (
            &["--path=/s3/buckets/b", "--region=us-west-2", "other"],
            "https://us-west-2.console.aws.amazon.com/s3/buckets/b?region=us-west-2",
        ),
        (
            &[
                "other",
                "https://eu-west-3.console.aws.amazon.com/sqs/v3/home?region=eu-west-3#/queues",
            ],
            "https://eu-west-3.console.aws.amazon.com/sqs/v3/home?region=eu-west-3#/queues",
        ),
        (
            &[
                "other",
                "https://333344445555-x1y2z3.eu-west-3.console.aws.amazon.com/sqs/v3/home",
            ],
            "https://eu-west-3.console.aws.amazon.com/sqs/v3/home",
        ),
    ] {
        assert_eq!(destination(&link(&home, words)), page, "{words:?}");
    }
}

#[test]
fn a_link_alone_goes_to_the_profile_of_the_environment() {
    let (_sim, mut home) = at_home();
    home.set("AWS_PROFILE", "other");
    let url = "https://eu-west-3.console.aws.amazon.com/sqs/v3/home";
    assert_eq!(destination(&link(&home, &[url])), url);
}

#[test]
fn links_to_elsewhere_and_to_other_accounts_are_refused_before_a_code_is_asked_for() {
    let (_sim, home) = at_home();
    for (url, says) in [
        (
            "https://evil.example/console.aws.amazon.com",
            "does not lead to the console",
        ),
        (
            "https://eu-west-1.console.amazonaws.cn/",
            "does not lead to the console",
        ),
        ("http://console.aws.amazon.com/", "is no https link"),
        (
            "https://333344445555-x1y2z3.eu-west-3.console.aws.amazon.com/sqs",
            "the link is to account 333344445555, but profile 'master' signs in to account 222233334444",
        ),
    ] {
        home.run(["login", "--stdout", "master", url]).fails(says);
    }
    assert_eq!(home.asked(), 0);
}

#[test]
fn a_long_console_is_asked_of_aws_where_it_allows_one() {
    let (sim, home) = at_home();
    append(
        &home,
        "[profile chained]\nsource_profile = other\nrole_arn = arn:aws:iam::333344445555:role/Deep\n",
    );
    set(&home, "other", "aws_vault_console_duration = 8h");
    link(&home, &["other"]);
    assert_eq!(sim.parameters("getSigninToken")["SessionDuration"], "28800");
    link(&home, &["--console-duration=12h", "master"]);
    assert_eq!(sim.parameters("getSigninToken")["SessionDuration"], "43200");
    assert!(
        !sim.actions().contains(&"sts:GetSessionToken".to_owned()),
        "the key itself"
    );

    let chained = home
        .run(["login", "--stdout", "--console-duration=12h", "chained"])
        .ok();
    assert!(
        chained.stderr.contains(
            "the console session lasts as long as its credentials, not 12h (--console-duration)"
        ) && chained.stderr.contains("role chaining"),
        "{chained:#?}"
    );
    assert!(
        !sim.parameters("getSigninToken")
            .contains_key("SessionDuration")
    );

    // A user without a role: the federation token itself lives longer.
    link(&home, &["--console-duration=2h", "bastion"]);
    assert_eq!(
        sim.parameters("GetFederationToken")["DurationSeconds"],
        "7200"
    );
    assert!(
        !sim.parameters("getSigninToken")
            .contains_key("SessionDuration")
    );
}

#[test]
fn a_federated_user_of_the_environment_is_no_iam_user() {
    let (sim, mut home) = at_home();
    let session = federated(&sim);
    home.set("AWS_ACCESS_KEY_ID", &session.access_key_id);
    home.set(
        "AWS_SECRET_ACCESS_KEY",
        session.secret_access_key.expose_secret(),
    );
    home.set("AWS_SESSION_TOKEN", session.session_token.expose_secret());
    sim.clear_calls();
    assert!(link(&home, &["--region=eu-west-1"]).contains("SigninToken="));
    assert_eq!(
        sim.actions(),
        ["sts:GetCallerIdentity", "signin:getSigninToken"]
    );
}

#[test]
fn a_session_of_a_user_cannot_sign_in_and_says_why() {
    let (_sim, home) = at_home();
    let mut shell = home.command(["exec", "bastion", "--", "env"]);
    let session = crate::support::run(&mut shell).ok().stdout;
    let mut command = home.command(["login", "--stdout", "--region=eu-west-1"]);
    command.envs(
        session
            .lines()
            .filter_map(|line| line.split_once('='))
            .filter(|(name, _)| {
                [
                    "AWS_ACCESS_KEY_ID",
                    "AWS_SECRET_ACCESS_KEY",
                    "AWS_SESSION_TOKEN",
                ]
                .contains(name)
            }),
    );
    crate::support::run(&mut command).fails("AWS signs only roles and federated users in");
}

#[test]
fn the_link_goes_to_the_clipboard_of_the_terminal_or_onto_it_as_a_picture() {
    let (_sim, home) = at_home();
    let (mut pty, child) = home.on_terminal(["login", "--copy", "other"]);
    pty.wait_for("\u{1b}]52;c;");
    pty.wait_for("the link is in your terminal's clipboard");
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(pty.is_as_found() && !pty.shown.contains("SigninToken"));

    let picture = link_picture(&home);
    assert!(
        picture.lines().count() > 20 && !picture.contains("SigninToken"),
        "{picture}"
    );
    // A picture that is broken into several lines is no picture.
    let mut pty = Pty::open();
    let mut command = pty.command("sh");
    let script = "stty -F /dev/tty cols 20; exec \"$0\" login --qr other";
    command.args(["-c", script, env!("CARGO_BIN_EXE_aws-vault")]);
    command.env_clear().envs(&home.vars);
    let child = command.spawn().unwrap();
    pty.wait_for("columns, and the terminal has 20");
    assert_eq!(pty.finish(child).code(), Some(1), "{}", pty.shown);
}

fn link_picture(home: &Home) -> String {
    home.run(["login", "--qr", "other"]).ok().stdout
}

fn federated(sim: &Sim) -> aws_vault::credentials::SessionCredentials {
    let of_test = |value: &str| Some(Setting::new(value.to_owned(), Origin::Default("test")));
    let service = Service {
        region: of_test("eu-west-1"),
        endpoints: Endpoints {
            all: of_test(&sim.endpoint),
            ..Endpoints::default()
        },
    };
    let key = Credentials::AccessKey(AccessKey {
        access_key_id: KEY.id.to_owned(),
        secret_access_key: KEY.secret.into(),
    });
    let now: SystemTime = crate::support::now();
    Aws::default()
        .get_federation_token(&key, &service, "jon", 3600, now)
        .unwrap()
}
