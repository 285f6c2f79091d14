//! The session cache: one sealed file per step of a chain, in the user's state directory, and one lock per file so that N
//! processes cause one login.

pub mod fingerprint;
pub mod lock;
pub mod sealed;
mod spent;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::environment::Environment;
use crate::files::{self, AtPath, PathError, Pending};

pub use fingerprint::Fingerprint;
pub use sealed::{Header, SealedSession};

/// Room reserved for a session before anybody is asked for an MFA code; role sessions with tags reach about 2 KiB.
const RESERVED_BYTES: usize = 4096;
const EXTENSION: &str = "session";
const ROTATION_LOCK: &str = "rotation.lock";
const FAILURE_EXTENSION: &str = "failed";
/// Nobody is asked for a code this long, so the owner of a temporary file of this age is gone.
const ABANDONED: Duration = Duration::from_hours(1);

/// Where sessions and the index live: `AWS_VAULT_SESSION_DIR`, else the user's state directory.
///
/// Source: XDG Base Directory Specification, `$XDG_STATE_HOME`.
pub fn state_dir(environment: &Environment) -> Option<PathBuf> {
    if let Some(dir) = environment.var_os("AWS_VAULT_SESSION_DIR") {
        return Some(PathBuf::from(dir));
    }
    let base = if cfg!(windows) {
        environment.var_os("LOCALAPPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        Some(environment.home()?.join("Library/Application Support"))
    } else {
        match environment.var_os("XDG_STATE_HOME").map(PathBuf::from) {
            // The specification: a relative path is invalid and ignored.
            Some(dir) if dir.is_absolute() => Some(dir),
            _ => Some(environment.home()?.join(".local/state")),
        }
    };
    Some(base?.join("aws-vault"))
}

/// The cache directory.
#[derive(Debug, Clone)]
pub struct Sessions {
    dir: PathBuf,
}

impl Sessions {
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The header of the session for `step`, without unlocking anything.
    pub fn header(&self, step: &Fingerprint) -> Option<Header> {
        sealed::read_header(&self.path(step))
    }

    /// The file of `step`, read once, so that header and body belong together.
    pub fn read(&self, step: &Fingerprint) -> Option<SealedSession> {
        fs::read(self.path(step)).ok().map(SealedSession)
    }

    /// Reserves room for the session of `step`.
    pub fn reserve(&self, step: &Fingerprint) -> Result<Pending, PathError> {
        files::create_private_dir(&self.dir)?;
        Pending::reserve(&self.path(step), RESERVED_BYTES)
    }

    /// Takes the lock under which `step` is obtained. `waiting` is called once, after a second of waiting.
    pub fn lock(
        &self,
        step: &Fingerprint,
        waiting: impl FnOnce() + Send,
    ) -> Result<lock::Lock, PathError> {
        files::create_private_dir(&self.dir)?;
        lock::acquire(&self.path(step).with_extension("lock"), waiting)
    }

    /// Takes the lock under which the session key is made.
    pub fn lock_key(&self) -> Result<lock::Lock, PathError> {
        files::create_private_dir(&self.dir)?;
        lock::acquire(&self.dir.join("session-key.lock"), || ())
    }

    /// Takes the lock under which keys are rotated: one after the other. `waiting` is called once, after a second of waiting.
    pub fn lock_rotation(&self, waiting: impl FnOnce() + Send) -> Result<lock::Lock, PathError> {
        files::create_private_dir(&self.dir)?;
        lock::acquire(&self.dir.join(ROTATION_LOCK), waiting)
    }

    /// Whether some process rotates keys now.
    pub fn rotation_runs(&self) -> bool {
        lock::is_held(&self.dir.join(ROTATION_LOCK))
    }

    /// Forgets the session for `step`, unless it has been replaced by one with another access key since it was read: the
    /// loser of a race must not delete the winner's session.
    pub fn forget(&self, step: &Fingerprint, seen: &Header) {
        if self.header(step).as_ref() == Some(seen) {
            let _ = fs::remove_file(self.path(step));
        }
    }

    /// Removes the file of `step`; says whether there was one.
    pub fn remove_step(&self, step: &Fingerprint) -> Result<bool, PathError> {
        self.remove_named(&step.to_string())
    }

    /// The same by the step's name alone.
    pub fn remove_named(&self, step: &str) -> Result<bool, PathError> {
        let path = self.dir.join(format!("{step}.{EXTENSION}"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            result => result.map(|()| true).at(&path),
        }
    }

    /// Names of the steps that are tokens of Identity Center.
    pub fn token_steps(&self) -> Vec<String> {
        self.files()
            .filter(|path| sealed::read_header(path).is_some_and(|header| header.is_token()))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .collect()
    }

    /// Tells those who wait for the lock of `step` that it cannot be obtained, and why. Lost where it cannot be written.
    pub fn note_failure(&self, step: &Fingerprint, reason: &str) {
        let _ = files::write_atomically(
            &self.path(step).with_extension(FAILURE_EXTENSION),
            reason.as_bytes(),
        );
    }

    /// Why `step` could not be obtained, if somebody tried since then.
    pub fn failure_since(&self, step: &Fingerprint, since: SystemTime) -> Option<String> {
        let path = self.path(step).with_extension(FAILURE_EXTENSION);
        let noted = fs::metadata(&path).ok()?.modified().ok()?;
        (noted >= since)
            .then(|| fs::read_to_string(&path).ok())
            .flatten()
    }

    /// Headers of all sessions, expired ones included, sorted by profile, kind and expiry.
    pub fn list(&self) -> Vec<Header> {
        let mut headers: Vec<_> = self
            .files()
            .filter_map(|path| sealed::read_header(&path))
            .collect();
        headers.sort_by(|a, b| {
            (&a.profile, &a.kind, a.expires).cmp(&(&b.profile, &b.kind, b.expires))
        });
        headers
    }

    /// Removes the sessions that `which` picks, and every file that is no session. Returns how many sessions went.
    pub fn remove(&self, which: impl Fn(&Header) -> bool) -> Result<usize, PathError> {
        let mut removed = 0;
        for path in self.files() {
            let header = sealed::read_header(&path);
            if header.as_ref().is_none_or(&which) {
                match fs::remove_file(&path) {
                    // Somebody else removed it first.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                    result => result.at(&path)?,
                }
                removed += usize::from(header.is_some());
            }
        }
        Ok(removed)
    }

    /// Removes sessions that expired before `now`, and what killed processes left; failures are left to the next run.
    pub fn sweep(&self, now: SystemTime) {
        let _ = self.remove(|header| header.expires_at() <= now);
        let old = self.files_with(files::TEMPORARY_EXTENSION);
        let old = old.chain(self.files_with(FAILURE_EXTENSION));
        for path in old.chain(self.files_with(spent::EXTENSION)) {
            let modified = fs::metadata(&path).and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|then| now.duration_since(then).ok());
            if age.is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(&path);
            }
        }
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.files_with(EXTENSION)
    }

    fn files_with(&self, extension: &'static str) -> impl Iterator<Item = PathBuf> {
        fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(move |path| path.extension().is_some_and(|end| end == extension))
    }

    fn path(&self, step: &Fingerprint) -> PathBuf {
        self.dir.join(format!("{step}.{EXTENSION}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(vars: &[(&str, &str)]) -> Environment {
        vars.iter().copied().collect()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_state_directory() {
        for (vars, expected) in [
            (vec![("HOME", "/h")], "/h/.local/state/aws-vault"),
            (
                vec![("HOME", "/h"), ("XDG_STATE_HOME", "/s")],
                "/s/aws-vault",
            ),
            (
                vec![("HOME", "/h"), ("XDG_STATE_HOME", "relative")],
                "/h/.local/state/aws-vault",
            ),
            (vec![("HOME", "/h"), ("AWS_VAULT_SESSION_DIR", "/x")], "/x"),
        ] {
            assert_eq!(
                state_dir(&environment(&vars)),
                Some(PathBuf::from(expected))
            );
        }
    }
}
