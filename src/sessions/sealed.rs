//! One session as a file: a clear header line, so that listing and expiry need no unlock, and a sealed body.
//!
//! `{"version":1,…}\n` + 12-byte nonce + AES-256-GCM of the credentials' JSON, with the header and the file's name as additional
//! data: a header that was edited, or a file renamed over another, does not open.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::Fingerprint;
use crate::credentials::SessionCredentials;
use crate::vault::SessionKey;

const VERSION: u32 = 1;
const NONCE_BYTES: usize = 12;
/// A header is a few hundred bytes; anything longer is no file of ours.
const MAX_HEADER_BYTES: u64 = 16 * 1024;

/// What is known of a session without unlocking it. Nothing here is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    version: u32,
    /// The profile whose step this is.
    pub profile: String,
    /// `sts.GetSessionToken`, `sts.AssumeRole`: the Go tool's words, which `list` shows.
    pub kind: String,
    /// Unix seconds.
    pub expires: u64,
    /// Last four characters of the temporary access key id.
    pub access_key_suffix: String,
    /// Name of the stored key that the chain starts from, if it starts from one: the session goes when the key goes.
    pub stored_key: Option<String>,
    /// The store that the key is in.
    pub store: String,
    /// Of the Identity Center instance, for its tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_url: Option<String>,
}

/// The kind of a token of Identity Center, as `list` shows it.
const TOKEN: &str = "oidc";

impl Header {
    pub fn new(
        profile: &str,
        kind: &str,
        session: &SessionCredentials,
        stored_key: Option<&str>,
        store: &str,
    ) -> Self {
        let id = &session.access_key_id;
        Self {
            version: VERSION,
            profile: profile.to_owned(),
            kind: kind.to_owned(),
            expires: unix_seconds(session.expiration),
            access_key_suffix: id
                .chars()
                .skip(id.chars().count().saturating_sub(4))
                .collect(),
            stored_key: stored_key.map(str::to_owned),
            store: store.to_owned(),
            start_url: None,
        }
    }

    /// For an access token of the Identity Center instance called `name`.
    pub fn of_token(name: &str, start_url: &str, expires: SystemTime, store: &str) -> Self {
        Self {
            version: VERSION,
            profile: name.to_owned(),
            kind: TOKEN.to_owned(),
            expires: unix_seconds(expires),
            access_key_suffix: String::new(),
            stored_key: None,
            store: store.to_owned(),
            start_url: Some(start_url.to_owned()),
        }
    }

    /// Whether this is no profile's session but a token of Identity Center.
    pub fn is_token(&self) -> bool {
        self.kind == TOKEN
    }

    pub fn expires_at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.expires)
    }

    /// Whether at least `window` is left at `now`.
    pub fn lives(&self, now: SystemTime, window: Duration) -> bool {
        self.expires_at()
            .duration_since(now)
            .is_ok_and(|left| left >= window)
    }
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// The header of the file at `path`; `None` when there is none or it is no session of ours.
pub fn read_header(path: &Path) -> Option<Header> {
    let file = std::fs::File::open(path).ok()?;
    let mut line = Vec::new();
    BufReader::with_capacity(1024, file)
        .take(MAX_HEADER_BYTES)
        .read_until(b'\n', &mut line)
        .ok()?;
    parse_header(&line)
}

fn parse_header(line: &[u8]) -> Option<Header> {
    let header: Header = serde_json::from_slice(line).ok()?;
    (header.version == VERSION).then_some(header)
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

impl Drop for Body {
    fn drop(&mut self) {
        self.secret_access_key.zeroize();
        self.session_token.zeroize();
    }
}

/// Seals a session for the file of `step`.
pub fn seal(
    header: &Header,
    session: &SessionCredentials,
    step: &Fingerprint,
    key: &SessionKey,
) -> Result<Vec<u8>, getrandom::Error> {
    let body = Body {
        access_key_id: session.access_key_id.clone(),
        secret_access_key: session.secret_access_key.expose_secret().to_owned(),
        session_token: session.session_token.expose_secret().to_owned(),
    };
    let plain = Zeroizing::new(serde_json::to_vec(&body).unwrap_or_default());
    seal_plain(header, &plain, step, key)
}

/// Seals anything for the file of `step`.
pub fn seal_plain(
    header: &Header,
    plain: &[u8],
    step: &Fingerprint,
    key: &SessionKey,
) -> Result<Vec<u8>, getrandom::Error> {
    let mut file = serde_json::to_vec(header).unwrap_or_default();
    file.push(b'\n');
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce)?;
    let aad = additional_data(&file, step);
    // With room for the tag, so that the vector does not move and leave a copy behind.
    let mut sealed = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(plain);
    cipher(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&aad),
            &mut sealed,
        )
        .expect("AES-GCM seals any message shorter than 64 GiB");
    file.extend_from_slice(&nonce);
    file.extend_from_slice(&sealed);
    Ok(file)
}

/// The bytes of a session file.
#[derive(Debug)]
pub struct SealedSession(pub Vec<u8>);

impl SealedSession {
    /// `None` when this is no session file of ours.
    pub fn header(&self) -> Option<Header> {
        parse_header(self.split()?.0)
    }

    /// Opens the body; `None` for anything that is not whole, ours, of this step, and sealed with this key.
    pub fn open(&self, step: &Fingerprint, key: &SessionKey) -> Option<SessionCredentials> {
        let header = self.header()?;
        let mut body: Body = serde_json::from_slice(&self.open_plain(step, key)?).ok()?;
        Some(SessionCredentials {
            access_key_id: std::mem::take(&mut body.access_key_id),
            secret_access_key: std::mem::take(&mut body.secret_access_key).into(),
            session_token: std::mem::take(&mut body.session_token).into(),
            expiration: header.expires_at(),
        })
    }

    /// The same for what [`seal_plain`] sealed.
    pub fn open_plain(&self, step: &Fingerprint, key: &SessionKey) -> Option<Zeroizing<Vec<u8>>> {
        let (line, rest) = self.split()?;
        parse_header(line)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let aad = Aad::from(additional_data(line, step));
        let length = cipher(key)
            .open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut plain)
            .ok()?
            .len();
        plain.truncate(length);
        Some(plain)
    }

    fn split(&self) -> Option<(&[u8], &[u8])> {
        let end = self.0.iter().position(|byte| *byte == b'\n')? + 1;
        Some(self.0.split_at(end))
    }
}

fn additional_data(header_line: &[u8], step: &Fingerprint) -> Vec<u8> {
    [header_line, step.to_string().as_bytes()].concat()
}

fn cipher(key: &SessionKey) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key.expose()).expect("a session key has 256 bits");
    LessSafeKey::new(key)
}

#[cfg(test)]
mod tests;
