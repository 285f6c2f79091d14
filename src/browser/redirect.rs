//! A web server for one request: it sends the browser on to the link, so that the link is on no command line.
//!
//! Other users of the machine see the opener's arguments, so they learn the address too; hence the look at who asks.

use std::io;

use base64::Engine as _;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::local::{LocalServer, same};

pub(super) struct Redirect<'a> {
    server: LocalServer,
    secret: String,
    link: &'a SecretString,
}

impl<'a> Redirect<'a> {
    /// Listens on a port and under a path that nobody can guess.
    pub(super) fn to(link: &'a SecretString) -> io::Result<Self> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        Ok(Self {
            server: LocalServer::bind()?,
            secret: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random),
            link,
        })
    }

    /// What the browser is told to open.
    pub(super) fn url(&self) -> String {
        format!("http://{}/{}", self.server.host(), self.secret)
    }

    /// Answers whoever has connected, without waiting for anybody. True once the link has been handed out.
    pub(super) fn serve(&self) -> io::Result<bool> {
        let Some(request) = self.server.accept()? else {
            return Ok(false);
        };
        if is_ours(&request.target, &self.secret) {
            Ok(request.answer(&response(self.link)).is_ok())
        } else {
            let _ = request.not_found();
            Ok(false)
        }
    }
}

fn is_ours(target: &str, secret: &str) -> bool {
    target
        .strip_prefix('/')
        .is_some_and(|path| same(path, secret))
}

fn response(link: &SecretString) -> Zeroizing<String> {
    Zeroizing::new(format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        link.expose_secret()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_knows_the_path_gets_the_link() {
        assert!(is_ours("/secret", "secret"));
        for target in ["/", "/secre", "/secret2", "/secret?x", "secret"] {
            assert!(!is_ours(target, "secret"), "{target}");
        }
    }

    #[test]
    fn the_redirect_leaves_no_trace_in_cache_or_referrer() {
        let found = response(&"https://x/?t".into());
        assert!(found.starts_with("HTTP/1.1 302 Found\r\nLocation: https://x/?t\r\n"));
        assert!(found.contains("\r\nReferrer-Policy: no-referrer\r\n"));
        assert!(found.contains("\r\nCache-Control: no-store\r\n"));
    }
}
