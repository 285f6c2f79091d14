//! Stores that the Go tool has and this version has not: known by name, so that their users learn what to do.

use crate::error::CliError;

const NAMES: [&str; 3] = ["op-desktop", "proton-pass", "winhello"];

/// The error for a store of that name, if it is one of them.
pub(super) fn refusal(name: &str) -> Option<CliError> {
    let known = NAMES.contains(&name);
    known.then(|| {
        CliError::usage(format!("the {name} keystore is not in this version of aws-vault"))
            .hint(format!(
                "`aws-vault migrate-backend --from {name} --to file` of the Go tool copies the keys to a store that is"
            ))
            .hint("`aws-vault backends` shows the stores of this version")
    })
}
