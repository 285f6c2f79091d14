//! Signatures. The first fifteen requests are those of AWS's published signing test suite; the expected values were
//! computed by botocore 1.43, and those of `get-vanilla` and the form post agree with AWS's documentation.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sim::{Authorization, Request, signature};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TIMESTAMP: &str = "20150830T123600Z";

fn signed_at() -> SystemTime {
    UNIX_EPOCH + Duration::from_mins(24_015_636)
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let always = [("host", "example.amazonaws.com"), ("x-amz-date", TIMESTAMP)];
    let headers = always.iter().chain(headers);
    Request {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        body: body.into(),
        ..Request::default()
    }
}

/// The request with an `Authorization` header that signs all of its headers.
fn authorized(mut request: Request, signature: &str) -> Request {
    let mut names: Vec<&str> = request
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    let header = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature={signature}",
        names.join(";")
    );
    request.headers.push(("authorization".into(), header));
    request
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const FORM_UTF8: (&str, &str) = (
    "content-type",
    "application/x-www-form-urlencoded; charset=utf-8",
);
const UNRESERVED: &str = "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const IDENTITY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const TRIMMED: &[(&str, &str)] = &[("my-header1", " value1"), ("my-header2", "\"a   b   c\"")];
const TOKEN: &[(&str, &str)] = &[
    FORM_UTF8,
    ("x-amz-security-token", "IQoJb3JpZ2luX2VjEXAMPLE/+="),
];
/// Method, target, headers, body, signature.
type Vector = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

const VECTORS: &[Vector] = &[
    (
        "GET",
        "/",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "/?Param2=value2&Param1=value1",
        &[],
        "",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "GET",
        "/?Param1=value2&Param1=value1",
        &[],
        "",
        "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
    ),
    (
        "GET",
        UNRESERVED,
        &[],
        "",
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    (
        "GET",
        "/%E1%88%B4",
        &[],
        "",
        "697b34846207a3f72246f99d74ae1ee4fe54f44bb06730c58a0d339eb079596d",
    ),
    (
        "GET",
        "/?%E1%88%B4=bar",
        &[],
        "",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    (
        "GET",
        "/example%20space/",
        &[],
        "",
        "446b817944c553435b35e813c261ff4e161fff982d1bacdef1c87f6785dd1662",
    ),
    (
        "GET",
        "//example//",
        &[],
        "",
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
    ),
    (
        "GET",
        "/example/..",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "/./",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "/",
        TRIMMED,
        "",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    (
        "GET",
        "/?acl",
        &[],
        "",
        "06f239ec83cd47b28ade495a426887f0c088d2396a702f8cd8fda356f210797d",
    ),
    (
        "POST",
        "/",
        &[],
        "",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    (
        "POST",
        "/",
        &[FORM],
        "Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    (
        "POST",
        "/",
        &[FORM_UTF8],
        IDENTITY,
        "d8aef9ef9f7b80305f829ce1b9c069c49c4fe4c4d2755d2c3b4fce2542ee0986",
    ),
    (
        "POST",
        "/",
        TOKEN,
        IDENTITY,
        "03e70e767da18cc8e090286b1cc62ce323d2b3e88e110666ecd058513d449582",
    ),
];

#[test]
fn signatures_agree_with_botocore() {
    for (method, target, headers, body, expected) in VECTORS {
        let request = authorized(request(method, target, headers, body), expected);
        let authorization = Authorization::of(&request).unwrap();
        let computed = signature(&request, &authorization, TIMESTAMP, SECRET);
        assert_eq!(computed, *expected, "{method} {target} {headers:?}");
        assert_eq!(
            authorization.verify(&request, SECRET, signed_at()),
            Ok(()),
            "{method} {target}"
        );
    }
}

#[test]
fn what_was_signed_cannot_be_changed() {
    const SIGNATURE: &str = "d8aef9ef9f7b80305f829ce1b9c069c49c4fe4c4d2755d2c3b4fce2542ee0986";
    let headers = [(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )];
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let signed = authorized(request("POST", "/", &headers, body), SIGNATURE);
    let verdict = |request: &Request, secret: &str| {
        Authorization::of(request)
            .and_then(|authorization| authorization.verify(request, secret, signed_at()))
    };
    assert_eq!(verdict(&signed, SECRET), Ok(()));

    let changes: [(&str, Request); 5] = [
        (
            "method",
            Request {
                method: "GET".into(),
                ..signed.clone()
            },
        ),
        (
            "path",
            Request {
                path: "/x".into(),
                ..signed.clone()
            },
        ),
        (
            "query",
            Request {
                query: "Action=GetSessionToken".into(),
                ..signed.clone()
            },
        ),
        (
            "body",
            Request {
                body: "Action=GetSessionToken&Version=2011-06-15".into(),
                ..signed.clone()
            },
        ),
        ("host", with_header(&signed, "host", "evil.example.com")),
    ];
    for (what, changed) in changes {
        let error = verdict(&changed, SECRET).unwrap_err();
        assert_eq!(
            (error.status, error.code.as_str()),
            (403, "SignatureDoesNotMatch"),
            "{what}"
        );
    }
    assert_eq!(
        verdict(&signed, "another secret").unwrap_err().code,
        "SignatureDoesNotMatch"
    );

    let mut added = signed.clone();
    added
        .headers
        .push(("x-amz-security-token".into(), "unsigned".into()));
    let error = verdict(&added, SECRET).unwrap_err();
    assert_eq!(
        error.message,
        "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization."
    );
}

#[test]
fn a_clock_may_be_off_by_fifteen_minutes() {
    const SIGNATURE: &str = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
    let request = authorized(request("POST", "/", &[], ""), SIGNATURE);
    let authorization = Authorization::of(&request).unwrap();
    let at = |seconds: i64| {
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let now = if seconds < 0 {
            signed_at() - distance
        } else {
            signed_at() + distance
        };
        authorization
            .verify(&request, SECRET, now)
            .map_err(|error| error.message)
    };
    assert_eq!(at(900), Ok(()));
    assert_eq!(at(-900), Ok(()));
    let late = "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)";
    assert_eq!(at(901), Err(late.into()));
    let early = "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)";
    assert_eq!(at(-901), Err(early.into()));
}

#[test]
fn a_header_that_is_not_one_is_refused_by_name() {
    let cases = [
        (None, 403, "MissingAuthenticationToken"),
        (Some("Bearer abc"), 400, "IncompleteSignature"),
        (
            Some("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00"),
            400,
            "IncompleteSignature",
        ),
        (
            Some(
                "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/sts, SignedHeaders=host, Signature=00",
            ),
            400,
            "IncompleteSignature",
        ),
        (
            Some(
                "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/sts/aws4_request, SignedHeaders=host",
            ),
            400,
            "IncompleteSignature",
        ),
    ];
    for (header, status, code) in cases {
        let mut request = request("POST", "/", &[], "");
        request
            .headers
            .extend(header.map(|value| ("authorization".to_owned(), value.to_owned())));
        let error = Authorization::of(&request).unwrap_err();
        assert_eq!(
            (error.status, error.code.as_str()),
            (status, code),
            "{header:?}"
        );
    }
}

fn with_header(request: &Request, name: &str, value: &str) -> Request {
    let mut changed = request.clone();
    for header in changed.headers.iter_mut().filter(|(key, _)| key == name) {
        value.clone_into(&mut header.1);
    }
    changed
}
