//! `aws-vault import`: access keys go from clear text into the keystore, and then out of the clear text.
//!
//! The order is the promise: a key is proved, stored and read back, then what is to be removed is stored and read back, and
//! only then is the file replaced. Whenever the program is killed, the key is in the store or in the file.

mod scrub;
mod source;

use std::fmt::Write as _;

use super::add::{check_shape, drop_sessions, refuse_useless};
use super::args::{Import, Rotate};
use super::context::{Context, from_vault};
use super::output::print;
use super::rotate;
use crate::config::chain::service;
use crate::config::profile::{Origin, Setting};
use crate::config::{ConfigFile, Overrides, resolve};
use crate::credentials::{AccessKey, masked};
use crate::error::{CliError, visible};
use crate::import::{Content, Found};
use crate::rotation::copy;
use crate::vault::{self, ItemName, Vault};
use source::Source;

pub fn run(context: &Context, args: &Import) -> Result<(), CliError> {
    let source = Source::of(context, args)?;
    if args.undo {
        return scrub::undo(context, source.file()?);
    }
    let text = source.read()?;
    if args.scrub {
        crate::import::check_writable(source.file()?)?;
    }
    let found = source.find(context, args, &text)?;
    announce(&source, &found)?;
    if found.is_empty() {
        return Ok(());
    }
    let config = context.config()?;
    let import = One {
        context,
        args,
        config: &config,
        vault: context.vault().map_err(from_vault)?,
    };
    let mut stored = Vec::new();
    let mut failed = 0;
    for found in &found {
        print(&format!("Importing {}... ", visible(&found.name)))?;
        let outcome = import.run(found);
        print(&format!(
            "{}\n",
            outcome.as_ref().map_or_else(failure, Outcome::text)
        ))?;
        match outcome {
            Ok(Outcome::Stored(_) | Outcome::SameKey) => stored.push(found),
            Ok(Outcome::Skipped(_)) => {}
            Err(Failure::ThisKey(_)) => failed += 1,
            Err(Failure::Everything(error)) => return Err(error),
        }
    }
    context.stored_names()?;
    if !stored.is_empty() {
        scrub::offer(context, args, &source, &text, &stored)?;
        retire(context, args, &stored)?;
    }
    match failed {
        0 => Ok(()),
        1 => Err(CliError::new("one access key was not imported")),
        more => Err(CliError::new(format!(
            "{more} access keys were not imported"
        ))),
    }
}

/// What became of a key.
enum Outcome {
    /// With what AWS says whose key it is.
    Stored(Option<String>),
    SameKey,
    Skipped(String),
}

enum Failure {
    ThisKey(String),
    /// What would be the same for the next key.
    Everything(CliError),
}

impl Outcome {
    fn text(&self) -> String {
        match self {
            Self::Stored(Some(arn)) => format!("works ({}), stored", visible(arn)),
            Self::Stored(None) => "stored".to_owned(),
            Self::SameKey => "stored already".to_owned(),
            Self::Skipped(why) => format!("skipped, {}", visible(why)),
        }
    }
}

fn failure(failure: &Failure) -> String {
    match failure {
        Failure::ThisKey(why) => format!("failed: {}", visible(why)),
        Failure::Everything(error) => format!("failed: {}", visible(&error.message)),
    }
}

impl From<vault::Error> for Failure {
    fn from(error: vault::Error) -> Self {
        Self::Everything(from_vault(error))
    }
}

/// What the import of one key works with.
struct One<'a> {
    context: &'a Context,
    args: &'a Import,
    config: &'a ConfigFile,
    vault: &'a Vault,
}

impl One<'_> {
    fn run(&self, found: &Found) -> Result<Outcome, Failure> {
        let name = found.name.as_str();
        let key = match &found.content {
            Content::LongTerm(key) => key,
            Content::Temporary(_) => {
                return Ok(Outcome::Skipped(
                    "a temporary key expires by itself".to_owned(),
                ));
            }
            Content::Unusable(why) => return Err(Failure::ThisKey((*why).to_owned())),
        };
        if !matches!(ItemName::parse(name), ItemName::Credential(_)) {
            return Err(Failure::ThisKey(
                "a store would not take that name for a profile's".to_owned(),
            ));
        }
        check_shape(key).map_err(|error| Failure::ThisKey(error.message))?;
        if let Err(error) = refuse_useless(self.config, name) {
            return Ok(Outcome::Skipped(error.message));
        }
        let kept = self.kept(name)?;
        match &kept {
            Kept::Key(kept) if same(kept, key) => return Ok(Outcome::SameKey),
            Kept::Nothing => {}
            Kept::Key(_) | Kept::NoKey if self.args.overwrite => {}
            Kept::Key(_) | Kept::NoKey => {
                return Ok(Outcome::Skipped(
                    "another key is stored under this name; --overwrite replaces it".to_owned(),
                ));
            }
        }
        let identity = if self.args.offline {
            None
        } else {
            Some(self.prove(name, key)?)
        };
        self.vault.store_access_key(name, key)?;
        self.context.note_created(name, None);
        drop_sessions(self.context, name).map_err(Failure::Everything)?;
        Ok(Outcome::Stored(identity))
    }

    fn kept(&self, name: &str) -> Result<Kept, Failure> {
        match self.vault.access_key(name) {
            Ok(Some(key)) => Ok(Kept::Key(key)),
            Ok(None) => Ok(Kept::Nothing),
            Err(vault::Error::Corrupt { .. }) => Ok(Kept::NoKey),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks AWS whose key it is: needs no permission and changes nothing.
    fn prove(&self, name: &str, key: &AccessKey) -> Result<String, Failure> {
        let everything = |error: CliError| {
            Failure::Everything(error.hint("--offline stores keys without asking AWS"))
        };
        let profile = resolve(
            self.config,
            name,
            &self.context.environment,
            &Overrides::default(),
        )
        .map_err(|error| everything(error.into()))?;
        let mut service = service(&profile, &profile);
        // Most keys are of the commercial partition; for the others the profile names a region or has an ARN.
        service.region.get_or_insert_with(|| {
            Setting::new(
                "us-east-1".to_owned(),
                Origin::Default("any region knows every key"),
            )
        });
        match self.context.aws.caller_identity(&copy(key), &service) {
            Ok(identity) => Ok(identity.arn),
            Err(error)
                if error.is_dead_credentials() || error.code() == Some("SignatureDoesNotMatch") =>
            {
                Err(Failure::ThisKey(error.to_string()))
            }
            Err(error) => Err(everything(error.into())),
        }
    }
}

/// What the store holds under a name.
enum Kept {
    Nothing,
    Key(AccessKey),
    NoKey,
}

fn same(one: &AccessKey, other: &AccessKey) -> bool {
    use secrecy::ExposeSecret as _;
    one.access_key_id == other.access_key_id
        && one.secret_access_key.expose_secret() == other.secret_access_key.expose_secret()
}

fn announce(source: &Source, found: &[Found]) -> Result<(), CliError> {
    if found.is_empty() {
        return print(&format!("No access keys found in {source}.\n"));
    }
    let keys = scrub::counted(found.len());
    let width = found.iter().map(|found| found.name.chars().count()).max();
    let width = width.unwrap_or(0);
    let mut text = format!("Found {keys} in {source}:\n");
    for found in found {
        let content = match &found.content {
            Content::LongTerm(key) => masked(&key.access_key_id),
            Content::Temporary(id) => format!("{} (temporary)", masked(id)),
            Content::Unusable(why) => format!("({why})"),
        };
        let _ = writeln!(text, "  {:width$}  {content}", visible(&found.name));
    }
    print(&text)
}

/// What lay in clear text may have been copied: backups, images, other people. A new key ends that.
fn retire(context: &Context, args: &Import, stored: &[&Found]) -> Result<(), CliError> {
    if !args.rotate {
        let mut text =
            "What lay in clear text may have been copied. Replace it at AWS:\n".to_owned();
        for found in stored {
            let _ = writeln!(text, "  aws-vault rotate {}", quoted(&found.name));
        }
        return print(&text);
    }
    for found in stored {
        rotate::run(
            context,
            &Rotate {
                profile: Some(found.name.clone()),
                ..Rotate::default()
            },
        )?;
    }
    Ok(())
}

/// As a shell takes it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+=,%".contains(c);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", visible(name).replace('\'', r"'\''"))
    }
}
