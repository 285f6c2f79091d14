//! Who is refused before anything else is looked at: each rule with the attack it stops.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

/// Why a request is refused. The texts help whoever debugs his own program; none holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another user of this machine, who reaches 127.0.0.1 as well as we do.
    #[error("the connection was made by another user of this machine")]
    ForeignUser,
    /// A proxy, or a client that takes us for one: `GET http://169.254.169.254/… HTTP/1.1`.
    #[error("the request target must be a path")]
    TargetNotPath,
    /// Two parsers that see different hosts (request smuggling).
    #[error("there must be exactly one Host header")]
    HostCount,
    /// DNS rebinding: a page of `evil.example`, whose name now means 127.0.0.1, says `Host: evil.example`.
    #[error("the Host header names another server")]
    ForeignHost,
    /// A web page that fetches us across sites.
    #[error("requests of web pages are refused")]
    WebPage,
    /// A reverse proxy that passes the requests of strangers on (server-side request forgery).
    #[error("forwarded requests are refused")]
    Forwarded,
    /// The same for a token, where EC2 answers differently.
    #[error("forwarded requests are refused")]
    ForwardedPut,
    /// Bodies are never needed, and where they end is what smuggling is about.
    #[error("requests must not have a body")]
    Body,
    /// `..`, `//` and `%2e`: two readings of one path.
    #[error("not found")]
    OddPath,
}

/// Headers that only browsers send. `Sec-Fetch-Site: none` is a person who typed the address.
const BROWSER: [&str; 2] = ["origin", "referer"];
const FETCH_SITE: &str = "sec-fetch-site";
/// Headers that only proxies send.
const PROXY: [&str; 3] = ["forwarded", "via", "x-real-ip"];
const PROXY_PREFIX: &str = "x-forwarded-";

impl Refusal {
    pub fn status(self) -> StatusCode {
        match self {
            Self::ForeignUser | Self::ForeignHost | Self::WebPage | Self::Forwarded => {
                StatusCode::FORBIDDEN
            }
            Self::TargetNotPath | Self::HostCount | Self::ForwardedPut | Self::Body => {
                StatusCode::BAD_REQUEST
            }
            Self::OddPath => StatusCode::NOT_FOUND,
        }
    }
}

/// `hosts`: every spelling of our own address, port included.
pub fn check(hosts: &[String], head: &Parts, is_our_user: bool) -> Result<(), Refusal> {
    let rules = [
        (!is_our_user, Refusal::ForeignUser),
        (!has_path_alone(head), Refusal::TargetNotPath),
        (count(&head.headers, HOST.as_str()) != 1, Refusal::HostCount),
        (!names_us(hosts, &head.headers), Refusal::ForeignHost),
        (is_of_web_page(&head.headers), Refusal::WebPage),
        (is_forwarded(&head.headers), forwarded(&head.method)),
        (has_body(&head.headers), Refusal::Body),
        (is_odd(head.uri.path()), Refusal::OddPath),
    ];
    match rules.into_iter().find(|(broken, _)| *broken) {
        Some((_, refusal)) => Err(refusal),
        None => Ok(()),
    }
}

fn has_path_alone(head: &Parts) -> bool {
    head.uri.scheme().is_none()
        && head.uri.authority().is_none()
        && head.uri.path().starts_with('/')
}

fn names_us(hosts: &[String], headers: &HeaderMap) -> bool {
    headers
        .get(HOST)
        .is_some_and(|host| hosts.iter().any(|ours| host.as_bytes() == ours.as_bytes()))
}

fn is_of_web_page(headers: &HeaderMap) -> bool {
    let crosses = headers
        .get_all(FETCH_SITE)
        .iter()
        .any(|site| site.as_bytes() != b"none");
    crosses || BROWSER.iter().any(|name| headers.contains_key(*name))
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| name.as_str().starts_with(PROXY_PREFIX) || PROXY.contains(&name.as_str()))
}

fn forwarded(method: &Method) -> Refusal {
    if method == Method::PUT {
        Refusal::ForwardedPut
    } else {
        Refusal::Forwarded
    }
}

/// The PUT for a token says `Content-Length: 0` with some SDKs.
fn has_body(headers: &HeaderMap) -> bool {
    let lengths = headers.get_all(CONTENT_LENGTH).iter();
    headers.contains_key(TRANSFER_ENCODING) || lengths.into_iter().any(|length| length != "0")
}

/// One slash too many in front is what an SDK makes of an endpoint that ends with one.
fn is_odd(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let encoded = |code: &str| {
        path.as_bytes()
            .windows(code.len())
            .any(|part| part.eq_ignore_ascii_case(code.as_bytes()))
    };
    path.contains("//")
        || path.contains('\\')
        || path.split('/').any(|part| part == "." || part == "..")
        || encoded("%2e")
        || encoded("%00")
}

fn count(headers: &HeaderMap, name: &str) -> usize {
    headers.get_all(name).iter().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn verdict(method: &str, target: &str, more: &[(&str, &str)]) -> Result<(), Refusal> {
        let hosts = ["127.0.0.1:1234".to_owned()];
        let headers = [&[("host", "127.0.0.1:1234")], more].concat();
        check(&hosts, &head(method, target, &headers), true)
    }

    #[test]
    fn sdks_come_through() {
        for (method, target, headers) in [
            ("GET", "/", vec![]),
            (
                "GET",
                "/",
                vec![("authorization", "x"), ("user-agent", "x")],
            ),
            ("PUT", "/latest/api/token", vec![("content-length", "0")]),
            ("GET", "//latest/meta-data/", vec![]),
            ("GET", "/?x", vec![("sec-fetch-site", "none")]),
            ("GET", "/role-arn/arn:aws:iam::1:role/a%2Fb", vec![]),
        ] {
            assert_eq!(verdict(method, target, &headers), Ok(()), "{target}");
        }
    }

    #[test]
    fn each_attack_is_refused() {
        use Refusal::{Body, Forwarded, ForwardedPut, OddPath, TargetNotPath, WebPage};
        for (method, target, header, refusal) in [
            ("GET", "/", ("origin", ""), WebPage),
            ("GET", "/", ("origin", "null"), WebPage),
            ("GET", "/", ("referer", ""), WebPage),
            ("GET", "/", ("sec-fetch-site", "cross-site"), WebPage),
            ("GET", "/", ("sec-fetch-site", "same-origin"), WebPage),
            ("GET", "/", ("sec-fetch-site", ""), WebPage),
            ("GET", "/", ("x-forwarded-for", ""), Forwarded),
            ("GET", "/", ("x-forwarded-host", "x"), Forwarded),
            ("GET", "/", ("forwarded", "for=1"), Forwarded),
            ("GET", "/", ("via", "1.1 x"), Forwarded),
            (
                "PUT",
                "/latest/api/token",
                ("x-forwarded-for", ""),
                ForwardedPut,
            ),
            ("GET", "/", ("content-length", "1"), Body),
            ("GET", "/", ("content-length", "00"), Body),
            ("GET", "/", ("transfer-encoding", "chunked"), Body),
            ("GET", "http://127.0.0.1:1234/", ("x", "y"), TargetNotPath),
            ("CONNECT", "127.0.0.1:1234", ("x", "y"), TargetNotPath),
            ("OPTIONS", "*", ("x", "y"), TargetNotPath),
            ("GET", "/latest//meta-data", ("x", "y"), OddPath),
            ("GET", "///latest/", ("x", "y"), OddPath),
            ("GET", "/latest/../", ("x", "y"), OddPath),
            ("GET", "/latest/%2E%2e/", ("x", "y"), OddPath),
            ("GET", "/./", ("x", "y"), OddPath),
        ] {
            let found = verdict(method, target, &[header]);
            assert_eq!(found, Err(refusal), "{method} {target} {header:?}");
        }
    }

    #[test]
    fn our_own_name_exactly_once() {
        let hosts = ["127.0.0.1:1234".to_owned()];
        let check = |headers: &[(&str, &str)]| check(&hosts, &head("GET", "/", headers), true);
        assert_eq!(check(&[]), Err(Refusal::HostCount));
        let twice = [("host", "127.0.0.1:1234"), ("host", "127.0.0.1:1234")];
        assert_eq!(check(&twice), Err(Refusal::HostCount));
        for wrong in [
            "evil.example",
            "127.0.0.1",
            "localhost:1234",
            "127.0.0.1:12345",
            "127.0.0.1:1234.evil.example",
            "evil.example:1234",
            "",
        ] {
            assert_eq!(
                check(&[("host", wrong)]),
                Err(Refusal::ForeignHost),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_foreign_user_learns_nothing_else() {
        let everything_wrong = head("POST", "/../", &[("origin", "x")]);
        assert_eq!(
            check(&[], &everything_wrong, false),
            Err(Refusal::ForeignUser)
        );
    }
}
