//! `sts:AssumeRoleWithSAML` with an assertion from a file or a process.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::federation::{self, Kind};
use super::token::Token;
use super::{Error, Provider};
use crate::config::chain::{AssumeRole, TokenSource};
use crate::credentials::Credentials;

pub(super) fn obtain(
    provider: &Provider<'_>,
    profile: &str,
    source: &TokenSource,
    principal_arn: &str,
    role: &AssumeRole,
) -> Result<Credentials, Error> {
    let assertion = Token {
        profile,
        source,
        keys: ["saml_assertion_file", "saml_assertion_process"],
    }
    .read(provider)?;
    provider
        .aws
        .assume_role_with_saml(
            role,
            principal_arn,
            &encoded(&assertion),
            (provider.clock)(),
        )
        .map(Credentials::Session)
        .map_err(|source| federation::Error::of(Kind::Saml, profile, source).into())
}

/// Browsers post the response in base64, some tools print it as XML; lines are broken at will.
fn encoded(assertion: &str) -> Zeroizing<String> {
    Zeroizing::new(if assertion.starts_with('<') {
        BASE64_STANDARD.encode(assertion)
    } else {
        assertion.split_ascii_whitespace().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_encoded_and_lines_are_joined() {
        for (assertion, expected) in [
            ("<a/>", "PGEvPg=="),
            ("PGEv\r\nPg==", "PGEvPg=="),
            ("PGEvPg==", "PGEvPg=="),
        ] {
            assert_eq!(*encoded(assertion), expected);
        }
    }
}
