//! What the words of a password store's program mean.

use std::process::ExitStatus;

use crate::tool::STATUS;
use crate::{Backend, Error};

/// The longest reason that is shown.
const MAX_REASON: usize = 200;

/// Lines that follow the one with the reason.
const EPILOGUES: [&str; 2] = [
    "Password encryption aborted",
    "age: report unexpected or unhelpful errors",
];

/// The error for a program that ended with that status and those words on its standard error. They are in English, as it runs
/// with `LANGUAGE=en`.
pub(super) fn error(
    backend: Backend,
    operation: &'static str,
    status: ExitStatus,
    words: &str,
) -> Error {
    let reason = reason(words).unwrap_or_else(|| format!("its program ended with {status}"));
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    // GnuPG 2.2 has the same words for a key that is not there and for one whose passphrase was wrong or refused.
    let has_key = has(&["[GNUPG:] KEY_CONSIDERED"]) && has(&["[GNUPG:] DECRYPTION_FAILED"]);
    if has(&["cancelled", "canceled"]) {
        Error::Dismissed { backend }
    } else if has(&["You must run:", "You must place an age identity"]) {
        Error::unavailable(backend, "it is not initialised")
    } else if has_key && !has(&["[GNUPG:] DECRYPTION_OKAY"]) {
        let what = "its key (the passphrase was not given, or was wrong)".to_owned();
        Error::Locked { backend, what }
    } else if has(&[
        "Bad passphrase",
        "incorrect passphrase",
        "No pinentry",
        "Inappropriate ioctl",
        "No passphrase given",
        "Timeout",
    ]) {
        let what = format!("its key ({reason})");
        Error::Locked { backend, what }
    } else if has(&[
        "No secret key",
        "[GNUPG:] INV_RECP",
        "No public key",
        "no identity matched",
        "Permission denied",
    ]) {
        Error::Denied { backend, reason }
    } else {
        Error::failed(backend, operation, reason)
    }
}

/// The one line that tells why, without anything that could upset a terminal.
fn reason(words: &str) -> Option<String> {
    let line = words
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty() && !line.starts_with(STATUS) && !is_epilogue(line))?;
    let printable = line.chars().filter(|c| !c.is_control());
    Some(printable.take(MAX_REASON).collect())
}

fn is_epilogue(line: &str) -> bool {
    EPILOGUES.iter().any(|text| line.starts_with(text))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn words_become_errors() {
        let table = [
            (
                "gpg: public key decryption failed: Operation cancelled\ngpg: decryption failed: Operation cancelled\n",
                "the prompt of the pass keystore was dismissed",
            ),
            (
                "[GNUPG:] ENC_TO 74B6CAACFA0E9C29 18 0\n[GNUPG:] DECRYPTION_FAILED\ngpg: decryption failed: No secret key\n[GNUPG:] END_DECRYPTION\n",
                "the pass keystore denies access: gpg: decryption failed: No secret key",
            ),
            (
                "[GNUPG:] KEY_CONSIDERED E4CF 0\n[GNUPG:] DECRYPTION_FAILED\ngpg: decryption failed: No secret key\n[GNUPG:] END_DECRYPTION\n",
                "the pass keystore is still locked after it was asked to unlock its key (the passphrase was not given, or was wrong)",
            ),
            (
                "gpg: x: skipped: No name\n[GNUPG:] INV_RECP 0 x\ngpg: [stdin]: encryption failed: No name\n",
                "the pass keystore denies access: gpg: [stdin]: encryption failed: No name",
            ),
            (
                "gpg: x: skipped: No public key\ngpg: [stdin]: encryption failed: No public key\nPassword encryption aborted.\n",
                "the pass keystore denies access: gpg: [stdin]: encryption failed: No public key",
            ),
            (
                "gpg: public key decryption failed: Bad passphrase",
                "the pass keystore is still locked after it was asked to unlock its key (gpg: public key decryption failed: Bad passphrase)",
            ),
            (
                "Error: You must run:\n    pass init your-gpg-id\nbefore you may use the password store.\n\nUsage:\n    pass init …",
                "the pass keystore is not available: it is not initialised",
            ),
            (
                "age: error: no identity matched any of the recipients\nage: report unexpected or unhelpful errors at https://filippo.io/age/report\n",
                "the pass keystore denies access: age: error: no identity matched any of the recipients",
            ),
            (
                "\u{1b}[31mbroken\u{7}\r\n\r\n",
                "the pass keystore failed to store the item: [31mbroken",
            ),
            (
                "",
                "the pass keystore failed to store the item: its program ended with exit status: 2",
            ),
        ];
        for (words, text) in table {
            let status = ExitStatus::from_raw(2 << 8);
            let error = error(Backend::Pass, "store the item", status, words);
            assert_eq!(error.to_string(), text);
        }
    }
}
