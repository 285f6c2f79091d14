//! The browser's half of a sign-in by OAuth's authorization code: secrets of one request, a redirect to this computer that is
//! answered once, and the page that the browser shows at the end. Whose tokens the code buys is not known here.
//!
//! Source: RFC 6749 (4.1), RFC 7636 (PKCE), RFC 8252 (7.3, loopback redirects).

mod listener;
mod page;
mod secrets;

pub use listener::{Answer, Listener};
pub use page::Page;
pub use secrets::{Pkce, State};

use std::io;

/// Why the browser brought no authorization code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no port of this computer can be opened for the browser's answer: {0}")]
    Port(io::Error),
    #[error("no random numbers from the operating system: {0}")]
    Random(getrandom::Error),
    /// `error` and `error_description` of RFC 6749, 4.1.2.1.
    #[error(
        "the sign-in was refused in the browser: {code}{}",
        described(description)
    )]
    Refused { code: String, description: String },
    #[error("nobody finished the sign-in in the browser within {seconds} seconds")]
    TimedOut { seconds: u64 },
    #[error(
        "nobody finished the sign-in in the browser within {seconds} seconds; what came was the answer to an older request (state mismatch)"
    )]
    OlderRequest { seconds: u64 },
}

fn described(description: &str) -> String {
    if description.is_empty() {
        String::new()
    } else {
        format!(" ({description})")
    }
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Port(_) => Some("--device-code signs in without a port on this computer"),
            Self::Random(_) => None,
            Self::Refused { .. } => {
                Some("sign in again, and allow the access that the page asks for")
            }
            Self::TimedOut { .. } => Some(
                "run it again and finish in the browser; --device-code lets you finish in a browser elsewhere",
            ),
            Self::OlderRequest { .. } => {
                Some("close the old tabs, run it again, and finish in the tab that opens then")
            }
        }
    }
}
