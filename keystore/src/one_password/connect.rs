//! 1Password through a Connect server of one's own.
//!
//! Source: <https://developer.1password.com/docs/connect/api-reference/>.

use std::cell::OnceCell;
use std::fmt;

use super::Shape;
use super::http::{Client, Method};
use crate::item::check_name;
use crate::settings::OnePassword;
use crate::{AskPassphrase, Backend, Error, Item, Keystore, PassphraseRequest};

const BACKEND: Backend = Backend::OpConnect;

/// One vault behind a Connect server.
pub struct OpConnectKeystore {
    shape: Shape,
    asker: Box<dyn AskPassphrase>,
    client: OnceCell<Client>,
}

impl OpConnectKeystore {
    /// The vault that the settings name. The token is asked for at the first operation.
    pub fn new(settings: &OnePassword, asker: Box<dyn AskPassphrase>) -> Self {
        OpConnectKeystore {
            shape: Shape {
                backend: BACKEND,
                settings: settings.clone(),
            },
            asker,
            client: OnceCell::new(),
        }
    }

    /// Whether it is known where the server and the vault are; contacts nobody.
    pub fn probe(settings: &OnePassword) -> Result<(), Error> {
        let shape = Shape {
            backend: BACKEND,
            settings: settings.clone(),
        };
        Client::check(&shape)?;
        shape.vault().map(drop)
    }

    fn client(&self) -> Result<&Client, Error> {
        if self.client.get().is_none() {
            Client::check(&self.shape)?;
            self.shape.vault()?;
            let token = self.asker.ask(PassphraseRequest::ConnectToken)?;
            let _ = self.client.set(Client::new(&self.shape, token)?);
        }
        self.client
            .get()
            .ok_or_else(|| self.shape.unavailable("it has no client"))
    }

    fn items(&self) -> Result<String, Error> {
        Ok(format!("/v1/vaults/{}/items", self.shape.vault()?))
    }

    /// The id of the item of that name. The server filters, so that the vault is not listed; it may mean the title more
    /// loosely than we do, and takes no quotes in it.
    fn find(&self, operation: &'static str, name: &str) -> Result<Option<String>, Error> {
        check_name(name)?;
        let title = self.shape.title(name);
        let filter = if title.contains(['"', '\\']) {
            format!("tag eq \"{}\"", self.shape.settings.tag)
        } else {
            format!("title eq \"{title}\"")
        };
        let items = self.items()?;
        let client = self.client()?;
        let answer = client.call(operation, Method::Get, &items, Some(&filter), None)?;
        let list = self.shape.parse(operation, &answer.unwrap_or_default())?;
        Ok(self.shape.find(name, &list)?.map(str::to_owned))
    }

    fn document(
        &self,
        operation: &'static str,
        id: &str,
    ) -> Result<Option<serde_json::Value>, Error> {
        let path = format!("{}/{id}", self.items()?);
        let answer = self
            .client()?
            .call(operation, Method::Get, &path, None, None)?;
        answer
            .map(|json| self.shape.parse(operation, &json))
            .transpose()
    }
}

impl Keystore for OpConnectKeystore {
    fn backend(&self) -> Backend {
        BACKEND
    }

    fn location(&self) -> String {
        location(&self.shape.settings)
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let operation = "list its items";
        let filter = format!("tag eq \"{}\"", self.shape.settings.tag);
        let items = self.items()?;
        let client = self.client()?;
        let answer = client.call(operation, Method::Get, &items, Some(&filter), None)?;
        let list = self.shape.parse(operation, &answer.unwrap_or_default())?;
        Ok(self.shape.names(&list))
    }

    fn read(&self, name: &str) -> Result<Option<Item>, Error> {
        let operation = "read the item";
        let Some(id) = self.find(operation, name)? else {
            return Ok(None);
        };
        let Some(mut document) = self.document(operation, &id)? else {
            return Ok(None);
        };
        self.shape.decode(name, &mut document).map(Some)
    }

    fn write(&self, item: &Item) -> Result<(), Error> {
        let operation = "store the item";
        let old = match self.find(operation, &item.name)? {
            Some(id) => self.document(operation, &id)?.map(|old| (id, old)),
            None => None,
        };
        let items = self.items()?;
        let (method, path, document) = match old {
            Some((id, old)) => {
                let document = self.shape.replace(item, old)?;
                (Method::Put, format!("{items}/{id}"), document)
            }
            None => (Method::Post, items, self.shape.encode(item)),
        };
        let body = document.text();
        let stored = self
            .client()?
            .call(operation, method, &path, None, Some(&body))?;
        match stored {
            Some(_) => Ok(()),
            None => Err(self
                .shape
                .failed(operation, "it was removed at the same time")),
        }
    }

    fn remove(&self, name: &str) -> Result<bool, Error> {
        let operation = "remove the item";
        let Some(id) = self.find(operation, name)? else {
            return Ok(false);
        };
        let path = format!("{}/{id}", self.items()?);
        let removed = self
            .client()?
            .call(operation, Method::Delete, &path, None, None)?;
        Ok(removed.is_some())
    }
}

impl fmt::Debug for OpConnectKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpConnectKeystore")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// The server and the vault.
pub(crate) fn location(settings: &OnePassword) -> String {
    let host = settings.connect_host.trim_end_matches('/');
    format!("{BACKEND}:{host}/{}", settings.vault)
}
