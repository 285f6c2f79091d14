//! A person signs in with console credentials, in a browser here or elsewhere.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::super::{Error, Provider};
use crate::aws::dpop::DpopKey;
use crate::aws::signin::{CROSS_DEVICE, Grant, SAME_DEVICE, SignedIn, authorize_url, sign_in_base};
use crate::browser;
use crate::config::chain::Service;
use crate::oauth::{Listener, Page, Pkce, State};
use crate::vault::LoginSession;

/// As long as AWS's own CLI waits for the browser.
const PATIENCE: Duration = Duration::from_mins(10);

/// Where the browser is.
pub enum Way<'a> {
    /// On this computer; `false` prints the address only.
    Here { open_browser: bool },
    /// Anywhere: the person types in the code that it shows.
    Elsewhere {
        ask: &'a dyn Fn() -> Result<Zeroizing<String>, Error>,
    },
}

impl Provider<'_> {
    /// Signs in, and keeps what gets further credentials. Yields the ARN of who signed in.
    ///
    /// `accept` hears that ARN before anything is kept, and may refuse it.
    pub fn sign_in_to_console<E: From<Error>>(
        &self,
        profile: &str,
        service: &Service,
        way: &Way<'_>,
        accept: &dyn Fn(&str) -> Result<(), E>,
    ) -> Result<String, E> {
        let failed = |source| Error::Aws {
            profile: profile.to_owned(),
            source,
        };
        let key = DpopKey::new().map_err(Error::Random)?;
        let (client, signed_in) = match way {
            Way::Here { open_browser } => (
                SAME_DEVICE,
                self.here(profile, service, &key, *open_browser)?,
            ),
            Way::Elsewhere { ask } => (CROSS_DEVICE, self.elsewhere(profile, service, &key, *ask)?),
        };
        let arn = signed_in
            .subject
            .ok_or_else(|| failed(no_subject(service)))?;
        accept(&arn)?;
        let region = service.region.as_ref();
        let kept = LoginSession {
            client: client.to_owned(),
            region: region.map_or_else(String::new, |region| region.value.clone()),
            refresh: signed_in.refresh,
            key: key.to_bytes(),
        };
        let vault = (self.vault)()?;
        vault
            .store_login_session(&arn, &kept)
            .map_err(Error::Vault)?;
        Ok(arn)
    }

    fn here(
        &self,
        profile: &str,
        service: &Service,
        key: &DpopKey,
        open_browser: bool,
    ) -> Result<SignedIn, Error> {
        let (pkce, state) = (Pkce::new()?, State::new()?);
        let listener = Listener::open()?;
        let redirect_uri = listener.redirect_uri();
        let base = sign_in_base(service).map_err(|source| refused(profile, source))?;
        let url = authorize_url(
            &base,
            SAME_DEVICE,
            &redirect_uri,
            state.expose(),
            pkce.challenge(),
        );
        let what = if open_browser {
            "opening AWS's sign-in page in your browser (Ctrl-C aborts); if none opens, open"
        } else {
            "to sign in, open this page in a browser on this computer (Ctrl-C aborts)"
        };
        (self.notice)(&format!("{what}\n{}", url.expose_secret()));
        if open_browser && let Err(error) = browser::open(&url, self.environment) {
            (self.notice)(&format!("{error}; open the address above yourself"));
        }
        let mut answer = listener.wait(&state, PATIENCE, &|| {
            (self.notice)(
                "the browser answered an older request (state mismatch); finish in the page that was opened last",
            );
        })?;
        let grant = Grant::AuthorizationCode {
            code: &answer.code(),
            verifier: pkce.verifier(),
            redirect_uri: &redirect_uri,
        };
        let signed_in = self.redeem(profile, service, SAME_DEVICE, key, &grant)?;
        answer.show(Page::SignedIn);
        Ok(signed_in)
    }

    fn elsewhere(
        &self,
        profile: &str,
        service: &Service,
        key: &DpopKey,
        ask: &dyn Fn() -> Result<Zeroizing<String>, Error>,
    ) -> Result<SignedIn, Error> {
        let (pkce, state) = (Pkce::new()?, State::new()?);
        let base = sign_in_base(service).map_err(|source| refused(profile, source))?;
        let redirect_uri = format!("{base}/v1/sessions/confirmation");
        let url = authorize_url(
            &base,
            CROSS_DEVICE,
            &redirect_uri,
            state.expose(),
            pkce.challenge(),
        );
        (self.notice)(&format!(
            "to sign in, open this page in any browser, and type in the code that it shows\n{}",
            url.expose_secret()
        ));
        let code = code_of(&ask()?, &state).ok_or(Error::WrongCode)?;
        let grant = Grant::AuthorizationCode {
            code: &code,
            verifier: pkce.verifier(),
            redirect_uri: &redirect_uri,
        };
        self.redeem(profile, service, CROSS_DEVICE, key, &grant)
    }

    fn redeem(
        &self,
        profile: &str,
        service: &Service,
        client: &str,
        key: &DpopKey,
        grant: &Grant<'_>,
    ) -> Result<SignedIn, Error> {
        self.aws
            .sign_in_token(service, client, key, grant, (self.clock)())
            .map_err(|source| refused(profile, source))
    }
}

fn refused(profile: &str, source: crate::aws::Error) -> Error {
    Error::Aws {
        profile: profile.to_owned(),
        source,
    }
}

fn no_subject(service: &Service) -> crate::aws::Error {
    crate::aws::Error::Unreadable {
        operation: "signin:CreateOAuth2Token",
        host: sign_in_base(service).unwrap_or_default(),
        reason: "it does not say who signed in".to_owned(),
    }
}

/// The code in what the page shows, `state=…&code=…` in base64, if it is the answer to this request.
fn code_of(typed: &str, state: &State) -> Option<SecretString> {
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(typed.trim()).ok()?);
    let value = |wanted: &str| {
        form_urlencoded::parse(&bytes)
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let own = value("state").is_some_and(|answer| state.is(&answer));
    value("code")
        .filter(|code| own && !code.is_empty())
        .map(SecretString::from)
}

impl std::fmt::Debug for Way<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Here { .. } => "Here",
            Self::Elsewhere { .. } => "Elsewhere",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_this_request_counts() {
        let state = State::new().unwrap();
        let typed = |text: String| BASE64_STANDARD.encode(text);
        let good = typed(format!("state={}&code=a%2Fb", state.expose()));
        let code = code_of(&format!(" {good}\n"), &state).unwrap();
        assert_eq!(code.expose_secret(), "a/b");
        for bad in [
            typed("state=other&code=x".to_owned()),
            typed(format!("state={}", state.expose())),
            typed(format!("state={}&code=", state.expose())),
            "123456".to_owned(),
            String::new(),
        ] {
            assert!(code_of(&bad, &state).is_none(), "{bad}");
        }
    }
}
