//! The window that flags and config file wish for.

use crate::browser::colour::Colour;
use crate::browser::{self, Container};
use crate::cli::args;
use crate::config::profile::{Profile, Setting};
use crate::error::{CliError, visible};

use super::signer::Place;

/// Flags before the config file; a flag for one way of keeping accounts apart sets the other way of the file aside.
pub(super) fn window(
    flags: &args::Window,
    profile: &Profile,
    place: &Place<'_>,
) -> Result<browser::Window, CliError> {
    let configured = &profile.console;
    let text = |flag: &Option<String>, setting: &Option<Setting<String>>| {
        flag.clone()
            .or_else(|| setting.as_ref().map(|setting| setting.value.clone()))
    };
    let by_flag = flags.private || flags.browser_profile.is_some() || flags.container.is_some();
    let of_file = |setting: &Option<Setting<String>>| setting.clone().filter(|_| !by_flag);
    let name = text(&flags.container, &of_file(&configured.container))
        .map(|name| expanded(&name, &profile.name, place));
    let container = name
        .map(|name| {
            Ok::<_, CliError>(Container {
                colour: colour(flags.colour.as_deref(), profile)?
                    .unwrap_or_else(|| Colour::of_name(&name)),
                name,
                scheme: text(&None, &configured.container_scheme),
            })
        })
        .transpose()?;
    Ok(browser::Window {
        browser: text(&flags.browser, &configured.browser),
        profile: text(
            &flags.browser_profile,
            &of_file(&configured.browser_profile),
        ),
        container,
        private: flags.private,
    })
}

/// The colour that is chosen, if one is.
pub(in crate::cli) fn colour(
    flag: Option<&str>,
    profile: &Profile,
) -> Result<Option<Colour>, CliError> {
    let (name, place) = match (flag, &profile.console.colour) {
        (Some(name), _) => (name, "--colour".to_owned()),
        (None, Some(setting)) => (setting.value.as_str(), setting.origin.to_string()),
        (None, None) => return Ok(None),
    };
    Colour::parse(name).map(Some).ok_or_else(|| {
        let names: Vec<_> = Colour::ALL.map(Colour::name).into();
        CliError::usage(format!("{place}: '{}' is no colour we know", visible(name)))
            .hint(format!("choose one of {}", names.join(", ")))
    })
}

/// An account or role that is not known is called like the profile.
fn expanded(template: &str, profile: &str, place: &Place<'_>) -> String {
    template
        .replace("{account}", place.account.unwrap_or(profile))
        .replace("{role}", place.role.unwrap_or(profile))
        .replace("{profile}", profile)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::Origin;

    fn setting(value: &str) -> Setting<String> {
        Setting::new(value.to_owned(), Origin::Default("test"))
    }

    fn profile() -> Profile {
        let mut profile = Profile {
            name: "prod".to_owned(),
            ..Profile::default()
        };
        profile.console.browser = Some(setting("firefox"));
        profile.console.container = Some(setting("{account} {role} {profile}"));
        profile
    }

    const PLACE: Place<'_> = Place {
        account: Some("222233334444"),
        role: Some("Dev"),
    };

    #[test]
    fn the_config_file_is_followed() {
        let window = window(&args::Window::default(), &profile(), &PLACE).unwrap();
        let container = window.container.unwrap();
        assert_eq!(window.browser.as_deref(), Some("firefox"));
        assert_eq!(container.name, "222233334444 Dev prod");
        assert_eq!(container.colour, Colour::of_name(&container.name));
    }

    #[test]
    fn flags_win() {
        let flags = args::Window {
            private: true,
            browser: Some("chrome".to_owned()),
            ..args::Window::default()
        };
        let window = window(&flags, &profile(), &PLACE).unwrap();
        assert!(window.container.is_none() && window.private);
        assert_eq!(window.browser.as_deref(), Some("chrome"));
    }

    #[test]
    fn colours() {
        let mut profile = profile();
        assert_eq!(colour(None, &profile).unwrap(), None);
        profile.console.colour = Some(setting("Red"));
        assert_eq!(colour(None, &profile).unwrap(), Some(Colour::Red));
        assert_eq!(colour(Some("pink"), &profile).unwrap(), Some(Colour::Pink));
        let error = colour(Some("mauve"), &profile).unwrap_err().render(None);
        assert!(
            error.contains("--colour: 'mauve'") && error.contains("turquoise"),
            "{error}"
        );
    }
}
