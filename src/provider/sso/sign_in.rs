//! A person signs in: by an authorization code that the browser brings back to this computer, or by a code typed on any device.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::super::Provider;
use super::device;
use super::error::Error;
use super::instance::Instance;
use crate::aws::ssooidc::{ClientRegistration, Flow, Grant, Tokens, authorize_url};
use crate::browser;
use crate::oauth::{Listener, Page, Pkce, State};

/// As long as AWS's own CLI waits for the browser.
const PATIENCE: Duration = Duration::from_mins(10);

/// How people sign in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub flow: Flow,
    /// `false` prints the address only.
    pub open_browser: bool,
}

impl Provider<'_> {
    pub(super) fn sign_in(
        &self,
        instance: &Instance,
    ) -> Result<(ClientRegistration, Tokens), Error> {
        if self.sign_in.flow == Flow::DeviceCode {
            return self.by_device_code(instance);
        }
        match Listener::open() {
            Ok(listener) => self.by_authorization_code(instance, listener),
            Err(error) => {
                (self.notice)(&format!("{error}; going on with a code instead"));
                self.by_device_code(instance)
            }
        }
    }

    fn by_authorization_code(
        &self,
        instance: &Instance,
        listener: Listener,
    ) -> Result<(ClientRegistration, Tokens), Error> {
        let browser = |source| Error::browser(instance, source);
        let (pkce, state) = (
            Pkce::new().map_err(browser)?,
            State::new().map_err(browser)?,
        );
        let client = self.register(instance, Flow::AuthorizationCode)?;
        let redirect_uri = listener.redirect_uri();
        let url = authorize_url(
            instance.service(),
            &client.id,
            &redirect_uri,
            state.expose(),
            pkce.challenge(),
            instance.scopes(),
        );
        self.show(instance, &url, None);
        let mut answer = listener
            .wait(&state, PATIENCE, &|| {
                (self.notice)(
                    "the browser answered an older request (state mismatch); finish in the page that was opened last",
                );
            })
            .map_err(browser)?;
        let code = answer.code();
        let tokens = self
            .aws
            .create_token(
                instance.service(),
                &client,
                &Grant::AuthorizationCode {
                    code: &code,
                    verifier: pkce.verifier(),
                    redirect_uri: &redirect_uri,
                },
                (self.clock)(),
            )
            .map_err(|source| Error::sign_in(instance, source))?;
        answer.show(Page::SignedIn);
        Ok((client, tokens))
    }

    fn by_device_code(&self, instance: &Instance) -> Result<(ClientRegistration, Tokens), Error> {
        let client = self.register(instance, Flow::DeviceCode)?;
        let device = self
            .aws
            .start_device_authorization(instance.service(), &client, instance.start_url())
            .map_err(|source| Error::sign_in(instance, source))?;
        let url = SecretString::from(device.complete_uri.as_str());
        self.show(instance, &url, Some((&device.uri, &device.user_code)));
        let tokens = device::poll(
            device.interval,
            device.expires_in,
            &|pause| std::thread::sleep(pause),
            || {
                self.aws.create_token(
                    instance.service(),
                    &client,
                    &Grant::DeviceCode(&device.device_code),
                    (self.clock)(),
                )
            },
        )
        .map_err(|refusal| Error::device(instance, refusal))?;
        Ok((client, tokens))
    }

    fn register(&self, instance: &Instance, flow: Flow) -> Result<ClientRegistration, Error> {
        self.aws
            .register_client(
                instance.service(),
                flow,
                instance.start_url(),
                instance.scopes(),
                Listener::REGISTERED_URI,
            )
            .map_err(|source| Error::sign_in(instance, source))
    }

    /// The address, and the code if there is one, are always printed: the person may have another browser in mind, and must be
    /// able to compare the code with the page's.
    fn show(&self, instance: &Instance, url: &SecretString, device: Option<(&str, &str)>) {
        let name = instance.name();
        let what = if self.sign_in.open_browser {
            format!(
                "opening the sign-in page of '{name}' in your browser (Ctrl-C aborts); if none opens, open"
            )
        } else {
            format!("to sign in to '{name}', open this page in a browser (Ctrl-C aborts)")
        };
        match device {
            None => (self.notice)(&format!("{what}\n{}", url.expose_secret())),
            Some((page, code)) => (self.notice)(&format!(
                "{what}\n{}\nThe page must show this code: {code}\n(or enter it at {page})",
                url.expose_secret()
            )),
        }
        if self.sign_in.open_browser
            && let Err(error) = browser::open(url, self.environment)
        {
            (self.notice)(&format!("{error}; open the address above yourself"));
        }
    }
}
