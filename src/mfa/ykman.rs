//! A code of a YubiKey's OATH application, through Yubico's `ykman`.

use zeroize::Zeroizing;

use super::driver::{Answer, Driver, Tools, failure};
use super::{Error, TokenCode};
use crate::environment::Environment;

/// Which account on the YubiKey, if it is not named like the MFA device.
pub(super) const CREDENTIAL: &str = "YKMAN_OATH_CREDENTIAL_NAME";
/// Which of several YubiKeys.
pub(super) const DEVICE: &str = "YKMAN_OATH_DEVICE_SERIAL";
const VERSION: &str = "AWS_VAULT_YKMAN_VERSION";

/// A PIN or a touch is asked for on the terminal.
pub(super) fn ask(tools: &Tools<'_>, serial: &str) -> Answer {
    let arguments = arguments(serial, tools.environment);
    let outcome = tools.start(Driver::Ykman, "ykman", arguments, String::new())?;
    if !outcome.status.success() {
        return Err(failure(Driver::Ykman, &outcome));
    }
    // Asking it again would only want another touch.
    if TokenCode::parse(&outcome.stdout).is_none() {
        return Err(Error::Malformed {
            given: "that ykman printed",
        });
    }
    Ok(Zeroizing::new(outcome.stdout.trim().to_owned()))
}

fn arguments(serial: &str, environment: &Environment) -> Vec<String> {
    let device = environment.var(DEVICE).map(|device| ["--device", device]);
    // ykman 4 renamed the command.
    let command: &[&str] = match environment.var(VERSION) {
        Some("1" | "2" | "3") => &["oath", "code"],
        _ => &["oath", "accounts", "code"],
    };
    let account = environment.var(CREDENTIAL).unwrap_or(serial);
    device
        .iter()
        .flatten()
        .chain(command)
        .chain(&["--single", account])
        .map(|&word| word.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ykman_is_told() {
        for (variables, expected) in [
            (vec![], "oath accounts code --single arn:x"),
            (vec![(VERSION, "3")], "oath code --single arn:x"),
            (vec![(VERSION, "5")], "oath accounts code --single arn:x"),
            (
                vec![(CREDENTIAL, "work"), (DEVICE, "123")],
                "--device 123 oath accounts code --single work",
            ),
        ] {
            let environment = variables.into_iter().collect();
            assert_eq!(arguments("arn:x", &environment).join(" "), expected);
        }
    }
}
