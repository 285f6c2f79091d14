//! Roles that no profile names.

use super::{at_home, destination, set};

const ARN: &str = "arn:aws:iam::222233334444:role/DeveloperRole";

#[test]
fn a_role_by_arn_or_account_is_assumed_cached_and_explained_like_a_profiles() {
    let (sim, mut home) = at_home();
    sim.clear_calls();
    let seen = home.env_of(&["--role-arn", ARN, "bastion"]).stdout;
    assert!(
        seen.contains("AWS_VAULT=222233334444:DeveloperRole\n"),
        "{seen}"
    );
    assert!(seen.contains("AWS_REGION=eu-west-1\n"), "{seen}");
    assert_eq!(sim.actions(), ["sts:GetSessionToken", "sts:AssumeRole"]);
    assert_eq!(home.asked(), 1);

    // The same role by its other name, and the profile that has it: nobody is asked, and only the role is assumed anew.
    let again = [
        "exec",
        "--source",
        "bastion",
        "222233334444:DeveloperRole",
        "--",
        "env",
    ];
    assert!(home.run(again).ok().stdout.contains("AWS_SESSION_TOKEN="));
    assert_eq!((sim.actions().len(), home.asked()), (2, 1));
    home.env_of(&["master"]);
    assert_eq!((sim.count("GetSessionToken"), home.asked()), (1, 1));

    let explained = home
        .run(["explain", "--role-arn", ARN, "bastion"])
        .ok()
        .stdout;
    assert!(
        explained.starts_with("222233334444:DeveloperRole\n"),
        "{explained}"
    );
    assert!(
        explained.contains(&format!("role_arn = {ARN} (--role-arn)")),
        "{explained}"
    );
    assert!(explained.contains("cached, "), "{explained}");

    home.set("AWS_VAULT_SOURCE", "bastion");
    let json = home
        .run(["export", "--format=json", "333344445555:Other"])
        .ok()
        .stdout;
    assert!(
        json.contains("\"Version\": 1") || json.contains("\"Version\":1"),
        "{json}"
    );
    let link = home
        .run(["login", "--stdout", "--service=s3", "333344445555:Other"])
        .ok()
        .stdout;
    assert!(destination(&link).contains("/s3/buckets"), "{link}");
}

#[test]
fn words_behind_the_dashes_are_the_command() {
    let (_sim, home) = at_home();
    let source = [
        "exec",
        "--role-arn",
        ARN,
        "--source",
        "bastion",
        "--",
        "env",
    ];
    assert!(
        home.run(source)
            .ok()
            .stdout
            .contains("AWS_VAULT=222233334444:DeveloperRole\n")
    );
    set(&home, "default", "aws_vault_source = bastion");
    let preferred = ["exec", "--role-arn", ARN, "--", "env"];
    assert!(
        home.run(preferred)
            .ok()
            .stdout
            .contains("AWS_VAULT=222233334444:")
    );
}

#[test]
fn what_makes_no_sense_is_said() {
    let (_sim, home) = at_home();
    for (words, says) in [
        (
            &["exec", "222233334444:DeveloperRole", "--", "env"][..],
            "no profile is named whose credentials",
        ),
        (
            &["exec", "--role-arn", "DeveloperRole", "bastion"],
            "'DeveloperRole' is not the ARN of a role",
        ),
        (
            &["exec", "--source", "bastion", "master", "env"],
            "'master' is a profile",
        ),
        (
            &["exec", "--role-arn", ARN, "--source", "bastion", "env"],
            "with --role-arn and --source there is no profile to name, but 'env' is there",
        ),
        (
            &["exec", "--profile-env", "--role-arn", ARN, "bastion", "env"],
            "--profile-env names a profile",
        ),
    ] {
        home.run(words).exits(2, says);
    }
    home.run([
        "exec",
        "--source",
        "nobody",
        "222233334444:Dev",
        "--",
        "env",
    ])
    .fails("nobody");
}
