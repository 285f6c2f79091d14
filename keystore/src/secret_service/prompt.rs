//! The prompts of the Secret Service: dialogs that the service shows and reports on by a signal.

use std::time::Instant;

use dbus::Message;
use dbus::arg::Variant;
use dbus::message::MessageType;
use dbus::strings::Path;

use super::{BACKEND, SERVICE, failed, unavailable};
use crate::Error;
use crate::bus::{BUS, Bus, Failure, Method, bus_method};

const PROMPT_INTERFACE: &str = "org.freedesktop.Secret.Prompt";

impl Bus {
    /// Shows the prompt that the service wants shown; the object that comes of it, if the prompt was for making one.
    pub(super) fn prompt(
        &self,
        path: &Path<'static>,
        purpose: &'static str,
    ) -> Result<Option<Path<'static>>, Failure> {
        let method = |member| Method {
            service: SERVICE,
            path,
            interface: PROMPT_INTERFACE,
            member,
            purpose,
        };
        self.watch_prompt(path)?;
        let reply = self.send(method("Prompt"), ("",))?;
        let service = reply.sender().map(|name| name.to_string());
        let deadline = Instant::now() + self.limits.prompt;
        let completed = self.wait_for_prompt(path, service.as_deref(), deadline);
        self.restart_clock();
        if let Err(Failure::Other(Error::TimedOut { .. })) = completed {
            // Closes the dialog. What the service answers does not matter any more.
            let _ = self.send(method("Dismiss"), ());
        }
        let completed = completed?;
        let mut arguments = completed.iter_init();
        match arguments.read::<bool>() {
            Ok(true) => Err(Error::Dismissed { backend: BACKEND }.into()),
            Ok(false) => Ok(arguments
                .read::<Variant<Path<'static>>>()
                .ok()
                .map(|result| result.0)),
            Err(error) => Err(failed(purpose, &error.to_string()).into()),
        }
    }

    fn watch_prompt(&self, path: &Path<'static>) -> Result<(), Failure> {
        let method = bus_method("AddMatch", "wait for its prompt");
        for rule in [
            format!(
                "type='signal',sender='{SERVICE}',interface='{PROMPT_INTERFACE}',path='{path}'"
            ),
            format!("type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{SERVICE}'"),
        ] {
            self.send(method, (rule,))?;
        }
        Ok(())
    }

    /// The prompt's `Completed` signal. Only the service itself may send it: any peer on the bus can send us messages.
    fn wait_for_prompt(
        &self,
        path: &Path<'static>,
        service: Option<&str>,
        deadline: Instant,
    ) -> Result<Message, Failure> {
        loop {
            let Some(message) = self.next_message(deadline, self.limits.prompt)? else {
                continue;
            };
            if message.msg_type() != MessageType::Signal {
                continue;
            }
            let sender = message.sender().map(|name| name.to_string());
            let member = message.member().map(|name| name.to_string());
            match member.as_deref() {
                Some("Completed")
                    if sender.as_deref() == service && message.path().as_ref() == Some(path) =>
                {
                    return Ok(message);
                }
                Some("NameOwnerChanged") if sender.as_deref() == Some(BUS) => {
                    return Err(unavailable("the service ended while its prompt was open").into());
                }
                _ => {}
            }
        }
    }
}
