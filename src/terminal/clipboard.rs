//! The clipboard of whoever sits at the terminal, also at the other end of an SSH connection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// The control sequence that puts a text into the clipboard. Terminals that do not know it, or do not allow it, ignore it.
///
/// Source: XTerm Control Sequences, "Operating System Commands", 52.
pub(super) fn sequence(text: &SecretString) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(text.expose_secret()));
    Zeroizing::new(format!("\u{1b}]52;c;{}\u{7}", *encoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_encoded_whole() {
        assert_eq!(
            *sequence(&"https://x/?é".into()),
            "\u{1b}]52;c;aHR0cHM6Ly94Lz/DqQ==\u{7}"
        );
    }
}
