//! `--token-file`: the token in a file, which unlike the environment is not inherited or dumped.

use std::path::{Path, PathBuf};

use super::super::context::Context;
use crate::error::CliError;
use crate::files::{self, Pending};
use crate::server::Secret;

const PREFIX: &str = "server-token-";

/// Readable by its user only; gone when dropped.
#[derive(Debug)]
pub struct TokenFile(PathBuf);

impl TokenFile {
    /// In `XDG_RUNTIME_DIR`, which no disk holds, else beside the sessions. Without a newline: botocore and the SDK for Rust
    /// would send it. `port`: one that the user chose, so that the file is the same from day to day, too.
    pub fn write(context: &Context, token: &Secret, port: Option<u16>) -> Result<Self, CliError> {
        let dir = match context.environment.var_os("XDG_RUNTIME_DIR") {
            Some(dir) if Path::new(dir).is_absolute() => Path::new(dir).join("aws-vault"),
            _ => context.sessions().dir().to_owned(),
        };
        files::create_private_dir(&dir)?;
        sweep(&dir);
        let path = dir.join(match port {
            Some(port) => format!("token-of-port-{port}"),
            None => format!("{PREFIX}{}", std::process::id()),
        });
        Pending::reserve(&path, token.expose().len())?.commit(token.expose().as_bytes())?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes what killed servers left. Their tokens open nothing any more.
fn sweep(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_dead = owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists());
        if is_dead && cfg!(target_os = "linux") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
