//! Texts, streams and exit codes that scripts for the Go tool rely on, word for word.

use crate::support::{BASTION, Home, Sim};

/// Words of the command line, variables, exit code, and what stands on stdout and on stderr.
type Row = (
    &'static str,
    &'static [(&'static str, &'static str)],
    i32,
    Text,
    Text,
);

#[derive(Clone, Copy)]
enum Text {
    Nothing,
    Is(&'static str),
    Has(&'static str),
}

use Text::{Has, Is, Nothing};

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\n");
const NESTED: &str =
    "in an existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force";

const ROWS: &[Row] = &[
    // Built-ins.
    ("", &[], 0, Nothing, Has("Usage: aws-vault")),
    ("version", &[], 0, Is(VERSION), Nothing),
    ("--version", &[], 0, Is(VERSION), Nothing),
    ("-v", &[], 0, Is(VERSION), Nothing),
    ("--help", &[], 0, Has("Usage: aws-vault"), Nothing),
    ("help exec", &[], 0, Has("Usage: aws-vault exec"), Nothing),
    ("exec --help", &[], 0, Has("Usage: aws-vault exec"), Nothing),
    (
        "--help-long",
        &[],
        0,
        Has("Usage: aws-vault rotate"),
        Nothing,
    ),
    ("--completion-bash exec b", &[], 0, Is("bastion"), Nothing),
    (
        "--completion-bash clear bastio",
        &[],
        0,
        Is("bastion"),
        Nothing,
    ),
    ("--completion-bash add b", &[], 0, Nothing, Nothing),
    (
        "--completion-bash exec bastion -- l",
        &[],
        0,
        Nothing,
        Nothing,
    ),
    ("--completion-bash rot", &[], 0, Is("rotate"), Nothing),
    ("--completion-bash", &[], 0, Has("add\nlist\n"), Nothing),
    (
        "--completion-script-bash",
        &[],
        0,
        Has("complete "),
        Nothing,
    ),
    ("--completion-script-zsh", &[], 0, Has("compdef "), Nothing),
    // Values and variables.
    (
        "exec -d 3600 bastion",
        &[],
        2,
        Nothing,
        Has("time: missing unit in duration \"3600\""),
    ),
    (
        "exec bastion",
        &[("AWS_VAULT_DURATION", "3600")],
        2,
        Nothing,
        Has("time: missing unit in duration \"3600\""),
    ),
    (
        "exec bastion",
        &[("AWS_VAULT_STDOUT", "yes")],
        2,
        Nothing,
        Has("strconv.ParseBool: parsing \"yes\": invalid syntax"),
    ),
    (
        "list",
        &[("AWS_VAULT_BACKEND", "usb")],
        2,
        Nothing,
        Has(" value must be one of "),
    ),
    (
        "--prompt=x list",
        &[],
        2,
        Nothing,
        Is(
            "aws-vault: error: --prompt value must be one of terminal,kdialog,zenity,osascript,ykman,pinentry,wincredui, got 'x'\n",
        ),
    ),
    (
        "list --prompt pass",
        &[],
        2,
        Nothing,
        Has(
            "aws-vault: error: --prompt=pass (or AWS_VAULT_PROMPT=pass) has been removed from aws-vault",
        ),
    ),
    (
        "list",
        &[("AWS_VAULT_PROMPT", "pass")],
        2,
        Nothing,
        Has("mfa_process = pass otp <your mfa_serial>"),
    ),
    // Commands.
    (
        "exec bastion -- true",
        &[("AWS_VAULT", "x")],
        1,
        Nothing,
        Has(NESTED),
    ),
    (
        "export bastion",
        &[("AWS_VAULT", "x")],
        1,
        Nothing,
        Has(NESTED),
    ),
    (
        "exec nobody -- true",
        &[],
        1,
        Nothing,
        Has("aws-vault: error: exec: profile 'nobody' not found in "),
    ),
    (
        "export nobody",
        &[],
        1,
        Nothing,
        Has("aws-vault: error: export: profile 'nobody' not found in "),
    ),
    ("list --profiles", &[], 0, Is("bastion\n"), Nothing),
    ("list --credentials", &[], 0, Is("bastion\n"), Nothing),
    ("list --sessions", &[], 0, Nothing, Nothing),
    (
        "list",
        &[],
        0,
        Is(
            "Profile                  Credentials              Sessions                 \n\
            =======                  ===========              ========                 \n\
            bastion                  bastion                  -                        \n",
        ),
        Nothing,
    ),
    ("clear", &[], 0, Is("Cleared 0 sessions.\n"), Nothing),
    ("clear nobody", &[], 0, Is("Cleared 0 sessions.\n"), Nothing),
    (
        "remove -s bastion",
        &[],
        0,
        Is("Deleted 0 sessions.\n"),
        Nothing,
    ),
    (
        "remove -f bastion",
        &[],
        0,
        Is("Deleted credentials.\n"),
        Nothing,
    ),
];

#[test]
fn texts_streams_and_exit_codes_are_those_of_the_go_tool() {
    let sim = Sim::deck();
    let home = Home::with_key(&sim, BASTION);
    let mut wrong = Vec::new();
    for (line, variables, code, stdout, stderr) in ROWS {
        let mut command = home.command(line.split_whitespace());
        let ran = crate::support::run(command.envs(variables.iter().copied()));
        let as_expected = |expected: &Text, text: &str| match expected {
            Nothing => text.is_empty(),
            Is(whole) => text == *whole,
            Has(part) => text.contains(part),
        };
        if ran.status.code() != Some(*code)
            || !as_expected(stdout, &ran.stdout)
            || !as_expected(stderr, &ran.stderr)
        {
            wrong.push(format!("{line} {variables:?}: {ran:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
