//! Pictures, other engines, files from what exists, and the end of it all; judged by programs that are not ours.

use std::process::{Command, Stdio};

use super::support::Stage;
use crate::support::{must_start, python, run};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/bastion.py");

fn checked(words: &[&str]) -> String {
    let mut command = Command::new(python("python"));
    run(command.arg("-B").arg(SCRIPT).args(words)).ok().stdout
}

fn written(stage: &Stage, name: &str, words: &[&str]) -> String {
    let text = stage.bastion(words.iter().copied()).ok().stdout;
    let path = stage.home.path(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_starter_file_fits_the_published_schema() {
    let stage = Stage::deck();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/bastion.schema.json");
    checked(&["schema", schema, &stage.file()]);
}

#[test]
fn graphviz_reads_the_graph() {
    let stage = Stage::deck();
    let dot = written(&stage, "graph.dot", &["graph", "--format", "dot"]);
    let mut command = Command::new("dot");
    command.args(["-Tplain", &dot]).stdout(Stdio::piped());
    let output = must_start(&mut command).wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "install the Debian package graphviz"
    );
    let plain = String::from_utf8(output.stdout).unwrap();
    let count = |kind| plain.lines().filter(|line| line.starts_with(kind)).count();
    // Three groups, four roles, four accounts; five arrows to roles or accounts each.
    assert_eq!(count("node "), 11, "{plain}");
    assert_eq!(count("edge "), 9, "{plain}");
    let svg = stage.bastion(["graph"]).ok().stdout;
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
}

#[test]
fn templates_are_what_cloudformation_takes() {
    let stage = Stage::deck();
    let bastion = written(
        &stage,
        "bastion.json",
        &["export", "--format", "cloudformation"],
    );
    let master = written(
        &stage,
        "master.json",
        &[
            "export",
            "--format",
            "cloudformation",
            "--account",
            "Master",
        ],
    );
    let set = written(&stage, "set.json", &["export", "--format", "stackset"]);
    for template in [&bastion, &master, &set] {
        run(Command::new(python("cfn-lint")).args(["--template", template])).ok();
    }
    let moto = crate::moto::Moto::with_aws_policies();
    let made = checked(&["deploy", &bastion, &moto.endpoint]);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    // moto's CloudFormation knows no groups; cfn-lint has judged them.
    assert_eq!(made["roles"], serde_json::json!(["IAMRole"]));
    assert_eq!(made["users"], serde_json::json!(["elmerfudd"]));
}

/// What a StackSet makes is what `apply` makes, but for our tag.
#[test]
fn a_stack_set_makes_the_roles_that_apply_makes() {
    const IDS: [&str; 3] = ["222233334444", "333344445555", "444455556666"];
    let stage = Stage::deck();
    stage.edit(
        "[roles.ITRole]\n",
        "[roles.Auditor]\naccounts = [\"*\"]\npath = \"/audit/\"\ndescription = \"Looks\"\ntags = { team = \"audit\" }\n\
         managed_policies = [\"SecurityAudit\"]\nthird_party = { account = \"999988887777\", external_id = \"4711\" }\n\
         permissions_boundary = \"ReadOnlyAccess\"\n\
         inline_policies = { Look = '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:List*\",\"Resource\":\"*\"}]}' }\n\n\
         [roles.ITRole]\n",
    );
    let set = written(&stage, "set.json", &["export", "--format", "stackset"]);
    let (theirs, ours) = (
        crate::moto::Moto::start(),
        crate::moto::Moto::with_aws_policies(),
    );
    let made = checked(&[&["stackset", &set, &theirs.endpoint], &IDS[..]].concat());
    let file = stage.file();
    let mut command = stage
        .home
        .command(["bastion", "apply", "--yes", "--file", &file]);
    run(command.env("AWS_ENDPOINT_URL", &ours.endpoint)).ok();
    let applied = checked(&[&["accounts", &ours.endpoint], &IDS[..]].concat());
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let made = value(&made);
    assert!(made[IDS[0]]["Auditor"].is_object(), "{made}");
    same_roles(&made, &value(&applied));
}

/// The first difference, by account and role.
fn same_roles(left: &serde_json::Value, right: &serde_json::Value) {
    for (account, roles) in right.as_object().unwrap() {
        for (role, is) in roles.as_object().unwrap() {
            assert_eq!(&left[account][role], is, "{role} in {account}");
        }
        let count = |of: &serde_json::Value| of[account].as_object().unwrap().len();
        assert_eq!(count(left), count(right), "{account}");
    }
}

#[test]
fn terraforms_references_lead_somewhere() {
    let stage = Stage::deck();
    let path = written(
        &stage,
        "bastion.tf.json",
        &["export", "--format", "terraform"],
    );
    let count: usize = checked(&["terraform", &path]).trim().parse().unwrap();
    assert!(count > 20, "{count}");
}

#[test]
fn what_exists_is_read_into_a_file_that_changes_nothing() {
    let stage = Stage::deck();
    stage.bastion(["apply", "--yes"]).ok();
    let before = std::fs::read_to_string(stage.file()).unwrap();
    std::fs::remove_file(stage.file()).unwrap();
    stage
        .bastion([
            "import",
            "--bastion",
            "111122223333",
            "--admin-profile",
            "martin",
            "--account",
            "Master=222233334444",
            "--account",
            "Product=333344445555",
            "--account",
            "Corporate=444455556666",
        ])
        .ok();
    let read = std::fs::read_to_string(stage.file()).unwrap();
    assert!(
        read.contains("[roles.DeveloperRole]") && read != before,
        "{read}"
    );
    stage.bastion(["plan"]).ok();
}

#[test]
fn destroy_shows_first_and_removes_only_what_is_ours() {
    let stage = Stage::deck();
    stage.bastion(["apply", "--yes"]).ok();
    stage
        .bastion(["add-user", "elmerfudd", "--store", "bastion"])
        .ok();
    stage.sim.clear_calls();
    let shown = stage.bastion(["destroy"]).ok();
    assert!(
        shown.stdout.contains("- role DeveloperRole")
            && shown.stdout.contains("Nothing was removed"),
        "{}",
        shown.stdout
    );
    assert!(stage.writes().is_empty(), "{:?}", stage.writes());
    stage.bastion(["destroy", "--apply"]).fails("no terminal");
    let file = stage.file();
    for (answer, ends) in [("yes\r", 1), ("111122223333\r", 0)] {
        let words = ["bastion", "destroy", "--apply", "--file", &file];
        let (mut pty, child) = stage.home.on_terminal(words);
        pty.wait_for("Type the id of the bastion account");
        pty.send(answer);
        assert_eq!(pty.finish(child).code(), Some(ends), "{}", pty.shown);
    }
    let world = stage.sim.world();
    for (id, account) in &world.accounts {
        let roles: Vec<&String> = account.roles.keys().collect();
        assert!(
            roles
                .iter()
                .all(|name| *name == "OrganizationAccountAccessRole"),
            "{id}: {roles:?}"
        );
        assert!(
            account.groups.is_empty() && account.managed_policies.is_empty(),
            "{id}"
        );
    }
    let users: Vec<&String> = world.accounts["222233334444"].users.keys().collect();
    assert_eq!(users, ["martin"]);
    assert!(world.accounts["111122223333"].users.is_empty());
}
