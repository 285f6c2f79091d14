//! How people sign in from here: with a browser on this computer, or with a code for a browser elsewhere.

use std::path::Path;

use super::variables::boolean;
use crate::aws::ssooidc::Flow;
use crate::environment::Environment;
use crate::error::CliError;
use crate::program;
use crate::provider::Style;

const DEVICE_CODE: &str = "AWS_VAULT_DEVICE_CODE";

/// `device_code` and `print` are the flags. Without them a browser is used where there is one that can reach this computer's
/// loopback address.
pub fn style(environment: &Environment, device_code: bool, print: bool) -> Result<Style, CliError> {
    let variable = environment
        .var(DEVICE_CODE)
        .map(boolean)
        .transpose()
        .map_err(|why| CliError::usage(format!("{DEVICE_CODE}: {why}")))?;
    let by_code =
        device_code || variable.unwrap_or_else(|| is_elsewhere(environment, is_container()));
    let flow = if by_code {
        Flow::DeviceCode
    } else {
        Flow::AuthorizationCode
    };
    Ok(Style {
        flow,
        open_browser: !print,
    })
}

/// Whether the person's browser runs on another computer than we do, or there is none.
fn is_elsewhere(environment: &Environment, container: bool) -> bool {
    let is_set = |name: &&str| environment.var_os(name).is_some();
    let remote = ["SSH_CONNECTION", "SSH_TTY"];
    if container || remote.iter().any(is_set) {
        return true;
    }
    if cfg!(any(target_os = "macos", windows)) {
        return false;
    }
    let screen = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"];
    let on_windows = is_set(&"WSL_DISTRO_NAME") && program::find("wslview", environment).is_some();
    !on_windows && !screen.iter().any(is_set)
}

/// Docker, Podman, and systemd's convention.
///
/// Source: systemd, "Container Interface".
fn is_container() -> bool {
    [
        "/.dockerenv",
        "/run/.containerenv",
        "/run/systemd/container",
    ]
    .iter()
    .any(|path| Path::new(path).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn where_the_browser_is() {
        for (vars, container, elsewhere) in [
            (&[("DISPLAY", ":0")][..], false, false),
            (&[("WAYLAND_DISPLAY", "wayland-0")], false, false),
            (&[("BROWSER", "firefox")], false, false),
            (
                &[("BROWSER", "firefox"), ("SSH_CONNECTION", "x")],
                false,
                true,
            ),
            (
                &[("DISPLAY", ":10"), ("SSH_TTY", "/dev/pts/0")],
                false,
                true,
            ),
            (&[("DISPLAY", ":0")], true, true),
            (&[("WSL_DISTRO_NAME", "Debian")], false, true),
            (&[], false, true),
        ] {
            let environment: Environment = vars.iter().copied().collect();
            assert_eq!(is_elsewhere(&environment, container), elsewhere, "{vars:?}");
        }
    }

    #[test]
    fn the_flag_and_the_variable_decide() {
        for (variable, flag, flow) in [
            ("1", false, Flow::DeviceCode),
            ("0", false, Flow::AuthorizationCode),
            ("0", true, Flow::DeviceCode),
        ] {
            let environment: Environment = [(DEVICE_CODE, variable)].into_iter().collect();
            let style = style(&environment, flag, true).unwrap();
            assert_eq!((style.flow, style.open_browser), (flow, false));
        }
        let wrong: Environment = [(DEVICE_CODE, "x")].into_iter().collect();
        assert!(style(&wrong, false, false).is_err());
    }
}
