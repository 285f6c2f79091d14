//! Real SDKs: the AWS CLI and boto3 fetch credentials and use them.

use super::roles;
use crate::support::python;

const IDENTITY: &str = "arn:aws:sts::222233334444:assumed-role/Deployer/";

#[test]
fn the_aws_cli_and_boto3_from_every_server() {
    let (sim, home) = roles();
    let aws = python("aws");
    let python = python("python");
    let boto3 =
        "import boto3; s = boto3.Session(); print(s.client('sts').get_caller_identity()['Arn'])";
    let cli = [
        aws.to_str().unwrap(),
        "sts",
        "get-caller-identity",
        "--query",
        "Arn",
        "--output",
        "text",
    ];
    let script = [python.to_str().unwrap(), "-c", boto3];
    for server in [
        &["--ecs-server"][..],
        &["--ecs-server", "--token-file"],
        &["--ec2-server"],
    ] {
        for command in [&cli[..], &script] {
            let words = [&["exec"], server, &["deploy", "--"], command].concat();
            let ran = home.run(words).ok();
            assert!(ran.stdout.starts_with(IDENTITY), "{server:?} {ran:#?}");
        }
    }
    assert_eq!(sim.count("AssumeRole"), 1, "one session for all of them");
}
