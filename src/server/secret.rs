//! The token a client of the container server must show.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// 240 random bits as 40 characters; compared without telling how much of a guess was right.
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; 30]);
        getrandom::fill(&mut *bytes)?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The time taken depends on nothing but the length of the guess.
    pub fn is(&self, guess: &[u8]) -> bool {
        let secret = self.0.as_bytes();
        let differences = guess.iter().enumerate().fold(0, |all, (at, byte)| {
            all | (byte ^ secret[at % secret.len()])
        });
        std::hint::black_box(differences) == 0 && guess.len() == secret.len()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_will_do() {
        let secret = Secret::random().unwrap();
        let token = secret.expose().to_owned();
        assert_eq!(token.len(), 40);
        assert!(secret.is(token.as_bytes()));
        for wrong in [
            "",
            &token[..39],
            &format!("{token}A"),
            &format!("{token}{token}"),
            &format!("Bearer {token}"),
            &token.to_uppercase(),
        ] {
            assert!(!secret.is(wrong.as_bytes()), "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
