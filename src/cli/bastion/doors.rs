//! The way into each account: a profile's own credentials, or from `[admin]`'s profile through its role.

use std::collections::HashMap;

use super::super::args::{MfaToken, Session};
use super::super::context::Context;
use super::super::obtain::Wish;
use crate::aws::iam::account::Door;
use crate::bastion::model::{Account, Layout};
use crate::bastion::whole::Failure;
use crate::config::chain::{Purpose, Service, service};
use crate::config::profile::{Origin, Setting};
use crate::credentials::Credentials;
use crate::error::{CliError, Kind};

/// Opens each profile once, however many accounts it leads to.
pub struct Doors<'a> {
    context: &'a Context,
    layout: &'a Layout,
    mfa: &'a MfaToken,
    profiles: HashMap<String, Result<Door, Sorry>>,
    /// Account of `[admin]`'s profile, once it is known.
    home: Option<Result<String, Sorry>>,
}

/// Why a profile gives no credentials.
#[derive(Debug, Clone)]
struct Sorry {
    message: String,
    hints: Vec<String>,
}

impl<'a> Doors<'a> {
    pub fn new(context: &'a Context, layout: &'a Layout, mfa: &'a MfaToken) -> Self {
        Self {
            context,
            layout,
            mfa,
            profiles: HashMap::new(),
            home: None,
        }
    }

    /// The outer error ends the run: nobody can answer, or Ctrl-C. The inner one concerns this account alone.
    pub fn to(&mut self, account: &Account) -> Result<Result<Door, Failure>, CliError> {
        let door = match &account.profile {
            Some(profile) => self.profile(profile)?,
            None => self.through_admin(account)?,
        };
        Ok(door.map_err(|sorry| Failure {
            account: account.id.clone(),
            name: account.name.clone(),
            message: sorry.message,
            hints: sorry.hints,
            forbids_writing: false,
        }))
    }

    fn through_admin(&mut self, account: &Account) -> Result<Result<Door, Sorry>, CliError> {
        let admin = &self.layout.admin;
        let Some(profile) = &admin.profile else {
            return Ok(Err(Sorry {
                message: "the file names no profile for it, and [admin] has none".to_owned(),
                hints: vec!["add `profile = \"…\"` to the account or to [admin]".to_owned()],
            }));
        };
        let door = match self.profile(profile)? {
            Ok(door) => door,
            Err(sorry) => return Ok(Err(sorry)),
        };
        if self.home.is_none() {
            let home = self.context.aws.wait(door.clone().open())?;
            self.home = Some(home.map(|iam| iam.account).map_err(|error| Sorry {
                message: error.to_string(),
                hints: error.hints(),
            }));
        }
        let home = match self.home.as_ref() {
            Some(Err(sorry)) => return Ok(Err(sorry.clone())),
            Some(Ok(home)) => home.as_str(),
            None => "",
        };
        if home == account.id {
            return Ok(Ok(door));
        }
        let Some(role) = &admin.role else {
            return Ok(Err(Sorry {
                message: format!("profile '{profile}' belongs to account {home}, and [admin] names no role"),
                hints: vec![
                    "add `role = \"OrganizationAccountAccessRole\"` to [admin], or `profile` to the account".to_owned(),
                ],
            }));
        };
        let arn = self
            .layout
            .arn(account, &format!("role/{}", role.trim_start_matches('/')));
        Ok(Ok(door.through(Some(arn))))
    }

    fn profile(&mut self, name: &str) -> Result<Result<Door, Sorry>, CliError> {
        if let Some(door) = self.profiles.get(name) {
            return Ok(door.clone());
        }
        let door = match self.open_profile(name) {
            Ok(door) => Ok(door),
            // A typed Ctrl-C is about everything, not about one account.
            Err(error) if error.kind == Kind::Interrupted => return Err(error),
            Err(error) => Err(Sorry {
                message: error.message,
                hints: error.hints,
            }),
        };
        self.profiles.insert(name.to_owned(), door.clone());
        Ok(door)
    }

    fn open_profile(&self, name: &str) -> Result<Door, CliError> {
        let (credentials, service) = credentials(self.context, self.layout, name, false, self.mfa)?;
        Ok(self.context.aws.door(&credentials, &service, None)?)
    }
}

/// A profile's credentials for IAM, and where its services are. With `no_session`, the stored key itself.
pub fn credentials(
    context: &Context,
    layout: &Layout,
    profile: &str,
    no_session: bool,
    mfa: &MfaToken,
) -> Result<(Credentials, Service), CliError> {
    let session = Session {
        no_session,
        ..Session::default()
    };
    let wish = Wish {
        profile,
        purpose: Purpose::Rotate,
        session: &session,
    };
    let obtained = context.obtain(&wish, mfa)?;
    let mut service = service(&obtained.profile, &obtained.profile);
    service.region.get_or_insert_with(|| {
        let region = layout.partition.default_region().to_owned();
        Setting::new(region, Origin::Default("the partition's"))
    });
    Ok((obtained.credentials, service))
}
