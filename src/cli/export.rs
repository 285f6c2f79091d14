//! `aws-vault export`: temporary credentials as text for a shell, a program, or the AWS SDKs.

use super::args::{Export, Format};
use super::context::Context;
use super::formats;
use super::obtain::{Wish, refuse_nesting};
use super::output::print;
use crate::error::CliError;

pub fn run(context: &Context, args: &Export) -> Result<(), CliError> {
    // `credential_process` asks for one profile's credentials and says which: what the subshell holds cannot be meant, and the
    // SDK that asks runs inside it.
    refuse_nesting(context, args.nest || args.format == Format::Json)?;
    let name = context.target(args.profile.as_deref(), &args.session)?;
    let obtained = context.obtain(&Wish::for_programs(&name, &args.session), &args.mfa)?;
    let region = obtained.region();
    let document = formats::format(
        args.format,
        &obtained.credentials,
        &obtained.profile.name,
        region,
    )
    .map_err(CliError::new)?;
    print(&document)
}
