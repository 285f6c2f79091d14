//! A served world and real clients for it.
#![allow(dead_code, reason = "no test file uses everything")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Debug;
use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_sdk_sts::types::Credentials as SessionCredentials;
use aws_sim::{Server, World};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

pub const BASTION: &str = "111122223333";
pub const MASTER: &str = "222233334444";
pub const USER: &str = "arn:aws:iam::111122223333:user/elmerfudd";
pub const SERIAL: &str = "arn:aws:iam::111122223333:mfa/elmerfudd";
pub const DEVELOPER: &str = "arn:aws:iam::222233334444:role/DeveloperRole";

/// The built-in world.
pub fn deck() -> Server {
    Server::start(World::deck().unwrap()).unwrap()
}

/// The built-in world with changes made to its JSON.
pub fn deck_with(change: impl FnOnce(&mut Value)) -> Server {
    let mut world = serde_json::from_str(World::DECK).unwrap();
    change(&mut world);
    Server::start(World::from_json(&world.to_string()).unwrap()).unwrap()
}

/// A trust policy for one principal.
pub fn trusting(principal: &str, condition: &Value) -> Value {
    json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole", "Condition": condition
    }] })
}

/// Policies that allow everything.
pub fn allow_all() -> Value {
    json!({ "All": { "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] } })
}

/// The deck with another role in the master account, which elmerfudd's own policies let him assume.
pub fn with_role(name: &str, role: &Value) -> Server {
    deck_with(|world| {
        world["accounts"][BASTION]["users"]["elmerfudd"]["policies"] = allow_all();
        world["accounts"][MASTER]["roles"][name] = role.clone();
    })
}

/// A role's ARN in the master account.
pub fn role(name: &str) -> String {
    format!("arn:aws:iam::{MASTER}:role/{name}")
}

/// elmerfudd's long-term key.
pub fn long_term(server: &Server) -> Credentials {
    let world = server.world();
    let key = &world.accounts[BASTION].users["elmerfudd"].access_keys[0];
    Credentials::new(&key.id, key.secret.expose_secret(), None, None, "test")
}

/// Temporary credentials as an SDK takes them.
pub fn temporary(credentials: Option<&SessionCredentials>) -> Credentials {
    let given = credentials.unwrap();
    let token = Some(given.session_token().to_owned());
    Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        token,
        None,
        "test",
    )
}

pub fn sts(server: &Server, credentials: Credentials) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&server.endpoint)
            .region(Region::new("eu-west-1"))
            .retry_config(RetryConfig::disabled())
            .credentials_provider(credentials)
            .build(),
    )
}

pub fn iam(server: &Server, credentials: Credentials) -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::from_conf(
        aws_sdk_iam::Config::builder()
            .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
            .endpoint_url(&server.endpoint)
            .region(aws_sdk_iam::config::Region::new("eu-west-1"))
            .retry_config(RetryConfig::disabled())
            .credentials_provider(credentials)
            .build(),
    )
}

/// Session credentials of elmerfudd, made with MFA.
pub async fn mfa_session(server: &Server) -> Credentials {
    let code = server.token_code(SERIAL).unwrap();
    let call = sts(server, long_term(server))
        .get_session_token()
        .serial_number(SERIAL)
        .token_code(code);
    temporary(call.send().await.unwrap().credentials())
}

/// Session credentials of DeveloperRole.
pub async fn developer(server: &Server) -> Credentials {
    let session = mfa_session(server).await;
    let call = sts(server, session)
        .assume_role()
        .role_arn(DEVELOPER)
        .role_session_name("elmerfudd");
    temporary(call.send().await.unwrap().credentials())
}

/// Code and message of a refusal.
pub fn refusal<T: Debug, E: ProvideErrorMetadata>(result: Result<T, E>) -> (String, String) {
    let error = result.expect_err("the call is refused");
    (
        error.code().unwrap_or_default().to_owned(),
        error.message().unwrap_or_default().to_owned(),
    )
}

/// Runs a test that awaits.
pub fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

/// A plain HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Sends one request as written and reads until the server closes; `None` if it closes without an answer.
pub fn http(
    server: &Server,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let address = server.endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| {
            format!(
                "{name}: {value}
"
            )
        })
        .collect();
    let headers = lines.concat();
    let length = body.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

pub fn get(server: &Server, target: &str) -> Answer {
    http(server, "GET", target, &[], "").unwrap()
}

pub fn put(server: &Server, target: &str, body: &Value) -> Answer {
    http(server, "PUT", target, &[], &body.to_string()).unwrap()
}
