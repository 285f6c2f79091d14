//! `aws-vault rotate --schedule`: what makes the operating system rotate keys. Printed, never installed: it is the user's.

use std::fmt::Write as _;

use crate::cli::context::Context;
use crate::cli::output::print;
use crate::error::CliError;

pub fn run(context: &Context, older_than: &str) -> Result<(), CliError> {
    let program = std::env::current_exe().map_err(|error| {
        CliError::new(format!("the path of this program is not known: {error}"))
    })?;
    let mut words = vec![program.display().to_string()];
    if context.global.backend.is_some() {
        words.push(format!("--backend={}", context.backend()));
    }
    words.extend(["rotate", "--all", "--older-than"].map(str::to_owned));
    words.push(older_than.to_owned());
    print(&text(&words))
}

/// For both systems: who reads it takes the half that fits.
fn text(words: &[String]) -> String {
    let exec = words
        .iter()
        .map(|word| systemd_quoted(word))
        .collect::<Vec<_>>()
        .join(" ");
    let mut arguments = String::new();
    for word in words {
        let _ = writeln!(arguments, "    <string>{}</string>", xml_quoted(word));
    }
    format!(
        "\
# Linux, systemd: two files, then
#   systemctl --user daemon-reload && systemctl --user enable --now aws-vault-rotate.timer
# A key whose policies demand MFA needs somebody to ask, and is reported as failed.
# The store must be unlocked when it runs: that of the desktop is, while you are logged in.

# ~/.config/systemd/user/aws-vault-rotate.service
[Unit]
Description=Rotate AWS access keys that are too old

[Service]
Type=oneshot
ExecStart={exec}

# ~/.config/systemd/user/aws-vault-rotate.timer
[Unit]
Description=Look for AWS access keys that are too old

[Timer]
OnCalendar=daily
RandomizedDelaySec=1h
Persistent=true

[Install]
WantedBy=timers.target

# macOS, launchd: one file, then
#   launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/aws-vault.rotate.plist

# ~/Library/LaunchAgents/aws-vault.rotate.plist
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
<dict>
  <key>Label</key>
  <string>aws-vault.rotate</string>
  <key>ProgramArguments</key>
  <array>
{arguments}  </array>
  <key>StartCalendarInterval</key>
  <dict>
    <key>Hour</key>
    <integer>10</integer>
    <key>Minute</key>
    <integer>7</integer>
  </dict>
</dict>
</plist>
"
    )
}

/// Source: systemd.service(5), "Command lines": quotes group, `%` and `$` are doubled.
fn systemd_quoted(word: &str) -> String {
    let escaped = word
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    if escaped.contains(|c: char| c.is_whitespace() || c == '\'' || c == ';') {
        format!("\"{escaped}\"")
    } else {
        escaped
    }
}

fn xml_quoted(word: &str) -> String {
    word.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_both() {
        let words = ["/opt/a b/aws-vault", "rotate", "50%", "<x>"].map(str::to_owned);
        let text = text(&words);
        assert!(
            text.contains("ExecStart=\"/opt/a b/aws-vault\" rotate 50%% <x>\n"),
            "{text}"
        );
        assert!(text.contains("    <string>&lt;x&gt;</string>\n"), "{text}");
    }
}
