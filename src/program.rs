//! Other programs, found without trusting the folder we were started in.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// The program's absolute path. Relative entries of `PATH` are passed over: `./zenity` of a cloned project would be handed what
/// is meant for the user's own.
pub fn find(program: &str, environment: &Environment) -> Option<PathBuf> {
    let named = Path::new(program);
    if named.components().count() > 1 {
        return (named.is_absolute() && is_executable(named)).then(|| named.to_owned());
    }
    let suffix = std::env::consts::EXE_SUFFIX;
    let file = format!("{}{suffix}", program.trim_end_matches(suffix));
    std::env::split_paths(environment.var_os("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&file))
        .find(|candidate| is_executable(candidate))
}

/// What a program that hands out no credentials is told of our environment: nothing of AWS, and above all no passphrase.
pub fn harmless(environment: &Environment) -> impl Iterator<Item = (&OsStr, &OsStr)> {
    const OURS: [&str; 3] = ["AWS_", "OP_", "PROTON_PASS_"];
    environment.iter().filter(|(name, _)| {
        let name = name.to_string_lossy();
        !OURS.iter().any(|prefix| name.starts_with(prefix))
    })
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(windows)]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_entries_of_path_count() {
        for (program, path, expected) in [
            ("sh", Some("/bin"), Some("/bin/sh")),
            ("sh", Some("/nowhere:/bin"), Some("/bin/sh")),
            ("sh", Some("bin:.:../bin:"), None),
            ("sh", None, None),
            ("/bin/sh", None, Some("/bin/sh")),
            ("./sh", Some("/bin"), None),
            ("/etc/passwd", None, None),
        ] {
            let environment: Environment = path.map(|path| ("PATH", path)).into_iter().collect();
            assert_eq!(
                find(program, &environment),
                expected.map(PathBuf::from),
                "{program} in {path:?}"
            );
        }
    }
}
