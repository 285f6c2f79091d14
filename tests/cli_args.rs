//! The command line as scripts for the Go tool write it.

#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::time::Duration;

use aws_vault::cli::args::{Backend, Cli, Command, Exec, Format, Login, Prompt, Shell};
use aws_vault::cli::parse::{Message, parse, required};
use aws_vault::config::profile::{Origin, Setting};
use aws_vault::environment::Environment;
use clap::CommandFactory as _;
use secrecy::ExposeSecret as _;

#[test]
fn claps_own_checks_pass() {
    Cli::command().debug_assert();
}

/// What follows `aws-vault exec`, and the profile and the command it means.
const EXEC: &[(&str, Option<&str>, &[&str])] = &[
    ("", None, &[]),
    ("prof", Some("prof"), &[]),
    ("prof --", Some("prof"), &[]),
    ("prof ls", Some("prof"), &["ls"]),
    ("prof ls -l", Some("prof"), &["ls", "-l"]),
    ("prof -- ls -l", Some("prof"), &["ls", "-l"]),
    ("-- ls", Some("ls"), &[]),
    ("-- prof ls -l", Some("prof"), &["ls", "-l"]),
    ("prof -- cmd -- -x", Some("prof"), &["cmd", "--", "-x"]),
    ("prof cmd -- y", Some("prof"), &["cmd", "--", "y"]),
    ("prof -- cmd --help", Some("prof"), &["cmd", "--help"]),
    ("prof cmd --help", Some("prof"), &["cmd", "--help"]),
    (
        "prof cmd --version -v -h",
        Some("prof"),
        &["cmd", "--version", "-v", "-h"],
    ),
    (
        "prof cmd -n -d 5h",
        Some("prof"),
        &["cmd", "-n", "-d", "5h"],
    ),
    (
        "prof cmd --debug --backend=x",
        Some("prof"),
        &["cmd", "--debug", "--backend=x"],
    ),
    ("prof -- -cmd", Some("prof"), &["-cmd"]),
    ("prof -- --", Some("prof"), &["--"]),
    ("prof - x", Some("prof"), &["-", "x"]),
    ("prof @file", Some("prof"), &["@file"]),
];

#[test]
fn words_after_the_profile_belong_to_the_command() {
    for (line, profile, command) in EXEC {
        let exec = exec(line);
        assert_eq!(exec.profile.as_deref(), *profile, "exec {line}");
        assert_eq!(exec.command, *command, "exec {line}");
        assert!(
            !exec.session.no_session && exec.session.duration.is_none(),
            "exec {line}"
        );
    }
}

#[test]
fn own_flags_may_stand_anywhere_before_the_command() {
    for line in [
        "-n -d 1h --region eu-west-1 -t 123456 prof -- cmd -x",
        "prof -n -d 1h --region eu-west-1 -t 123456 -- cmd -x",
        "prof -n -d1h --region=eu-west-1 -t123456 cmd -x",
        "-n prof -d=1h --region eu-west-1 --mfa-token=123456 cmd -x",
        "-nd 1h prof --region eu-west-1 --mfa-token 123456 -- cmd -x",
        "--no-session --duration=1h prof --region eu-west-1 -t 123456 cmd -x",
    ] {
        let exec = exec(line);
        assert_eq!(exec.profile.as_deref(), Some("prof"), "exec {line}");
        assert_eq!(exec.command, ["cmd", "-x"], "exec {line}");
        assert!(exec.session.no_session, "exec {line}");
        let duration = exec.session.duration.expect(line);
        assert_eq!(
            duration,
            Setting::new(Duration::from_hours(1), Origin::Flag("--duration")),
            "exec {line}"
        );
        assert_eq!(
            exec.session.region.expect(line).value,
            "eu-west-1",
            "exec {line}"
        );
        assert_eq!(
            exec.mfa.mfa_token.expect(line).expose_secret(),
            "123456",
            "exec {line}"
        );
    }
    assert_eq!(
        exec("prof -d 1h aws s3 ls --region x").command,
        ["aws", "s3", "ls", "--region", "x"]
    );
    // The Go tool's parser makes the command `--` of this one.
    assert_eq!(exec("-nd 1h prof -- ls").command, ["ls"]);
}

#[test]
fn a_command_may_be_any_bytes() {
    use std::os::unix::ffi::OsStringExt as _;
    let odd = OsString::from_vec(b"\xff".to_vec());
    let words = ["exec", "prof", "--", "cmd"]
        .map(OsString::from)
        .into_iter()
        .chain([odd.clone()]);
    let Command::Exec(exec) = parse(words, &Environment::default()).unwrap().command else {
        panic!("not exec")
    };
    assert_eq!(exec.command[1], odd);
}

#[test]
fn global_flags_stand_before_or_after_the_command_word() {
    for line in [
        "--debug --backend file --file-dir /k --secret-service-collection c --prompt terminal list",
        "list --debug --backend=file --file-dir=/k --secret-service-collection=c --prompt=terminal",
        "--debug list --backend file --file-dir /k --secret-service-collection c --prompt terminal",
    ] {
        let global = cli(line).global;
        assert!(global.debug, "{line}");
        assert_eq!(global.backend, Some(Backend::File), "{line}");
        assert_eq!(global.file_dir.as_deref(), Some("/k".as_ref()), "{line}");
        assert_eq!(
            global.secret_service_collection.as_deref(),
            Some("c"),
            "{line}"
        );
        assert_eq!(global.prompt, Some(Prompt::Terminal), "{line}");
    }
    assert!(cli("exec prof --debug -- cmd").global.debug);
    assert!(!cli("exec prof -- cmd --debug").global.debug);
}

#[test]
fn variables_count_when_no_flag_is_given_and_they_are_not_empty() {
    let set = [
        ("AWS_VAULT_BACKEND", "secret-service"),
        ("AWS_VAULT_FILE_DIR", "/dir"),
        ("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME", "col"),
        ("AWS_VAULT_PROMPT", "terminal"),
        ("AWS_VAULT_DURATION", "2h"),
        ("AWS_VAULT_STDOUT", "T"),
        ("AWS_VAULT_AUTO_LOGOUT", "1"),
        ("AWS_PROFILE", "from-env"),
    ];
    let cli = with(&set, "login").unwrap();
    assert_eq!(cli.global.backend, Some(Backend::SecretService));
    assert_eq!(cli.global.file_dir.as_deref(), Some("/dir".as_ref()));
    assert_eq!(cli.global.secret_service_collection.as_deref(), Some("col"));
    assert_eq!(cli.global.prompt, Some(Prompt::Terminal));
    let login = login(cli);
    assert_eq!(
        login.session.duration,
        Some(Setting::new(
            Duration::from_hours(2),
            Origin::Environment("AWS_VAULT_DURATION")
        ))
    );
    assert!(login.stdout && login.auto_logout);
    assert_eq!(login.profile.as_deref(), Some("from-env"));

    let cli = with(&set, "--backend file login -d 1h prof").unwrap();
    assert_eq!(cli.global.backend, Some(Backend::File));
    let from_flags = self::login(cli);
    assert_eq!(
        from_flags.session.duration.unwrap().origin,
        Origin::Flag("--duration")
    );
    assert_eq!(from_flags.profile.as_deref(), Some("prof"));

    let empty: Vec<_> = set.iter().map(|(name, _)| (*name, "")).collect();
    let cli = with(&empty, "login").unwrap();
    assert!(
        cli.global.backend.is_none()
            && cli.global.file_dir.is_none()
            && cli.global.prompt.is_none()
    );
    let login = self::login(cli);
    assert!(login.profile.is_none() && login.session.duration.is_none() && !login.stdout);
}

#[test]
fn aws_profile_is_the_default_only_where_it_was() {
    let set = [("AWS_PROFILE", "from-env")];
    let profile = |line: &str| match with(&set, line).unwrap().command {
        Command::Exec(exec) => exec.profile,
        Command::Login(login) => login.profile,
        Command::Explain(explain) => explain.profile,
        Command::Export(export) => export.profile,
        Command::Rotate(rotate) => rotate.profile,
        Command::Clear(clear) => clear.profile,
        other => panic!("{other:?}"),
    };
    for line in ["exec", "login", "explain"] {
        assert_eq!(profile(line).as_deref(), Some("from-env"), "{line}");
    }
    for line in ["export", "rotate", "clear"] {
        assert_eq!(profile(line), None, "{line}");
    }
    let error = required(None).unwrap_err();
    assert_eq!(error.kind.exit_code(), 2);
    assert!(error.hints[0].contains("name a profile"));
    assert_eq!(required(Some("x")).unwrap(), "x");
}

#[test]
fn bad_variables_are_errors_that_name_them() {
    for (name, value, line, says) in [
        (
            "AWS_VAULT_STDOUT",
            "yes",
            "login x",
            r#"strconv.ParseBool: parsing "yes": invalid syntax"#,
        ),
        (
            "AWS_VAULT_PROFILE_ENV",
            "maybe",
            "exec x",
            r#"strconv.ParseBool: parsing "maybe": invalid syntax"#,
        ),
        (
            "AWS_VAULT_STDOUT",
            "-",
            "export x",
            r#"strconv.ParseBool: parsing "-": invalid syntax"#,
        ),
        (
            "AWS_VAULT_AUTO_LOGOUT",
            "on",
            "login x",
            r#"strconv.ParseBool: parsing "on": invalid syntax"#,
        ),
        (
            "AWS_VAULT_DURATION",
            "3600",
            "exec x",
            "time: missing unit in duration \"3600\"",
        ),
        (
            "AWS_VAULT_DURATION",
            "soon",
            "export x",
            "time: invalid duration",
        ),
        (
            "AWS_VAULT_BACKEND",
            "usb",
            "list",
            "must be one of file,keychain,keyctl,kwallet,op,op-connect,pass,passage,secret-service,wincred, got 'usb'",
        ),
        (
            "AWS_VAULT_BACKEND",
            "winhello",
            "list",
            "the winhello keystore is not in this version of aws-vault\nhint: `aws-vault migrate-backend --from winhello --to file`",
        ),
        (
            "AWS_VAULT_OP_TIMEOUT",
            "soon",
            "list",
            "time: invalid duration",
        ),
        (
            "AWS_VAULT_PROMPT",
            "smoke",
            "list",
            "value must be one of terminal,kdialog,zenity,osascript,ykman,pinentry,wincredui,vault, got 'smoke'",
        ),
    ] {
        let message = with(&[(name, value)], line).unwrap_err();
        assert!(
            message
                .text
                .starts_with(&format!("aws-vault: error: {name}: ")),
            "{message:?}"
        );
        assert!(message.text.contains(says), "{message:?}");
        assert!(!message.to_stdout && message.exit_code == 2, "{message:?}");
    }
    // Only the variables of the command given are looked at.
    assert!(with(&[("AWS_VAULT_DURATION", "soon")], "list").is_ok());
    assert!(with(&[("AWS_VAULT_STDOUT", "soon")], "rotate x").is_ok());
    assert!(
        with(&[("AWS_VAULT_DURATION", "soon")], "exec x --help")
            .unwrap_err()
            .exit_code
            == 0
    );
}

#[test]
fn durations_are_those_of_the_go_tool() {
    for (text, seconds) in [
        ("1h", 3600),
        ("1h30m", 5400),
        ("90s", 90),
        ("1d", 86_400),
        ("1w", 604_800),
        ("1.5h", 5400),
    ] {
        let duration = exec(&format!("-d {text} p")).session.duration.unwrap();
        assert_eq!(duration.value.as_secs(), seconds, "{text}");
    }
    for text in ["3600", "soon", "1x"] {
        assert_eq!(refused(&format!("exec -d {text} p")).exit_code, 2, "{text}");
    }
}

#[test]
fn nonsense_is_a_usage_error() {
    for (line, says) in [
        ("frobnicate", r#"expected command but got "frobnicate""#),
        ("--debug", "command not specified"),
        ("exec --frob p", "unknown long flag '--frob'"),
        ("exec p -x", "unknown short flag '-x'"),
        ("exec --no-frob p", "unknown long flag '--no-frob'"),
        ("add", "required argument 'profile' not provided"),
        ("remove", "required argument 'profile' not provided"),
        ("add a b", "unexpected b"),
        (
            "migrate-backend",
            "required flag(s) '--from', '--to' not provided",
        ),
        ("exec -d 1h -d 2h p", "flag 'duration' cannot be repeated"),
        ("exec -n p -n", "flag 'no-session' cannot be repeated"),
        ("exec p -d", "expected argument for flag '--duration'"),
        (
            "exec -d 3600 p",
            "--duration: time: missing unit in duration \"3600\"",
        ),
        (
            "export --format yaml p",
            "--format: enum value must be one of env,export-env,json,",
        ),
        ("export --format yaml p", "got 'yaml'"),
        ("--backend usb list", "got 'usb'"),
        (
            "--backend op-desktop list",
            "the op-desktop keystore is not in this version",
        ),
        (
            "migrate-backend --from proton-pass --to file",
            "the proton-pass keystore is not in this version",
        ),
        ("completion tcsh", "'tcsh'"),
        ("exec --no-stdout --stdout p", "'--no-stdout'"),
        // A secret cannot be an argument.
        (
            "add p --secret-access-key x",
            "unknown long flag '--secret-access-key'",
        ),
    ] {
        let message = refused(line);
        assert!(
            message.text.starts_with("aws-vault: error: "),
            "{line}: {message:?}"
        );
        assert!(message.text.contains(says), "{line}: {message:?}");
        assert!(
            !message.to_stdout && message.exit_code == 2,
            "{line}: {message:?}"
        );
    }
    for line in ["frobnicate", "exec p --frob", "add", "exec -d 3600 p"] {
        let first = refused(line).text.lines().next().map(str::to_owned);
        assert!(first.unwrap().ends_with(", try --help"), "{line}");
    }
    assert_eq!(
        refused("lits").text,
        "aws-vault: error: expected command but got \"lits\", try --help\nhint: did you mean 'list'?\n"
    );
    let escaped = refused("exec --\u{1b}]0;x\u{7}");
    assert!(!escaped.text.contains('\u{1b}'), "{escaped:?}");
}

#[test]
fn aliases_shorts_and_twins() {
    assert!(matches!(cli("ls --json").command, Command::List(list) if list.json));
    assert!(
        matches!(cli("rm -f x").command, Command::Remove(remove) if remove.force && !remove.sessions_only)
    );
    assert!(
        matches!(cli("remove --sessions-only x").command, Command::Remove(remove) if remove.sessions_only)
    );
    assert!(
        matches!(cli("exec -nj x").command, Command::Exec(exec) if exec.json && exec.session.no_session)
    );
    assert!(
        matches!(cli("login -s -a x").command, Command::Login(login) if login.stdout && login.auto_logout)
    );
    assert!(
        matches!(cli("export x").command, Command::Export(export) if export.format == Format::Env)
    );
    assert!(
        matches!(cli("export --format=export-env x").command, Command::Export(export) if export.format == Format::ExportEnv)
    );
    for (line, adds) in [
        ("add x", true),
        ("add --add-config x", true),
        ("add --no-add-config x", false),
        ("add --no-add-config --add-config x", true),
    ] {
        assert!(
            matches!(cli(line).command, Command::Add(add) if add.add_config() == adds),
            "{line}"
        );
    }
    for (line, shell) in [
        ("completion zsh", Shell::Zsh),
        ("--completion-script-zsh", Shell::Zsh),
        ("--completion-script-bash", Shell::Bash),
    ] {
        assert!(
            matches!(cli(line).command, Command::Completion(completion) if completion.shell == shell),
            "{line}"
        );
    }
}

#[test]
fn every_switch_can_be_negated() {
    let set = [
        ("AWS_VAULT_STDOUT", "1"),
        ("AWS_VAULT_AUTO_LOGOUT", "1"),
        ("AWS_VAULT_PROFILE_ENV", "nonsense"),
    ];
    let login = self::login(with(&set, "login --no-stdout work").unwrap());
    assert!(!login.stdout && login.auto_logout);
    let Command::Exec(exec) = with(
        &set,
        "--no-debug exec --no-profile-env --no-no-session -d 1h work --no-nest -- ls --no-json",
    )
    .unwrap()
    .command
    else {
        panic!("not exec")
    };
    assert!(!exec.profile_env && !exec.session.no_session && !exec.nest && exec.stdout);
    assert_eq!(exec.profile.as_deref(), Some("work"));
    assert_eq!(exec.command, ["ls", "--no-json"]);
    let help = refused("help exec").text;
    assert!(!help.contains("no-no-session"), "{help}");
}

#[test]
fn help_and_version_go_to_stdout_and_succeed() {
    for line in [
        "--help",
        "-h",
        "help",
        "help exec",
        "exec --help",
        "exec -h",
        "list -h",
    ] {
        let message = refused(line);
        assert!(
            message.to_stdout && message.exit_code == 0,
            "{line}: {message:?}"
        );
        assert!(
            message.text.contains("Usage: aws-vault"),
            "{line}: {message:?}"
        );
    }
    for line in ["--version", "-v", "list --version"] {
        let message = refused(line);
        assert!(
            message.to_stdout && message.exit_code == 0,
            "{line}: {message:?}"
        );
        assert_eq!(
            message.text,
            format!("{}\n", env!("CARGO_PKG_VERSION")),
            "{line}"
        );
    }
    let nothing = refused("");
    assert!(
        !nothing.to_stdout && nothing.exit_code == 0 && nothing.text.contains("Usage: aws-vault")
    );
}

#[test]
fn help_of_every_command_has_a_paragraph_and_examples() {
    for command in Cli::command().get_subcommands() {
        let help = refused(&format!("help {}", command.get_name())).text;
        let paragraph = help.lines().nth(2).unwrap_or_default();
        assert!(paragraph.len() > 50, "{}: {help}", command.get_name());
        assert!(
            help.contains("\nEXAMPLES\n  "),
            "{}: {help}",
            command.get_name()
        );
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{}: {help}",
            command.get_name()
        );
    }
}

fn with(variables: &[(&str, &str)], line: &str) -> Result<Cli, Message> {
    let environment: Environment = variables.iter().copied().collect();
    parse(line.split_whitespace().map(OsString::from), &environment)
}

fn cli(line: &str) -> Cli {
    with(&[], line).unwrap_or_else(|message| panic!("{line}: {message:?}"))
}

fn refused(line: &str) -> Message {
    with(&[], line).expect_err(line)
}

fn exec(rest: &str) -> Exec {
    let Command::Exec(exec) = cli(&format!("exec {rest}")).command else {
        panic!("not exec: {rest}")
    };
    exec
}

fn login(cli: Cli) -> Login {
    let Command::Login(login) = cli.command else {
        panic!("not login")
    };
    login
}

#[test]
fn with_a_role_what_follows_the_dashes_is_a_command_where_no_profile_came_before() {
    let exec = |line: &str| match cli(line).command {
        Command::Exec(exec) => exec,
        other => panic!("{other:?}"),
    };
    for (line, profile, command) in [
        ("exec --role-arn x -- aws s3", None, &["aws", "s3"][..]),
        (
            "--debug exec --role-arn x --source y -- aws",
            None,
            &["aws"],
        ),
        ("exec --role-arn x work -- aws", Some("work"), &["aws"]),
        ("exec --role-arn x work -- work", Some("work"), &["work"]),
        ("exec -- work aws", Some("work"), &["aws"]),
    ] {
        let exec = exec(line);
        assert_eq!(exec.profile.as_deref(), profile, "{line}");
        assert_eq!(exec.command, command, "{line}");
    }
}

#[test]
fn the_long_help_has_the_commands_of_commands() {
    let help = refused("--help-long").text;
    for title in ["aws-vault bastion enroll-mfa", "aws-vault sso populate"] {
        let line = "-".repeat(title.len());
        assert!(help.contains(&format!("{title}\n{line}\n")), "no {title}");
    }
    assert!(help.contains("--keep-seed"));
}
