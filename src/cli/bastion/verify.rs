//! `aws-vault bastion verify`: proves the fence with real calls, and judges what is there.

use std::process::ExitCode;

use serde::Serialize;

use super::super::args::Session;
use super::super::args::bastion::Verify as Args;
use super::super::context::Context;
use super::super::obtain::Wish;
use super::super::output::{notice, print};
use super::doors::credentials;
use super::shared::{bar, belongings_of_users, layout, read_all, tell_failures};
use crate::aws::iam::account::{AccountIam, Door};
use crate::aws::iam::detail::Wanted;
use crate::aws::parallel;
use crate::bastion::desired::Desired;
use crate::bastion::model::{Assumable, Layout, Trust};
use crate::bastion::read::{AT_ONCE, Entered};
use crate::bastion::verify::{self, Finding, Verdict};
use crate::bastion::whole::Failure;
use crate::config::chain::{Purpose, service};
use crate::config::profile::{Origin, Setting};
use crate::error::{CliError, visible};

pub fn run(context: &Context, args: &Args) -> Result<ExitCode, CliError> {
    let layout = layout(&args.file.file)?;
    let everything = |desired: &Desired| Wanted {
        all_roles: true,
        ..desired.wanted()
    };
    let read = read_all(context, &layout, &args.mfa, everything)?;
    let mut findings = Vec::new();
    let mut failures = Vec::new();
    for account in &read {
        match account {
            Ok(entered) => findings.extend(judge(context, &layout, entered)?),
            Err(failure) => failures.push(failure.clone()),
        }
    }
    let bastion = read.iter().flatten().find(|it| it.desired.is_bastion);
    if let Some(bastion) = bastion {
        findings.extend(without_mfa(context, &layout, args, &bastion.iam)?);
    }
    match &args.profile {
        Some(profile) => findings.extend(with_mfa(context, &layout, args, profile)?),
        None => {
            notice("that the roles open with MFA is proved only with --as PROFILE, a user's own");
        }
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.result));
    show(args, &findings, &failures)?;
    let failed = findings.iter().any(|it| it.result == Verdict::Fail) || !failures.is_empty();
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn judge(context: &Context, layout: &Layout, entered: &Entered) -> Result<Vec<Finding>, CliError> {
    let mut findings = verify::roles(layout, &entered.desired, &entered.found);
    if entered.desired.is_bastion {
        let belongings = belongings_of_users(context, entered)?;
        findings.extend(verify::people(
            layout,
            &entered.found,
            &belongings,
            context.now(),
        ));
    }
    Ok(findings)
}

/// The administrator inside the bastion account may assume anything, but has no MFA there: every role must refuse.
fn without_mfa(
    context: &Context,
    layout: &Layout,
    args: &Args,
    bastion: &AccountIam,
) -> Result<Vec<Finding>, CliError> {
    let Some(door) = door_without_mfa(context, layout, args, bastion)? else {
        notice(&format!(
            "that roles refuse without MFA is not proved by calls: {} may carry MFA",
            bastion.caller
        ));
        eprintln!(
            "hint: enter the bastion account through a role ([admin] in the file), or with the access key of a user of it"
        );
        return Ok(Vec::new());
    };
    let roles = roles_for_people(layout);
    let attempts = attempt(context, &door, layout, roles)?;
    Ok(attempts
        .into_iter()
        .map(|(one, result)| match result {
            Err(error) if error.code() == Some("AccessDenied") => {
                finding(&one, Verdict::Ok, "refuses without MFA".to_owned())
            }
            Err(error) => finding(&one, Verdict::Fail, error.to_string()),
            Ok(_) => finding(&one, Verdict::Fail, "opens without MFA".to_owned()),
        })
        .collect())
}

/// A role of the bastion account, or a user's access key itself: neither has MFA, whatever the administrator typed before.
/// `None` for the root user, whose key may assume no role.
fn door_without_mfa(
    context: &Context,
    layout: &Layout,
    args: &Args,
    bastion: &AccountIam,
) -> Result<Option<Door>, CliError> {
    if bastion.caller.contains(":assumed-role/") {
        return Ok(Some(bastion.door()));
    }
    let profile = layout
        .bastion
        .profile
        .as_ref()
        .or(layout.admin.profile.as_ref());
    let Some(profile) = profile.filter(|_| bastion.caller.contains(":user/")) else {
        return Ok(None);
    };
    let (key, service) = credentials(context, layout, profile, true, &args.mfa)?;
    Ok(Some(context.aws.door(&key, &service, None)?))
}

/// A user with an MFA session: each role that the user's groups promise must open.
fn with_mfa(
    context: &Context,
    layout: &Layout,
    args: &Args,
    profile: &str,
) -> Result<Vec<Finding>, CliError> {
    let session = Session::default();
    let wish = Wish {
        profile,
        purpose: Purpose::Exec,
        session: &session,
    };
    let obtained = context.obtain(&wish, &args.mfa)?;
    let mut service = service(&obtained.profile, &obtained.profile);
    service.region.get_or_insert_with(|| {
        let region = layout.partition.default_region().to_owned();
        Setting::new(region, Origin::Default("the partition's"))
    });
    let door = context.aws.door(&obtained.credentials, &service, None)?;
    let who = context.aws.wait(door.clone().open())??;
    let name = who.caller.rsplit('/').next().unwrap_or_default().to_owned();
    if who.account != layout.bastion.id || !who.caller.contains(":user/") {
        return Err(CliError::new(format!(
            "--as {profile} is {}, not a user of the bastion account {}",
            who.caller, layout.bastion.id
        )));
    }
    let Some(user) = layout.user(&name) else {
        return Err(CliError::new(format!("{name} is not in the file")));
    };
    let roles = layout.assumable_by(user).into_iter().cloned().collect();
    let attempts = attempt(context, &door, layout, roles)?;
    Ok(attempts
        .into_iter()
        .map(|(one, result)| match result {
            Ok(_) => finding(&one, Verdict::Ok, format!("opens for {name} with MFA")),
            Err(error) => {
                let message = format!("does not open for {name} with MFA: {error}");
                finding(&one, Verdict::Fail, message)
            }
        })
        .collect())
}

fn roles_for_people(layout: &Layout) -> Vec<Assumable> {
    let people = layout
        .roles
        .iter()
        .filter(|role| matches!(role.trust, Trust::Bastion { .. }));
    people
        .flat_map(|role| {
            role.accounts.iter().map(|account| Assumable {
                account: account.clone(),
                role: role.name.clone(),
            })
        })
        .collect()
}

type Attempt = (Assumable, Result<AccountIam, crate::aws::Error>);

fn attempt(
    context: &Context,
    door: &Door,
    layout: &Layout,
    roles: Vec<Assumable>,
) -> Result<Vec<Attempt>, CliError> {
    let doors: Vec<(Assumable, Door)> = roles
        .into_iter()
        .filter_map(|one| {
            let arn = layout.role_arn(&one)?;
            Some((one, door.through(Some(arn))))
        })
        .collect();
    let bar = bar(context, doors.len(), "roles tried");
    let work = |(one, door): (Assumable, Door)| async move { (one, door.open().await) };
    let attempts = context
        .aws
        .wait(parallel::each(doors, AT_ONCE, work, || bar.inc(1)))?;
    bar.finish_and_clear();
    Ok(attempts.into_iter().flatten().collect())
}

fn finding(one: &Assumable, result: Verdict, message: String) -> Finding {
    Finding {
        account: one.account.clone(),
        what: format!("role {}", one.role),
        result,
        message,
    }
}

/// The document of `--json`; its members only ever gain company. Documented in docs/json.md.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    findings: &'a [Finding],
    failures: &'a [Failure],
}

fn show(args: &Args, findings: &[Finding], failures: &[Failure]) -> Result<(), CliError> {
    if args.json {
        let document = Document {
            version: 1,
            findings,
            failures,
        };
        let text = serde_json::to_string_pretty(&document).map_err(CliError::new)?;
        return print(&(text + "\n"));
    }
    let width = |of: fn(&Finding) -> &str| {
        let widths = findings.iter().map(|it| of(it).chars().count());
        widths.max().unwrap_or(0)
    };
    let (account, what) = (width(|it| &it.account), width(|it| &it.what));
    for it in findings {
        let result = match it.result {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        let line = format!(
            "{result}  {:account$}  {:what$}  {}",
            it.account, it.what, it.message
        );
        print(&format!("{}\n", visible(&line)))?;
    }
    tell_failures(failures);
    let count = |verdict| findings.iter().filter(|it| it.result == verdict).count();
    print(&format!(
        "{} ok, {} to look at, {} failed\n",
        count(Verdict::Ok),
        count(Verdict::Warn),
        count(Verdict::Fail) + failures.len()
    ))
}
