use std::time::{Duration, UNIX_EPOCH};

use super::*;

const NOON: Duration = Duration::from_secs(1_900_000_000);

fn read(output: &str) -> Result<Credentials, String> {
    credentials(output.as_bytes(), UNIX_EPOCH + NOON)
}

fn document(more: &str) -> String {
    format!(r#"{{"Version": 1, "AccessKeyId": "AKIAX", "SecretAccessKey": "CANARY"{more}}}"#)
}

#[test]
fn every_kind_of_credentials() {
    for (more, token, expiration) in [
        ("", None, None),
        (r#", "SessionToken": null, "Expiration": "" "#, None, None),
        (
            r#", "SessionToken": "t", "AccountId": "1""#,
            Some("t"),
            None,
        ),
        (
            r#", "SessionToken": "t", "Expiration": "2030-03-17T18:46:40Z""#,
            Some("t"),
            Some(1_900_003_600),
        ),
        (
            r#", "SessionToken": "t", "Expiration": "2030-03-17T20:46:40.25+02:00""#,
            Some("t"),
            Some(1_900_003_600),
        ),
    ] {
        let credentials = read(&document(more)).unwrap();
        assert_eq!(credentials.access_key_id(), "AKIAX");
        assert_eq!(credentials.session_token(), token, "{more}");
        let seconds = credentials
            .expiration()
            .map(|time| time.duration_since(UNIX_EPOCH).unwrap().as_secs());
        assert_eq!(seconds, expiration, "{more}");
    }
}

#[test]
fn bad_output_says_what_is_wrong_and_quotes_nothing() {
    for (output, expected) in [
        (String::new(), "nothing"),
        (" \n".to_owned(), "nothing"),
        ("CANARY".to_owned(), "something that is no JSON"),
        (document("")[..40].to_owned(), "something that is no JSON"),
        (
            "[\"CANARY\"]".to_owned(),
            "JSON of another shape than AWS's",
        ),
        (
            document(", \"SessionToken\": 5"),
            "JSON of another shape than AWS's",
        ),
        ("{}".to_owned(), "no AccessKeyId"),
        (
            r#"{"AccessKeyId": "AKIA", "SecretAccessKey": ""}"#.to_owned(),
            "no SecretAccessKey",
        ),
        (
            r#"{"Version": 2}"#.to_owned(),
            "credentials of version 2; only 1 is known",
        ),
        (
            document(r#", "Expiration": "tomorrow""#),
            "an Expiration that is no RFC 3339 time",
        ),
        (
            document(r#", "SessionToken": "t", "Expiration": "2001-01-01T00:00:00Z""#),
            "credentials that have expired already",
        ),
    ] {
        assert_eq!(read(&output).unwrap_err(), expected, "{output}");
    }
}
