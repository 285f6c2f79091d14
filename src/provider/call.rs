//! One link of a chain as a call to AWS: with a code where there is a device, and with a source that lives.

use super::{Error, Provider, Source};
use crate::aws::sts::MfaProof;
use crate::config::chain::{Chain, Link, Mfa};
use crate::credentials::{Credentials, SessionCredentials};
use crate::mfa::TokenCode;
use crate::sessions::Fingerprint;

impl Provider<'_> {
    /// A session revoked before its time is dropped from the cache and obtained again, once.
    pub(super) fn call_with_living_source(
        &self,
        chain: &Chain,
        link: usize,
    ) -> Result<SessionCredentials, Error> {
        let source = self.after(chain, link)?;
        match (self.call(&chain.links[link], source.credentials()), source) {
            (
                Err(Error::Aws {
                    source: refusal, ..
                }),
                Source::Cached(_, header),
            ) if refusal.is_dead_credentials() => {
                let step = Fingerprint::after(chain, link, self.location);
                self.sessions.forget(&step, &header);
                let fresh = self.after(chain, link)?;
                self.call(&chain.links[link], fresh.credentials())
            }
            (result, _) => result,
        }
    }

    fn call(&self, link: &Link, source: &Credentials) -> Result<SessionCredentials, Error> {
        let now = (self.clock)();
        let send = |proof: Option<MfaProof<'_>>| match link {
            Link::GetSessionToken(step) => self.aws.get_session_token(source, step, proof, now),
            Link::AssumeRole(step) => self.aws.assume_role(source, step, proof, now),
        };
        let failed = |source| Error::Aws {
            profile: link.profile().to_owned(),
            source,
        };
        match link.mfa() {
            None => send(None).map_err(failed),
            Some(mfa) => self
                .call_with_code(mfa, &send)
                .map_err(|error| match error {
                    CodeError::None(error) => error,
                    CodeError::Aws(error) => failed(error),
                }),
        }
    }

    /// A code that AWS refused is asked again once; it is never sent a second time.
    fn call_with_code(
        &self,
        mfa: &Mfa,
        send: &dyn Fn(Option<MfaProof<'_>>) -> Result<SessionCredentials, crate::aws::Error>,
    ) -> Result<SessionCredentials, CodeError> {
        let serial = mfa.serial.value.as_str();
        let code = self.code(mfa).map_err(CodeError::None)?;
        match send(Some(MfaProof {
            serial,
            code: &code,
        })) {
            Err(refusal) if refusal.is_wrong_mfa_code() => {
                (self.notice)(
                    "AWS did not accept that MFA code; each code works once, and for about 30 seconds",
                );
                match self.another_code(mfa, &code).map_err(CodeError::None)? {
                    Some(code) => send(Some(MfaProof {
                        serial,
                        code: &code,
                    }))
                    .map_err(CodeError::Aws),
                    None => Err(CodeError::Aws(refusal)),
                }
            }
            result => result.map_err(CodeError::Aws),
        }
    }

    fn code(&self, mfa: &Mfa) -> Result<TokenCode, Error> {
        if self.codes.is_of_vault(mfa) {
            return self.code_of_vault(&mfa.serial.value);
        }
        Ok(self.codes.code(mfa)?)
    }

    fn another_code(&self, mfa: &Mfa, refused: &TokenCode) -> Result<Option<TokenCode>, Error> {
        if self.codes.is_of_vault(mfa) {
            return self.code_of_vault(&mfa.serial.value).map(Some);
        }
        Ok(self.codes.another_code(mfa, refused)?)
    }
}

enum CodeError {
    /// There is no code to send.
    None(Error),
    Aws(crate::aws::Error),
}
