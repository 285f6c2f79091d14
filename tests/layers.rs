//! The rooms and the direction between them (ARCHITECTURE.md): an import may only point down.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};

/// From top to bottom. Rooms of one line may not import each other, except where `ALLOWED` says so.
const LAYERS: [&[&str]; 6] = [
    &["cli"],
    &[
        "rotation",
        "status",
        "backup",
        "bastion",
        "child",
        "console",
        "import",
        "link_local",
        "migration",
        "server",
    ],
    &["provider", "hardening", "terminal"],
    &[
        "mfa", "aws", "sessions", "vault", "index", "oauth", "browser",
    ],
    &["config"],
    &[
        "credentials",
        "environment",
        "error",
        "files",
        "peer",
        "program",
    ],
];

/// Sideways imports, each with its reason.
const ALLOWED: [(&str, &str); 5] = [
    // The command is told the token of the server beside it.
    ("child", "server"),
    // A session file is sealed with the key that the vault keeps.
    ("sessions", "vault"),
    // An STS call carries a code.
    ("aws", "mfa"),
    // The redirect comes from a browser.
    ("oauth", "browser"),
    // PATH is part of the environment.
    ("program", "environment"),
];

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The first path segment below `src/`: `src/cli/add.rs` and `src/cli.rs` are in room `cli`.
fn room_of(path: &Path, src: &Path) -> String {
    let first = path.strip_prefix(src).unwrap().iter().next().unwrap();
    Path::new(first)
        .file_stem()
        .unwrap()
        .to_string_lossy()
        .into_owned()
}

/// Rooms named by `crate::ROOM` anywhere in the file, tests included.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (start, _) in code.match_indices("crate::") {
            let rest = &code[start + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let names = group
                    .split(',')
                    .map(|name| name.split("::").next().unwrap_or_default());
                found.extend(names.map(|name| (index + 1, identifier(name))));
            } else {
                found.push((index + 1, identifier(rest)));
            }
        }
    }
    found.retain(|(_, room)| !room.is_empty());
    found
}

fn identifier(text: &str) -> String {
    text.trim()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn imports_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for path in rust_files(&src) {
        let room = room_of(&path, &src);
        if matches!(room.as_str(), "main" | "lib") {
            continue;
        }
        let own = layer(&room)
            .unwrap_or_else(|| panic!("{room} is in no layer: add it to tests/layers.rs"));
        for (line, target) in imports(&std::fs::read_to_string(&path).unwrap()) {
            let Some(below) = layer(&target) else {
                continue;
            };
            let sideways = below == own && target != room && !ALLOWED.contains(&(&room, &target));
            if below < own || sideways {
                wrong.push(format!(
                    "{}:{line}: {room} imports {target}",
                    path.display()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that do not point down:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_keystore_crate_knows_no_aws() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("keystore/Cargo.toml");
    let text = std::fs::read_to_string(manifest).unwrap();
    assert!(
        !text.lines().any(|line| line.starts_with("aws-")),
        "keystore/ depends on an AWS crate"
    );
}
