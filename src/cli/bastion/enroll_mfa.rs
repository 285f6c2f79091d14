//! `aws-vault bastion enroll-mfa USER`: a virtual MFA device, from its QR code to the proof that it works.

use std::io::BufRead as _;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::super::args::bastion::EnrollMfa as Args;
use super::super::context::{Context, from_vault};
use super::super::output::{notice, print};
use super::shared::{bastion_iam, layout, owner_tags, user};
use crate::aws::Error;
use crate::aws::iam::account::AccountIam;
use crate::bastion::model::Layout;
use crate::bastion::otp;
use crate::cli::add::prompt_failed;
use crate::error::CliError;
use crate::mfa::{TokenCode, totp};
use crate::terminal::Terminal;

const ATTEMPTS: usize = 3;

pub fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let layout = layout(&args.file.file)?;
    let user = user(&layout, &args.user)?.name.clone();
    let mut asker = if args.stdin {
        Asker::Stdin
    } else {
        Asker::Terminal(Terminal::open().map_err(|error| {
            prompt_failed(error)
                .hint("--stdin prints the otpauth URI and reads the codes from stdin")
        })?)
    };
    let iam = bastion_iam(context, &layout, args.profile.as_deref(), &args.mfa)?;
    let name = args.name.as_deref().unwrap_or(&user);
    let serial = layout.mfa_serial(name);
    refuse_second(context, &iam, &user, &serial)?;
    if args.keep_seed {
        consent(context, &mut asker)?;
    }
    let seed = context
        .aws
        .wait(iam.create_virtual_mfa_device(name, &owner_tags(&layout)))?
        .map_err(|error| not_created(error, name))?;
    let enabled = show(&mut asker, &layout, name, &seed)
        .and_then(|()| {
            if args.keep_seed {
                keep(context, &serial, &seed)
            } else {
                Ok(())
            }
        })
        .and_then(|()| enable(context, &iam, &user, &serial, &mut asker));
    let enabled = enabled.map(|last| {
        if args.keep_seed {
            note_spent(context, &serial, &seed, &last);
        }
    });
    if let Err(error) = enabled {
        if args.keep_seed {
            let vault = context.vault().map_err(from_vault)?;
            vault.remove_mfa_seed(&serial).map_err(from_vault)?;
        }
        // A device that nobody proved is of no use, and its name would be taken.
        if context
            .aws
            .wait(iam.delete_virtual_mfa_device(&serial))?
            .is_err()
        {
            notice(&format!("the unproved device {serial} is left at AWS"));
        }
        return Err(error);
    }
    print(&format!("MFA device {serial} is enabled for {user}\n"))?;
    if args.keep_seed {
        print(&format!(
            "Its seed is kept in the {} store: --prompt=vault (or AWS_VAULT_PROMPT=vault) computes the codes,\n\
             and `aws-vault remove --mfa-seed {serial}` removes it.\n",
            context.backend()
        ))?;
    }
    Ok(())
}

/// Before anything is made: what it costs to have both factors in one place.
fn consent(context: &Context, asker: &mut Asker) -> Result<(), CliError> {
    let Asker::Terminal(terminal) = asker else {
        return Err(CliError::usage("--keep-seed asks on the terminal"));
    };
    let store = context.backend();
    let question = format!(
        "With the seed in the {store} store the second factor lives beside the first: whoever opens this store has the\n\
         access key and its MFA codes, and MFA no longer stops them. It still stops those who have the key alone.\n\
         Keep the seed in the {store} store? (y|N) "
    );
    if terminal.confirm(&question).map_err(prompt_failed)? {
        Ok(())
    } else {
        Err(
            CliError::new("the seed is not to be kept, and no device was made")
                .hint("without --keep-seed it is in your authenticator app alone"),
        )
    }
}

/// Before the device is enabled: a store that fails must not cost one that works.
fn keep(context: &Context, serial: &str, seed: &SecretString) -> Result<(), CliError> {
    let vault = context.vault().map_err(from_vault)?;
    vault.store_mfa_seed(serial, seed).map_err(from_vault)
}

/// AWS has seen both codes, and takes neither again. Lost where it cannot be written: then the first `exec` waits for a new code.
fn note_spent(context: &Context, serial: &str, seed: &SecretString, last: &TokenCode) {
    let step =
        totp::Seed::parse(seed.expose_secret()).and_then(|seed| seed.step_of(last, context.now()));
    if let Some(step) = step {
        let _ = context.sessions().note_spent(serial, step);
    }
}

/// One that broke off before the codes is made anew; one that works is left alone.
fn refuse_second(
    context: &Context,
    iam: &AccountIam,
    user: &str,
    serial: &str,
) -> Result<(), CliError> {
    let devices = context.aws.wait(iam.mfa_devices(user))??;
    if devices.iter().any(|device| device.serial == serial) {
        return Err(
            CliError::new(format!("{user} has the MFA device {serial} already"))
                .hint("--name NAME adds another one; up to eight are allowed"),
        );
    }
    // Users themselves may not delete devices; then AWS says that the name is taken.
    let unassigned = context.aws.wait(iam.unassigned_devices())?;
    if unassigned.is_ok_and(|serials| serials.contains(serial)) {
        notice(&format!(
            "{serial} was left by an enrolment that broke off; it is made anew"
        ));
        context.aws.wait(iam.delete_virtual_mfa_device(serial))??;
    }
    Ok(())
}

fn not_created(error: Error, name: &str) -> CliError {
    let taken = error.code() == Some("EntityAlreadyExists");
    let shown = CliError::from(error);
    if taken {
        shown.hint(format!(
            "a device called {name} exists; --name NAME makes another one"
        ))
    } else {
        shown
    }
}

/// Who shows the seed, and who types the codes.
enum Asker {
    Terminal(Terminal),
    /// A program: the URI goes to stdout, the codes come from stdin.
    Stdin,
}

fn show(
    asker: &mut Asker,
    layout: &Layout,
    name: &str,
    seed: &SecretString,
) -> Result<(), CliError> {
    let uri = otp::uri(name, &layout.bastion.id, seed);
    let terminal = match asker {
        Asker::Stdin => return print(&format!("{}\n", uri.as_str())),
        Asker::Terminal(terminal) => terminal,
    };
    if let Some(drawn) = otp::qr(&uri) {
        terminal.show(&drawn).map_err(prompt_failed)?;
        terminal.show("\n").map_err(prompt_failed)?;
    }
    let text = Zeroizing::new(format!(
        "Scan this with your authenticator app, or type the key: {}\n",
        otp::grouped(seed).as_str()
    ));
    terminal.show(&text).map_err(prompt_failed)
}

/// Returns the newer of the two codes.
fn enable(
    context: &Context,
    iam: &AccountIam,
    user: &str,
    serial: &str,
    asker: &mut Asker,
) -> Result<TokenCode, CliError> {
    let mut attempt = 1;
    loop {
        let first = asker.code("First code that the app shows: ")?;
        let second = asker.code("The next one (up to 30 seconds later): ")?;
        let codes = [first.as_str(), second.as_str()];
        match context
            .aws
            .wait(iam.enable_mfa_device(user, serial, codes))?
        {
            Ok(()) => return Ok(second),
            Err(error)
                if error.code() == Some("InvalidAuthenticationCode") && attempt < ATTEMPTS =>
            {
                notice("AWS does not accept these codes: they must be two that follow each other");
                attempt += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

impl Asker {
    fn code(&mut self, question: &str) -> Result<TokenCode, CliError> {
        loop {
            let text = match self {
                Self::Terminal(terminal) => terminal.ask(question).map_err(prompt_failed)?,
                Self::Stdin => line()?,
            };
            match (TokenCode::parse(text.trim()), &self) {
                (Some(code), _) => return Ok(code),
                (None, Self::Terminal(_)) => notice("a code has six digits"),
                (None, Self::Stdin) => {
                    return Err(CliError::new("stdin holds no code of six digits")
                        .hint("write two codes that follow each other, one a line"));
                }
            }
        }
    }
}

fn line() -> Result<Zeroizing<String>, CliError> {
    let mut line = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| CliError::new(format!("stdin cannot be read: {error}")))?;
    Ok(line)
}
