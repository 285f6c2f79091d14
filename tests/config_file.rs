//! The config file on disk: what is read, what is refused, and that a write leaves the old file or the new one.

use std::fs;
use std::path::{Path, PathBuf};

use aws_vault::config::{ConfigFile, Error, update, write_atomically};
use aws_vault::environment::Environment;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn names(config: &ConfigFile) -> Vec<&str> {
    config.profiles().map(|profile| profile.name).collect()
}

fn error(path: &Path) -> String {
    let error = ConfigFile::load(path).expect_err("a file that cannot be read");
    error
        .to_string()
        .replace(&path.display().to_string(), "PATH")
}

#[test]
fn where_the_file_is() {
    for (variables, expected) in [
        (&[("HOME", "/home/jon")][..], "/home/jon/.aws/config"),
        (
            &[("HOME", "/home/jon"), ("AWS_CONFIG_FILE", "")],
            "/home/jon/.aws/config",
        ),
        (&[("HOME", "/home/jon"), ("AWS_CONFIG_FILE", "/x")], "/x"),
        (&[("HOME", "/home/jon"), ("AWS_CONFIG_FILE", "x")], "x"),
        (
            &[("HOME", "/home/jon"), ("AWS_CONFIG_FILE", "~/x")],
            "/home/jon/x",
        ),
        (
            &[("HOME", "/home/jon"), ("AWS_CONFIG_FILE", "~jon/x")],
            "~jon/x",
        ),
    ] {
        let environment: Environment = variables.iter().copied().collect();
        assert_eq!(
            ConfigFile::path_from(&environment).unwrap(),
            PathBuf::from(expected)
        );
    }
}

#[test]
fn profiles_in_file_order() {
    let text = "\u{feff}[profile b]\r\nregion=x\r\n[default]\r\n[preview]\r\ncli=x\r\n[profile a]\r\n[profile b]\r\n\
                [sso-session s]\r\n[services s]\r\n[profile \"c d\"]\r\n[profile default]\r\n";
    let config = ConfigFile::parse(Path::new("config"), text).unwrap();
    let found: Vec<(&str, usize, bool)> = config
        .profiles()
        .map(|profile| (profile.name, profile.line, profile.is_empty))
        .collect();
    assert_eq!(
        found,
        [
            ("b", 1, false),
            ("default", 3, true),
            ("a", 6, true),
            ("c d", 10, true)
        ]
    );
    assert_eq!(config.sso_session_names(), ["s"]);
    assert_eq!(config.canonical("\"c d\""), "c d");
    assert_eq!(config.canonical("\"a"), "\"a");
}

#[test]
fn a_missing_file_is_empty() {
    let directory = directory();
    for path in [
        directory.path().join("config"),
        directory.path().join("no/such/config"),
        "/dev/null".into(),
    ] {
        assert_eq!(
            names(&ConfigFile::load(&path).unwrap()),
            [""; 0],
            "{}",
            path.display()
        );
    }
}

#[test]
fn what_is_no_config_file() {
    let directory = directory();
    let path = directory.path().join("config");
    let with = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        error(&path)
    };
    assert_eq!(
        with(b"[a]\nk=\0v\n"),
        "PATH:2: config file holds a NUL byte"
    );
    assert_eq!(
        with(b"[a]\nk=v\nl=\xff\n"),
        "PATH:3: config file holds bytes that are not UTF-8"
    );
    assert_eq!(
        with(b"\xff\xfe[\0a\0]\0"),
        "PATH:1: config file holds a NUL byte"
    );
    assert_eq!(
        with(b"[a]\nsecret\n"),
        "error parsing config file PATH:2: no `=` or `:` after the key"
    );
    assert_eq!(error(directory.path()), "config file PATH is a directory");

    let file = fs::File::create(&path).unwrap();
    file.set_len(1 << 30).unwrap();
    assert_eq!(error(&path), "config file PATH is larger than 16 MiB");

    let below_a_file = path.join("config");
    assert_eq!(
        error(&below_a_file),
        "cannot read config file PATH: Not a directory (os error 20)"
    );
}

#[cfg(unix)]
#[test]
fn pipes_and_loops_of_links_do_not_hang() {
    let directory = directory();
    let pipe = directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(
        made.expect("mkfifo is in the Debian package coreutils")
            .success()
    );
    assert_eq!(error(&pipe), "config file PATH is not an ordinary file");
    assert_eq!(
        error(Path::new("/dev/zero")),
        "config file PATH is not an ordinary file"
    );

    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    assert_eq!(
        error(&link),
        "cannot read config file PATH: Too many levels of symbolic links (os error 40)"
    );
    assert!(write_atomically(&link, "x").is_err());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path)
            .expect("the file is there")
            .permissions()
            .mode()
            & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
    }

    #[test]
    fn a_new_file_and_its_directory_are_private() {
        let directory = directory();
        let path = directory.path().join(".aws/config");
        write_atomically(&path, "[default]\n").unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(fs::read_to_string(&path).unwrap(), "[default]\n");
    }

    #[test]
    fn mode_and_links_stay() {
        let directory = directory();
        set_mode(directory.path(), 0o755);
        let path = directory.path().join("config");
        let link = directory.path().join("link");
        let second = directory.path().join("second");
        fs::write(&path, "old").unwrap();
        set_mode(&path, 0o640);
        symlink("config", &link).unwrap();
        symlink(&link, &second).unwrap();
        write_atomically(&second, "new").unwrap();
        assert!(second.is_symlink() && link.is_symlink() && !path.is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!((mode(&path), mode(directory.path())), (0o640, 0o755));
    }

    #[test]
    fn a_link_may_point_to_a_file_to_be() {
        let directory = directory();
        let link = directory.path().join("link");
        symlink("dotfiles/config", &link).unwrap();
        assert_eq!(names(&ConfigFile::load(&link).unwrap()), [""; 0]);
        write_atomically(&link, "new").unwrap();
        assert_eq!(
            fs::read_to_string(directory.path().join("dotfiles/config")).unwrap(),
            "new"
        );
    }

    #[test]
    fn a_read_only_file_is_left_alone() {
        let directory = directory();
        let path = directory.path().join("config");
        fs::write(&path, "old").unwrap();
        set_mode(&path, 0o444);
        let error = write_atomically(&path, "new").unwrap_err();
        assert!(error.to_string().ends_with("permission denied"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let directory = directory();
        let path = directory.path().join("config");
        fs::create_dir_all(path.join("full")).unwrap();
        assert!(write_atomically(&path, "new").is_err());
        assert!(path.join("full").is_dir());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn who_may_put_commands_into_the_file() {
        let directory = directory();
        let path = directory.path().join("config");
        fs::write(&path, "").unwrap();
        let metadata = fs::metadata(&path).unwrap();
        let (me, somebody) = (metadata.uid(), metadata.uid() + 12_345);
        let trusted = |mode: u32, uid: u32| {
            set_mode(&path, mode);
            ConfigFile::load(&path).unwrap().trusted_by(uid).is_ok()
        };
        assert!(trusted(0o600, me) && trusted(0o644, me));
        assert!(!trusted(0o666, me) && !trusted(0o602, me));
        // Root's files are everybody's: /etc is trusted, too.
        assert_eq!(trusted(0o644, somebody), me == 0);
        // Debian and Fedora give every user a group of the same number, and umask 0002.
        assert_eq!(trusted(0o664, me), metadata.gid() == me);
        assert!(!trusted(0o664, somebody));
        assert!(
            ConfigFile::load(&directory.path().join("none"))
                .unwrap()
                .trusted_by(me)
                .is_ok()
        );
    }
}

#[test]
fn two_processes_that_add_at_once_both_succeed() {
    let directory = directory();
    let path = directory.path().join("config");
    fs::write(&path, "# mine\n").unwrap();
    std::thread::scope(|scope| {
        for index in 0..20 {
            let path = &path;
            scope.spawn(move || {
                update::<Error>(path, |config| {
                    config.with_profile(&format!("p{index}"), None).map(Some)
                })
                .expect("a profile more");
            });
        }
    });
    let config = ConfigFile::load(&path).unwrap();
    let mut found = names(&config);
    found.sort_unstable();
    let mut expected: Vec<String> = (0..20).map(|index| format!("p{index}")).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert!(config.text().starts_with("# mine\n"));
}

#[test]
fn an_edit_that_fails_changes_nothing() {
    let directory = directory();
    let path = directory.path().join("config");
    fs::write(&path, "[profile a]\n").unwrap();
    update::<Error>(&path, |_| Ok(None)).unwrap();
    let refused = update::<Error>(&path, |config| config.with_profile("a\nb", None).map(Some));
    assert!(matches!(refused, Err(Error::ProfileName { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "[profile a]\n");
}
