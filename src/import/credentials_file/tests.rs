use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::super::cut::{cut, restore};
use super::*;

const KEY: &str =
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = CANARYsecret\n";

/// The text without its keys.
fn scrubbed(text: &str) -> String {
    let ranges: Vec<_> = find(text)
        .unwrap()
        .into_iter()
        .flat_map(|found| found.bytes)
        .collect();
    let (rest, pieces) = cut(text, &ranges);
    assert_eq!(restore(&rest, &pieces).unwrap().as_str(), text);
    rest.to_string()
}

#[test]
fn exactly_the_keys_lines_go() {
    for (text, rest) in [
        ("", ""),
        (&*format!("[default]\n{KEY}"), ""),
        (
            &*format!("\u{feff}[default]\r\n{}", KEY.replace('\n', "\r\n")),
            "\u{feff}",
        ),
        (
            &*format!("# mine\n[default]\n{KEY}\n; end"),
            "# mine\n[default]\n\n; end",
        ),
        (&*format!("[a]\n{KEY}\n\n[b]\n{KEY}"), "\n\n"),
        (&*format!("[a]\n{KEY}region = x\n"), "[a]\nregion = x\n"),
        (&*format!("[a]\n# why\n{KEY}"), "[a]\n# why\n"),
        (&*format!("[a] # work\n{KEY}"), "[a] # work\n"),
        (&*format!("  [ a ]  \n{KEY}"), ""),
        (&*format!("[a]\n{}", KEY.trim_end()), ""),
        (&*format!("[a]\n{KEY}aws_session_token =\n"), ""),
        (
            "[a]\n  AWS_ACCESS_KEY_ID:AKIA1\n\n\t# x\n  Aws_Secret_Access_Key   =   s  \nb=c",
            "[a]\n\n\t# x\nb=c",
        ),
        // Another section of the same name is left alone.
        (
            &*format!("[a]\n{KEY}[a]\nregion = x\n"),
            "[a]\nregion = x\n",
        ),
        (&*format!("[profile a]\n{KEY}"), ""),
    ] {
        assert_eq!(scrubbed(text), rest, "{text:?}");
    }
}

#[test]
fn names_ids_and_secrets() {
    let text = format!("[default]\n{KEY}[profile b c]\n{KEY}[d]\nregion = x\n");
    let found = find(&text).unwrap();
    let names: Vec<_> = found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["default", "b c"]);
    for found in &found {
        let Content::LongTerm(key) = &found.content else {
            panic!("{found:?}")
        };
        assert_eq!(key.access_key_id, "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(key.secret_access_key.expose_secret(), "CANARYsecret");
    }
    assert!(!format!("{found:?}").contains("CANARY"));
}

#[test]
fn what_is_left_alone() {
    for (text, why) in [
        (&*format!("[a]\n{KEY}aws_session_token = t\n"), ""),
        (&*format!("[a]\n{KEY}aws_security_token = t\n"), ""),
        (
            "[a]\naws_access_key_id=ASIA1\naws_secret_access_key=s\n",
            "",
        ),
        ("[a]\naws_access_key_id=AKIA1\n", "no aws_secret_access_key"),
        ("[a]\naws_secret_access_key=s\n", "no aws_access_key_id"),
        (&*format!("[a]\n{KEY}{KEY}"), "more than once"),
        (&*format!("[a]\n{KEY}[a]\n{KEY}"), "more than once"),
        (&*format!("[a]\n{KEY}[profile a]\n{KEY}"), "more than once"),
        (&*format!("[a]\n{KEY}  more\n=x"), "several lines"),
        (
            "[a]\naws_access_key_id=AKIA1\naws_secret_access_key=s\\\nt\n",
            "several lines",
        ),
        (
            "[a]\naws_access_key_id=AKIA1\naws_secret_access_key=`s\nt`\n",
            "several lines",
        ),
    ] {
        let Ok(found) = find(text) else { continue };
        let [found] = &found[..] else {
            panic!("{text}")
        };
        match &found.content {
            Content::Temporary(_) => assert_eq!(why, "", "{text}"),
            Content::Unusable(said) => assert!(said.contains(why) && !why.is_empty(), "{text}"),
            Content::LongTerm(_) => panic!("{text}"),
        }
        assert_eq!(scrubbed(text), text);
    }
}

#[test]
fn malformed_lines_are_told_by_number_only() {
    for (text, line) in [("[a]\nCANARY\n", 2), ("[a\n", 1), ("\n[]\n", 2)] {
        let error = find(text).unwrap_err();
        assert_eq!(error.line, line);
        assert!(!error.to_string().contains("CANARY"));
    }
}

proptest! {
    #[test]
    fn every_other_byte_stays(
        text in "(\u{feff})?((\\[(profile )?[a-c]\\]( # x)?|aws_access_key_id ?= ?AKIA[A-D]|AWS_SECRET_ACCESS_KEY:\tsecret[a-d]|aws_session_token=t?|region ?= ?x|s3 =|  k = 1|k=v \\\\|k=`v|w`|# c|;| |)(\r|\n|\r\n)){0,24}",
    ) {
        let Ok(found) = find(&text) else { return Ok(()) };
        let ranges: Vec<_> = found.iter().flat_map(|found| found.bytes.clone()).collect();
        let (rest, pieces) = cut(&text, &ranges);
        let back = restore(&rest, &pieces).unwrap();
        prop_assert_eq!(back.as_str(), text.as_str());

        // Whole lines go, and only those of keys and of sections that held nothing else.
        let lines = line_ranges(&text);
        for range in &ranges {
            prop_assert!(lines.contains(range));
            let line = text[range.clone()].trim().to_lowercase();
            prop_assert!(line.starts_with("aws_") || line.starts_with('[') && line.ends_with(']'), "{}", line);
        }

        // What other tools read is what they read before, but for the keys.
        let others = |text: &str| {
            let ini = Ini::parse(text).unwrap();
            let properties: Vec<_> = ini
                .sections()
                .flat_map(|section| {
                    let header = section.header().to_owned();
                    section.properties().map(move |property| {
                        (header.clone(), property.key.to_lowercase(), property.value.to_owned())
                    }).collect::<Vec<_>>()
                })
                .collect();
            properties
        };
        let gone: Vec<_> = found.iter().filter(|found| !found.bytes.is_empty()).map(|found| found.name.clone()).collect();
        let mut expected = others(&text);
        expected.retain(|(header, key, _)| !(key.starts_with("aws_") && gone.contains(&name(header).to_owned())));
        prop_assert_eq!(others(&rest), expected);

        // Twice is once.
        let again = find(&rest).unwrap();
        prop_assert!(again.iter().all(|found| !matches!(found.content, Content::LongTerm(_))));
        prop_assert!(again.iter().all(|found| found.bytes.is_empty()));
    }
}
