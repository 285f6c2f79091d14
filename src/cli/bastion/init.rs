//! `aws-vault bastion init`: the first `bastion.toml`, from flags, questions and AWS Organizations.

use std::io::Write as _;
use std::path::Path;

use super::super::args::bastion::Init as Args;
use super::super::args::{MfaToken, Session};
use super::super::context::Context;
use super::super::obtain::Wish;
use super::super::output::print;
use crate::aws::organizations::Member;
use crate::bastion::file;
use crate::bastion::starter::{self, ORGANIZATION_ROLE, Start, StartAccount};
use crate::cli::add::prompt_failed;
use crate::config::arn::Partition;
use crate::config::chain::{Purpose, service};
use crate::config::profile::{Origin, Setting};
use crate::error::{CliError, visible};
use crate::terminal::Terminal;

pub fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let path = &args.file.file;
    refuse_existing(path)?;
    let mut questions = Questions::default();
    let admin_profile = questions.or_ask(
        args.admin_profile.as_deref(),
        "--admin-profile",
        "Profile that may administer IAM: ",
    )?;
    let members = if args.organization {
        organization(context, &admin_profile, &args.mfa)?
    } else {
        Vec::new()
    };
    for member in &members {
        print(&format!("{} {}\n", member.id, member.name))?;
    }
    let bastion = questions.or_ask(
        args.bastion.as_deref(),
        "--bastion",
        "Bastion account (where users live), its id: ",
    )?;
    let bastion = identified(&bastion, &members)?;
    let mut accounts = given(&args.accounts)?;
    let others = members
        .iter()
        .filter(|member| member.active && member.id != bastion);
    for member in others {
        if accounts.iter().all(|account| account.id != member.id) {
            accounts.push(StartAccount {
                name: unique(&member.name, &member.id, &accounts),
                id: member.id.clone(),
                profile: None,
            });
        }
    }
    if accounts.is_empty() {
        let answer = questions.or_ask(
            None,
            "--account",
            "Other accounts, as NAME=ID, separated by spaces: ",
        )?;
        let words: Vec<String> = answer.split_whitespace().map(str::to_owned).collect();
        accounts = given(&words)?;
    }
    let region = args
        .region
        .clone()
        .or_else(|| region_of(context, &admin_profile));
    let needs_role = accounts.iter().any(|account| account.profile.is_none());
    let start = Start {
        bastion,
        partition: None,
        accounts,
        admin_profile,
        admin_role: args
            .admin_role
            .clone()
            .or_else(|| needs_role.then(|| ORGANIZATION_ROLE.to_owned())),
        users: args.users.clone(),
        region,
    };
    let text = starter::text(&start);
    file::parse(path, &text, &|path| std::fs::read_to_string(path))?;
    write(path, &text)?;
    print(&format!(
        "Wrote {}. Look at it, then: aws-vault bastion plan\n",
        path.display()
    ))
}

/// Programs want a region even where a service has none: the AWS CLI runs no command without.
fn region_of(context: &Context, profile: &str) -> Option<String> {
    let config = context.config().ok()?;
    let session = Session::default();
    let wish = Wish::for_programs(profile, &session);
    let profile = context.resolve(&config, &wish).ok()?;
    Some(profile.region?.value)
}

pub fn refuse_existing(path: &Path) -> Result<(), CliError> {
    if path.exists() {
        return Err(
            CliError::new(format!("{} is there already", path.display()))
                .hint("edit it, or name another file with --file"),
        );
    }
    Ok(())
}

/// Never over a file that appeared meanwhile.
pub fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |error| CliError::new(format!("{}: {error}", path.display()));
    let file = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(path);
    let mut file = file.map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// Opens the terminal for the first question that no flag answers.
#[derive(Default)]
struct Questions(Option<Terminal>);

impl Questions {
    fn or_ask(
        &mut self,
        flag: Option<&str>,
        name: &str,
        question: &str,
    ) -> Result<String, CliError> {
        if let Some(value) = flag {
            return Ok(value.to_owned());
        }
        if self.0.is_none() {
            let terminal = Terminal::open().map_err(|error| {
                prompt_failed(error).hint(format!("without a terminal {name} must be given"))
            })?;
            self.0 = Some(terminal);
        }
        let Some(terminal) = &mut self.0 else {
            return Ok(String::new());
        };
        Ok(terminal
            .ask(question)
            .map_err(prompt_failed)?
            .trim()
            .to_owned())
    }
}

fn organization(context: &Context, profile: &str, mfa: &MfaToken) -> Result<Vec<Member>, CliError> {
    let session = Session::default();
    let wish = Wish {
        profile,
        purpose: Purpose::Rotate,
        session: &session,
    };
    let obtained = context.obtain(&wish, mfa)?;
    let mut service = service(&obtained.profile, &obtained.profile);
    service.region.get_or_insert_with(|| {
        let region = Partition::Aws.default_region().to_owned();
        Setting::new(region, Origin::Default("the partition's"))
    });
    let accounts = context.aws.list_accounts(&obtained.credentials, &service);
    accounts.map_err(|error| {
        let refused = error.code() == Some("AccessDeniedException");
        let shown = CliError::from(error);
        if refused {
            shown.hint("only the organization's management account and delegated administrators may list its accounts")
        } else {
            shown
        }
    })
}

/// An id, or the name of a member of the organization.
fn identified(bastion: &str, members: &[Member]) -> Result<String, CliError> {
    if let Some(member) = members
        .iter()
        .find(|it| it.name == bastion || it.id == bastion)
    {
        return Ok(member.id.clone());
    }
    if bastion.len() == 12 && bastion.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(bastion.to_owned());
    }
    let error = CliError::usage(format!(
        "'{bastion}' is no account: twelve digits are its id"
    ));
    if members.is_empty() {
        return Err(error.hint("with --organization the account's name will do, too"));
    }
    let names: Vec<_> = members.iter().map(|it| visible(&it.name)).collect();
    Err(error.hint(format!("the organization has {}", names.join(", "))))
}

pub fn given(words: &[String]) -> Result<Vec<StartAccount>, CliError> {
    words
        .iter()
        .map(|word| {
            let mut parts = word.splitn(3, '=');
            match (parts.next(), parts.next(), parts.next()) {
                (Some(name), Some(id), profile) if !name.is_empty() => Ok(StartAccount {
                    name: name.to_owned(),
                    id: id.to_owned(),
                    profile: profile.map(str::to_owned),
                }),
                _ => Err(CliError::usage(format!("'{word}' is not NAME=ID")).hint(
                    "e.g. Master=222233334444, or Master=222233334444=master-admin with a profile",
                )),
            }
        })
        .collect()
}

/// Two accounts of an organization may have one name, and `@ , *` mean something in the file.
fn unique(name: &str, id: &str, taken: &[StartAccount]) -> String {
    let name: String = name
        .chars()
        .map(|c| {
            if "@,*".contains(c) || c.is_control() {
                '-'
            } else {
                c
            }
        })
        .collect();
    let is_taken = taken.iter().any(|account| account.name == name);
    if name.is_empty() || is_taken || name == "Bastion" {
        format!("{name}-{id}")
    } else {
        name
    }
}
