//! A new MFA device as authenticator apps take it: a URI, and that as a QR code for the terminal.

use qrcode::{EcLevel, QrCode, render::unicode};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// `otpauth://totp/…`: SHA-1, six digits, 30 seconds, as every virtual device of AWS.
///
/// Source: the Key URI format of Google Authenticator, which all apps and password managers read.
pub fn uri(user: &str, account: &str, seed: &SecretString) -> Zeroizing<String> {
    let escaped: String = form_urlencoded::byte_serialize(user.as_bytes()).collect();
    Zeroizing::new(format!(
        "otpauth://totp/Amazon%20Web%20Services:{escaped}@{account}?secret={}&issuer=Amazon%20Web%20Services",
        seed.expose_secret()
    ))
}

/// Dark on light, whatever the terminal's colours: two modules in each character. `None` if the text is too long for a code.
pub fn qr(text: &str) -> Option<Zeroizing<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let drawn = code
        .render::<unicode::Dense1x2>()
        .dark_color(unicode::Dense1x2::Light)
        .light_color(unicode::Dense1x2::Dark)
        .build();
    Some(Zeroizing::new(drawn))
}

/// The seed in groups of four, for those who type it.
pub fn grouped(seed: &SecretString) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::new());
    for (index, c) in seed.expose_secret().chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_can_read_it() {
        let seed = SecretString::from("JBSWY3DPEHPK3PXP");
        assert_eq!(
            uri("elmer+fudd", "111122223333", &seed).as_str(),
            "otpauth://totp/Amazon%20Web%20Services:elmer%2Bfudd@111122223333?secret=JBSWY3DPEHPK3PXP&issuer=Amazon%20Web%20Services"
        );
        assert_eq!(grouped(&seed).as_str(), "JBSW Y3DP EHPK 3PXP");
        let drawn = qr(&uri("elmerfudd", "111122223333", &seed)).unwrap();
        let widths: Vec<usize> = drawn.lines().map(|line| line.chars().count()).collect();
        assert!(
            widths
                .iter()
                .all(|width| *width == widths[0] && *width < 80),
            "{widths:?}"
        );
    }
}
