//! A link as a QR code on the terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use crate::error::CliError;
use crate::terminal;

/// The code, light on dark as most terminals are. Two rows of it share a line of text.
pub fn code(link: &str) -> Result<String, CliError> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L).map_err(|_| {
        CliError::new(format!(
            "the link has {} characters, which no QR code holds",
            link.len()
        ))
        .hint("--stdout prints it, --copy puts it into the clipboard")
    })?;
    let picture = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    let needed = picture.lines().next().unwrap_or_default().chars().count();
    if let Some(columns) = terminal::columns_of_stdout()
        && columns < needed
    {
        return Err(CliError::new(format!(
            "the QR code needs {needed} columns, and the terminal has {columns}"
        ))
        .hint("make the terminal's letters smaller, or use --stdout or --copy"));
    }
    Ok(picture + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_drawn_and_what_does_not_is_said() {
        let picture = code("https://example.com/").unwrap();
        let widths: std::collections::BTreeSet<_> =
            picture.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths.len(), 1, "{picture}");
        let error = code(&"x".repeat(3000)).unwrap_err().render(None);
        assert!(
            error.contains("3000 characters") && error.contains("--copy"),
            "{error}"
        );
    }
}
