//! `aws-vault rotate`: the stored key is replaced; not even its owner knows the new one.

mod all;
mod schedule;

use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;
use std::time::Duration;

use super::args::{Rotate, Session};
use super::context::{Context, from_vault};
use super::key_age;
use super::obtain::{Wish, refuse_foreign_commands};
use super::output::{notice, print};
use crate::config::arn::Partition;
use crate::config::chain::{Base, Chain, Purpose, Service, service};
use crate::config::profile::Profile;
use crate::config::recursion::Running;
use crate::credentials::masked;
use crate::error::CliError;
use crate::mfa::CodeSource;
use crate::rotation::journal::Journal;
use crate::rotation::{self, Answer, Error, Outcome, Rotation, journals, policy};
use crate::terminal::{Terminal, progress};

pub fn run(context: &Context, args: &Rotate) -> Result<(), CliError> {
    if args.policy {
        return print_policy(context, args);
    }
    if args.schedule {
        return schedule::run(context, &schedule_age(context, args)?);
    }
    let codes = context.codes(&args.mfa)?;
    if args.all {
        return all::run(context, args, &codes);
    }
    if args.older_than.is_some() {
        return Err(CliError::usage(
            "--older-than goes with --all or --schedule",
        ));
    }
    match &args.profile {
        None if args.resume || args.undo => every_unfinished(context, args, &codes),
        given => {
            let name = context.profile(given.as_deref())?;
            one(context, args, &name, &codes)
        }
    }
}

fn one(context: &Context, args: &Rotate, name: &str, codes: &CodeSource) -> Result<(), CliError> {
    let plan = plan(context, name, args.no_session, &[])?;
    if args.resume || args.undo {
        return continued(context, args, &plan, codes);
    }
    print(&plan.announcement())?;
    let outcome = with_rotation(context, args, &plan, codes, |rotation| {
        rotation.run(&plan.master)
    })?;
    tell(&plan.master, &outcome)
}

/// `--resume` and `--undo` without a profile.
fn every_unfinished(context: &Context, args: &Rotate, codes: &CodeSource) -> Result<(), CliError> {
    let vault = context.vault().map_err(from_vault)?;
    let unfinished = journals(vault)?;
    if unfinished.is_empty() {
        let _lock = context.sessions().lock_rotation(queue)?;
        rotation::sweep(vault)?;
        // The index may have said otherwise.
        context.edit_index(|index| drop(index.rotations.remove(&context.location())));
        return print("No rotation is unfinished.\n");
    }
    if args.undo && unfinished.len() > 1 {
        let names: Vec<_> = unfinished.iter().map(Journal::name).collect();
        return Err(CliError::usage("several rotations could be undone")
            .hint(format!("name one: {}", names.join(", "))));
    }
    for journal in &unfinished {
        let plan = plan_of(context, journal)?;
        continued(context, args, &plan, codes)?;
    }
    Ok(())
}

fn continued(
    context: &Context,
    args: &Rotate,
    plan: &Plan,
    codes: &CodeSource,
) -> Result<(), CliError> {
    let outcome = with_rotation(context, args, plan, codes, |rotation| {
        if args.undo {
            rotation.undo(&plan.master).map(Some)
        } else {
            rotation.resume(&plan.master)
        }
    })?;
    match outcome {
        Some(outcome) => tell(&plan.master, &outcome),
        None => print(&format!(
            "No rotation of '{}' is unfinished.\n",
            plan.master
        )),
    }
}

fn tell(name: &str, outcome: &Outcome) -> Result<(), CliError> {
    print(&match outcome {
        Outcome::Rotated { .. } => "Finished rotating access key\n".to_owned(),
        Outcome::OldKeyKept { old, .. } => format!(
            "Finished rotating access key; the old one, {}, is deactivated and kept\n\
             `aws-vault rotate --undo {name}` goes back to it, `aws-vault rotate --resume {name}` deletes it\n",
            masked(old)
        ),
        Outcome::BackAtOld { old } => {
            format!("The access key of '{name}' is {}, as before\n", masked(old))
        }
        Outcome::NothingToDo => {
            format!("Another aws-vault has just rotated '{name}'; nothing to do\n")
        }
    })
}

/// Whose key is rotated, and who signs.
pub struct Plan {
    profile: Profile,
    pub chain: Chain,
    pub service: Service,
    /// The name of the stored key.
    pub master: String,
    no_session: bool,
}

impl Plan {
    fn announcement(&self) -> String {
        let Self {
            profile, master, ..
        } = self;
        let how = if self.chain.links.is_empty() {
            "using master credentials".to_owned()
        } else {
            format!("using a session from profile '{}'", profile.name)
        };
        format!("Rotating credentials stored for profile '{master}' {how}\n")
    }
}

/// `also` names keys that count as stored: the journal has them.
pub fn plan(
    context: &Context,
    name: &str,
    no_session: bool,
    also: &[String],
) -> Result<Plan, CliError> {
    let session = Session {
        no_session,
        ..Session::default()
    };
    let wish = Wish {
        profile: name,
        purpose: Purpose::Rotate,
        session: &session,
    };
    let config = context.config()?;
    let profile = context.resolve(&config, &wish)?;
    let mut names: BTreeSet<String> = context.stored_names()?;
    names.extend(also.iter().cloned());
    let chain = context.plan(&profile, &names, &wish)?;
    refuse_foreign_commands(&config, &chain)?;
    Running::of(&context.environment).refuse_loop(&chain, &config)?;
    let Base::Stored { profile: master } = &chain.base else {
        return Err(Error::NoStoredKey.into());
    };
    Ok(Plan {
        service: service_of(&profile, master),
        master: master.clone(),
        no_session,
        profile,
        chain,
    })
}

/// The profile that began the rotation signs again, unless it has gone meanwhile.
fn plan_of(context: &Context, journal: &Journal) -> Result<Plan, CliError> {
    let planned = |profile| plan(context, profile, journal.no_session, &journal.names);
    planned(&journal.profile).or_else(|_| planned(journal.name()))
}

/// Runs `work` with everything a rotation needs.
pub fn with_rotation<T>(
    context: &Context,
    args: &Rotate,
    plan: &Plan,
    codes: &CodeSource,
    work: impl FnOnce(&Rotation<'_>) -> Result<T, Error>,
) -> Result<T, CliError> {
    let location = context.location();
    let vault = context.vault().map_err(from_vault)?;
    let last_told = Cell::new(None);
    let result = context.with_provider(codes, &location, |provider| {
        let rotation = Rotation {
            aws: &context.aws,
            vault,
            sessions: context.sessions(),
            location: &location,
            chain: &plan.chain,
            service: &plan.service,
            no_session: plan.no_session,
            keep_old: args.keep_old,
            credentials: &|chain| provider.credentials(chain),
            note: &|name, state| {
                context.edit_index(|index| index.note_rotation(&location, name, state));
            },
            note_created: &|name, created| context.note_created(name, created),
            orphan: &|id| about_orphan(args, id),
            progress: &|line| say(args, line),
            waiting: &|waited| tell_waiting(args, waited, &last_told),
            sleep: &std::thread::sleep,
            clock: &context.clock,
            queue: &queue,
            signer: OnceCell::new(),
        };
        work(&rotation).map_err(CliError::from)
    });
    // Whatever came of it: names and unfinished rotations as they are now.
    let _ = context.stored_names();
    result
}

fn queue() {
    notice("waiting for another aws-vault, which is rotating a key");
}

/// What is being done is the answer, as the Go tool has it; of many keys, the table is.
fn say(args: &Rotate, line: &str) {
    if args.all {
        progress(line);
    } else {
        let _ = print(&format!("{line}\n"));
    }
}

/// Once for everybody, then every two seconds for who watches.
fn tell_waiting(args: &Rotate, waited: Duration, last_told: &Cell<Option<Duration>>) {
    match last_told.get() {
        None => {
            say(args, "Waiting until AWS knows the new access key");
            last_told.set(Some(waited));
        }
        Some(last) if waited.saturating_sub(last) >= Duration::from_secs(2) => {
            progress(&format!("… {} s, of 60 s at most", waited.as_secs()));
            last_told.set(Some(waited));
        }
        Some(_) => {}
    }
}

fn about_orphan(args: &Rotate, id: &str) -> Result<Answer, Error> {
    if args.delete_orphan {
        return Ok(Answer::Delete);
    }
    let Ok(mut terminal) = Terminal::open() else {
        return Ok(Answer::Nobody);
    };
    let question = format!(
        "An interrupted rotation has left the access key {} at IAM; nobody has its secret. Delete it? (y|N) ",
        masked(id)
    );
    match terminal.confirm(&question) {
        Ok(true) => Ok(Answer::Delete),
        Ok(false) => Ok(Answer::Leave),
        Err(crate::terminal::TerminalError::Interrupted) => Err(rotation::Error::Provider(
            crate::mfa::Error::Interrupted.into(),
        )),
        Err(_) => Ok(Answer::Nobody),
    }
}

/// What was asked for, else the age that `list` marks.
fn schedule_age(context: &Context, args: &Rotate) -> Result<String, CliError> {
    let limit = key_age::limit(context)?.unwrap_or(Duration::from_hours(90 * 24));
    let age = args.older_than.unwrap_or(limit);
    let seconds = age.as_secs();
    Ok(match seconds % 86_400 {
        0 => format!("{}d", seconds / 86_400),
        _ => format!("{seconds}s"),
    })
}

/// In the partition of the profile, if one is named.
fn print_policy(context: &Context, args: &Rotate) -> Result<(), CliError> {
    let partition = match &args.profile {
        None => Partition::Aws,
        Some(name) => {
            let session = Session::default();
            let wish = Wish {
                profile: name,
                purpose: Purpose::Rotate,
                session: &session,
            };
            let profile = context.resolve(&context.config()?, &wish)?;
            let region = profile.region.as_ref().map(|region| region.value.as_str());
            region.map_or(Partition::Aws, Partition::of_region)
        }
    };
    print(&policy::minimal(partition))
}

/// Region and endpoints of the profile whose key it is, which may be several hops from the profile asked for.
fn service_of(profile: &Profile, master: &str) -> Service {
    let owner = profile
        .lineage()
        .find(|link| link.name == master)
        .unwrap_or(profile);
    service(owner, profile)
}
