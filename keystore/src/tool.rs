//! Runs a store's program: found in absolute directories only, within a time limit, and with nothing of it left
//! behind when the limit is over.

mod process;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// Begins the lines that are for programs, of a GnuPG with `--status-fd`.
pub(crate) const STATUS: &str = "[GNUPG:] ";

/// Far above any item; bounds what the program can make us read.
const MAX_OUTPUT: u64 = 64 << 20;

/// What the program says is passed on to the terminal if it takes longer than this: it may be asking for something, as
/// `age` does with hardware keys ("please touch …").
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the rest of the output may take after the program's end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a pipe holds everywhere without anybody reading it; items are shorter.
const PIPE: usize = 16 << 10;

/// A program with its environment.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) program: PathBuf,
    /// Added to, or in place of, those of this process.
    pub(crate) variables: Vec<(OsString, OsString)>,
    pub(crate) limit: Duration,
}

/// Why a run did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The program could not be started.
    Start(io::Error),
    /// It was still running after the limit, and was killed.
    TimedOut,
    /// It ended by saying so.
    Ended { status: ExitStatus, words: String },
}

impl Tool {
    /// Runs the program with that text as its input. Its output is ignored.
    pub(crate) fn put(
        &self,
        arguments: &[&OsStr],
        input: Zeroizing<Vec<u8>>,
    ) -> Result<(), Failure> {
        if input.len() <= PIPE {
            return self.put_ready(arguments, &input);
        }
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .spawn()
            .map_err(Failure::Start)?;
        let Some(mut stdin) = child.stdin.take() else {
            return self.wait(child);
        };
        // Not here: a program that reads nothing would keep us waiting. One that ends early says why in its own words.
        thread::spawn(move || drop(stdin.write_all(&input)));
        self.wait(child)
    }

    /// The whole text is there before the program is: if we are killed, it must not take what it has got by then for the item.
    fn put_ready(&self, arguments: &[&OsStr], input: &[u8]) -> Result<(), Failure> {
        let (reader, mut writer) = io::pipe().map_err(Failure::Start)?;
        writer.write_all(input).map_err(Failure::Start)?;
        drop(writer);
        let mut command = self.command(arguments);
        let child = command.stdin(reader).spawn().map_err(Failure::Start)?;
        // Its copy of the reading end must be the only one: it belongs to the command.
        drop(command);
        self.wait(child)
    }

    /// Runs the program without input or output.
    pub(crate) fn run(&self, arguments: &[&OsStr]) -> Result<(), Failure> {
        let child = self.command(arguments).spawn().map_err(Failure::Start)?;
        self.wait(child)
    }

    /// Runs the program for its output, of which this many bytes are expected.
    pub(crate) fn output(
        &self,
        arguments: &[&OsStr],
        expected: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut command = self.command(arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::Start)?;
        let stdout = child.stdout.take();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            // Large enough from the start: growing would leave parts of the secret behind in freed memory.
            let mut output = Zeroizing::new(Vec::with_capacity(expected));
            let complete = stdout.map(|pipe| pipe.take(MAX_OUTPUT).read_to_end(&mut output));
            // Fails only if nobody waits any more.
            let _ = sender.send(complete.is_some_and(|read| read.is_ok()).then_some(output));
        });
        self.wait(child)?;
        match receiver.recv_timeout(LAST_WORDS) {
            Ok(Some(output)) => Ok(output),
            _ => Err(Failure::TimedOut),
        }
    }

    fn command(&self, arguments: &[&OsStr]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    fn wait(&self, mut child: Child) -> Result<(), Failure> {
        let started = Instant::now();
        let words = Words::listen(child.stderr.take());
        let mut pause = Duration::from_millis(1);
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => {
                    let words = words.all();
                    return Err(Failure::Ended { status, words });
                }
                Ok(None) => {}
                Err(error) => return Err(Failure::Start(error)),
            }
            if started.elapsed() >= self.limit {
                process::kill_tree(&mut child);
                return Err(Failure::TimedOut);
            }
            if started.elapsed() >= PATIENCE {
                words.pass_on();
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }
}

/// The absolute directories of a `PATH`. A relative one would run whatever lies in the current directory.
pub(crate) fn absolute_directories(path: &OsStr) -> Vec<PathBuf> {
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .collect()
}

/// The program of that name in the first of the directories that has it, or the program at that absolute path.
pub(crate) fn find(name: &str, directories: &[PathBuf]) -> Option<PathBuf> {
    if name.contains('/') {
        let path = PathBuf::from(name);
        return (path.is_absolute() && is_program(&path)).then_some(path);
    }
    directories
        .iter()
        .map(|directory| directory.join(name))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// What a program says on its standard error.
struct Words {
    said: Arc<Mutex<Said>>,
    end: mpsc::Receiver<()>,
}

#[derive(Default)]
struct Said {
    text: Vec<u8>,
    passed_on: usize,
}

impl Words {
    fn listen(stderr: Option<impl Read + Send + 'static>) -> Words {
        let said = Arc::new(Mutex::new(Said::default()));
        let (sender, end) = mpsc::channel();
        let heard = Arc::clone(&said);
        thread::spawn(move || {
            // Dropped at the end, which whoever waits for it notices.
            let _sender = sender;
            let mut buffer = [0; 4096];
            let mut stderr = stderr;
            while let Some(Ok(count @ 1..)) = stderr.as_mut().map(|pipe| pipe.read(&mut buffer)) {
                let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
                said.text.extend_from_slice(&buffer[..count]);
            }
        });
        Words { said, end }
    }

    fn all(&self) -> String {
        let _ = self.end.recv_timeout(LAST_WORDS);
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said.text).into_owned()
    }

    /// Shows the lines that have not been shown yet, but not those that are for programs.
    fn pass_on(&self) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let new = &said.text[said.passed_on..];
        let complete = new
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        for line in new[..complete].split_inclusive(|byte| *byte == b'\n') {
            if !line.starts_with(STATUS.as_bytes()) {
                // Nobody can be told if standard error is closed.
                let _ = io::stderr().write_all(line);
            }
        }
        said.passed_on += complete;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_absolute_directories_only() {
        let directories = absolute_directories(OsStr::new(".::bin:/usr/bin:../x:/bin"));
        assert_eq!(directories, [Path::new("/usr/bin"), Path::new("/bin")]);
        let table = [
            ("env", Some("/usr/bin/env")),
            ("/usr/bin/env", Some("/usr/bin/env")),
            ("./env", None),
            ("bin/env", None),
            ("/usr/bin", None),
            ("/etc/passwd", None),
            ("", None),
            ("no such program", None),
        ];
        for (name, path) in table {
            assert_eq!(find(name, &directories).as_deref(), path.map(Path::new));
        }
    }
}
