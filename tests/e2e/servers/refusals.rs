//! Who gets nothing.

use std::time::{Duration, Instant};

use super::server::send;
use super::{Server, roles};

/// Every request of these is wrong in one way. None may be answered with credentials.
#[test]
fn each_attack_on_the_wire() {
    let (sim, home) = roles();
    for flag in ["--ecs-server", "--ec2-server"] {
        let server = Server::start(&home, &[flag, "--http-tokens=optional", "deploy"]);
        let host = server.host();
        let (path, authorization) = match server.find_var("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            Some(token) => ("/".to_owned(), format!("Authorization: {token}\r\n")),
            None => (
                "/latest/meta-data/iam/security-credentials/Deployer".to_owned(),
                String::new(),
            ),
        };
        let good = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}");
        let close = "Connection: close\r\n\r\n";
        assert_eq!(server.send(format!("{good}{close}").as_bytes()).status, 200);
        let line = |line: &str| format!("{line}\r\nHost: {host}\r\n{authorization}{close}");
        let with = |header: &str| format!("{good}{header}\r\n{close}");
        let hosts = |hosts: &str| format!("GET {path} HTTP/1.1\r\n{hosts}{authorization}{close}");
        for (status, bytes) in [
            (403, with("Origin: http://evil.example")),
            (403, with("Origin:")),
            (403, with("Origin: null")),
            (403, with("Referer: http://evil.example/")),
            (403, with("Sec-Fetch-Site: cross-site")),
            (403, with("Sec-Fetch-Site: same-site")),
            (403, with("X-Forwarded-For:")),
            (403, with("x-FORWARDED-host: a")),
            (403, with("Forwarded: for=1.2.3.4")),
            (403, with("Via: 1.1 proxy")),
            (400, with("Content-Length: 5")),
            (400, with("Transfer-Encoding: chunked")),
            (400, with("Transfer-Encoding: chunked\r\nContent-Length: 5")),
            (400, with(&format!("Host: {host}"))),
            (400, hosts("")),
            (403, hosts("Host: evil.example\r\n")),
            (403, hosts("Host: localhost\r\n")),
            (403, hosts("Host: 127.0.0.1\r\n")),
            (403, hosts("Host: 169.254.169.254\r\n")),
            (400, line(&format!("GET http://{host}{path} HTTP/1.1"))),
            (
                400,
                line(&format!("GET http://evil.example{path} HTTP/1.1")),
            ),
            (404, line(&format!("GET /x/..{path} HTTP/1.1"))),
            (404, line(&format!("GET /%2e{path} HTTP/1.1"))),
            (404, line(&format!("GET //{path} HTTP/1.1"))),
            (405, line(&format!("POST {path} HTTP/1.1"))),
            (405, line(&format!("DELETE {path} HTTP/1.1"))),
            (405, line(&format!("OPTIONS {path} HTTP/1.1"))),
            (431, with(&format!("X-Long: {}", "x".repeat(100_000)))),
        ] {
            let answer = send(host, bytes.as_bytes()).is(status);
            let head = answer.head.to_lowercase();
            assert!(
                !head.contains("access-control"),
                "{bytes:.200}\n{answer:#?}"
            );
        }
    }
    assert_eq!(sim.count("AssumeRole"), 1);
}

#[test]
fn only_the_whole_container_token() {
    let (_sim, home) = roles();
    let server = Server::start(&home, &["--ecs-server", "deploy"]);
    let token = server.var("AWS_CONTAINER_AUTHORIZATION_TOKEN").to_owned();
    server.ask("GET", "/", &[]).is(403);
    for wrong in [
        String::new(),
        token[1..].to_owned(),
        token[..39].to_owned(),
        format!("{token}x"),
        format!("Bearer {token}"),
        token.to_lowercase(),
    ] {
        let refused = server.ask("GET", "/", &[("Authorization", &wrong)]).is(403);
        assert_eq!(refused.json()["Message"], "invalid Authorization token");
    }
    let twice = [("Authorization", token.as_str()), ("Authorization", &token)];
    server.ask("GET", "/", &twice).is(403);
    server.ask("HEAD", "/", &[("Authorization", &token)]).ok();
}

#[test]
fn metadata_tokens() {
    const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
    const TOKEN: &str = "X-aws-ec2-metadata-token";
    const LIST: &str = "/latest/meta-data/iam/security-credentials/";
    let (_sim, home) = roles();
    let server = Server::start(&home, &["--ec2-server", "deploy"]);
    let put = |headers: &[(&str, &str)]| server.ask("PUT", "/latest/api/token", headers);
    for good in ["1", "21600"] {
        let answer = put(&[(TTL, good)]).ok();
        assert_eq!(answer.header(TTL), Some(good));
        assert_eq!(answer.body.trim_end(), answer.body);
    }
    put(&[(TTL, "60"), ("Content-Length", "0")]).ok();
    for bad in ["0", "21601", "-1", "abc", "", "1.5"] {
        put(&[(TTL, bad)]).is(400);
    }
    put(&[]).is(400);
    put(&[(TTL, "60"), ("X-Forwarded-For", "1.2.3.4")]).is(400);
    server
        .ask("PUT", "/2021-03-23/api/token", &[(TTL, "60")])
        .is(403);
    server.ask("PUT", LIST, &[(TTL, "60")]).is(405);
    for method in ["POST", "DELETE", "GET", "OPTIONS"] {
        let refused = server
            .ask(method, "/latest/api/token", &[(TTL, "60")])
            .is(405);
        assert_eq!(refused.header("allow"), Some("PUT"));
    }
    server.ask("GET", LIST, &[]).is(401);
    for wrong in ["", "x", &"A".repeat(59), &"A".repeat(9000)] {
        server.ask("GET", LIST, &[(TOKEN, wrong)]).is(401);
    }
    let asked = Instant::now();
    let short = put(&[(TTL, "2")]).ok().body;
    let issued = Instant::now();
    // A machine may be too slow to use it in time; then it is over, and no sooner.
    while server.ask("GET", LIST, &[(TOKEN, &short)]).status == 200 {
        assert!(issued.elapsed() < Duration::from_secs(80));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(asked.elapsed() >= Duration::from_secs(2));
    server.ask("GET", LIST, &[(TOKEN, &short)]).is(401);
    drop(server);

    let server = Server::start(&home, &["--ec2-server", "--http-tokens=optional", "deploy"]);
    assert_eq!(server.ask("GET", LIST, &[]).ok().body, "Deployer");
    server.ask("GET", LIST, &[(TOKEN, "x")]).is(401);
    assert_eq!(server.metadata(LIST).ok().body, "Deployer");
}
