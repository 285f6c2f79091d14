use std::time::SystemTime;

use super::*;

fn endpoint(region: &str, configured: Option<&str>) -> Result<Endpoint, Error> {
    Endpoint::of(partition(Some(region))?, configured)
}

#[test]
fn each_partition_has_its_hosts() {
    for (region, signin, console) in [
        (
            "",
            "us-east-1.signin.aws.amazon.com",
            "console.aws.amazon.com",
        ),
        (
            "eu-west-1",
            "us-east-1.signin.aws.amazon.com",
            "console.aws.amazon.com",
        ),
        ("cn-north-1", "signin.amazonaws.cn", "console.amazonaws.cn"),
        (
            "us-gov-west-1",
            "signin.amazonaws-us-gov.com",
            "console.amazonaws-us-gov.com",
        ),
        (
            "eusc-de-east-1",
            "signin.amazonaws-eusc.eu",
            "console.amazonaws-eusc.eu",
        ),
    ] {
        let partition = partition(Some(region)).unwrap();
        assert_eq!(partition.signin_host(), signin);
        assert_eq!(partition.console_domain(), console);
        let endpoint = endpoint(region, None).unwrap();
        assert_eq!(
            endpoint.federation.to_string(),
            format!("https://{signin}/federation")
        );
        assert_eq!(endpoint.oauth, format!("https://{signin}/oauth"));
    }
    assert_eq!(partition(None).unwrap(), Partition::Aws);
    for region in [
        "evil.example/",
        "EU-WEST-1",
        "eu west",
        "eu-west-1\n",
        "\u{1b}[2J",
    ] {
        let error = partition(Some(region)).unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
}

#[test]
fn an_endpoint_of_ones_own_is_encrypted_or_local() {
    for (configured, federation) in [
        (
            "https://signin.example.com",
            "https://signin.example.com/federation",
        ),
        (
            "https://signin.example.com/",
            "https://signin.example.com/federation",
        ),
        ("http://127.0.0.1:4566", "http://127.0.0.1:4566/federation"),
        ("http://[::1]:4566", "http://[::1]:4566/federation"),
        (
            "http://localhost:4566/base",
            "http://localhost:4566/base/federation",
        ),
    ] {
        assert_eq!(
            endpoint("", Some(configured)).unwrap().federation,
            federation
        );
    }
    for configured in [
        "http://signin.example.com",
        "http://localhost.example.com",
        "http://localhost@example.com",
        "http://127.0.0.1.example.com",
        "http://192.0.2.1",
        "ftp://localhost",
        "signin.example.com",
        "https://",
        "https://x/?y",
        "https://x/#y",
        "https://user:CANARY@x",
        "",
    ] {
        assert!(
            matches!(endpoint("", Some(configured)), Err(Error::Endpoint(_))),
            "{configured}"
        );
    }
}

#[test]
fn the_duration_is_asked_for_only_when_given_and_within_bounds() {
    let form = |duration| token_form(&session(), duration).to_string();
    let without = "Action=getSigninToken&Session=%7B%22sessionId%22%3A%22ASIA%22%2C%22sessionKey%22%3A%22se%2Fcret%22\
                   %2C%22sessionToken%22%3A%22to%2Bken%22%7D";
    assert_eq!(form(None), without);
    for (asked, sent) in [(60, 900), (3600, 3600), (129_600, 43_200)] {
        let expected = without.replace("&Session=", &format!("&SessionDuration={sent}&Session="));
        assert_eq!(form(Some(Duration::from_secs(asked))), expected);
    }
}

#[test]
fn links_are_form_encoded_one_inside_the_other() {
    let endpoint = endpoint("cn-north-1", None).unwrap();
    let login = login_url(&endpoint, "https://c.example/?region=x", &"t/o+k=".into());
    assert_eq!(
        *login,
        "https://signin.amazonaws.cn/federation?Action=login&Issuer=aws-vault\
         &Destination=https%3A%2F%2Fc.example%2F%3Fregion%3Dx&SigninToken=t%2Fo%2Bk%3D"
    );
    let logout = logout_url(&endpoint, &login);
    let inner = logout
        .strip_prefix("https://signin.amazonaws.cn/oauth?Action=logout&redirect_uri=")
        .unwrap();
    assert!(!inner.contains('&'), "{inner}");
    let (_, decoded) = form_urlencoded::parse(format!("x={inner}").as_bytes())
        .into_owned()
        .next()
        .unwrap();
    assert_eq!(decoded, *login);
}

#[test]
fn an_answer_without_a_token_is_no_answer() {
    assert_eq!(
        token(br#"{"SigninToken":"x","y":1}"#, "h")
            .unwrap()
            .expose_secret(),
        "x"
    );
    for answer in [
        "",
        "{}",
        r#"{"SigninToken":""}"#,
        "<html>CANARY</html>",
        r#"{"SigninToken":7}"#,
    ] {
        let error = token(answer.as_bytes(), "h").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }
}

fn session() -> SessionCredentials {
    SessionCredentials {
        access_key_id: "ASIA".into(),
        secret_access_key: "se/cret".into(),
        session_token: "to+ken".into(),
        expiration: SystemTime::UNIX_EPOCH,
    }
}
