//! Session policies.

use super::sim;
use crate::support::{Home, KEY};

const CONFIG: &str = "\
[profile bastion]
region = eu-west-1

[profile dev]
source_profile = bastion
role_arn = arn:aws:iam::222233334444:role/Open
region = eu-west-1

[profile other]
source_profile = dev
role_arn = arn:aws:iam::222233334444:role/Machine
region = eu-west-1

[profile guarded]
source_profile = bastion
role_arn = arn:aws:iam::222233334444:role/Open
region = eu-west-1
aws_vault_policy = {\"Statement\": {\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}}

[profile behind]
source_profile = guarded
role_arn = arn:aws:iam::222233334444:role/Machine
region = eu-west-1
";

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

#[test]
fn a_narrow_session_is_a_session_of_its_own() {
    let sim = sim();
    let home = Home::of(&sim, CONFIG);
    home.add("bastion", KEY);
    let wide = home.env_of(&["dev"]);
    let narrow = home.env_of(&["--read-only", "dev"]);
    assert_eq!(
        sim.parameters("AssumeRole")["PolicyArns.member.1.arn"],
        READ_ONLY
    );
    let id = narrow.var("AWS_ACCESS_KEY_ID");
    assert_ne!(id, wide.var("AWS_ACCESS_KEY_ID"));
    let by_arn = home.env_of(&["--policy-arn", READ_ONLY, "dev"]);
    assert_eq!(by_arn.var("AWS_ACCESS_KEY_ID"), id);
    assert_eq!(sim.count("AssumeRole"), 2);
    let steps = home.run(["explain", "--read-only", "dev"]).ok().stdout;
    assert!(steps.contains(READ_ONLY), "{steps}");

    // Only the role asked for is narrowed: the one before it has work to do.
    home.env_of(&["--read-only", "other"]);
    let calls = sim.calls();
    let last = &calls.last().unwrap().parameters;
    assert_eq!(last["RoleArn"], "arn:aws:iam::222233334444:role/Machine");
    assert_eq!(last["PolicyArns.member.1.arn"], READ_ONLY);
    assert_eq!(sim.count("AssumeRole"), 3);
}

#[test]
fn a_policy_of_the_profile_binds_the_roles_behind_it() {
    let sim = sim();
    let home = Home::of(&sim, CONFIG);
    home.add("bastion", KEY);
    home.env_of(&["guarded"]);
    home.run(["exec", "behind", "--", "true"])
        .fails("AccessDenied");
    // A flag takes the place of the profile's own.
    let file = home.path("policy.json");
    std::fs::write(&file, "{\"Statement\": []}\n").unwrap();
    home.env_of(&["--policy", file.to_str().unwrap(), "guarded"]);
    assert_eq!(
        sim.parameters("AssumeRole")["Policy"].trim(),
        "{\"Statement\": []}"
    );
}

#[test]
fn what_cannot_be_narrowed_says_so() {
    let sim = sim();
    let home = Home::of(&sim, &CONFIG.replace("{\"Statement", "{\"Sentence"));
    home.add("bastion", KEY);
    let exec = |words: &[&str]| home.run(["exec"].iter().chain(words).chain(&["--", "true"]));
    exec(&["--read-only", "bastion"])
        .fails("profile 'bastion' assumes no role")
        .hints("role_arn");
    exec(&["guarded"]).fails("must be a policy document in JSON");
    exec(&["--policy", "/nonexistent", "dev"]).fails("--policy: /nonexistent cannot be read");
    exec(&["--policy", "{", "dev"]).fails("--policy: a session policy must be a policy document");
    exec(&["--policy-arn", "ReadOnlyAccess", "dev"]).fails("the ARN of a managed policy");
    assert_eq!(sim.actions(), Vec::<String>::new());
}
