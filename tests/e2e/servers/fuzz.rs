//! A hundred thousand requests, most of them wrong: the server lives, and credentials leave only for a proper one.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::corpus::{Case, Dice, Good};
use super::{Server, roles};

const REQUESTS: usize = 100_000;
const CLIENTS: usize = 4;
/// As many as go over one connection, one behind the other.
const BATCH: usize = 40;
const SEED: u64 = 0x5ec2_e7ed;

/// What was seen.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    served: usize,
    refused: usize,
}

#[test]
fn a_hundred_thousand_requests() {
    let (sim, home) = roles();
    for flag in ["--ecs-server", "--ec2-server"] {
        let server = Server::start(&home, &[flag, "deploy"]);
        let good = match server.find_var("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            Some(token) => Good {
                host: server.host().to_owned(),
                path: "/",
                proof: ("Authorization", token.to_owned()),
            },
            None => Good {
                host: server.host().to_owned(),
                path: "/latest/meta-data/iam/security-credentials/Deployer",
                proof: ("X-aws-ec2-metadata-token", server.token()),
            },
        };
        let secrets = Secrets::of(&answers(&send(&good, &[good.last()]), &[])[0]);
        let memory = server.resident_kilobytes();
        let tallies: Vec<Tally> = std::thread::scope(|scope| {
            let client = |number| {
                let (good, secrets) = (&good, &secrets);
                scope.spawn(move || attack(good, secrets, SEED + number, REQUESTS / 2 / CLIENTS))
            };
            let clients: Vec<_> = (0..CLIENTS as u64).map(client).collect();
            clients
                .into_iter()
                .map(|client| client.join().unwrap())
                .collect()
        });
        let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
        assert_eq!(sum(|it| it.sent), REQUESTS / 2);
        // Both kinds were really there.
        assert!(sum(|it| it.served) > REQUESTS / 20, "{tallies:?}");
        assert!(sum(|it| it.refused) > REQUESTS / 20, "{tallies:?}");
        let grown = server.resident_kilobytes().saturating_sub(memory);
        assert!(grown < 16 * 1024, "memory grew by {grown} kB");
        assert_eq!(answers(&send(&good, &[good.last()]), &[])[0].status, 200);
    }
    assert_eq!(sim.count("AssumeRole"), 1);
}

fn attack(good: &Good, secrets: &Secrets, seed: u64, count: usize) -> Tally {
    let mut dice = Dice::new(seed);
    let mut tally = Tally::default();
    let mut batch = Vec::new();
    while tally.sent + batch.len() < count {
        let case = good.case(&mut dice);
        if case.stays {
            batch.push(case);
        } else {
            judge(good, secrets, &[case], &mut tally);
        }
        let is_over = tally.sent + batch.len() + 1 == count;
        if batch.len() + 1 == BATCH || is_over {
            batch.push(good.last());
            judge(good, secrets, &batch, &mut tally);
            batch.clear();
        }
    }
    tally
}

/// Sends requests over one connection, and looks at what came back.
fn judge(good: &Good, secrets: &Secrets, cases: &[Case], tally: &mut Tally) {
    let said = send(good, cases);
    let heads: Vec<bool> = cases.iter().map(|case| case.is_head).collect();
    let answers = answers(&said, &heads);
    let told = || {
        let sent: Vec<_> = cases
            .iter()
            .map(|case| case.bytes.escape_ascii().to_string())
            .collect();
        format!("{sent:#?}\n{}", said.escape_ascii())
    };
    if cases.len() > 1 {
        assert_eq!(answers.len(), cases.len(), "an answer for each: {}", told());
    }
    for (at, answer) in answers.iter().enumerate() {
        // One more is of what came after a head that ended early, and a request that nobody meant.
        let proper = answer.status == 200 && cases.get(at).is_some_and(|case| case.is_proper);
        assert!(
            proper || !secrets.are_in(answer.bytes),
            "credentials: {}",
            told()
        );
        assert!(
            !answer
                .bytes
                .to_ascii_lowercase()
                .windows(15)
                .any(|part| part == b"access-control-")
        );
        assert!(
            matches!(answer.status, 200 | 400 | 401 | 403 | 404 | 405 | 414 | 431),
            "{}",
            told()
        );
        if proper {
            tally.served += 1;
        } else {
            tally.refused += 1;
        }
    }
    tally.sent += cases.len();
}

/// All of them over one connection. The last of several says that it is. One alone is followed by the end of the stream, so that
/// the server does not wait for the rest of it, unless it says so, too: hyper may leave unanswered whoever has half closed.
fn send(good: &Good, cases: &[Case]) -> Vec<u8> {
    let mut stream = TcpStream::connect(&good.host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let bytes: Vec<u8> = cases
        .iter()
        .flat_map(|case| case.bytes.iter().copied())
        .collect();
    // The server may have seen enough before it is all sent.
    let _ = stream.write_all(&bytes);
    if cases.len() == 1 && cases[0].bytes != good.last().bytes {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    said
}

struct Answer<'a> {
    status: u16,
    bytes: &'a [u8],
}

/// What was said, cut into answers. `heads`: which of them answer a HEAD, and have no body.
fn answers<'a>(mut said: &'a [u8], heads: &[bool]) -> Vec<Answer<'a>> {
    let mut all = Vec::new();
    while let Some(end) = said.windows(4).position(|part| part == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&said[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let length = lines.find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let is_head = heads.get(all.len()).copied().unwrap_or_default();
        let body = if is_head { 0 } else { length.unwrap_or(0) };
        let (bytes, rest) = said.split_at(said.len().min(end + 4 + body));
        all.push(Answer {
            status: status.unwrap_or(0),
            bytes,
        });
        said = rest;
    }
    all
}

/// What must not be in an answer.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(answer: &Answer<'_>) -> Self {
        let text = String::from_utf8(answer.bytes.to_vec()).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let credentials: serde_json::Value = serde_json::from_str(body).unwrap();
        let fields = ["AccessKeyId", "SecretAccessKey", "Token"];
        Self(
            fields
                .map(|field| credentials[field].as_str().unwrap().to_owned())
                .into(),
        )
    }

    fn are_in(&self, bytes: &[u8]) -> bool {
        let is_in = |secret: &String| {
            bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        self.0.iter().any(is_in)
    }
}
