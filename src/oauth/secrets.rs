//! The two secrets of one authorization request.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::Error;
use crate::browser::local::same;

/// Proof that the code is redeemed by who asked for it.
///
/// Source: RFC 7636, 4.1 and 4.2 (method `S256`).
#[derive(Debug)]
pub struct Pkce {
    verifier: SecretString,
    challenge: String,
}

/// Ties the browser's answer to this request.
///
/// Source: RFC 6749, 10.12.
#[derive(Debug)]
pub struct State(SecretString);

impl Pkce {
    pub fn new() -> Result<Self, Error> {
        Ok(Self::of(random()?))
    }

    fn of(verifier: SecretString) -> Self {
        let digest = Sha256::digest(verifier.expose_secret());
        Self {
            challenge: BASE64_URL_SAFE_NO_PAD.encode(digest),
            verifier,
        }
    }

    /// `code_challenge`, which everybody may see.
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// `code_verifier`, for the token endpoint alone.
    pub fn verifier(&self) -> &SecretString {
        &self.verifier
    }
}

impl State {
    pub fn new() -> Result<Self, Error> {
        random().map(Self)
    }

    /// For the authorization request.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether an answer is one to this request.
    pub fn is(&self, answer: &str) -> bool {
        same(answer, self.expose())
    }
}

/// 256 bits as 43 characters that need no escaping: the least that RFC 7636 recommends.
fn random() -> Result<SecretString, Error> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(Error::Random)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(*bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_of_rfc_7636_appendix_b() {
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(
            pkce.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn every_request_has_secrets_of_its_own() {
        let (one, other) = (Pkce::new().unwrap(), Pkce::new().unwrap());
        assert_eq!(one.verifier().expose_secret().len(), 43);
        assert_ne!(one.challenge(), other.challenge());
        let state = State::new().unwrap();
        assert!(state.is(state.expose()));
        assert!(!state.is(State::new().unwrap().expose()));
        assert!(!format!("{state:?} {one:?}").contains(state.expose()));
    }
}
