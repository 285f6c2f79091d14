//! Compact JWE (RFC 7516) with a passphrase: `PBES2-HS256+A128KW` and `A256GCM`, the one combination that aws-vault's file
//! store has ever used. Pure: time and random numbers are arguments.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use aes_kw::KwAes128;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::Sha256;
use zeroize::Zeroizing;

const ALGORITHM: &str = "PBES2-HS256+A128KW";
const ENCRYPTION: &str = "A256GCM";

/// Rounds of PBKDF2 for new items: OWASP's figure for HMAC-SHA256, about a tenth of a second. Earlier aws-vault releases write
/// 8,192 and read these.
pub(crate) const ITERATIONS: u32 = 600_000;

/// Rounds that are accepted when reading. The number is not authenticated, so without a bound anyone who can write the file
/// could keep us busy for hours; earlier aws-vault releases have the same bound.
const MAX_ITERATIONS: u64 = 1_300_000;

/// RFC 7518 section 4.8.1.1 asks for eight octets at least.
const MIN_SALT: usize = 8;

const KEK_LEN: usize = 16;
const CEK_LEN: usize = 32;
const WRAPPED_LEN: usize = CEK_LEN + 8;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
const SALT_LEN: usize = 12;

/// The random numbers of one sealing; never used twice.
pub(crate) struct Randomness {
    salt: [u8; SALT_LEN],
    content_key: Zeroizing<[u8; CEK_LEN]>,
    nonce: [u8; NONCE_LEN],
}

impl Randomness {
    /// Fresh numbers from the operating system.
    pub(crate) fn from_system() -> Result<Self, getrandom::Error> {
        let mut random = Randomness {
            salt: [0; SALT_LEN],
            content_key: Zeroizing::new([0; CEK_LEN]),
            nonce: [0; NONCE_LEN],
        };
        getrandom::fill(&mut random.salt)?;
        getrandom::fill(random.content_key.as_mut())?;
        getrandom::fill(&mut random.nonce)?;
        Ok(random)
    }
}

/// Why a JWE cannot be opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("{0}")]
    Malformed(&'static str),
    #[error("the passphrase does not fit")]
    Passphrase,
}

/// A key derived from a passphrase (RFC 7518 section 4.8), which wraps the content keys of any number of items.
struct DerivedKey {
    salt: Vec<u8>,
    iterations: u32,
    key: Zeroizing<[u8; KEK_LEN]>,
    /// It has opened an item, so whoever chose the salt knew the passphrase: an outsider could have chosen one for which he
    /// has tables.
    trusted: bool,
}

/// The keys derived from one passphrase so far. Each derivation is slow by design, so none is done twice; and what is sealed
/// gets the salt of what was opened, so that one derivation opens a whole store. That helps nobody who guesses passphrases:
/// one item is enough for him.
#[derive(Default)]
pub(crate) struct DerivedKeys(Vec<DerivedKey>);

impl DerivedKeys {
    fn of(&mut self, passphrase: &[u8], salt: &[u8], iterations: u32) -> &mut DerivedKey {
        let same = |key: &DerivedKey| key.salt == salt && key.iterations == iterations;
        let index = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(DerivedKey {
                salt: salt.to_vec(),
                iterations,
                key: key_encryption_key(passphrase, salt, iterations),
                trusted: false,
            });
            self.0.len() - 1
        });
        &mut self.0[index]
    }

    /// The key that new items are wrapped with.
    fn for_sealing(&mut self, passphrase: &[u8], salt: &[u8], iterations: u32) -> &DerivedKey {
        let good = |key: &DerivedKey| {
            key.trusted && key.iterations >= iterations && key.salt.len() >= SALT_LEN
        };
        if let Some(index) = self.0.iter().position(good) {
            return &self.0[index];
        }
        let key = self.of(passphrase, salt, iterations);
        key.trusted = true;
        key
    }
}

/// Seals `plaintext`. `created` is text for people and goes into the header as it is.
pub(crate) fn seal(
    plaintext: &[u8],
    (passphrase, keys): (&[u8], &mut DerivedKeys),
    iterations: u32,
    created: &str,
    random: &Randomness,
) -> String {
    let kek = keys.for_sealing(passphrase, &random.salt, iterations);
    let header = URL_SAFE_NO_PAD.encode(header_json(created, kek.iterations, &kek.salt));
    let mut wrapped = [0; WRAPPED_LEN];
    KwAes128::new((&*kek.key).into())
        .wrap_key(random.content_key.as_ref(), &mut wrapped)
        .expect("the content key is a multiple of eight octets and the buffer eight longer");

    let mut ciphertext = Zeroizing::new(Vec::with_capacity(plaintext.len() + TAG_LEN));
    ciphertext.extend_from_slice(plaintext);
    let tag = Aes256Gcm::new((&*random.content_key).into())
        .encrypt_inout_detached(
            &random.nonce.into(),
            header.as_bytes(),
            ciphertext.as_mut_slice().into(),
        )
        .expect("an item is far below the 64 GiB that AES-GCM can take");

    [
        header,
        URL_SAFE_NO_PAD.encode(wrapped),
        URL_SAFE_NO_PAD.encode(random.nonce),
        URL_SAFE_NO_PAD.encode(&*ciphertext),
        URL_SAFE_NO_PAD.encode(tag),
    ]
    .join(".")
}

/// Opens a sealed text; white space around it is ignored.
pub(crate) fn open(
    jwe: &[u8],
    (passphrase, keys): (&[u8], &mut DerivedKeys),
) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let sealed = parse(jwe)?;
    let kek = keys.of(passphrase, &sealed.salt, sealed.iterations);
    let mut content_key = Zeroizing::new([0; CEK_LEN]);
    KwAes128::new((&*kek.key).into())
        .unwrap_key(&sealed.wrapped_key, content_key.as_mut())
        .map_err(|_| Unreadable::Passphrase)?;
    kek.trusted = true;

    let mut plaintext = sealed.ciphertext;
    Aes256Gcm::new((&*content_key).into())
        .decrypt_inout_detached(
            &sealed.nonce.into(),
            sealed.header,
            plaintext.as_mut_slice().into(),
            &sealed.tag.into(),
        )
        .map_err(|_| Unreadable::Malformed("its content was changed after it was encrypted"))?;
    Ok(plaintext)
}

/// Whether the text has the form of a JWE that [`open`] could read, without trying a passphrase.
pub(crate) fn check_form(jwe: &[u8]) -> Result<(), Unreadable> {
    parse(jwe).map(drop)
}

struct Sealed<'a> {
    header: &'a [u8],
    iterations: u32,
    salt: Vec<u8>,
    wrapped_key: [u8; WRAPPED_LEN],
    nonce: [u8; NONCE_LEN],
    ciphertext: Zeroizing<Vec<u8>>,
    tag: [u8; TAG_LEN],
}

fn parse(jwe: &[u8]) -> Result<Sealed<'_>, Unreadable> {
    let mut parts = jwe.trim_ascii().split(|b| *b == b'.');
    let (Some(header), Some(wrapped_key), Some(nonce), Some(ciphertext), Some(tag), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return Err(Unreadable::Malformed(
            "it does not have the five parts of a JWE",
        ));
    };
    let (iterations, salt) = parse_header(header)?;
    Ok(Sealed {
        header,
        iterations,
        salt,
        wrapped_key: fixed(wrapped_key, "its key has the wrong length")?,
        nonce: fixed(nonce, "its nonce has the wrong length")?,
        ciphertext: Zeroizing::new(decoded(ciphertext)?),
        tag: fixed(tag, "its tag has the wrong length")?,
    })
}

/// Members we act on. A repeated one is refused by serde, an unknown one means nothing to us.
#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    p2c: u64,
    p2s: String,
    zip: Option<serde::de::IgnoredAny>,
    crit: Option<serde::de::IgnoredAny>,
}

fn parse_header(part: &[u8]) -> Result<(u32, Vec<u8>), Unreadable> {
    let header: Header = serde_json::from_slice(&decoded(part)?)
        .map_err(|_| Unreadable::Malformed("its header is damaged"))?;
    if header.alg != ALGORITHM || header.enc != ENCRYPTION {
        return Err(Unreadable::Malformed(
            "it uses another algorithm than aws-vault's",
        ));
    }
    if header.zip.is_some() || header.crit.is_some() {
        return Err(Unreadable::Malformed(
            "it uses extensions that are not supported",
        ));
    }
    let iterations = u32::try_from(header.p2c)
        .ok()
        .filter(|count| (1..=MAX_ITERATIONS).contains(&u64::from(*count)))
        .ok_or(Unreadable::Malformed(
            "its iteration count is out of bounds",
        ))?;
    let salt = decoded(header.p2s.as_bytes())?;
    if salt.len() < MIN_SALT {
        return Err(Unreadable::Malformed("its salt is too short"));
    }
    Ok((iterations, salt))
}

fn decoded(part: &[u8]) -> Result<Vec<u8>, Unreadable> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Unreadable::Malformed("it is not base64url"))
}

fn fixed<const N: usize>(part: &[u8], problem: &'static str) -> Result<[u8; N], Unreadable> {
    decoded(part)?
        .try_into()
        .map_err(|_| Unreadable::Malformed(problem))
}

/// Members in alphabetical order, as Go marshals a map.
fn header_json(created: &str, iterations: u32, salt: &[u8]) -> String {
    let created = serde_json::Value::from(created);
    let p2s = URL_SAFE_NO_PAD.encode(salt);
    format!(
        "{{\"alg\":\"{ALGORITHM}\",\"created\":{created},\"enc\":\"{ENCRYPTION}\",\"p2c\":{iterations},\"p2s\":\"{p2s}\"}}"
    )
}

/// RFC 7518 section 4.8: the salt is the algorithm's name, a zero octet and the salt input.
fn key_encryption_key(
    passphrase: &[u8],
    salt_input: &[u8],
    iterations: u32,
) -> Zeroizing<[u8; KEK_LEN]> {
    let salt = [ALGORITHM.as_bytes(), &[0], salt_input].concat();
    let mut kek = Zeroizing::new([0; KEK_LEN]);
    pbkdf2::pbkdf2_hmac::<Sha256>(passphrase, &salt, iterations, kek.as_mut());
    kek
}

#[cfg(test)]
#[path = "jwe_tests.rs"]
mod tests;
