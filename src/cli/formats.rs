//! Credentials as text for `export`. Pure.
//!
//! Values are quoted only where the reader needs it, so ordinary output is byte for byte that of the Go tool. But a value is
//! somebody else's text (`region = x;touch /tmp/p` in a cloned project's config), and people `eval` what is printed here. What a
//! format cannot carry unchanged is refused.

use std::collections::BTreeMap;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::args::Format;
use crate::credentials::{Credentials, rfc3339};
use crate::error::CliError;

/// A value that the format has no way to write.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{what} contains a character that this format cannot carry")]
pub struct FormatError {
    /// Name of the variable or key, or `the profile's name`.
    what: &'static str,
}

/// The document `export` prints, with its final newline.
pub fn format(
    format: Format,
    credentials: &Credentials,
    profile: &str,
    region: Option<&str>,
) -> Result<Zeroizing<String>, FormatError> {
    let line: Line = match format {
        Format::Json => return Ok(json(&ProcessDocument::of(credentials))),
        Format::Nu => return Ok(record(credentials, region)),
        Format::Ini => return ini(credentials, profile, region),
        format => line_of(format),
    };
    lines(&variables(credentials, region), line)
}

type Line = fn(&str, &str) -> Option<String>;

/// One variable in a format that has a line for each.
pub fn line(
    format: Format,
    name: &'static str,
    value: &str,
) -> Result<Zeroizing<String>, FormatError> {
    let line = line_of(format)(name, value);
    line.map(Zeroizing::new).ok_or(FormatError { what: name })
}

/// A name as one segment of a path.
///
/// Source: RFC 3986, section 3.3.
pub fn in_path(name: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(name, UNRESERVED).to_string()
}

fn line_of(format: Format) -> Line {
    match format {
        Format::Env => |name, value| Some(format!("{name}={}", posix(single_line(value)?))),
        Format::ExportEnv => |name, value| Some(format!("export {name}={}", posix(value))),
        Format::Powershell => |name, value| Some(format!("$Env:{name} = {}", powershell(value))),
        Format::Cmd => |name, value| cmd(name, single_line(value)?),
        Format::Fish => |name, value| Some(format!("set -gx {name} {}", fish(value))),
        Format::Dotenv => |name, value| Some(format!("{name}={}", dotenv(single_line(value)?)?)),
        // Documents of another shape.
        Format::Json | Format::Nu | Format::Ini => |_, _| None,
    }
}

/// Large enough for any session token, so that growing does not leave unwiped copies behind.
const CAPACITY: usize = 16 * 1024;

type Variable = (&'static str, Zeroizing<String>);

fn variables(credentials: &Credentials, region: Option<&str>) -> Vec<Variable> {
    let owned = |value: &str| Zeroizing::new(value.to_owned());
    let mut variables = vec![
        ("AWS_ACCESS_KEY_ID", owned(credentials.access_key_id())),
        (
            "AWS_SECRET_ACCESS_KEY",
            owned(credentials.secret_access_key()),
        ),
    ];
    variables.extend(
        credentials
            .session_token()
            .map(|token| ("AWS_SESSION_TOKEN", owned(token))),
    );
    variables.extend(
        credentials
            .expiration()
            .map(|time| ("AWS_CREDENTIAL_EXPIRATION", rfc3339(time).into())),
    );
    if let Some(region) = region {
        variables.push(("AWS_REGION", owned(region)));
        variables.push(("AWS_DEFAULT_REGION", owned(region)));
    }
    variables
}

fn lines(
    variables: &[Variable],
    line: fn(&str, &str) -> Option<String>,
) -> Result<Zeroizing<String>, FormatError> {
    let mut text = Zeroizing::new(String::with_capacity(CAPACITY));
    for (name, value) in variables {
        let line = printable(value)
            .and_then(|value| line(name, value))
            .map(Zeroizing::new)
            .ok_or(FormatError { what: name })?;
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// The document of `credential_process`.
///
/// Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessDocument<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
}

impl<'a> ProcessDocument<'a> {
    fn of(credentials: &'a Credentials) -> Self {
        Self {
            version: 1,
            access_key_id: credentials.access_key_id(),
            secret_access_key: credentials.secret_access_key(),
            session_token: credentials.session_token(),
            expiration: credentials.expiration().map(rfc3339),
        }
    }
}

/// Nushell's `from json | load-env` takes an object of variables.
fn record(credentials: &Credentials, region: Option<&str>) -> Zeroizing<String> {
    let variables = variables(credentials, region);
    let record: BTreeMap<&str, &str> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    json(&record)
}

/// Indented by two, and with Go's escapes for HTML, which the Go tool's readers have always seen.
fn json(document: &impl Serialize) -> Zeroizing<String> {
    let plain =
        Zeroizing::new(serde_json::to_string_pretty(document).expect("strings always serialise"));
    // Outside strings JSON has none of these characters.
    let mut text = Zeroizing::new(String::with_capacity(CAPACITY));
    for character in plain.chars() {
        match character {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            other => text.push(other),
        }
    }
    text.push('\n');
    text
}

fn ini(
    credentials: &Credentials,
    profile: &str,
    region: Option<&str>,
) -> Result<Zeroizing<String>, FormatError> {
    let what = "the profile's name";
    let name = printable(profile)
        .and_then(single_line)
        .ok_or(FormatError { what })?;
    let keys: Vec<Variable> = variables(credentials, region)
        .into_iter()
        .filter_map(|(name, value)| {
            let key = match name {
                "AWS_ACCESS_KEY_ID" => "aws_access_key_id",
                "AWS_SECRET_ACCESS_KEY" => "aws_secret_access_key",
                "AWS_SESSION_TOKEN" => "aws_session_token",
                "AWS_CREDENTIAL_EXPIRATION" => "aws_credential_expiration",
                "AWS_REGION" => "region",
                _ => return None,
            };
            Some((key, value)).filter(|(_, value)| !value.is_empty())
        })
        .collect();
    let body = lines(&keys, |key, value| {
        let value = single_line(value)?;
        // The quotes of the Go tool's INI writer; a comment would begin here otherwise.
        Some(if !value.contains(['#', ';']) {
            format!("{key}={value}")
        } else if !value.contains('`') {
            format!("{key}=`{value}`")
        } else {
            return None;
        })
    })?;
    Ok(Zeroizing::new(format!("[{name}]\n{}", *body)))
}

/// Control characters have no business in a region or a key, and would drive a terminal this is printed on.
fn printable(value: &str) -> Option<&str> {
    (!value
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t'))
    .then_some(value)
}

fn single_line(value: &str) -> Option<&str> {
    (!value.contains('\n')).then_some(value)
}

/// Characters that no shell gives a meaning to.
fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=:,./@-".contains(c))
}

/// XCU 2.2.2: between single quotes everything is literal except the single quote.
fn posix(value: &str) -> String {
    if is_plain(value) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

/// fish, "Quotes": between single quotes only `\'` and `\\` are escapes.
fn fish(value: &str) -> String {
    if is_plain(value) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
    }
}

/// about_Quoting_Rules: a single quote is doubled. PowerShell takes the typographic quotes for single quotes, too.
fn powershell(value: &str) -> String {
    let doubled = value.chars().flat_map(|c| {
        let quote = matches!(c, '\'' | '\u{2018}'..='\u{201b}');
        std::iter::repeat_n(c, if quote { 2 } else { 1 })
    });
    format!("'{}'", doubled.collect::<String>())
}

/// Inside `set "…"` only these have a meaning, and how to escape them differs between a batch file and the prompt.
fn cmd(name: &str, value: &str) -> Option<String> {
    if value.contains(['"', '%', '!']) {
        None
    } else if is_plain(value) {
        Some(format!("set {name}={value}"))
    } else {
        Some(format!("set \"{name}={value}\""))
    }
}

/// Readers of .env files agree on single quotes, but not on what a backslash, a quote or a dollar sign means between them.
fn dotenv(value: &str) -> Option<String> {
    if is_plain(value) {
        Some(value.to_owned())
    } else {
        (!value.contains(['\'', '\\', '$'])).then(|| format!("'{value}'"))
    }
}

impl From<FormatError> for CliError {
    fn from(error: FormatError) -> Self {
        Self::new(error)
            .hint("look at the profile in the config file; --format=json carries every value")
    }
}
