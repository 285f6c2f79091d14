//! `aws-vault bastion plan`: what differs. Writes nowhere.

use std::process::ExitCode;

use serde::Serialize;

use super::super::args::bastion::Plan as Args;
use super::super::context::Context;
use super::super::output::print;
use super::shared::{adopted, layout, paint, read_all, tell_failures, whole};
use crate::bastion::desired::Desired;
use crate::bastion::plan::AccountPlan;
use crate::bastion::plan_text;
use crate::bastion::whole::{Counts, Failure, Plan};
use crate::error::CliError;

/// Something differs.
pub const DRIFT: u8 = 2;

pub fn run(context: &Context, args: &Args) -> Result<ExitCode, CliError> {
    let layout = layout(&args.file.file)?;
    let adopted = adopted(&args.adopt.adopt, &layout)?;
    let read = read_all(context, &layout, &args.mfa, Desired::wanted)?;
    let plan = whole(&read, &adopted);
    if args.json {
        print(&json(&plan)?)?;
    } else {
        print(&plan_text::text(&plan, &paint(context)))?;
        tell_failures(&plan.failures);
        if plan.has_actions() {
            print(&format!(
                "To do exactly this: aws-vault bastion apply --plan {}\n",
                plan.digest()
            ))?;
        }
    }
    Ok(exit_code(&plan))
}

/// An account that could not be read is worse than one that differs.
pub fn exit_code(plan: &Plan) -> ExitCode {
    if !plan.failures.is_empty() {
        ExitCode::FAILURE
    } else if plan.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DRIFT)
    }
}

/// The document of `--json`; its members only ever gain company. Documented in docs/json.md.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    digest: String,
    counts: Counts,
    accounts: &'a [AccountPlan],
    failures: &'a [Failure],
}

fn json(plan: &Plan) -> Result<String, CliError> {
    let document = Document {
        version: 1,
        digest: plan.digest(),
        counts: plan.counts(),
        accounts: &plan.accounts,
        failures: &plan.failures,
    };
    let text = serde_json::to_string_pretty(&document).map_err(CliError::new)?;
    Ok(text + "\n")
}
