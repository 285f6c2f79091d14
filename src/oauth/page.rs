//! What the browser shows when it has brought its answer. One self-contained page: no image, font or script of anybody else, and
//! none of the request's words in it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

/// How the sign-in ended, as its page says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    SignedIn,
    /// The person, or an administrator's rule, said no.
    Refused,
    /// The code bought no token.
    Failed,
    /// The tab belongs to a request that nobody waits for any more.
    OlderRequest,
}

/// Closes the page where the browser lets a page do that, and takes the code out of the address bar and the history anyway.
const SCRIPT: &str =
    "history.replaceState(null,'','/');setTimeout(function(){window.close()},3000);";

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.125rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}\
main{max-width:34rem;padding:2rem}\
h1{font-size:1.75rem;line-height:1.25;margin:0 0 .75rem}\
h1 span{display:inline-block;width:1.4em}\
p{margin:.5rem 0}\
footer{margin-top:2rem;font-size:.875rem}";

impl Page {
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::SignedIn => (
                "\u{2713}",
                "You are signed in",
                "aws-vault has what it needs and goes on in your terminal. You can close this page.",
            ),
            Self::Refused => (
                "\u{2717}",
                "Access was not allowed",
                "aws-vault was not given access. If that was not your wish, run the command again.",
            ),
            Self::Failed => (
                "\u{2717}",
                "The sign-in failed",
                "Your terminal tells what went wrong. You can close this page.",
            ),
            Self::OlderRequest => (
                "!",
                "This page belongs to an older sign-in",
                "Close it, and finish in the page that was opened last.",
            ),
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::SignedIn => "200 OK",
            Self::Refused => "403 Forbidden",
            Self::Failed => "502 Bad Gateway",
            Self::OlderRequest => "400 Bad Request",
        }
    }

    /// The page alone. A page that tells of trouble stays open to be read.
    fn html(self) -> String {
        let (mark, title, text) = self.words();
        let script = match self {
            Self::SignedIn => SCRIPT,
            Self::Refused | Self::Failed | Self::OlderRequest => {
                "history.replaceState(null,'','/');"
            }
        };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} \u{b7} aws-vault</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1><span aria-hidden=\"true\">{mark}</span>{title}</h1>\n<p role=\"status\">{text}</p>\n\
             <footer>aws-vault on this computer</footer>\n</main>\n<script>{script}</script>\n</body>\n</html>\n"
        )
    }

    /// The whole HTTP response.
    pub(super) fn response(self) -> String {
        let html = self.html();
        let script = between(&html, "<script>", "</script>");
        format!(
            "HTTP/1.1 {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
             Content-Security-Policy: default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'\r\n\
             Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             Cross-Origin-Opener-Policy: same-origin\r\nConnection: close\r\n\r\n{html}",
            self.status(),
            html.len(),
            hash(STYLE),
            hash(script),
        )
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or("", |(inner, _)| inner)
}

/// Source: Content Security Policy Level 3, "hash-source".
fn hash(code: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_fetched_and_the_policy_knows_what_runs() {
        for page in [
            Page::SignedIn,
            Page::Refused,
            Page::Failed,
            Page::OlderRequest,
        ] {
            let response = page.response();
            let (head, html) = response.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}\r\n", html.len())));
            assert!(head.contains(&hash(between(html, "<script>", "</script>"))));
            assert!(head.contains(&hash(between(html, "<style>", "</style>"))));
            for other in ["http:", "https:", "src=", "url(", "@import", " style="] {
                assert!(!html.contains(other), "{other} in {html}");
            }
            assert_eq!(html.contains("window.close"), page == Page::SignedIn);
        }
    }
}
