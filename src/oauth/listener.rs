//! Waits on this computer for the browser to come back with the answer to one request.

use std::fmt;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::{Error, Page, State};
use crate::browser::local::{LocalServer, Request};

/// The path that AWS's own tools register; AWS compares the redirect with the registration, the port apart.
const PATH: &str = "/oauth/callback";
const POLL: Duration = Duration::from_millis(20);

/// A port of 127.0.0.1 that is open until the answer has come.
#[derive(Debug)]
pub struct Listener {
    server: LocalServer,
}

/// An authorization code, and the browser that waits to be told what came of it.
pub struct Answer {
    code: Option<SecretString>,
    browser: Option<Request>,
}

/// What a request to the redirect's path means.
#[derive(Debug)]
enum Verdict {
    Code(SecretString),
    Refused { code: String, description: String },
    OlderRequest,
    NotFound,
}

impl Listener {
    /// `redirect_uri` of the client's registration: the port of a loopback redirect is chosen for each request.
    ///
    /// Source: RFC 8252, 7.3.
    pub const REGISTERED_URI: &str = "http://127.0.0.1/oauth/callback";

    pub fn open() -> Result<Self, Error> {
        let server = LocalServer::bind().map_err(Error::Port)?;
        Ok(Self { server })
    }

    /// `redirect_uri` of the authorization request and of the token request.
    pub fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.server.host())
    }

    /// Waits for the answer to the request with this state. The answer to another request (a tab of an earlier run) is told apart
    /// by its state: `older` hears of it, and the right one is still waited for.
    pub fn wait(
        self,
        state: &State,
        patience: Duration,
        older: &dyn Fn(),
    ) -> Result<Answer, Error> {
        let deadline = Instant::now() + patience;
        let mut stray = false;
        while Instant::now() < deadline {
            let Some(request) = self.server.accept().map_err(Error::Port)? else {
                std::thread::sleep(POLL);
                continue;
            };
            match verdict(&request.target, state) {
                Verdict::Code(code) => {
                    return Ok(Answer {
                        code: Some(code),
                        browser: Some(request),
                    });
                }
                Verdict::Refused { code, description } => {
                    let _ = request.answer(&Page::Refused.response());
                    return Err(Error::Refused { code, description });
                }
                Verdict::OlderRequest => {
                    let _ = request.answer(&Page::OlderRequest.response());
                    if !stray {
                        older();
                    }
                    stray = true;
                }
                Verdict::NotFound => {
                    let _ = request.not_found();
                }
            }
        }
        let seconds = patience.as_secs();
        Err(if stray {
            Error::OlderRequest { seconds }
        } else {
            Error::TimedOut { seconds }
        })
    }
}

impl Answer {
    /// The code, once.
    pub fn code(&mut self) -> SecretString {
        self.code.take().unwrap_or_default()
    }

    /// Shows the page for how it ended.
    pub fn show(mut self, page: Page) {
        self.reply(page);
    }

    fn reply(&mut self, page: Page) {
        if let Some(browser) = self.browser.take() {
            // Whoever closed the tab already has missed nothing.
            let _ = browser.answer(&page.response());
        }
    }
}

/// Nobody is left in front of a page that loads for ever.
impl Drop for Answer {
    fn drop(&mut self) {
        self.reply(Page::Failed);
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// Source: RFC 6749, 4.1.2 and 4.1.2.1.
fn verdict(target: &str, state: &State) -> Verdict {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != PATH {
        return Verdict::NotFound;
    }
    let parameter = |name: &str| {
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        // A parameter given twice is nobody's honest answer.
        let (_, value) = values.next()?;
        values.next().is_none().then(|| value.into_owned())
    };
    if !parameter("state").is_some_and(|answer| state.is(&answer)) {
        return Verdict::OlderRequest;
    }
    if let Some(code) = parameter("error") {
        return Verdict::Refused {
            code: shortened(&code),
            description: shortened(&parameter("error_description").unwrap_or_default()),
        };
    }
    match parameter("code").filter(|code| !code.is_empty()) {
        Some(code) => Verdict::Code(code.into()),
        None => Verdict::NotFound,
    }
}

/// The words come through a URL that anybody may have written.
fn shortened(text: &str) -> String {
    crate::error::visible(text)
        .replace('\n', " ")
        .chars()
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use secrecy::ExposeSecret as _;

    use super::*;

    const SOON: Duration = Duration::from_secs(90);

    /// What a browser at `url` is shown.
    fn browse(url: &str) -> String {
        let rest = url.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn the_answer_is_told_how_it_ended() {
        for (page, status) in [(Some(Page::SignedIn), "200 OK"), (None, "502 Bad Gateway")] {
            let (listener, state) = (Listener::open().unwrap(), State::new().unwrap());
            let uri = format!(
                "{}?code=a%2Fb&state={}",
                listener.redirect_uri(),
                state.expose()
            );
            std::thread::scope(|scope| {
                let browser = scope.spawn(|| browse(&uri));
                let mut answer = listener.wait(&state, SOON, &|| ()).unwrap();
                assert_eq!(answer.code().expose_secret(), "a/b");
                match page {
                    Some(page) => answer.show(page),
                    None => drop(answer),
                }
                assert!(browser.join().unwrap().contains(status));
            });
        }
    }

    #[test]
    fn a_tab_of_an_older_request_does_not_end_the_newer_one() {
        let (listener, state) = (Listener::open().unwrap(), State::new().unwrap());
        let uri = listener.redirect_uri();
        let right = format!("{uri}?state={}&code=right", state.expose());
        let older = Cell::new(0);
        std::thread::scope(|scope| {
            let pages = scope.spawn(|| {
                let mut pages = Vec::new();
                for query in [
                    "?state=old&code=wrong",
                    "?code=wrong",
                    "",
                    "?state=old&error=x",
                ] {
                    pages.push(browse(&format!("{uri}{query}")));
                }
                pages.push(browse(&uri.replace("callback", "other")));
                (pages, browse(&right))
            });
            let mut answer = listener
                .wait(&state, SOON, &|| older.set(older.get() + 1))
                .unwrap();
            assert_eq!(answer.code().expose_secret(), "right");
            answer.show(Page::SignedIn);
            let (pages, last) = pages.join().unwrap();
            for page in &pages[..4] {
                assert!(page.contains("older sign-in"), "{page}");
            }
            assert!(pages[4].starts_with("HTTP/1.1 404"), "{}", pages[4]);
            assert!(last.contains("You are signed in"));
        });
        assert_eq!(older.get(), 1, "said once");
    }

    #[test]
    fn a_refusal_and_silence_have_words_of_their_own() {
        let (listener, state) = (Listener::open().unwrap(), State::new().unwrap());
        let uri = format!(
            "{}?state={}&error=access_denied&error_description=not%1b%5B0m+you",
            listener.redirect_uri(),
            state.expose()
        );
        std::thread::scope(|scope| {
            let browser = scope.spawn(|| browse(&uri));
            let error = listener.wait(&state, SOON, &|| ()).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the sign-in was refused in the browser: access_denied (not\\u{1b}[0m you)"
            );
            assert!(browser.join().unwrap().starts_with("HTTP/1.1 403"));
        });
        let error = Listener::open()
            .unwrap()
            .wait(&state, Duration::ZERO, &|| ())
            .unwrap_err();
        assert!(matches!(error, Error::TimedOut { seconds: 0 }));
        // Somebody has closed the tab.
        assert_eq!(
            error.to_string(),
            "nobody finished the sign-in in the browser within 0 seconds"
        );
        assert!(error.hint().unwrap().contains("finish in the browser"));
    }

    #[test]
    fn silence_after_an_older_answer_names_it() {
        let (listener, state) = (Listener::open().unwrap(), State::new().unwrap());
        let uri = listener.redirect_uri();
        let rest = uri.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        // It knocks before anybody waits: a thread of its own might come too late.
        let mut browser = TcpStream::connect(host).unwrap();
        write!(
            browser,
            "GET /{path}?state=old&code=x HTTP/1.1\r\nHost: {host}\r\n\r\n"
        )
        .unwrap();
        let error = listener
            .wait(&state, Duration::from_secs(1), &|| ())
            .unwrap_err();
        assert!(error.to_string().contains("state mismatch"), "{error}");
    }

    #[test]
    fn a_parameter_given_twice_is_no_answer() {
        let state = State::new().unwrap();
        let known = state.expose();
        for query in [
            format!("state={known}&state={known}&code=x"),
            format!("state={known}&code=x&code=y"),
            format!("state={known}&code="),
        ] {
            let verdict = verdict(&format!("{PATH}?{query}"), &state);
            assert!(
                matches!(verdict, Verdict::OlderRequest | Verdict::NotFound),
                "{query}: {verdict:?}"
            );
        }
    }
}
