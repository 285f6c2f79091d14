//! `aws-vault version`.

use super::output::print;
use crate::error::CliError;

pub fn run() -> Result<(), CliError> {
    print(concat!(env!("CARGO_PKG_VERSION"), "\n"))
}
