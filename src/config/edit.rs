//! Changes to the text of a config file. Every byte that is there stays.

use std::path::Path;

use super::error::Error;
use super::file::ConfigFile;

impl ConfigFile {
    /// The file's text with a section for profile `name` appended, as the Go tool's `add` writes it.
    ///
    /// ```ini
    /// [profile jon]
    /// mfa_serial=arn:aws:iam::111122223333:mfa/jon
    /// ```
    ///
    /// An empty serial number is none. Fails when the name or the serial number could not be read back.
    pub fn with_profile(&self, name: &str, mfa_serial: Option<&str>) -> Result<String, Error> {
        let properties: Vec<(&str, &str)> = mfa_serial
            .filter(|serial| !serial.is_empty())
            .map(|serial| ("mfa_serial", serial))
            .into_iter()
            .collect();
        self.with_properties(name, &properties)
    }

    /// The same with any properties.
    pub fn with_properties(
        &self,
        name: &str,
        properties: &[(&str, &str)],
    ) -> Result<String, Error> {
        let header = match name {
            "default" => "default".to_owned(),
            name => format!("profile {name}"),
        };
        // Names and values are free text: what breaks out of its line would be a setting of somebody else's choice.
        if name.contains(char::is_control) || !reads_back(name, &header, &[]) {
            return Err(Error::ProfileName {
                name: name.to_owned(),
            });
        }
        let unwritable = properties
            .iter()
            .find(|property| !reads_back(name, &header, std::slice::from_ref(property)));
        if let Some((key, value)) = unwritable {
            return Err(Error::UnwritableValue {
                key: (*key).to_owned(),
                value: (*value).to_owned(),
            });
        }
        Ok(append_section(self.text(), &header, properties))
    }
}

impl ConfigFile {
    /// The file's text with one setting of a profile, in place of the one that is there, else right below the profile's header,
    /// else in a section of its own.
    pub fn with_setting(&self, name: &str, key: &str, value: &str) -> Result<String, Error> {
        let Some(section) = self.profile(name) else {
            return self.with_properties(name, &[(key, value)]);
        };
        let unwritable = || Error::UnwritableValue {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        let there = section
            .properties()
            .filter(|property| property.key.eq_ignore_ascii_case(key))
            .last();
        let ending = line_ending(self.text());
        let line = format!("{key} = {value}");
        let mut text = String::with_capacity(self.text().len() + line.len() + 2);
        for (number, old) in (1..).zip(self.text().split_inclusive('\n')) {
            let bare = old.trim_end_matches(['\n', '\r']);
            if there.as_ref().is_some_and(|it| it.line == number) {
                text.extend([&line, &old[bare.len()..]]);
            } else {
                text.push_str(old);
            }
            if there.is_none() && section.line() == number {
                let missing = if old.ends_with('\n') { "" } else { ending };
                text.extend([missing, &line, ending]);
            }
        }
        let reads_back = ConfigFile::parse(self.path(), text.as_str()).is_ok_and(|file| {
            let setting = file.profile(name).and_then(|section| section.setting(key));
            setting.is_some_and(|setting| setting.value == value)
        });
        if reads_back {
            Ok(text)
        } else {
            Err(unwritable())
        }
    }
}

/// Whether a file with this section alone has just this profile with just these properties.
fn reads_back(name: &str, header: &str, properties: &[(&str, &str)]) -> bool {
    let Ok(file) = ConfigFile::parse(Path::new(""), append_section("", header, properties)) else {
        return false;
    };
    let names = file.profiles().map(|profile| profile.name);
    file.profile(name).is_some_and(|section| {
        let found = section
            .properties()
            .map(|property| (property.key, property.value));
        names.eq([name]) && found.eq(properties.iter().copied())
    })
}

/// `text` followed by `[header]` and its properties, one blank line between if there is other content. Uses the line ending of
/// the text.
pub fn append_section(text: &str, header: &str, properties: &[(&str, &str)]) -> String {
    let ending = line_ending(text);
    let mut result = text.to_owned();
    if !text.trim_start_matches('\u{feff}').is_empty() {
        if !text.ends_with(['\n', '\r']) {
            result.push_str(ending);
        }
        if !last_line_is_blank(text) {
            result.push_str(ending);
        }
    }
    result.extend(["[", header, "]", ending]);
    for (key, value) in properties {
        result.extend([key, "=", value, ending]);
    }
    result
}

/// That of the last line which has one.
fn line_ending(text: &str) -> &'static str {
    match text.rfind(['\n', '\r']) {
        Some(at) if text.as_bytes()[at] == b'\r' => "\r",
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Whether the last whole line holds nothing.
fn last_line_is_blank(text: &str) -> bool {
    let Some(body) = text
        .strip_suffix("\r\n")
        .or_else(|| text.strip_suffix(['\n', '\r']))
    else {
        return false;
    };
    let line = body.rsplit(['\n', '\r']).next().unwrap_or(body);
    line.trim_start_matches('\u{feff}').trim().is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SERIAL: &str = "arn:aws:iam::111122223333:mfa/jon";

    fn file(text: &str) -> ConfigFile {
        ConfigFile::parse(Path::new("config"), text).unwrap()
    }

    #[test]
    fn one_setting_is_replaced_or_added_and_the_rest_stays() {
        for (before, after) in [
            ("", "[profile jon]\nlogin_session=arn\n"),
            ("[profile jon]\n", "[profile jon]\nlogin_session = arn\n"),
            ("[profile jon]", "[profile jon]\nlogin_session = arn\n"),
            (
                "# a\r\n[profile jon]\r\nregion=x # y\r\n",
                "# a\r\n[profile jon]\r\nlogin_session = arn\r\nregion=x # y\r\n",
            ),
            (
                "[profile jon]\nLogin_Session=old\n[default]\n",
                "[profile jon]\nlogin_session = arn\n[default]\n",
            ),
        ] {
            let written = file(before).with_setting("jon", "login_session", "arn");
            assert_eq!(written.unwrap(), after, "{before:?}");
        }
        for bad in ["a\nrole_arn = x", " a", ""] {
            let error = file("[profile jon]\n").with_setting("jon", "login_session", bad);
            assert!(
                matches!(error, Err(Error::UnwritableValue { .. })),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn exact_bytes() {
        for (text, appended) in [
            ("", ""),
            ("\u{feff}", ""),
            ("[default]\nregion=x\n", "\n"),
            ("[default]\nregion=x", "\n\n"),
            ("[default]\nregion=x\n\n", ""),
            ("[default]\nregion=x\n  \n", ""),
            ("# only a comment\n", "\n"),
            ("[a]\ns3 =\n  max_queue_size=1000 # keep\n", "\n"),
        ] {
            let expected = format!("{text}{appended}[profile jon]\nmfa_serial={SERIAL}\n");
            assert_eq!(
                file(text).with_profile("jon", Some(SERIAL)).unwrap(),
                expected
            );
        }
        for no_serial in [None, Some("")] {
            assert_eq!(
                file("").with_profile("default", no_serial).unwrap(),
                "[default]\n"
            );
        }
    }

    #[test]
    fn line_endings_are_those_of_the_file() {
        for (text, expected) in [
            ("[a]\r\nk=v\r\n", "[a]\r\nk=v\r\n\r\n[profile b]\r\n"),
            ("[a]\r\nk=v", "[a]\r\nk=v\r\n\r\n[profile b]\r\n"),
            ("[a]\rk=v\r", "[a]\rk=v\r\r[profile b]\r"),
        ] {
            assert_eq!(file(text).with_profile("b", None).unwrap(), expected);
        }
    }

    #[test]
    fn names_and_values_cannot_break_out() {
        for name in [
            "",
            " a",
            "a ",
            "a\nb",
            "a]\nregion=x\n[b",
            "a] # b",
            "\"a\"",
            "a\u{1b}b",
        ] {
            let error = file("").with_profile(name, None).unwrap_err();
            assert!(
                matches!(error, Error::ProfileName { .. }),
                "{name:?}: {error}"
            );
        }
        for serial in [
            " a",
            "a # b",
            "a ; b",
            "a\nrole_arn=x",
            "a\\",
            "`a`",
            "\"a\"",
            "`a\n",
        ] {
            let error = file("").with_profile("jon", Some(serial)).unwrap_err();
            let named = matches!(
                error,
                Error::UnwritableValue { .. } | Error::ProfileName { .. }
            );
            assert!(named, "{serial:?}: {error}");
        }
        for name in ["a b", "a.b", "a/b@c", "a]b", "\u{e9}", "a#b", "a=b"] {
            let text = file("[default]\n")
                .with_profile(name, Some(SERIAL))
                .unwrap();
            assert!(file(&text).profile(name).is_some(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_stays_and_the_section_reads_back(
            text in "(\u{feff})?(\\[(profile )?[a-c]\\]|k ?= ?v|s3 =|  x = 1|k=v \\\\|k=`v\nw`|# c|;| |\r|\n|\r\n){0,30}",
            name in "[a-z0-9._/@-]{1,12}",
        ) {
            let Ok(before) = ConfigFile::parse(Path::new("config"), text.as_str()) else { return Ok(()) };
            let after = before.with_profile(&name, Some(SERIAL)).unwrap();
            prop_assert!(after.starts_with(&text));
            let after = file(&after);
            let serial = after.profile(&name).unwrap().setting("mfa_serial").unwrap();
            prop_assert_eq!(serial.value, SERIAL);
            prop_assert!(after.profiles().count() <= before.profiles().count() + 1);
        }
    }
}
