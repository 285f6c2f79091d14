//! The accounts and roles that are somebody's: thousands of calls, with progress, and resumed where an earlier run was stopped.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::time::{Duration, SystemTime};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::args::MfaToken;
use super::super::context::Context;
use super::resume::Partial;
use crate::aws::sso::Account;
use crate::error::CliError;
use crate::provider::Instance;

/// How often the state of a long listing is saved.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// One account with its roles, sorted by name.
#[derive(Debug, Clone)]
pub struct Assigned {
    pub account: Account,
    pub roles: Vec<String>,
}

/// Everything that is the signed-in person's, sorted by the accounts' names.
pub fn take(context: &Context, instance: &Instance) -> Result<Vec<Assigned>, CliError> {
    let location = context.location();
    let step = instance.fingerprint(&location);
    let path = context.sessions().dir().join(format!("{step}.listing"));
    let partial = RefCell::new(Partial::load(&path, context.now()));
    let codes = context.codes(&MfaToken::default())?;
    context.with_provider(&codes, &location, |provider| {
        provider.with_token(instance, |token| {
            let portal = context.aws.portal(instance.service(), token)?;
            let mut partial = partial.borrow_mut();
            if !partial.has_accounts() {
                partial.set_accounts(context.aws.accounts(&portal)?);
            }
            let bar = bar(partial.total(), partial.done());
            let mut saved = context.now();
            let result = context
                .aws
                .roles(&portal, partial.missing(), |account, roles| {
                    partial.add(account, roles);
                    bar.set_position(partial.done());
                    if is_due(saved, context.now()) {
                        saved = context.now();
                        // It saves time if there is a next time; without it that starts anew.
                        let _ = partial.save(&path);
                    }
                });
            bar.finish_and_clear();
            if result.is_err() {
                let _ = partial.save(&path);
            }
            result
        })?;
        Ok(())
    })?;
    Partial::forget(&path);
    Ok(partial.into_inner().into_assigned())
}

fn is_due(saved: SystemTime, now: SystemTime) -> bool {
    now.duration_since(saved)
        .is_ok_and(|passed| passed >= SAVE_EVERY)
}

/// On a terminal only; a log needs no bar.
fn bar(total: u64, done: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} accounts, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(total), target)
        .with_style(style)
        .with_position(done)
}
