//! The access token: from its sealed file, by the refresh token, or by a sign-in; always under the instance's lock.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::super::Provider;
use super::error::Error;
use super::instance::Instance;
use crate::aws::ssooidc::{ClientRegistration, Grant, Tokens};
use crate::sessions::lock::Lock;
use crate::sessions::{Fingerprint, Header, sealed};
use crate::vault::SignIn;

/// A token with less left is not worth a call.
const LEAST_LIFE: Duration = Duration::from_secs(60);

/// Where a token came from, which decides whether another may do better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Cache,
    Refresh,
    SignIn,
}

/// An access token.
#[derive(Debug)]
pub struct Token {
    secret: SecretString,
    origin: Origin,
}

impl Token {
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    fn is(&self, other: &Self) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }
}

impl Provider<'_> {
    /// A token that lives; another one than `refused`.
    pub fn token(&self, instance: &Instance, refused: Option<&Token>) -> Result<Token, Error> {
        let step = instance.fingerprint(self.location);
        if refused.is_none()
            && let Some(token) = self.cached_token(&step)?
        {
            return Ok(token);
        }
        let _lock = self.lock(instance, &step)?;
        // Whoever held the lock may have done the work, or have failed at it a moment ago: a person who said no is not asked by
        // every process that waited.
        if let Some(token) = self.cached_token(&step)?
            && refused.is_none_or(|refused| !refused.is(&token))
        {
            return Ok(token);
        }
        if let Some(reason) = self.sessions.failure_since(&step, self.started) {
            return Err(Error::Elsewhere {
                name: instance.name().to_owned(),
                reason,
            });
        }
        if refused.is_none_or(|token| token.origin == Origin::Cache)
            && let Some(token) = self.refreshed(instance, &step)?
        {
            return Ok(token);
        }
        self.signed_in(instance, &step)
    }

    /// A sign-in, whatever is cached: `sso login`.
    pub fn sign_in_again(&self, instance: &Instance) -> Result<Token, Error> {
        let step = instance.fingerprint(self.location);
        let _lock = self.lock(instance, &step)?;
        self.signed_in(instance, &step)
    }

    fn lock(&self, instance: &Instance, step: &Fingerprint) -> Result<Lock, Error> {
        let waiting = || {
            (self.notice)(&format!(
                "waiting for another aws-vault, which is signing in to '{}'",
                instance.name()
            ));
        };
        self.sessions
            .lock(step, waiting)
            .map_err(|error| Error::Provider(Box::new(error.into())))
    }

    /// The token in its file, if it lives.
    pub fn cached_token(&self, step: &Fingerprint) -> Result<Option<Token>, Error> {
        let now = (self.clock)();
        let living = |header: &Header| header.lives(now, LEAST_LIFE);
        let Some(file) = self.sessions.read(step) else {
            return Ok(None);
        };
        let Some(header) = file.header().filter(living) else {
            return Ok(None);
        };
        let plain = match self
            .recalled_key()
            .and_then(|key| file.open_plain(step, &key))
        {
            None => self
                .stored_key()?
                .and_then(|key| file.open_plain(step, &key)),
            plain => plain,
        };
        let text = plain.and_then(|plain| {
            std::str::from_utf8(&plain)
                .ok()
                .map(|text| SecretString::from(text.to_owned()))
        });
        let Some(secret) = text else {
            // Torn, or sealed with a key that is gone.
            self.sessions.forget(step, &header);
            return Ok(None);
        };
        Ok(Some(Token {
            secret,
            origin: Origin::Cache,
        }))
    }

    /// By the refresh token. `None` when there is none, or AWS does not take it any more: then a person must sign in.
    fn refreshed(&self, instance: &Instance, step: &Fingerprint) -> Result<Option<Token>, Error> {
        let Some(kept) = self.vault()?.sign_in(&step.to_string())? else {
            return Ok(None);
        };
        let Some(refresh) = kept.refresh_token else {
            return Ok(None);
        };
        let now = (self.clock)();
        let client = ClientRegistration {
            id: kept.client_id,
            secret: kept.client_secret,
            expires: kept.client_expires,
        };
        if client.expires <= now {
            (self.notice)(&format!(
                "the registration of this program at '{}' has expired; you must sign in again",
                instance.name()
            ));
            return Ok(None);
        }
        match self.aws.create_token(
            instance.service(),
            &client,
            &Grant::RefreshToken(&refresh),
            now,
        ) {
            Ok(mut tokens) => {
                // Not every answer has a new one; then the old one is still good.
                tokens.refresh = tokens.refresh.or(Some(refresh));
                let secret = self.keep(instance, step, &client, tokens)?;
                Ok(Some(Token {
                    secret,
                    origin: Origin::Refresh,
                }))
            }
            Err(refusal) if is_over(&refusal) => {
                self.vault()?.remove_sign_in(&step.to_string())?;
                (self.notice)(&format!(
                    "the sign-in of '{}' is over ({}); you must sign in again",
                    instance.name(),
                    refusal.code().unwrap_or_default()
                ));
                Ok(None)
            }
            Err(source) => Err(Error::sign_in(instance, source)),
        }
    }

    fn signed_in(&self, instance: &Instance, step: &Fingerprint) -> Result<Token, Error> {
        // Room is taken before anybody is sent to a browser.
        let room = self
            .sessions
            .reserve(step)
            .map_err(|error| Error::Provider(Box::new(error.into())))?;
        drop(room);
        let (client, tokens) = self.sign_in(instance).inspect_err(|error| {
            if error.is_final() {
                self.sessions.note_failure(step, &error.to_string());
            }
        })?;
        let secret = self.keep(instance, step, &client, tokens)?;
        Ok(Token {
            secret,
            origin: Origin::SignIn,
        })
    }

    /// The refresh token goes into the keystore first: an access token can be had again by it.
    fn keep(
        &self,
        instance: &Instance,
        step: &Fingerprint,
        client: &ClientRegistration,
        tokens: Tokens,
    ) -> Result<SecretString, Error> {
        self.vault()?.store_sign_in(
            &step.to_string(),
            instance.name(),
            &SignIn {
                client_id: client.id.clone(),
                client_secret: client.secret.clone(),
                client_expires: client.expires,
                refresh_token: tokens.refresh,
            },
        )?;
        let header = Header::of_token(
            instance.name(),
            instance.start_url(),
            tokens.expires,
            self.location,
        );
        let plain = Zeroizing::new(tokens.access.expose_secret().as_bytes().to_vec());
        let key = self.session_key()?;
        let file = sealed::seal_plain(&header, &plain, step, &key)
            .map_err(|error| Error::Provider(Box::new(super::super::Error::Random(error))))?;
        self.sessions
            .reserve(step)
            .and_then(|room| room.commit(&file))
            .map_err(|error| Error::Provider(Box::new(error.into())))?;
        Ok(tokens.access)
    }

    fn vault(&self) -> Result<&crate::vault::Vault, Error> {
        Ok((self.vault)()?)
    }
}

/// Refusals that no later attempt with the same refresh token or client can cure.
///
/// Source: IAM Identity Center OIDC API Reference, CreateToken, "Errors".
fn is_over(refusal: &crate::aws::Error) -> bool {
    matches!(
        refusal.code(),
        Some(
            "InvalidGrantException"
                | "InvalidClientException"
                | "ExpiredTokenException"
                | "UnauthorizedClientException"
                | "AccessDeniedException"
                | "InvalidRequestException"
        )
    )
}
