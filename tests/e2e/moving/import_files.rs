//! `import` and files that are not what they should be: a clear error, and nothing is changed.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::process::Command;

use super::import::{REST, credentials, file, home_with, text};
use crate::support::{Home, KEY, run};

#[test]
fn files_that_are_refused() {
    let utf16: Vec<u8> = "\u{feff}[default]\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let huge = vec![b'#'; (16 << 20) + 1];
    for (name, bytes, says) in [
        (
            "malformed",
            format!("{}\r\nno delimiter {}\r\n", file(), KEY.secret).into_bytes(),
            ":9: no `=` or `:`",
        ),
        (
            "header",
            b"[default\n".to_vec(),
            ":1: the section's closing ] is missing",
        ),
        ("UTF-16", utf16, "is UTF-16"),
        ("NUL", b"[a]\0\n".to_vec(), "NUL bytes"),
        ("Latin-1", b"[a]\n# \xe9\n".to_vec(), "is not UTF-8"),
        ("huge", huge, "is larger than 16 MiB"),
    ] {
        let (_sim, home) = home_with("");
        fs::write(home.path(".aws/credentials"), bytes).unwrap();
        let before = home.digest("");
        let ran = home.run(["import", "--scrub"]).fails(says);
        assert!(
            ran.error().contains(&credentials(&home)),
            "{name}: {ran:#?}"
        );
        assert!(!ran.stderr.contains(KEY.secret), "{name}: {ran:#?}");
        assert_eq!(home.digest(""), before, "{name}");
    }
}

#[test]
fn what_is_no_file() {
    let (_sim, home) = home_with("");
    let path = home.path(".aws/credentials");
    fs::remove_file(&path).unwrap();
    home.run(["import"])
        .fails("there is no file ")
        .hints("AWS_SHARED_CREDENTIALS_FILE");
    symlink("nowhere", &path).unwrap();
    home.run(["import"]).fails("there is no file ");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    home.run(["import"]).fails(" is a directory");
    fs::remove_dir(&path).unwrap();
    run(Command::new("mkfifo").arg(&path)).ok();
    home.run(["import"]).fails(" is not an ordinary file");
    home.run(["import", "--undo"])
        .fails(" is not an ordinary file");
    assert!(!home.keys().exists());
}

#[test]
fn a_read_only_file_is_left_alone() {
    let (_sim, home) = home_with(&file());
    let path = home.path(".aws/credentials");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    let before = home.digest("");
    home.run(["import", "--scrub"])
        .fails("has no write permission")
        .hints("chmod u+w");
    assert_eq!(home.digest(""), before);
    // Its keys can be stored all the same, and nobody is asked.
    let (mut pty, child) = home.on_terminal(["import"]);
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert_eq!(
        (text(&home), home.stored_id("bastion").as_deref()),
        (file(), Some(KEY.id))
    );
}

#[test]
fn others_who_can_read_the_file_are_told_of() {
    let (_sim, home) = home_with(&file());
    for (mode, warned) in [(0o600, false), (0o640, true), (0o604, true)] {
        fs::set_permissions(
            home.path(".aws/credentials"),
            fs::Permissions::from_mode(mode),
        )
        .unwrap();
        let ran = home.run(["import", "--no-scrub"]).ok();
        assert_eq!(
            ran.stderr.contains("can be read by other users"),
            warned,
            "{mode:o}: {ran:#?}"
        );
    }
}

#[test]
fn a_symbolic_link_stays_one_and_the_mode_stays() {
    let (_sim, mut home) = home_with("");
    fs::create_dir(home.path("dotfiles")).unwrap();
    let target = home.path("dotfiles/aws");
    fs::write(&target, file()).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    fs::remove_file(home.path(".aws/credentials")).unwrap();
    symlink("../dotfiles/aws", home.path(".aws/link")).unwrap();
    home.set("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/link");
    home.run(["import", "--scrub"]).ok();
    assert_eq!(
        fs::read_link(home.path(".aws/link")).unwrap().to_str(),
        Some("../dotfiles/aws")
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), REST);
    assert_eq!(mode(&home), 0o640);
    home.run(["import", "--undo"]).ok();
    assert_eq!(
        (fs::read_to_string(&target).unwrap(), mode(&home)),
        (file(), 0o640)
    );
}

fn mode(home: &Home) -> u32 {
    fs::metadata(home.path("dotfiles/aws")).unwrap().mode() & 0o777
}
