//! Signing in against a scripted endpoint, and handing the link to a scripted browser.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod program;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use aws_vault::browser::{BrowserError, open};
use aws_vault::console::{Error, SignIn, link};
use aws_vault::credentials::SessionCredentials;
use aws_vault::environment::Environment;
use aws_vault::error::CliError;
use program::write_program;
use secrecy::{ExposeSecret as _, SecretString};

const LINK: &str = "https://signin.example/federation?SigninToken=CANARY";

#[test]
fn credentials_travel_in_the_body_and_the_token_comes_back_in_the_link() {
    let (endpoint, requests) = endpoint("200 OK", r#"{"SigninToken":"to/ken"}"#);
    let link = sign_in(&endpoint, Some(Duration::from_hours(1))).unwrap();
    let request = requests.join().unwrap();
    assert!(
        request.starts_with("POST /federation HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("application/x-www-form-urlencoded"),
        "{request}"
    );
    let body = request.split("\r\n\r\n").nth(1).unwrap();
    assert!(
        body.starts_with("Action=getSigninToken&SessionDuration=3600&Session=%7B%22sessionId"),
        "{body}"
    );
    assert_eq!(
        link.expose_secret(),
        format!(
            "{endpoint}/federation?Action=login&Issuer=aws-vault&Destination=https%3A%2F%2Feu-west-1.console.aws.amazon.com%2F\
             console%2Fhome%3Fregion%3Deu-west-1&SigninToken=to%2Fken"
        )
    );
}

#[test]
fn refusals_name_the_host_and_nothing_else() {
    let page = "<html>CANARY</html>";
    for (status, says) in [
        (
            "400 Bad Request",
            "127.0.0.1 refused the sign-in with HTTP status 400",
        ),
        ("403 Forbidden", "HTTP status 403"),
        (
            "302 Found\r\nLocation: http://127.0.0.1:9/CANARY",
            "HTTP status 302",
        ),
        ("200 OK", "something else than a sign-in token"),
    ] {
        let (endpoint, requests) = endpoint(status, page);
        let error = sign_in(&endpoint, None).unwrap_err();
        requests.join().unwrap();
        let debug = format!("{error:?}");
        let text = debug + &CliError::from(error).render(Some("login"));
        assert!(text.contains(says), "{text}");
        assert!(
            text.contains("hint: ") && !text.contains("CANARY") && !text.contains("ASIA"),
            "{text}"
        );
    }
}

#[test]
fn an_endless_answer_is_cut_off() {
    let (endpoint, requests) = endpoint("200 OK", &"x".repeat(3 * 1024 * 1024));
    assert!(matches!(
        sign_in(&endpoint, None),
        Err(Error::Unreadable { .. })
    ));
    requests.join().unwrap();
}

#[test]
fn nobody_listening_is_unreachable() {
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = sign_in(&format!("http://{unused}"), None).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[test]
fn a_bad_certificate_bundle_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nnonsense").unwrap();
    for path in [file.as_path(), Path::new("/nowhere/ca.pem")] {
        let sign_in = SignIn {
            endpoint: Some("https://127.0.0.1:9"),
            ca_bundle: Some(path),
            ..SignIn::default()
        };
        let error = link(&session(), &sign_in).unwrap_err();
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
}

#[test]
fn the_opener_learns_an_address_that_redirects_once() {
    let folder = tempfile::tempdir().unwrap();
    let environment = browser(
        folder.path(),
        "printf '%s\\n' \"$@\" >told.tmp && mv told.tmp told",
    );
    let told = folder.path().join("told");
    let browser = std::thread::spawn(move || {
        let url = wait_for_line(&told);
        let (host, path) = url
            .strip_prefix("http://")
            .unwrap()
            .split_once('/')
            .unwrap();
        let wrong = ask(
            host,
            &format!("GET /guess HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        );
        let rebound = ask(
            host,
            &format!("GET /{path} HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        );
        // A browser's speculative connection says nothing.
        let _silent = TcpStream::connect(host).unwrap();
        let right = ask(
            host,
            &format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        );
        (url.clone(), wrong, rebound, right)
    });
    open(&SecretString::from(LINK), &environment).unwrap();
    let (url, wrong, rebound, right) = browser.join().unwrap();
    assert!(!url.contains("CANARY") && url.len() > 60, "{url}");
    for refused in [wrong, rebound] {
        assert!(
            refused.starts_with("HTTP/1.1 404 ") && !refused.contains("CANARY"),
            "{refused}"
        );
    }
    assert!(
        right.starts_with(&format!("HTTP/1.1 302 Found\r\nLocation: {LINK}\r\n")),
        "{right}"
    );
    let host = url
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    assert!(
        TcpStream::connect(host).is_err(),
        "the server is gone after one redirect"
    );
}

#[test]
fn an_opener_that_fails_is_an_error_without_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let environment = browser(folder.path(), "exit 3");
    let start = Instant::now();
    let error = open(&SecretString::from(LINK), &environment).unwrap_err();
    // Before the time-out of an opener that fetches nothing.
    assert!(start.elapsed() < Duration::from_secs(28));
    assert!(matches!(error, BrowserError::Failed { .. }), "{error}");
    let text = CliError::from(error).render(Some("login"));
    assert!(
        text.contains("--stdout") && !text.contains("CANARY") && !text.contains("127.0.0.1"),
        "{text}"
    );
}

#[test]
fn without_an_opener_there_is_a_hint() {
    let environment: Environment = [("PATH", "relative:.")].into_iter().collect();
    let error = open(&SecretString::from(LINK), &environment).unwrap_err();
    assert!(matches!(error, BrowserError::NoOpener), "{error}");
}

fn sign_in(endpoint: &str, session_duration: Option<Duration>) -> Result<SecretString, Error> {
    let sign_in = SignIn {
        region: Some("eu-west-1"),
        endpoint: Some(endpoint),
        session_duration,
        ..SignIn::default()
    };
    link(&session(), &sign_in)
}

fn session() -> SessionCredentials {
    SessionCredentials {
        access_key_id: "ASIAIOSFODNN7EXAMPLE".into(),
        secret_access_key: "CANARY-secret".into(),
        session_token: "CANARY-token".into(),
        expiration: SystemTime::UNIX_EPOCH,
    }
}

/// Answers one request and yields it.
fn endpoint(status: &'static str, body: &str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let served = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            reader.read_line(&mut request).unwrap();
        }
        let length = request
            .lines()
            .find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        request.push_str(std::str::from_utf8(&body).unwrap());
        // The client may hang up on an answer it does not want.
        let _ = reader.get_mut().write_all(response.as_bytes());
        request
    });
    (url, served)
}

/// An environment whose `BROWSER` runs a script in the folder.
fn browser(folder: &Path, script: &str) -> Environment {
    let program = folder.join("browser");
    let script = format!("#!/bin/sh\ncd '{}' && {script}\n", folder.display());
    write_program(&program, &script);
    [
        ("BROWSER", program.to_str().unwrap()),
        ("PATH", "/usr/bin:/bin"),
    ]
    .into_iter()
    .collect()
}

fn wait_for_line(file: &Path) -> String {
    let deadline = Instant::now() + Duration::from_secs(90);
    while Instant::now() < deadline {
        if let Ok(text) = std::fs::read_to_string(file) {
            return text.trim().to_owned();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the opener was not started");
}

fn ask(host: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}
