//! Credentials on the disk that SDKs prefer to any server: the command would act in another account than it was told.

use super::super::context::Context;
use super::super::output::notice;
use crate::config::{ConfigFile, ini::Ini};

/// Keys of a `[default]` section with which SDKs look no further.
///
/// Source: AWS SDKs and Tools Reference Guide, "Understand the credential provider chain".
const KEYS: [&str; 8] = [
    "aws_access_key_id",
    "credential_process",
    "credential_source",
    "login_session",
    "role_arn",
    "sso_account_id",
    "sso_session",
    "web_identity_token_file",
];

/// Warns once for each file.
pub fn warn(context: &Context) {
    let environment = &context.environment;
    let credentials = match environment.var_os("AWS_SHARED_CREDENTIALS_FILE") {
        Some(path) => Some(path.into()),
        None => environment.home().map(|home| home.join(".aws/credentials")),
    };
    let config = ConfigFile::path_from(environment).ok();
    for path in credentials.into_iter().chain(config) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        if let Some((line, key)) = rival(text) {
            notice(&format!(
                "warning: SDKs prefer [default] in {}:{line} ({key}) to the server; move those credentials to another \
                 profile, or set AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE to other files",
                path.display()
            ));
        }
    }
}

fn rival(text: String) -> Option<(usize, &'static str)> {
    let ini = Ini::parse(text).ok()?;
    ini.sections()
        .filter(|section| section.header().trim() == "default")
        .find_map(|section| {
            KEYS.iter()
                .find_map(|key| Some((section.property(key)?.line, *key)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sdks_prefer() {
        let rival = |text: &str| rival(text.to_owned());
        let keys = "[work]\naws_access_key_id = A\n\n[default]\naws_access_key_id = B\n";
        assert_eq!(rival(keys), Some((5, "aws_access_key_id")));
        assert_eq!(rival("[default]\nregion = x\n"), None);
        assert_eq!(rival("[default]\nrole_arn = x\n"), Some((2, "role_arn")));
        assert_eq!(rival("[profile default2]\nrole_arn = x\n"), None);
        assert_eq!(rival(""), None);
    }
}
