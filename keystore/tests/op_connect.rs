//! The 1Password Connect store against a stand-in of the server (`support/connect.py`).

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_vault_keystore::{
    AskError, AskPassphrase, Asked, Error, Keystore, OnePassword, OpConnectKeystore,
    PassphraseRequest,
};
use secrecy::SecretString;
use support::{conformance, item};

const TOKEN: &str = "connect-canary-token";

type Operation = fn(&OpConnectKeystore) -> Result<(), Error>;
type IsKind = fn(&Error) -> bool;

#[test]
fn conforms() {
    let server = Server::start();
    conformance::check(|| server.store());
    conformance::check_persistence(|| server.store());
}

#[test]
fn one_key_is_looked_up_without_listing_the_vault() {
    let server = Server::start();
    for name in ["jon", "other"] {
        server.store().write(&item(name, name)).unwrap();
    }
    let before = server.calls().len();
    let read = server.store().read("jon").unwrap().unwrap();
    assert_eq!(read.data.expose(), b"jon");
    assert_eq!(read.label, "aws-vault (jon)");
    let calls = server.calls().split_off(before);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(
        calls[0],
        "GET /v1/vaults/vault1/items?filter=title eq \"aws-vault: jon\""
    );
    assert!(calls[1].starts_with("GET /v1/vaults/vault1/items/item"));
}

#[test]
fn every_refusal_has_its_own_error_and_changes_nothing() {
    let server = Server::start();
    server.store().write(&item("jon", "kept")).unwrap();
    let table: [(&str, IsKind, &str); 8] = [
        (
            "401",
            |e| matches!(e, Error::Denied { .. }),
            "does not take the token (401)",
        ),
        (
            "403",
            |e| matches!(e, Error::Denied { .. }),
            "in the vault \"vault1\" (403)",
        ),
        (
            "404",
            |e| matches!(e, Error::Unavailable { .. }),
            "knows no vault \"vault1\" (404)",
        ),
        (
            "429",
            |e| matches!(e, Error::Unavailable { .. }),
            "the server answered 429",
        ),
        (
            "503",
            |e| matches!(e, Error::Unavailable { .. }),
            "the server answered 503",
        ),
        (
            "redirect",
            |e| matches!(e, Error::Failed { .. }),
            "the server answered 302",
        ),
        (
            "garbage",
            |e| matches!(e, Error::Failed { .. }),
            "not the JSON of 1Password",
        ),
        (
            "hang",
            |e| matches!(e, Error::TimedOut { seconds: 1, .. }),
            "within 1 seconds",
        ),
    ];
    for (fault, is_kind, text) in table {
        server.fault(fault);
        let operations: [Operation; 4] = [
            |store| store.read("jon").map(drop),
            |store| store.names().map(drop),
            |store| store.write(&item("jon", "lost")),
            |store| store.remove("jon").map(drop),
        ];
        for operation in operations {
            let start = Instant::now();
            let limit = Duration::from_secs(if fault == "hang" { 1 } else { 60 });
            let store = server.store_with(Some(TOKEN), limit);
            let error = operation(&store).expect_err(fault);
            let shown = error.to_string();
            assert!(is_kind(&error) && shown.contains(text), "{fault}: {shown}");
            assert!(!shown.contains("canary"), "{fault}: {shown}");
            assert!(start.elapsed() < Duration::from_secs(50), "{fault}");
        }
        server.fault("");
        let read = server.store().read("jon").unwrap().unwrap();
        assert_eq!(read.data.expose(), b"kept", "{fault}");
    }
    assert!(!server.calls().iter().any(|call| call.contains("stolen")));
}

#[test]
fn a_wrong_token_is_denied_and_none_is_said_so() {
    let server = Server::start();
    let error = server
        .store_with(Some("other-canary"), Duration::from_secs(60))
        .names()
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    let error = server
        .store_with(Some("two\nlines-canary"), Duration::from_secs(60))
        .names()
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    let error = server
        .store_with(None, Duration::from_secs(60))
        .names()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no terminal to ask for the token of the 1Password Connect server"
    );
}

#[test]
fn without_a_server_or_a_vault_it_is_unavailable() {
    let good = OnePassword {
        vault: "vault1".to_owned(),
        connect_host: "http://127.0.0.1:1".to_owned(),
        ..OnePassword::default()
    };
    OpConnectKeystore::probe(&good).unwrap();
    let no_host = OnePassword {
        connect_host: String::new(),
        ..good.clone()
    };
    let bad_host = OnePassword {
        connect_host: "localhost:8080".to_owned(),
        ..good.clone()
    };
    let no_vault = OnePassword {
        vault: String::new(),
        ..good.clone()
    };
    for (settings, text) in [
        (&no_host, "--op-connect-host"),
        (&bad_host, "is not the URL of a Connect server"),
        (&no_vault, "--op-vault-id"),
    ] {
        let error = OpConnectKeystore::probe(settings).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    for settings in [good, no_host, bad_host, no_vault] {
        let store = OpConnectKeystore::new(&settings, Box::new(Token(Some(TOKEN))));
        let error = store.read("jon").unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    }
}

/// The stand-in, with nothing in it.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Server {
        let mut child = support::start(
            "python3",
            Command::new(support::PYTHON)
                .arg(support::support_file("connect.py"))
                .args([TOKEN, "vault1"])
                .stdout(Stdio::piped()),
        );
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Server { child, port }
    }

    fn store(&self) -> OpConnectKeystore {
        self.store_with(Some(TOKEN), Duration::from_secs(60))
    }

    fn store_with(&self, token: Option<&'static str>, timeout: Duration) -> OpConnectKeystore {
        let settings = OnePassword {
            vault: "vault1".to_owned(),
            connect_host: format!("http://127.0.0.1:{}/", self.port),
            timeout,
            ..OnePassword::default()
        };
        OpConnectKeystore::new(&settings, Box::new(Token(token)))
    }

    fn fault(&self, fault: &str) {
        self.ask(&format!(
            "PUT /fault HTTP/1.0\r\nContent-Length: {}\r\n\r\n{fault}",
            fault.len()
        ));
    }

    fn calls(&self) -> Vec<String> {
        let answer = self.ask("GET /calls HTTP/1.0\r\n\r\n");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Token(Option<&'static str>);

impl AskPassphrase for Token {
    fn ask(&self, request: PassphraseRequest<'_>) -> Result<SecretString, AskError> {
        assert_eq!(request, PassphraseRequest::ConnectToken);
        self.0
            .map(SecretString::from)
            .ok_or(AskError::NoTerminal(Asked::ConnectToken))
    }
}
