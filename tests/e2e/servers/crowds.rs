//! Many connections that want nothing. `make bench` measures what they cost the others; here they must only not starve them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Server, roles};

/// Less than the five seconds for which a half-open connection is borne.
const PROMPTLY: Duration = Duration::from_millis(4500);

#[track_caller]
fn is_answered_promptly(server: &Server<'_>) {
    let asked = Instant::now();
    server.container("/").ok();
    let took = asked.elapsed();
    assert!(took < PROMPTLY, "{took:?}");
}

#[test]
fn connections_that_only_wait() {
    let (_sim, home) = roles();
    let server = Server::start(&home, &["--ecs-server", "deploy"]);
    let open = || {
        let mut stream = TcpStream::connect(server.host()).unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            .unwrap();
        stream
    };
    let waiting: Vec<TcpStream> = (0..900).map(|_| open()).collect();
    for _ in 0..20 {
        is_answered_promptly(&server);
    }
    for mut stream in waiting {
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(ended.is_ok(), "kept for a minute: {ended:?}");
    }
}

#[test]
fn a_flood_of_new_connections() {
    let (sim, home) = roles();
    let server = Server::start(&home, &["--ecs-server", "deploy"]);
    let host = server.host();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2500 {
                    drop(TcpStream::connect(host).unwrap());
                }
            });
        }
        for _ in 0..20 {
            server.container("/").ok();
        }
    });
    server.container("/").ok();
    assert_eq!(sim.count("AssumeRole"), 1);
}
