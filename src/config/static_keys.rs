//! Keys in clear text in the AWS CLI's credentials file. They are the last resort: whatever else a profile has comes first.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::error::Error;
use super::file::ConfigFile;
use super::ini::{Ini, Section};
use crate::environment::Environment;

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
/// The second name is that of boto 2, which some tools still write.
const TOKENS: [&str; 2] = ["aws_session_token", "aws_security_token"];

/// Which profiles have a key in the file. No secret is in here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaticKeys {
    pub path: PathBuf,
    by_profile: BTreeMap<String, StaticKey>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticKey {
    pub access_key_id: String,
    /// A session token stands beside it.
    pub is_temporary: bool,
    /// Of `aws_access_key_id`.
    pub line: usize,
}

/// The key with its secret half.
#[derive(Debug)]
pub struct StaticSecret {
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub session_token: Option<SecretString>,
}

impl StaticKeys {
    /// `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`; `None` without a home directory.
    pub fn path_from(environment: &Environment) -> Option<PathBuf> {
        let home = environment.home();
        match environment.var_os("AWS_SHARED_CREDENTIALS_FILE") {
            Some(path) => match (Path::new(path).strip_prefix("~"), home) {
                (Ok(below), Some(home)) => Some(home.join(below)),
                _ => Some(path.into()),
            },
            None => Some(home?.join(".aws").join("credentials")),
        }
    }

    /// Reads the file with the care of [`ConfigFile::load`]; one that does not exist is empty.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let ini = read(path)?;
        let names = ini.sections().map(|section| name(&section));
        let by_profile = names
            .filter_map(|name| Some((name.to_owned(), key(&ini, name)?)))
            .collect();
        Ok(Self {
            path: path.to_owned(),
            by_profile,
        })
    }

    pub fn of_profile(&self, profile: &str) -> Option<&StaticKey> {
        self.by_profile.get(profile)
    }

    pub fn is_empty(&self) -> bool {
        self.by_profile.is_empty()
    }
}

/// The key of a profile as the file has it now; `None` if it is gone.
pub fn secret(path: &Path, profile: &str) -> Result<Option<StaticSecret>, Error> {
    let ini = read(path)?;
    let value = |keys: &[&str]| last(&ini, profile, keys).map(|(value, _)| value);
    let (Some(id), Some(secret)) = (value(&[ID]), value(&[SECRET])) else {
        return Ok(None);
    };
    Ok(Some(StaticSecret {
        access_key_id: id.to_owned(),
        secret_access_key: secret.into(),
        session_token: value(&TOKENS).map(Into::into),
    }))
}

fn read(path: &Path) -> Result<Ini, Error> {
    let file = ConfigFile::load(path)?;
    Ini::parse(file.text()).map_err(|error| Error::Syntax {
        path: path.to_owned(),
        error,
    })
}

fn key(ini: &Ini, profile: &str) -> Option<StaticKey> {
    let (id, line) = last(ini, profile, &[ID])?;
    last(ini, profile, &[SECRET])?;
    Some(StaticKey {
        access_key_id: id.to_owned(),
        is_temporary: last(ini, profile, &TOKENS).is_some(),
        line,
    })
}

/// Of several lines the last one counts, as for botocore.
fn last<'a>(ini: &'a Ini, profile: &str, keys: &[&str]) -> Option<(&'a str, usize)> {
    ini.sections()
        .filter(|section| name(section) == profile)
        .flat_map(|section| section.properties())
        .filter(|property| {
            keys.iter()
                .any(|key| property.key.eq_ignore_ascii_case(key))
        })
        .rfind(|property| !property.value.is_empty())
        .map(|property| (property.value, property.line))
}

/// In this file the header is the name alone; `profile ` before it is the config file's way, and a common mistake.
fn name<'a>(section: &Section<'a>) -> &'a str {
    let header = section.header();
    header
        .strip_prefix("profile ")
        .map_or(header, str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn profiles_with_a_whole_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials");
        let text = "[default]\naws_access_key_id = AKIAD\naws_secret_access_key = s\n\
                    [half]\naws_access_key_id = AKIAH\naws_secret_access_key =\n\
                    [saml]\nAWS_ACCESS_KEY_ID=ASIAS\naws_secret_access_key=s\naws_session_token=t\n\
                    [profile a b]\naws_access_key_id = AKIA1\naws_secret_access_key = 1\naws_access_key_id = AKIA2\n";
        std::fs::write(&path, text).unwrap();
        let keys = StaticKeys::load(&path).unwrap();
        let key = |name| {
            keys.of_profile(name)
                .map(|key| (key.access_key_id.as_str(), key.is_temporary, key.line))
        };
        assert_eq!(key("default"), Some(("AKIAD", false, 2)));
        assert_eq!(key("half"), None);
        assert_eq!(key("saml"), Some(("ASIAS", true, 8)));
        assert_eq!(key("a b"), Some(("AKIA2", false, 14)));
        assert_eq!(key("other"), None);
        let token = secret(&path, "saml").unwrap().unwrap().session_token;
        assert_eq!(token.unwrap().expose_secret(), "t");
        assert!(secret(&path, "half").unwrap().is_none());
        let none = StaticKeys::load(&dir.path().join("absent")).unwrap();
        assert!(none.is_empty());
    }
}
