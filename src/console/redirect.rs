//! A web server for one request: it sends the browser on to the link, so that the link is on no command line.
//!
//! Other users of the machine see the opener's arguments, so they learn the address too; hence the look at who asks.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use base64::Engine as _;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::peer::is_our_user;

/// Patience with one connection: browsers open some without asking anything.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_REQUEST_BYTES: usize = 16 * 1024;

pub(super) struct Redirect<'a> {
    listener: TcpListener,
    address: SocketAddrV4,
    secret: String,
    link: &'a SecretString,
}

/// What a request deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Redirect,
    NotFound,
}

impl<'a> Redirect<'a> {
    /// Listens on a port and under a path that nobody can guess.
    pub(super) fn to(link: &'a SecretString) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        Ok(Self {
            listener,
            address: SocketAddrV4::new(Ipv4Addr::LOCALHOST, port),
            secret: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random),
            link,
        })
    }

    /// What the browser is told to open.
    pub(super) fn url(&self) -> String {
        format!("http://{}/{}", self.address, self.secret)
    }

    /// Answers whoever has connected, without waiting for anybody. True once the link has been handed out.
    pub(super) fn serve(&self) -> io::Result<bool> {
        match self.listener.accept() {
            Ok((stream, SocketAddr::V4(client))) => {
                // One that breaks off is its own loss.
                Ok(self.answer(stream, client).unwrap_or(false))
            }
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn answer(&self, mut stream: TcpStream, client: SocketAddrV4) -> io::Result<bool> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(CONNECTION_TIMEOUT))?;
        stream.set_write_timeout(Some(CONNECTION_TIMEOUT))?;
        let head = read_head(&mut stream)?;
        let verdict = match verdict(&head, &self.address.to_string(), &self.secret) {
            Verdict::Redirect if is_our_user(client, self.address) => Verdict::Redirect,
            _ => Verdict::NotFound,
        };
        stream.write_all(response(verdict, self.link).as_bytes())?;
        Ok(verdict == Verdict::Redirect)
    }
}

fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let deadline = Instant::now() + CONNECTION_TIMEOUT;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    // Whoever sends a byte now and then must not keep the browser waiting.
    while !head.ends_with(b"\r\n\r\n")
        && head.len() < MAX_REQUEST_BYTES
        && Instant::now() < deadline
    {
        match stream.read(&mut buffer)? {
            0 => break,
            count => head.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// `Host` must name us: a page of `evil.example`, pointed at 127.0.0.1 by DNS, says `evil.example` there.
fn verdict(head: &str, host: &str, secret: &str) -> Verdict {
    let Some((head, _)) = head.split_once("\r\n\r\n") else {
        return Verdict::NotFound;
    };
    let mut lines = head.split("\r\n");
    let asked = lines.next().unwrap_or_default();
    let hosts: Vec<&str> = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.trim())
        .collect();
    let path = asked
        .strip_prefix("GET /")
        .and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
    if hosts == [host] && path.is_some_and(|path| same(path, secret)) {
        Verdict::Redirect
    } else {
        Verdict::NotFound
    }
}

/// Compares in a time that does not tell how much of a guess was right.
fn same(guess: &str, secret: &str) -> bool {
    guess.len() == secret.len()
        && guess
            .bytes()
            .zip(secret.bytes())
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}

fn response(verdict: Verdict, link: &SecretString) -> Zeroizing<String> {
    let start = match verdict {
        Verdict::Redirect => format!("302 Found\r\nLocation: {}", link.expose_secret()),
        Verdict::NotFound => "404 Not Found".to_owned(),
    };
    let start = Zeroizing::new(start);
    Zeroizing::new(format!(
        "HTTP/1.1 {}\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        *start
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "127.0.0.1:1234";

    #[test]
    fn only_the_browser_that_was_told_gets_the_link() {
        let head = |line: &str, headers: &str| format!("{line}\r\n{headers}\r\n\r\n");
        let told = head(
            "GET /secret HTTP/1.1",
            "Host: 127.0.0.1:1234\r\nAccept: */*",
        );
        assert_eq!(verdict(&told, HOST, "secret"), Verdict::Redirect);
        for wrong in [
            head("GET / HTTP/1.1", "Host: 127.0.0.1:1234"),
            head("GET /secre HTTP/1.1", "Host: 127.0.0.1:1234"),
            head("GET /secret2 HTTP/1.1", "Host: 127.0.0.1:1234"),
            head("GET /secret?x HTTP/1.1", "Host: 127.0.0.1:1234"),
            head("POST /secret HTTP/1.1", "Host: 127.0.0.1:1234"),
            head("HEAD /secret HTTP/1.1", "Host: 127.0.0.1:1234"),
            head(
                "GET http://127.0.0.1:1234/secret HTTP/1.1",
                "Host: 127.0.0.1:1234",
            ),
            head("GET /secret HTTP/1.1", "Host: evil.example"),
            head("GET /secret HTTP/1.1", "Host: localhost:1234"),
            head(
                "GET /secret HTTP/1.1",
                "Host: 127.0.0.1:1234\r\nHost: evil.example",
            ),
            head("GET /secret HTTP/1.1", "Accept: */*"),
            "GET /secret HTTP/1.1\r\nHost: 127.0.0.1:1234\r\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(
                verdict(&wrong, HOST, "secret"),
                Verdict::NotFound,
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn the_redirect_leaves_no_trace_in_cache_or_referrer() {
        let found = response(Verdict::Redirect, &"https://x/?t".into());
        assert!(found.starts_with("HTTP/1.1 302 Found\r\nLocation: https://x/?t\r\n"));
        assert!(found.contains("\r\nReferrer-Policy: no-referrer\r\n"));
        assert!(found.contains("\r\nCache-Control: no-store\r\n"));
        assert!(!response(Verdict::NotFound, &"CANARY".into()).contains("CANARY"));
    }
}
