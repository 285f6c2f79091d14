//! Asking a person while a server runs: only where one can answer, and telling who wants the credentials.

use std::cell::Cell;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::super::args::Prompt;
use super::super::context::Context;
use super::super::output::notice;
use super::super::prompt;
use crate::config::recursion::Running;
use crate::environment::Environment;
use crate::mfa::driver::{Driver, Surroundings, choose};
use crate::mfa::{CodeSource, Error};
use crate::server::Client;
use crate::terminal::Terminal;

/// Whether somebody was bothered, or would have had to be.
#[derive(Debug, Clone, Default)]
pub struct Mood(Rc<Cell<bool>>);

impl Mood {
    pub fn asked(&self) -> bool {
        self.0.get()
    }
}

/// Codes for one order. No driver is looked for before a code is needed.
pub fn codes(context: &Context, client: &Client, mood: &Mood) -> CodeSource {
    let named = context.global.prompt.and_then(Prompt::driver);
    let environment = context.environment.clone();
    let (client, mood) = (client.to_string(), mood.clone());
    CodeSource::new(
        None,
        Box::new(move |serial: &str| {
            mood.0.set(true);
            ask(serial, named, &environment, &client)
        }),
        Running::of(&context.environment),
    )
    .of_vault(context.global.prompt == Some(Prompt::Vault))
}

fn ask(
    serial: &str,
    named: Option<Driver>,
    environment: &Environment,
    client: &str,
) -> Result<Zeroizing<String>, Error> {
    let driver = named.or_else(|| {
        let around = Surroundings::new(Terminal::is_ours(), environment);
        // A dialog does not get into the way of what the command does on the terminal.
        let dialog = Surroundings {
            terminal: false,
            ..around
        };
        let is_installed = |driver: Driver| driver.is_installed(environment);
        choose(dialog, is_installed).or_else(|| choose(around, is_installed))
    });
    notice(&format!(
        "{client} asks for credentials, and an MFA code is needed"
    ));
    match driver {
        Some(Driver::Terminal) if Terminal::is_ours() => prompt::on_terminal(serial),
        // A shell that reads commands there would get half of the answer.
        Some(Driver::Terminal) | None => Err(Error::NoTerminal {
            serial: serial.to_owned(),
        }),
        Some(driver) => driver.ask(serial, environment),
    }
}
