//! Browser profiles of Chromium and its kin: those that people made, found by name, and those that we make, one for an account.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::table::Known;
use super::window::{Container, WindowError};
use crate::environment::Environment;
use crate::files;

/// The directory name of a profile that is called so, by its directory or by the name that the browser shows.
///
/// Source: Chromium, `Local State`, `profile.info_cache`.
pub(super) fn directory_of(
    known: &'static Known,
    profile: &str,
    environment: &Environment,
) -> Result<String, WindowError> {
    let text = user_data(known, environment)
        .and_then(|folder| fs::read_to_string(folder.join("Local State")).ok());
    let Some(text) = text else {
        // A browser that never ran, or runs out of a sandbox: it knows best.
        return Ok(profile.to_owned());
    };
    let profiles = profiles(&text);
    let found = profiles
        .iter()
        .find(|(directory, name)| directory == profile || name == profile);
    match found {
        Some((directory, _)) => Ok(directory.clone()),
        None => Err(WindowError::NoProfile {
            browser: known.name(),
            profile: crate::error::visible(profile),
            there_are: profiles
                .iter()
                .map(|(directory, name)| format!("'{name}' ({directory})"))
                .collect(),
        }),
    }
}

/// Directory and name of each profile.
fn profiles(local_state: &str) -> Vec<(String, String)> {
    let state: Value = serde_json::from_str(local_state).unwrap_or_default();
    let cache = state["profile"]["info_cache"].as_object();
    cache
        .into_iter()
        .flatten()
        .map(|(directory, about)| {
            let name = about["name"].as_str().unwrap_or(directory);
            (directory.clone(), name.to_owned())
        })
        .collect()
}

fn user_data(known: &Known, environment: &Environment) -> Option<PathBuf> {
    let [linux, macos, windows] = known.user_data;
    if cfg!(windows) {
        return Some(Path::new(environment.var_os("LOCALAPPDATA")?).join(windows));
    }
    let home = environment.home()?;
    Some(if cfg!(target_os = "macos") {
        home.join("Library/Application Support").join(macos)
    } else {
        environment
            .var_os("XDG_CONFIG_HOME")
            .map_or_else(|| home.join(".config"), PathBuf::from)
            .join(linux)
    })
}

/// A directory for a browser's whole data, named and coloured when it is new; what the user changes later stays.
pub(super) fn make(
    state: &Path,
    browser: &str,
    container: &Container,
) -> Result<PathBuf, WindowError> {
    let folder = state
        .join("browsers")
        .join(browser)
        .join(file_name(&container.name));
    let failed = |source: io::Error| WindowError::OwnProfile {
        path: folder.clone(),
        source,
    };
    let first = folder.join("Default");
    files::create_private_dir(state).map_err(|error| failed(io::Error::other(error)))?;
    fs::create_dir_all(&first).map_err(failed)?;
    let preferences = first.join("Preferences");
    if !preferences.exists() {
        fs::write(preferences, self::preferences(container).to_string()).map_err(failed)?;
    }
    Ok(folder)
}

/// Source: Chromium, `chrome/common/pref_names.h`: `profile.name`, `browser.theme.user_color2` (a signed ARGB number).
fn preferences(container: &Container) -> Value {
    let opaque = 0xff00_0000 | container.colour.rgb();
    json!({
        "profile": { "name": container.name, "using_default_name": false },
        "browser": {
            "theme": { "user_color2": opaque.cast_signed(), "color_variant2": 1 },
            "has_seen_welcome_page": true,
        },
    })
}

/// A name as one component of a path: what is no letter, digit, `-`, `_` or `.` is percent-encoded, and so is a leading dot.
fn file_name(name: &str) -> String {
    name.bytes()
        .enumerate()
        .fold(String::new(), |mut text, (at, byte)| {
            use std::fmt::Write as _;
            if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || byte == b'.' && at > 0 {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::colour::Colour;

    #[test]
    fn names_stay_inside_their_folder() {
        for (name, file) in [
            ("prod", "prod"),
            ("222233334444", "222233334444"),
            ("../x", "%2E.%2Fx"),
            (".", "%2E"),
            ("a b/é", "a%20b%2F%C3%A9"),
        ] {
            assert_eq!(file_name(name), file);
        }
    }

    #[test]
    fn profiles_are_found_by_directory_and_by_name() {
        let state = r#"{"profile":{"info_cache":{"Default":{"name":"Jon"},"Profile 1":{"name":"Work"},"Profile 2":{}}}}"#;
        let pair = |directory: &str, name: &str| (directory.to_owned(), name.to_owned());
        assert_eq!(
            profiles(state),
            [
                pair("Default", "Jon"),
                pair("Profile 1", "Work"),
                pair("Profile 2", "Profile 2")
            ]
        );
        for nothing in ["", "{}", "[]", r#"{"profile":{"info_cache":7}}"#] {
            assert!(profiles(nothing).is_empty());
        }
    }

    #[test]
    fn a_profile_of_ours_is_named_once() {
        let state = tempfile::tempdir().unwrap();
        let container = |colour| Container {
            name: "prod".to_owned(),
            colour,
            scheme: None,
        };
        let folder = make(state.path(), "chrome", &container(Colour::Red)).unwrap();
        let preferences = folder.join("Default/Preferences");
        let first = fs::read_to_string(&preferences).unwrap();
        assert!(
            first.contains(r#""name":"prod""#) && first.contains(r#""user_color2":-40643"#),
            "{first}"
        );
        make(state.path(), "chrome", &container(Colour::Blue)).unwrap();
        assert_eq!(fs::read_to_string(&preferences).unwrap(), first);
    }
}
