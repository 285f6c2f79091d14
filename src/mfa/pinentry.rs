//! GnuPG's dialog, for people whose gpg-agent has one that fits their desktop or terminal.

use std::fs::File;

use zeroize::Zeroizing;

use super::Error;
use super::driver::{Answer, Driver, Tools, failed, failure, message};
use crate::environment::Environment;

const DRIVER: Driver = Driver::Pinentry;
/// GnuPG's `GPG_ERR_CANCELED` and `GPG_ERR_FULLY_CANCELED`, without the number of the part that reports it.
const CANCELLED: [u32; 2] = [99, 198];
/// `GPG_ERR_TIMEOUT`.
const TIMEOUT: u32 = 62;

pub(super) fn ask(tools: &Tools<'_>, serial: &str) -> Answer {
    let has_terminal = File::open("/dev/tty").is_ok();
    let commands = commands(serial, tools.environment, has_terminal);
    let input = commands.join("\n") + "\n";
    let program = tools.environment.var("PINENTRY_PROGRAM");
    let outcome = tools.start(DRIVER, program.unwrap_or("pinentry"), [], input)?;
    match answer(&outcome.stdout, commands.len() - 2) {
        Some(Reply::Data(code)) if !code.is_empty() => Ok(code),
        Some(Reply::Data(_)) => Err(Error::Cancelled {
            driver: DRIVER.name(),
        }),
        Some(Reply::Error { code, .. }) if CANCELLED.contains(&error_number(code)) => {
            Err(Error::Cancelled {
                driver: DRIVER.name(),
            })
        }
        Some(Reply::Error { code, .. }) if error_number(code) == TIMEOUT => Err(Error::TimedOut {
            driver: DRIVER.name(),
            seconds: tools.limit.as_secs(),
        }),
        Some(Reply::Error { text, .. }) => Err(failed(DRIVER, &text)),
        None => Err(failure(DRIVER, &outcome)),
    }
}

/// The upper bits of a code name the part of GnuPG that reports the error.
fn error_number(code: u32) -> u32 {
    code & 0xffff
}

/// The whole conversation, ending in `GETPIN` and `BYE`: nothing in it depends on a reply.
///
/// Source: the manual of pinentry, "pinentry's Assuan Protocol".
fn commands(serial: &str, environment: &Environment, has_terminal: bool) -> Vec<String> {
    // pinentry does not open the terminal by itself; gpg-agent tells it the one of its caller.
    let terminal = has_terminal
        .then_some("/dev/tty")
        .or(environment.var("GPG_TTY"));
    let option = |name: &str, value: &str| format!("OPTION {name}={}", escaped(value));
    let mut commands = vec!["OPTION no-grab".to_owned()];
    commands.extend(terminal.map(|terminal| option("ttyname", terminal)));
    commands.extend(environment.var("TERM").map(|term| option("ttytype", term)));
    commands.extend(
        environment
            .var("LC_ALL")
            .or(environment.var("LANG"))
            .map(|locale| option("lc-ctype", locale)),
    );
    commands.push("SETTITLE aws-vault".to_owned());
    commands.push(format!(
        "SETDESC {}",
        escaped(message(serial).trim_end_matches(": "))
    ));
    commands.push("SETPROMPT Code:".to_owned());
    commands.push("GETPIN".to_owned());
    commands.push("BYE".to_owned());
    commands
}

/// What came in reply to one command.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Data(Zeroizing<String>),
    Error { code: u32, text: String },
}

/// The reply to the command number `index`. A greeting comes before all replies; `S` and `#` lines are none.
///
/// Source: the manual of libassuan, "Server responses".
fn answer(output: &str, index: usize) -> Option<Reply> {
    let mut finished = 0;
    let mut data = Zeroizing::new(String::new());
    for line in output.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let is_ours = finished == index + 1;
        match word {
            "D" if is_ours => data.push_str(&unescaped(rest)),
            "OK" if is_ours => return Some(Reply::Data(data)),
            "ERR" if is_ours => {
                let (code, text) = rest.split_once(' ').unwrap_or((rest, "failed"));
                return Some(Reply::Error {
                    code: code.parse().unwrap_or_default(),
                    text: text.to_owned(),
                });
            }
            "OK" | "ERR" => finished += 1,
            _ => {}
        }
    }
    None
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// What is not an escape stands for itself; a code needs none anyway.
fn unescaped(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let byte = rest
            .get(at + 1..at + 3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (shown, taken) = byte.map_or(('%', 1), |byte| (char::from(byte), 3));
        plain.push(shown);
        rest = &rest[at + taken..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversation() {
        let environment = [
            ("TERM", "xterm"),
            ("LANG", "C.UTF-8"),
            ("GPG_TTY", "/dev/pts/3"),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            commands("a\nGETPIN 50%", &environment, false),
            [
                "OPTION no-grab",
                "OPTION ttyname=/dev/pts/3",
                "OPTION ttytype=xterm",
                "OPTION lc-ctype=C.UTF-8",
                "SETTITLE aws-vault",
                "SETDESC Enter MFA code for a%0AGETPIN 50%25",
                "SETPROMPT Code:",
                "GETPIN",
                "BYE",
            ]
        );
    }

    #[test]
    fn replies() {
        let data = |text: &str| Some(Reply::Data(Zeroizing::new(text.to_owned())));
        for (output, reply) in [
            ("OK hello\nOK\nD 123456\nOK\nOK closing\n", data("123456")),
            (
                "OK hello\nERR 1 unknown\n# x\nS X y\nD 1%25%\nD 2\nOK\n",
                data("1%%2"),
            ),
            ("OK hello\nOK\nOK\n", data("")),
            (
                "OK hello\nOK\nERR 83886179 Operation cancelled <Pinentry>\nOK\n",
                Some(Reply::Error {
                    code: 83_886_179,
                    text: "Operation cancelled <Pinentry>".to_owned(),
                }),
            ),
            ("OK hello\nOK\n", None),
            ("", None),
        ] {
            assert_eq!(answer(output, 1), reply, "{output:?}");
        }
        assert_eq!(error_number(83_886_179), CANCELLED[0]);
    }
}
