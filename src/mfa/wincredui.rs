//! The credential dialog of Windows, which does not show the code that is typed.

use super::driver::Answer;

/// The user name that the dialog shows is the device's, without what all devices have in common.
#[cfg(windows)]
pub(super) fn ask(serial: &str) -> Answer {
    use super::Error;
    use super::driver::{Driver, failed, message};

    let user = serial.replace("arn:aws:iam::", "").replace(":mfa", "");
    match aws_vault_keystore::ask_in_dialog("Enter MFA code for aws-vault", &message(serial), &user)
    {
        Ok(Some(answer)) if !answer.trim().is_empty() => Ok(answer),
        Ok(_) => Err(Error::Cancelled {
            driver: Driver::Wincredui.name(),
        }),
        Err(code) => Err(failed(
            Driver::Wincredui,
            &std::io::Error::from_raw_os_error(code.cast_signed()).to_string(),
        )),
    }
}

#[cfg(not(windows))]
pub(super) fn ask(_serial: &str) -> Answer {
    Err(super::Error::NotInstalled {
        driver: "wincredui",
        program: "the credential dialog of Windows".to_owned(),
    })
}
