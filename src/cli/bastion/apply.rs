//! `aws-vault bastion apply`: shows the plan, asks, and does exactly that.

use std::process::ExitCode;

use super::super::args::bastion::Apply as Args;
use super::super::context::Context;
use super::super::output::print;
use super::plan::exit_code;
use super::shared::{adopted, bar, counted, layout, paint, read_all, tell_failures, whole};
use crate::bastion::apply::{self, Work};
use crate::bastion::desired::Desired;
use crate::bastion::lock::{self, Lock};
use crate::bastion::model::Layout;
use crate::bastion::plan_text;
use crate::bastion::read::Entered;
use crate::bastion::whole::{Failure, Plan};
use crate::cli::add::prompt_failed;
use crate::error::CliError;
use crate::terminal::Terminal;

pub fn run(context: &Context, args: &Args) -> Result<ExitCode, CliError> {
    let layout = layout(&args.file.file)?;
    let adopted = adopted(&args.adopt.adopt, &layout)?;
    let _lock = lock(context, &layout)?;
    let read = || read_all(context, &layout, &args.mfa, Desired::wanted);
    let mut accounts = read()?;
    let plan = whole(&accounts, &adopted);
    refuse_wrong_accounts(&plan)?;
    if let Some(digest) = &args.plan {
        refuse_stale(digest, &plan)?;
    }
    print(&plan_text::text(&plan, &paint(context)))?;
    if !plan.has_actions() {
        tell_failures(&plan.failures);
        return Ok(exit_code(&plan));
    }
    if args.plan.is_none() && !args.yes {
        confirm()?;
        // While somebody read the plan, somebody else may have changed an account.
        accounts = read()?;
        refuse_stale(&plan.digest(), &whole(&accounts, &adopted))?;
    }
    carry_out(context, accounts, &plan)
}

/// One at a time; a process that was killed holds no lock.
pub fn lock(context: &Context, layout: &Layout) -> Result<Lock, CliError> {
    let bastion = &layout.bastion.id;
    lock::try_acquire(context.sessions().dir(), bastion)?.ok_or_else(|| {
        CliError::new(format!(
            "another run is changing the layout of bastion account {bastion} right now"
        ))
        .hint("wait for it to end, and try again")
    })
}

/// The file is wrong about which account is which: whatever it says of the others cannot be trusted either.
pub fn refuse_wrong_accounts(plan: &Plan) -> Result<(), CliError> {
    let Some(failure) = plan.failures.iter().find(|it| it.forbids_writing) else {
        return Ok(());
    };
    let Failure { account, name, .. } = failure;
    let mut error = CliError::new(format!("{name} {account}: {}", failure.message));
    error.hints.clone_from(&failure.hints);
    Err(error)
}

fn refuse_stale(digest: &str, plan: &Plan) -> Result<(), CliError> {
    let now = plan.digest();
    if digest == now {
        return Ok(());
    }
    Err(CliError::new(format!(
        "the plan is not {digest} any more but {now}: an account, or the file, has changed; nothing was written"
    ))
    .hint("look at `aws-vault bastion plan` again"))
}

fn confirm() -> Result<(), CliError> {
    let mut terminal = Terminal::open().map_err(|error| {
        prompt_failed(error).hint("--plan DIGEST or --yes applies without asking")
    })?;
    if terminal.confirm("Do this? (y/N) ").map_err(prompt_failed)? {
        Ok(())
    } else {
        Err(CliError::new("nothing was written"))
    }
}

pub fn carry_out(
    context: &Context,
    accounts: Vec<Result<Entered, Failure>>,
    plan: &Plan,
) -> Result<ExitCode, CliError> {
    let entered = accounts.into_iter().flatten();
    let work: Vec<Work> = entered
        .zip(&plan.accounts)
        .filter(|(_, plan)| !plan.actions.is_empty())
        .map(|(entered, plan)| Work {
            desired: entered.desired,
            iam: entered.iam,
            plan: plan.clone(),
        })
        .collect();
    let bar = bar(context, work.len(), "accounts changed");
    let outcomes = apply::all(&context.aws, work, || bar.inc(1))?;
    bar.finish_and_clear();
    let done: usize = outcomes.iter().map(|outcome| outcome.done).sum();
    let changed = outcomes.iter().filter(|outcome| outcome.done > 0).count();
    print(&format!(
        "Made {} in {}.\n",
        counted(done, "change"),
        counted(changed, "account")
    ))?;
    let failed = outcomes
        .iter()
        .filter_map(|outcome| outcome.failure.as_ref());
    let failures: Vec<&Failure> = plan.failures.iter().chain(failed).collect();
    tell_failures(failures.iter().copied());
    if !failures.is_empty() {
        return Err(CliError::new(format!(
            "{} not as the file says",
            counted(failures.len(), "account")
        ))
        .hint("run it again when the cause is gone: it goes on where it stopped"));
    }
    let left = plan.counts();
    if left.conflicts + left.unknown > 0 {
        return Ok(ExitCode::from(super::plan::DRIFT));
    }
    Ok(ExitCode::SUCCESS)
}
