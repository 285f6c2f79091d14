//! The encrypted session of the Secret Service specification: `dh-ietf1024-sha256-aes128-cbc-pkcs7`. It keeps secrets from
//! anyone who can watch the bus; it is no protection from a false service, which the specification does not attempt.

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{U256, U1024, const_monty_params};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

pub(super) const ALGORITHM: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";

const GROUP_LEN: usize = 128;
const BLOCK_LEN: usize = 16;

const_monty_params!(
    // The prime of the second Oakley group, RFC 2409 section 6.2, which the specification prescribes.
    OakleyGroup2,
    U1024,
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
     020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
     4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
     ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff"
);
type Element = ConstMontyForm<OakleyGroup2, { U1024::LIMBS }>;

/// Our half of the key agreement.
pub(super) struct KeyPair {
    /// 256 bits are more than twice the strength of the group (RFC 3526 section 8), and a quarter of the work of 1024.
    exponent: U256,
}

impl KeyPair {
    pub(super) fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut())?;
        Ok(KeyPair {
            exponent: U256::from_be_slice(bytes.as_ref()),
        })
    }

    pub(super) fn public_key(&self) -> [u8; GROUP_LEN] {
        to_bytes(&self.power_of(&U1024::from_u8(2)))
    }

    /// The session's key, or `None` if what the service sent is no public key of the group.
    pub(super) fn agree(&self, service_key: &[u8]) -> Option<SessionKey> {
        let mut shared = Zeroizing::new(to_bytes(&self.power_of(&element(service_key)?)));
        let mut key = Zeroizing::new([0; BLOCK_LEN]);
        Hkdf::<Sha256>::new(None, shared.as_ref())
            .expand(&[], key.as_mut())
            .expect("HKDF can expand to sixteen octets");
        shared.zeroize();
        Some(SessionKey(key))
    }

    fn power_of(&self, base: &U1024) -> U1024 {
        Element::new(base).pow(&self.exponent).retrieve()
    }
}

impl Drop for KeyPair {
    fn drop(&mut self) {
        self.exponent.zeroize();
    }
}

/// The key of one session.
pub(super) struct SessionKey(Zeroizing<[u8; BLOCK_LEN]>);

impl SessionKey {
    /// The initialisation vector (the specification's "parameters") and the ciphertext.
    pub(super) fn encrypt(
        &self,
        secret: &[u8],
    ) -> Result<([u8; BLOCK_LEN], Vec<u8>), getrandom::Error> {
        let mut vector = [0; BLOCK_LEN];
        getrandom::fill(&mut vector)?;
        let mut buffer = Vec::with_capacity(secret.len() + BLOCK_LEN);
        buffer.extend_from_slice(secret);
        buffer.resize(secret.len() / BLOCK_LEN * BLOCK_LEN + BLOCK_LEN, 0);
        cbc::Encryptor::<Aes128>::new((&*self.0).into(), &vector.into())
            .encrypt_padded::<Pkcs7>(&mut buffer, secret.len())
            .expect("the buffer has room for the padding");
        Ok((vector, buffer))
    }

    /// `None` if the service sent something that this session's key did not encrypt.
    pub(super) fn decrypt(&self, vector: &[u8], mut buffer: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
        let cipher = cbc::Decryptor::<Aes128>::new_from_slices(self.0.as_ref(), vector).ok()?;
        let length = cipher.decrypt_padded::<Pkcs7>(&mut buffer).map(<[u8]>::len);
        let mut secret = Zeroizing::new(buffer);
        secret.truncate(length.ok()?);
        Some(secret)
    }
}

/// A public key between 2 and p - 2: the others would make the shared secret known to everyone.
fn element(bytes: &[u8]) -> Option<U1024> {
    let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    let mut padded = [0; GROUP_LEN];
    let start = GROUP_LEN.checked_sub(significant.len())?;
    padded[start..].copy_from_slice(significant);
    let key = U1024::from_be_slice(&padded);
    let highest = Element::MODULUS.get().wrapping_sub(&U1024::from_u8(2));
    (U1024::from_u8(2) <= key && key <= highest).then_some(key)
}

fn to_bytes(number: &U1024) -> [u8; GROUP_LEN] {
    let mut bytes = [0; GROUP_LEN];
    for (octets, word) in bytes.rchunks_exact_mut(8).zip(number.to_words()) {
        octets.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_agree_and_understand_each_other() {
        let (ours, theirs) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let our_key = ours.agree(&theirs.public_key()).unwrap();
        let their_key = theirs.agree(&ours.public_key()).unwrap();
        for length in [0, 1, 15, 16, 17, 1000] {
            let secret = vec![7; length];
            let (vector, ciphertext) = our_key.encrypt(&secret).unwrap();
            assert_eq!(ciphertext.len() % BLOCK_LEN, 0);
            assert!(ciphertext.len() > length);
            assert_eq!(*their_key.decrypt(&vector, ciphertext).unwrap(), secret);
        }
    }

    #[test]
    fn worthless_public_keys_are_refused() {
        let ours = KeyPair::generate().unwrap();
        let prime = to_bytes(&Element::MODULUS.get());
        let below_prime = to_bytes(&Element::MODULUS.get().wrapping_sub(&U1024::ONE));
        for key in [
            &[][..],
            &[0; 128],
            &[1],
            &[0, 1],
            &prime,
            &below_prime,
            &[255; 128],
            &[1; 129],
        ] {
            assert!(ours.agree(key).is_none(), "{key:?}");
        }
        let leading_zero = [&[0], &ours.public_key()[..]].concat();
        assert!(ours.agree(&leading_zero).is_some());
    }

    #[test]
    fn foreign_ciphertext_is_refused() {
        let key = SessionKey(Zeroizing::new([1; 16]));
        assert!(key.decrypt(&[], vec![0; 16]).is_none());
        assert!(key.decrypt(&[0; 15], vec![0; 16]).is_none());
        assert!(key.decrypt(&[0; 16], vec![]).is_none());
        assert!(key.decrypt(&[0; 16], vec![0; 15]).is_none());
        assert!(key.decrypt(&[0; 16], vec![0; 32]).is_none());
    }
}
