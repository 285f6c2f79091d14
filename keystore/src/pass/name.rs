//! Item names as paths inside a password store.
//!
//! Earlier aws-vault releases hand the name to the program as it is, cleaned as a path: `oidc:https://d.example/start` becomes
//! the file `oidc:https:/d.example/start`. We put names there from which the file's path can be told back, and all others into
//! one file with `/` and `%` as `%2F` and `%25`. Those the earlier releases could not find again anyway.

use crate::{Error, file_name};

/// Folders that belong to the programs.
pub(super) const NOT_FOR_ITEMS: [&str; 2] = [".git", ".extensions"];

/// The longest file name of usual file systems, less `.gpg`.
const MAX_SEGMENT: usize = 251;

/// Refuses names that lead out of the store. The programs refuse them too, but not the program that a user may have named in
/// their place.
pub(super) fn check_inside(name: &str) -> Result<(), Error> {
    if name.split('/').any(|segment| segment == "..") {
        return Err(invalid(
            name,
            "it has `..` in it, which leads to other folders",
        ));
    }
    Ok(())
}

/// Refuses names whose file could not be made.
pub(super) fn check_length(name: &str) -> Result<(), Error> {
    if to_path(name)
        .split('/')
        .any(|part| part.len() > MAX_SEGMENT)
    {
        return Err(invalid(name, "it is too long for the name of a file"));
    }
    Ok(())
}

/// Where the item of that name is, without the file's extension.
pub(super) fn to_path(name: &str) -> String {
    if is_plain(name) {
        cleaned(name)
    } else {
        file_name::encode(name)
    }
}

/// Where earlier releases put the item of that name, if that is somewhere else.
pub(super) fn mangled_path(name: &str) -> Option<String> {
    let path = cleaned(name);
    (!path.is_empty() && path != to_path(name)).then_some(path)
}

/// The name of the item in the file at that path, which is without its extension.
pub(super) fn from_path(path: &str) -> String {
    unescaped(path).unwrap_or_else(|| restored(path))
}

/// The path without empty segments and those that stand for the same folder.
pub(super) fn cleaned(path: &str) -> String {
    let segments: Vec<_> = path
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "."))
        .collect();
    segments.join("/")
}

/// Whether the path that earlier releases make of the name leads back to the name.
fn is_plain(name: &str) -> bool {
    let mut folders = name.split('/').rev().skip(1);
    restored(&cleaned(name)) == name
        && unescaped(name).is_none()
        && !folders.any(|folder| NOT_FOR_ITEMS.contains(&folder))
}

/// Gives the first URL in a path its second slash back.
fn restored(path: &str) -> String {
    path.replacen(":/", "://", 1)
}

/// The name, if the path is one that we made for a name that is not plain.
fn unescaped(path: &str) -> Option<String> {
    if !path.contains('%') {
        return None;
    }
    file_name::unescape(path).filter(|name| file_name::encode(name) == path && !is_plain(name))
}

fn invalid(name: &str, reason: &'static str) -> Error {
    Error::InvalidName {
        name: name.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_where_earlier_releases_look_for_them() {
        let table = [
            ("jon", "jon"),
            ("team/prod", "team/prod"),
            ("100%", "100%"),
            ("a%20b", "a%20b"),
            ("a:b", "a:b"),
            (".hidden", ".hidden"),
            ("-n", "-n"),
            (
                "oidc:https://d.example/start",
                "oidc:https:/d.example/start",
            ),
            (
                "oidc:https://d.example/start#",
                "oidc:https:/d.example/start#",
            ),
        ];
        for (name, path) in table {
            assert_eq!(to_path(name), path);
            assert_eq!(from_path(path), name);
            assert_eq!(mangled_path(name), None);
        }
    }

    #[test]
    fn names_that_earlier_releases_mangle_are_escaped() {
        let table = [
            (
                "oidc:https://d.example/start#/",
                "oidc:https:%2F%2Fd.example%2Fstart#%2F",
                "oidc:https:/d.example/start#",
            ),
            ("a//b", "a%2F%2Fb", "a/b"),
            ("a:/b", "a:%2Fb", "a:/b"),
            ("/a/./b", "%2Fa%2F.%2Fb", "a/b"),
            (".git/hooks", ".git%2Fhooks", ".git/hooks"),
            ("a%2F%2Fb", "a%252F%252Fb", "a%2F%2Fb"),
        ];
        for (name, path, mangled) in table {
            assert_eq!(to_path(name), path);
            assert_eq!(from_path(path), name);
            assert_eq!(mangled_path(name).as_deref(), Some(mangled));
        }
        assert_eq!(mangled_path("//"), None);
    }

    #[test]
    fn names_stay_inside() {
        for name in ["..", "../a", "a/..", "a/../b", "/../a"] {
            assert!(check_inside(name).is_err(), "{name}");
        }
        for name in ["a..b", "...", "..a/b.."] {
            assert!(check_inside(name).is_ok(), "{name}");
        }
        assert!(check_length(&"x".repeat(251)).is_ok());
        assert!(check_length(&"x".repeat(252)).is_err());
        assert!(check_length(&"x/".repeat(251)).is_err());
    }

    fn any_name() -> impl Strategy<Value = String> {
        "([/.:%a]|%2F|%25|%41|\\.git|https:/|\\PC){1,12}"
    }

    proptest! {
        #[test]
        fn round_trip(name in any_name()) {
            let path = to_path(&name);
            prop_assert_eq!(from_path(&path), name.clone());
            prop_assert!(path.split('/').all(|segment| !segment.is_empty()));
            if check_inside(&name).is_ok() {
                prop_assert!(check_inside(&path).is_ok());
            }
        }

        #[test]
        fn mangled_paths_stay_inside(name in any_name()) {
            if check_inside(&name).is_ok()
                && let Some(path) = mangled_path(&name)
            {
                prop_assert!(check_inside(&path).is_ok() && !path.starts_with('/'));
            }
        }
    }
}
