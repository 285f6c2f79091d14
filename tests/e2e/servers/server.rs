//! A server that runs beside a command which waits, and requests as bytes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Home, KEY, Ran, Running, Sim, account_role};

/// A user without MFA and a role of its own account's choosing.
const CONFIG: &str = "\
[profile bastion]
region = eu-west-1

[profile deploy]
source_profile = bastion
region = eu-central-1
role_arn = arn:aws:iam::222233334444:role/team/Deployer
";

/// An AWS in which the bastion's user may assume two roles without MFA, and a home with both profiles.
pub fn roles() -> (Sim, Home) {
    let sim = Sim::with(|world| {
        let roles = &mut world["accounts"]["222233334444"]["roles"];
        for role in ["Deployer", "Other"] {
            roles[role] = account_role("111122223333", &["iam:ListUsers", "sts:AssumeRole"]);
            roles[role]["path"] = "/team/".into();
        }
    });
    let home = Home::of(&sim, CONFIG);
    home.add("bastion", KEY);
    (sim, home)
}

/// `exec` with a server flag and a command that waits until it is told to end.
pub struct Server<'a> {
    home: &'a Home,
    running: Option<Running>,
    pub env: Vec<String>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl<'a> Server<'a> {
    #[track_caller]
    pub fn start(home: &'a Home, words: &[&str]) -> Self {
        let wait = "env > \"$HOME/env.new\" && mv \"$HOME/env.new\" \"$HOME/env\"; \
                    while [ ! -e \"$HOME/stop\" ]; do sleep 0.02; done";
        for left in ["env", "stop"] {
            let _ = std::fs::remove_file(home.path(left));
        }
        let running = home.start(
            ["exec"]
                .iter()
                .chain(words)
                .chain(&["--", "sh", "-c", wait]),
        );
        let deadline = Instant::now() + Duration::from_secs(80);
        while !home.path("env").exists() {
            if Instant::now() > deadline {
                running.kill(rustix::process::Signal::TERM);
                panic!("the command did not start: {:#?}", running.finish());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let env = std::fs::read_to_string(home.path("env")).unwrap();
        Self {
            home,
            running: Some(running),
            env: env.lines().map(str::to_owned).collect(),
        }
    }

    pub fn find_var(&self, name: &str) -> Option<&str> {
        self.env
            .iter()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    #[track_caller]
    pub fn var(&self, name: &str) -> &str {
        self.find_var(name)
            .unwrap_or_else(|| panic!("no {name} in {:#?}", self.env))
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> &str {
        let url = self
            .find_var("AWS_CONTAINER_CREDENTIALS_FULL_URI")
            .unwrap_or_else(|| self.var("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
        url.strip_prefix("http://")
            .unwrap()
            .strip_suffix('/')
            .unwrap()
    }

    /// Sends bytes as they are and reads until the server closes.
    pub fn send(&self, bytes: &[u8]) -> Answer {
        send(self.host(), bytes)
    }

    /// A request as an SDK writes it, with more headers.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let headers = headers.concat();
        let host = self.host();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
        );
        self.send(text.as_bytes())
    }

    /// Credentials of the container server.
    pub fn container(&self, path: &str) -> Answer {
        let token = self.var("AWS_CONTAINER_AUTHORIZATION_TOKEN").to_owned();
        self.ask("GET", path, &[("Authorization", &token)])
    }

    /// A metadata token.
    #[track_caller]
    pub fn token(&self) -> String {
        let ttl = ("X-aws-ec2-metadata-token-ttl-seconds", "21600");
        self.ask("PUT", "/latest/api/token", &[ttl]).ok().body
    }

    /// Something of the metadata service, by IMDSv2.
    pub fn metadata(&self, path: &str) -> Answer {
        let token = self.token();
        self.ask("GET", path, &[("X-aws-ec2-metadata-token", &token)])
    }

    pub fn kill(&self, signal: rustix::process::Signal) {
        self.running.as_ref().unwrap().kill(signal);
    }

    /// Memory of the serving process.
    pub fn resident_kilobytes(&self) -> u64 {
        let pid = self.running.as_ref().unwrap().pid;
        let file = format!("/proc/{}/status", pid.as_raw_nonzero());
        let status = std::fs::read_to_string(file).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap()
            .trim()
            .strip_suffix(" kB")
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Lets the command end.
    #[track_caller]
    pub fn stop(mut self) -> Ran {
        std::fs::write(self.home.path("stop"), "").unwrap();
        self.running.take().unwrap().finish()
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = std::fs::write(self.home.path("stop"), "");
        if let Some(running) = self.running.take() {
            running.finish();
        }
    }
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        assert!(!self.body.contains("Secret"), "{self:#?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:#?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

pub fn send(host: &str, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(80)))
        .unwrap();
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    // A reset after the answer is how a server ends what it refused to read.
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or(0),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
