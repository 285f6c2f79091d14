//! What a profile says about the console: keys that begin with `aws_vault_`, which every other tool ignores.

use std::time::Duration;

use super::duration;
use super::error::Error;
use super::profile::{Origin, Setting};
use super::resolve::Sources;

/// AWS's limits of a console session. Source: IAM User Guide, "Enable custom identity broker access to the AWS console".
pub const SHORTEST_SECONDS: u64 = 900;
pub const LONGEST_SECONDS: u64 = 43_200;

/// Preferences for `login`. Texts may hold `{profile}`, `{account}` and `{role}`, so that one line in `[default]` gives every
/// profile a browser container of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Console {
    /// `aws_vault_browser = firefox`: a name of the browser table, or the path of a program.
    pub browser: Option<Setting<String>>,
    /// `aws_vault_browser_profile = Work`: a profile that the user made in the browser.
    pub browser_profile: Option<Setting<String>>,
    /// `aws_vault_container = {profile}`: Firefox's container of that name; elsewhere a browser profile that we make.
    pub container: Option<Setting<String>>,
    /// `aws_vault_container_scheme = ext+granted-containers`: the URL scheme of the add-on that opens containers.
    pub container_scheme: Option<Setting<String>>,
    /// `aws_vault_colour = red` (or `aws_vault_color`)
    pub colour: Option<Setting<String>>,
    /// `aws_vault_console_duration = 8h`, in seconds.
    pub duration: Option<Setting<u32>>,
    /// `aws_vault_display_name = Production`: what the console calls a role that was switched to.
    pub display_name: Option<Setting<String>>,
}

impl Console {
    /// Everything that is set: key, value, origin.
    pub fn settings(&self) -> Vec<(&'static str, String, &Origin)> {
        let texts = [
            ("aws_vault_browser", &self.browser),
            ("aws_vault_browser_profile", &self.browser_profile),
            ("aws_vault_container", &self.container),
            ("aws_vault_container_scheme", &self.container_scheme),
            ("aws_vault_colour", &self.colour),
            ("aws_vault_display_name", &self.display_name),
        ];
        let texts = texts.into_iter().filter_map(|(key, setting)| {
            let setting = setting.as_ref()?;
            Some((key, setting.value.clone(), &setting.origin))
        });
        let duration = self.duration.as_ref().map(|setting| {
            let text = duration::compact(u64::from(setting.value));
            ("aws_vault_console_duration", text, &setting.origin)
        });
        texts.chain(duration).collect()
    }
}

pub(super) fn console(sources: &Sources<'_>) -> Result<Console, Error> {
    let text = |key| sources.text(key, &[]);
    Ok(Console {
        browser: sources.text("aws_vault_browser", &["AWS_VAULT_BROWSER"]),
        browser_profile: text("aws_vault_browser_profile"),
        container: text("aws_vault_container"),
        container_scheme: text("aws_vault_container_scheme"),
        colour: text("aws_vault_colour").or_else(|| text("aws_vault_color")),
        duration: sources.parsed(
            "aws_vault_console_duration",
            text("aws_vault_console_duration"),
            "a duration from 15m to 12h",
            |text| duration::parse(text).ok().and_then(console_seconds),
        )?,
        display_name: text("aws_vault_display_name"),
    })
}

/// Whole seconds, if AWS opens a console for so long.
pub fn console_seconds(duration: Duration) -> Option<u32> {
    let seconds = duration.as_secs();
    (SHORTEST_SECONDS..=LONGEST_SECONDS)
        .contains(&seconds)
        .then(|| u32::try_from(seconds).ok())?
}
