//! A dialog of macOS, through AppleScript.

use super::driver::{Answer, Driver, Tools, message};

pub(super) fn ask(tools: &Tools<'_>, serial: &str) -> Answer {
    tools.dialog(Driver::Osascript, ["-e".to_owned(), script(serial)])
}

/// The serial comes from a file: quoted, it is text and never AppleScript.
fn script(serial: &str) -> String {
    format!(
        "display dialog {} default answer \"\" buttons {{\"OK\", \"Cancel\"}} default button 1\n\
         text returned of the result\n\
         return result",
        quoted(&message(serial))
    )
}

/// AppleScript Language Guide, "text": a backslash escapes itself and the quotation mark.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_no_script() {
        assert_eq!(
            script(r#"a" & (do shell script "x\y") & ""#).lines().next(),
            Some(
                r#"display dialog "Enter MFA code for a\" & (do shell script \"x\\y\") & \": " default answer "" buttons {"OK", "Cancel"} default button 1"#
            )
        );
    }
}
