//! Where the user's session bus is.

use std::ffi::OsString;
use std::path::PathBuf;

/// Never "autolaunch", libdbus's own default: it would start a bus that nobody else can see.
pub(super) fn of_session(environment: impl Fn(&str) -> Option<OsString>) -> Option<String> {
    let configured =
        environment("DBUS_SESSION_BUS_ADDRESS").and_then(|address| address.into_string().ok());
    configured
        .filter(|address| !address.is_empty())
        .or_else(|| {
            let socket = PathBuf::from(environment("XDG_RUNTIME_DIR")?).join("bus");
            let escaped = dbus_escaped(socket.to_str()?);
            socket.exists().then(|| format!("unix:path={escaped}"))
        })
}

/// Escapes a value for a D-Bus address.
fn dbus_escaped(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'-' | b'_' | b'/' | b'.' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(variables: &[(&str, &str)]) -> Option<String> {
        of_session(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_bus_is_the_configured_one_or_the_one_of_the_runtime_directory() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = dir.path().join("run time");
        std::fs::create_dir(&runtime).unwrap();
        let runtime_variable = ("XDG_RUNTIME_DIR", runtime.to_str().unwrap());
        assert_eq!(address(&[]), None);
        assert_eq!(address(&[runtime_variable]), None);
        std::fs::write(runtime.join("bus"), "").unwrap();
        let expected = format!("unix:path={}/run%20time/bus", dir.path().display());
        assert_eq!(address(&[runtime_variable]), Some(expected.clone()));
        let configured = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x");
        assert_eq!(
            address(&[runtime_variable, configured]).as_deref(),
            Some("unix:path=/x")
        );
        assert_eq!(
            address(&[runtime_variable, ("DBUS_SESSION_BUS_ADDRESS", "")]),
            Some(expected)
        );
    }
}
