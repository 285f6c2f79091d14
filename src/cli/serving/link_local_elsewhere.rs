//! `--link-local` on systems without network namespaces.

use super::super::args::{Exec, LinkLocal};
use super::super::context::Context;
use super::source::{Described, Source};
use super::start::Address;
use crate::child;
use crate::credentials::SessionCredentials;
use crate::error::CliError;
use crate::server::Subject;

pub type Alias = std::convert::Infallible;

pub fn beside(
    _context: &Context,
    _args: &Exec,
    _how: LinkLocal,
    _described: &Described,
    _first: Vec<(Subject, SessionCredentials)>,
    _source: &Source,
) -> Result<child::Ended, CliError> {
    Err(refusal())
}

pub fn on_this_machine(_context: &Context) -> Result<(Address, Alias), CliError> {
    Err(refusal())
}

fn refusal() -> CliError {
    CliError::usage("--link-local works on Linux only")
        .hint("without it programs find the server by AWS_EC2_METADATA_SERVICE_ENDPOINT, as AWS's SDKs do")
}
