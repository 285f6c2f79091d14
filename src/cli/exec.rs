//! `aws-vault exec`: a command with temporary credentials in its environment.

use std::process::ExitCode;

use super::args::{Exec, Export, Format};
use super::context::Context;
use super::obtain::{Wish, refuse_nesting};
use super::output::stdout_is_terminal;
use super::serving;
use crate::child::{self, Delivery, Handover};
use crate::error::CliError;

pub fn run(context: &Context, args: Exec) -> Result<ExitCode, CliError> {
    if args.json {
        return super::export::run(context, &as_export(args)).map(|()| ExitCode::SUCCESS);
    }
    refuse_nesting(context, args.nest)?;
    serving::refuse_contradictions(&args)?;
    let name = context.target(args.profile.as_deref(), &args.session)?;
    if args.servers.any() {
        return serving::exec(context, &args, &name);
    }
    let obtained = context.obtain(&Wish::for_programs(&name, &args.session), &args.mfa)?;
    if args.profile_env && obtained.profile.ad_hoc {
        return Err(CliError::usage(
            "--profile-env names a profile, and a role of the command line is none",
        )
        .hint("leave --profile-env out, or write a profile with this role_arn"));
    }
    let delivery = Delivery {
        profile: &obtained.profile.name,
        region: obtained.region(),
        endpoint_url: obtained.endpoint_url(),
        credentials: if args.profile_env {
            Handover::Profile
        } else {
            Handover::Credentials(&obtained.credentials)
        },
    };
    let command = child::command(&args.command, &context.environment);
    if let Some(banner) = child::banner(
        &command,
        &context.environment,
        stdout_is_terminal(),
        context.global.debug,
    ) {
        eprint!("{banner}");
    }
    child::run(
        &command,
        child::environment(&context.environment, &delivery),
    )
}

/// The Go tool's `exec --json` is `export --format=json`.
fn as_export(args: Exec) -> Export {
    Export {
        profile: args.profile,
        format: Format::Json,
        session: args.session,
        mfa: args.mfa,
        nest: args.nest,
        stdout: args.stdout,
    }
}
