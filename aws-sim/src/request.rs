//! A parsed HTTP request, free of any HTTP library.

use std::net::{IpAddr, Ipv4Addr};

/// What the client sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Still percent-encoded, without the query.
    pub path: String,
    /// Still percent-encoded, without the question mark.
    pub query: String,
    /// In the order sent; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// The peer, for `aws:SourceIp`.
    pub source_ip: IpAddr,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            method: "GET".into(),
            path: "/".into(),
            query: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
            source_ip: Ipv4Addr::LOCALHOST.into(),
        }
    }
}

impl Request {
    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split(';');
        pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Query string and form body, decoded, in order.
    pub fn form(&self) -> Vec<(String, String)> {
        let body: &[u8] = if self.is_form() { &self.body } else { b"" };
        [self.query.as_bytes(), body]
            .into_iter()
            .flat_map(|text| form_urlencoded::parse(text).into_owned())
            .collect()
    }

    fn is_form(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
    }
}
