//! A web server on this computer for a browser of the same user: it answers `GET`, to the exact host, and nobody else.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::peer::is_our_user;

/// Patience with one connection: browsers open some without asking anything.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_REQUEST_BYTES: usize = 16 * 1024;
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nCache-Control: no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Listens on 127.0.0.1.
#[derive(Debug)]
pub(crate) struct LocalServer {
    listener: TcpListener,
    address: SocketAddrV4,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(crate) struct Request {
    stream: TcpStream,
    /// Path and query, as asked for.
    pub(crate) target: String,
}

impl LocalServer {
    /// Listens on a port that the system chooses.
    pub(crate) fn bind() -> io::Result<Self> {
        Self::bind_to(0)
    }

    pub(crate) fn bind_to(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self {
            listener,
            address: SocketAddrV4::new(Ipv4Addr::LOCALHOST, port),
        })
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// A request of our user's browser, if one is there; everybody else has been turned away. Waits for nobody.
    pub(crate) fn accept(&self) -> io::Result<Option<Request>> {
        match self.listener.accept() {
            // One that breaks off is its own loss.
            Ok((stream, SocketAddr::V4(client))) => {
                Ok(self.receive(stream, client).unwrap_or_default())
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn receive(&self, mut stream: TcpStream, client: SocketAddrV4) -> io::Result<Option<Request>> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(CONNECTION_TIMEOUT))?;
        stream.set_write_timeout(Some(CONNECTION_TIMEOUT))?;
        let head = read_head(&mut stream)?;
        match target(&head, &self.host()) {
            Some(target) if is_our_user(client, self.address) => Ok(Some(Request {
                stream,
                target: target.to_owned(),
            })),
            _ => {
                stream.write_all(NOT_FOUND.as_bytes())?;
                Ok(None)
            }
        }
    }
}

impl Request {
    /// Sends a whole response and closes the connection.
    pub(crate) fn answer(mut self, response: &str) -> io::Result<()> {
        self.stream.write_all(response.as_bytes())
    }

    pub(crate) fn not_found(self) -> io::Result<()> {
        self.answer(NOT_FOUND)
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

/// What is asked for. `Host` must name us: a page of `evil.example`, pointed at 127.0.0.1 by DNS, says `evil.example` there.
fn target<'a>(head: &'a str, host: &str) -> Option<&'a str> {
    let (head, _) = head.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let asked = lines.next().unwrap_or_default();
    let hosts: Vec<&str> = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.trim())
        .collect();
    asked
        .strip_prefix("GET ")
        .and_then(|rest| rest.strip_suffix(" HTTP/1.1"))
        .filter(|target| target.starts_with('/') && hosts == [host])
}

/// Compares in a time that does not tell how much of a guess was right.
pub(crate) fn same(guess: &str, secret: &str) -> bool {
    guess.len() == secret.len()
        && guess
            .bytes()
            .zip(secret.bytes())
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "127.0.0.1:1234";

    #[test]
    fn one_get_to_the_exact_host_counts() {
        let head = |line: &str, headers: &str| format!("{line}\r\n{headers}\r\n\r\n");
        let told = head(
            "GET /secret?x=1 HTTP/1.1",
            "Host: 127.0.0.1:1234\r\nAccept: */*",
        );
        assert_eq!(target(&told, HOST), Some("/secret?x=1"));
        for wrong in [
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
            assert_eq!(target(&wrong, HOST), None, "{wrong:?}");
        }
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(same("secret", "secret"));
        for guess in ["", "secre", "secret2", "secreT"] {
            assert!(!same(guess, "secret"), "{guess}");
        }
    }

    #[test]
    fn a_port_that_is_taken_is_an_error() {
        let first = LocalServer::bind().unwrap();
        let error = LocalServer::bind_to(first.address.port()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
