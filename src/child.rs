//! The command that receives the credentials: its environment, and how we become it.

#[cfg(unix)]
mod supervise;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use crate::credentials::{Credentials, rfc3339};
use crate::environment::Environment;
use crate::error::{CliError, Kind, visible};
use crate::hardening;
use crate::server::Secret;

#[cfg(unix)]
pub use supervise::{Ended, supervise};
#[cfg(target_os = "linux")]
pub use supervise::{attend, spawn};

/// What the command is told.
#[derive(Debug)]
pub struct Delivery<'a> {
    pub profile: &'a str,
    /// `AWS_REGION` and `AWS_DEFAULT_REGION`; `None` leaves the user's own.
    pub region: Option<&'a str>,
    /// `AWS_ENDPOINT_URL`; `None` leaves the user's own.
    pub endpoint_url: Option<&'a str>,
    pub credentials: Handover<'a>,
}

/// How the command comes to its credentials.
#[derive(Debug)]
pub enum Handover<'a> {
    /// In its environment.
    Credentials(&'a Credentials),
    /// It fetches them itself, by the profile's name: what lives longer than a session asks again when one ends.
    Profile,
    /// From a container credentials server beside it.
    Container { uri: &'a str, token: Token<'a> },
    /// From an instance metadata server beside it; `None`: at the address that every SDK knows.
    Instance { endpoint: Option<&'a str> },
}

/// How the command comes to the token of the container credentials server.
#[derive(Debug, Clone, Copy)]
pub enum Token<'a> {
    /// In its environment, which its own children inherit.
    Value(&'a Secret),
    /// In a file that only its user can read.
    File(&'a Path),
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub program: OsString,
    pub arguments: Vec<OsString>,
    /// Whether it is the user's shell because no command was given.
    pub is_default_shell: bool,
}

/// The command's environment: ours without any AWS credentials and without our own secrets, plus the delivery.
///
/// It is built anew, so a variable that stood twice in ours stands once here: of a duplicate, removing the first would
/// uncover the second.
pub fn environment(parent: &Environment, delivery: &Delivery<'_>) -> Vec<(OsString, OsString)> {
    let mut added = additions(delivery);
    if !matches!(
        delivery.credentials,
        Handover::Credentials(_) | Handover::Profile
    ) {
        added.extend(no_proxy(parent));
    }
    let mut variables: Vec<_> = parent
        .iter()
        .filter(|(name, _)| {
            !is_withheld(name, &delivery.credentials)
                && !added.iter().any(|(ours, _)| same_name(name, ours))
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    variables.extend(
        added
            .into_iter()
            .map(|(name, value)| (name.into(), value.into())),
    );
    variables
}

/// The words given, or the user's shell.
pub fn command(words: &[OsString], environment: &Environment) -> Command {
    match words.split_first() {
        Some((program, arguments)) => Command {
            program: program.clone(),
            arguments: arguments.to_vec(),
            is_default_shell: false,
        },
        None => Command {
            program: default_shell(environment),
            arguments: Vec::new(),
            is_default_shell: true,
        },
    }
}

/// The line that tells a person that a subshell was started; none for scripts, with `--debug`, or when
/// `AWS_VAULT_DISABLE_HELP_MESSAGE` is 1.
pub fn banner(
    command: &Command,
    environment: &Environment,
    stdout_is_terminal: bool,
    debug: bool,
) -> Option<String> {
    let wanted = command.is_default_shell
        && stdout_is_terminal
        && !debug
        && environment.var("AWS_VAULT_DISABLE_HELP_MESSAGE") != Some("1");
    wanted.then(|| {
        format!(
            "Starting subshell {}, use `exit` to exit the subshell\n",
            visible(&command.program.to_string_lossy())
        )
    })
}

/// Becomes the command; returns only if that fails.
///
/// Process id, terminal, signals and exit status are then the command's own: there is nothing to forward and nothing left of
/// us in memory. The program is looked up in the command's `PATH`. Ignored SIGPIPE and the signal mask are reset by std.
#[cfg(unix)]
pub fn run(
    command: &Command,
    environment: Vec<(OsString, OsString)>,
) -> Result<ExitCode, CliError> {
    use std::os::unix::process::CommandExt as _;

    hardening::restore_for_command();
    let error = std::process::Command::new(&command.program)
        .args(&command.arguments)
        .env_clear()
        .envs(environment)
        .exec();
    Err(not_run(&command.program, &error))
}

/// Runs the command and yields its exit status: Windows cannot replace a process.
#[cfg(windows)]
pub fn run(
    command: &Command,
    environment: Vec<(OsString, OsString)>,
) -> Result<ExitCode, CliError> {
    hardening::restore_for_command();
    let status = std::process::Command::new(&command.program)
        .args(&command.arguments)
        .env_clear()
        .envs(environment)
        .status()
        .map_err(|error| not_run(&command.program, &error))?;
    // Windows statuses are 32 bits wide; one that does not fit is still a failure.
    let code = status.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// AWS SDKs and Tools Reference Guide, "Environment variables", for the names.
fn additions(delivery: &Delivery<'_>) -> Vec<(&'static str, String)> {
    let mut added = vec![("AWS_VAULT", delivery.profile.to_owned())];
    if let Some(region) = delivery.region {
        added.push(("AWS_REGION", region.to_owned()));
        added.push(("AWS_DEFAULT_REGION", region.to_owned()));
    }
    if let Some(url) = delivery.endpoint_url {
        added.push(("AWS_ENDPOINT_URL", url.to_owned()));
    }
    match delivery.credentials {
        Handover::Credentials(credentials) => added.extend(in_environment(credentials)),
        Handover::Profile => added.push(("AWS_PROFILE", delivery.profile.to_owned())),
        Handover::Container { uri, token } => {
            added.push(("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.to_owned()));
            added.push(match token {
                Token::Value(token) => (
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                    token.expose().to_owned(),
                ),
                Token::File(path) => (
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                    path.to_string_lossy().into_owned(),
                ),
            });
        }
        Handover::Instance { endpoint } => {
            if let Some(endpoint) = endpoint {
                added.push(("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.to_owned()));
            }
            // botocore gives up after one second and one attempt, which a refresh may outlast.
            added.push(("AWS_METADATA_SERVICE_TIMEOUT", "5".to_owned()));
            added.push(("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3".to_owned()));
        }
    }
    added
}

fn in_environment(credentials: &Credentials) -> Vec<(&'static str, String)> {
    let mut added = Vec::new();
    added.push(("AWS_ACCESS_KEY_ID", credentials.access_key_id().to_owned()));
    added.push((
        "AWS_SECRET_ACCESS_KEY",
        credentials.secret_access_key().to_owned(),
    ));
    if let Some(token) = credentials.session_token() {
        added.push(("AWS_SESSION_TOKEN", token.to_owned()));
    }
    if let Some(expiration) = credentials.expiration() {
        added.push(("AWS_CREDENTIAL_EXPIRATION", rfc3339(expiration)));
    }
    added
}

/// Keeps the traffic to local servers away from proxies, which would see the token: SDKs send plain HTTP through `HTTP_PROXY`
/// wherever it goes. What the user excepted stays excepted.
fn no_proxy(parent: &Environment) -> Vec<(&'static str, String)> {
    const LOCAL: &str = "127.0.0.1,localhost,::1,169.254.169.254,169.254.170.2";
    // Some programs read one spelling, some the other, and Windows knows only one.
    let names: &[_] = if cfg!(windows) {
        &["NO_PROXY"]
    } else {
        &["NO_PROXY", "no_proxy"]
    };
    let given = |name: &str| parent.var(name).map(str::to_owned);
    let other = given("no_proxy").or_else(|| given("NO_PROXY"));
    let extended = |name| match given(name).or_else(|| other.clone()) {
        Some(given) if given.trim() == "*" => given,
        Some(given) => format!("{given},{LOCAL}"),
        None => LOCAL.to_owned(),
    };
    names.iter().map(|name| (*name, extended(name))).collect()
}

/// Whether a variable of ours must not reach the command.
fn is_withheld(name: &OsStr, credentials: &Handover<'_>) -> bool {
    let from_instance = matches!(credentials, Handover::Instance { .. });
    is_secret_or_rival(name) || (from_instance && starts_with(name, "AWS_EC2_METADATA_"))
}

fn starts_with(name: &OsStr, prefix: &str) -> bool {
    name.to_str()
        .and_then(|name| name.get(..prefix.len()))
        .is_some_and(|start| same_name(OsStr::new(start), prefix))
}

fn is_secret_or_rival(name: &OsStr) -> bool {
    const NAMES: &[&str] = &[
        // Credentials, in every spelling an SDK has read: the command would act as somebody else.
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_CREDENTIAL_FILE",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SECURITY_TOKEN",
        "AWS_SESSION_TOKEN",
        // Facts about other credentials. SDKs build account-based endpoints from AWS_ACCOUNT_ID.
        "AWS_ACCOUNT_ID",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_CREDENTIAL_SCOPE",
        "AWS_SESSION_EXPIRATION",
        // Profiles: an SDK that prefers them to keys would take the wrong ones.
        "AWS_DEFAULT_PROFILE",
        "AWS_PROFILE",
        "AWS_SDK_LOAD_CONFIG",
        // A role to assume with a web identity token.
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        // Our own secrets.
        "AWS_VAULT_FILE_PASSPHRASE",
        "OP_CONNECT_TOKEN",
        "OP_SERVICE_ACCOUNT_TOKEN",
    ];
    const PREFIXES: &[&str] = &[
        // Bearer tokens come before keys, e.g. AWS_BEARER_TOKEN_BEDROCK.
        "AWS_BEARER_TOKEN_",
        // Addresses and tokens of credential servers.
        "AWS_CONTAINER_",
        "AWS_VAULT_OP_",
        "PROTON_PASS_",
    ];
    NAMES.iter().any(|withheld| same_name(name, withheld))
        || PREFIXES.iter().any(|prefix| starts_with(name, prefix))
}

/// Names of variables are case-sensitive, except on Windows.
fn same_name(name: &OsStr, other: &str) -> bool {
    if cfg!(windows) {
        name.eq_ignore_ascii_case(other)
    } else {
        name == other
    }
}

fn default_shell(environment: &Environment) -> OsString {
    if cfg!(windows) {
        "cmd.exe".into()
    } else {
        environment
            .var_os("SHELL")
            .unwrap_or(OsStr::new("/bin/sh"))
            .to_owned()
    }
}

/// Runs the command beside a server of ours, and yields its exit status.
#[cfg(windows)]
pub fn supervise(
    command: &Command,
    environment: Vec<(OsString, OsString)>,
) -> Result<Ended, CliError> {
    run(command, environment).map(Ended::Code)
}

/// How a command ended.
#[cfg(windows)]
#[derive(Debug, Clone, Copy)]
pub enum Ended {
    Code(ExitCode),
}

#[cfg(windows)]
impl Ended {
    pub fn into_code(self) -> ExitCode {
        let Self::Code(code) = self;
        code
    }
}

/// POSIX shells answer 127 for a command that is not there and 126 for one that cannot be run; so do we.
fn not_run(program: &OsStr, error: &std::io::Error) -> CliError {
    let name = program.to_string_lossy();
    match error.kind() {
        std::io::ErrorKind::NotFound if name.contains(std::path::MAIN_SEPARATOR) => CliError::new(
            format!("'{name}' was not found, or the interpreter its first line names was not"),
        )
        .kind(Kind::NotFound),
        std::io::ErrorKind::NotFound => CliError::new(format!(
            "command '{name}' was not found in PATH"
        ))
        .kind(Kind::NotFound)
        .hint("a shell's aliases and functions are not commands; start the shell itself for them"),
        _ => CliError::new(format!("'{name}' cannot be run: {error}")).kind(Kind::NotExecutable),
    }
}

#[cfg(test)]
mod tests;
