//! One instance of Identity Center as this program uses it, which decides what a token is good for.

use crate::config::chain::Service;
use crate::config::profile::{Endpoints, Setting, Sso};
use crate::config::start_url;
use crate::sessions::Fingerprint;

/// What the AWS CLI asks for too; without it there is no refresh token.
///
/// Source: IAM Identity Center User Guide, "Access scopes".
const ACCOUNT_ACCESS: &str = "sso:account:access";

/// Start URL, region and scopes: profiles and sessions that agree in them share a sign-in.
#[derive(Debug, Clone)]
pub struct Instance {
    name: String,
    start_url: String,
    scopes: Vec<String>,
    service: Service,
}

impl Instance {
    /// `None` without a start URL or a region.
    pub fn of(sso: &Sso, endpoints: &Endpoints) -> Option<Self> {
        let start_url = sso.start_url.as_ref()?.value.clone();
        let region = sso.region.clone()?;
        let name = sso.session.as_ref().map_or_else(
            || start_url::host(&start_url).to_owned(),
            |name| name.value.clone(),
        );
        Some(Self {
            name,
            scopes: scopes(sso.registration_scopes.as_ref()),
            start_url,
            service: Service {
                region: Some(region),
                endpoints: endpoints.clone(),
            },
        })
    }

    /// The `[sso-session]`'s name, else the start URL's host: for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn start_url(&self) -> &str {
        &self.start_url
    }

    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Names the token's file, its lock and its item in the keystore at `location`.
    pub fn fingerprint(&self, location: &str) -> Fingerprint {
        let endpoints = &self.service.endpoints;
        let url = |setting: &Option<Setting<String>>| {
            setting.as_ref().map(|setting| setting.value.clone())
        };
        Fingerprint::of_identity_center(&[
            location,
            &start_url::plain(&self.start_url),
            &url(&self.service.region).unwrap_or_default(),
            &self.scopes.join(" "),
            &url(&endpoints.sso_oidc).unwrap_or_default(),
        ])
    }
}

/// A comma divides scopes; there is always the one that everything here needs.
fn scopes(setting: Option<&Setting<String>>) -> Vec<String> {
    let mut scopes: Vec<String> = setting
        .map_or("", |setting| setting.value.as_str())
        .split(',')
        .map(str::trim)
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect();
    if scopes.is_empty() {
        scopes.push(ACCOUNT_ACCESS.to_owned());
    }
    scopes.sort();
    scopes.dedup();
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::Origin;

    fn setting(value: &str) -> Setting<String> {
        Setting::new(value.to_owned(), Origin::Flag("test"))
    }

    fn instance(
        start_url: &str,
        region: &str,
        scopes: Option<&str>,
        name: Option<&str>,
    ) -> Instance {
        let sso = Sso {
            session: name.map(setting),
            start_url: Some(setting(start_url)),
            region: Some(setting(region)),
            registration_scopes: scopes.map(setting),
            ..Sso::default()
        };
        Instance::of(&sso, &Endpoints::default()).unwrap()
    }

    #[test]
    fn profiles_that_mean_the_same_share_a_sign_in() {
        let url = "https://x.awsapps.com/start";
        let one = instance(url, "eu-west-1", None, None).fingerprint("here");
        for (url, scopes, name) in [
            ("https://x.awsapps.com/start/", None, Some("a")),
            ("https://x.awsapps.com/start#/", None, Some("b")),
            (
                "https://X.awsapps.com/start",
                Some("sso:account:access"),
                None,
            ),
            (url, Some(" , "), None),
        ] {
            assert_eq!(
                instance(url, "eu-west-1", scopes, name).fingerprint("here"),
                one
            );
        }
        for other in [
            instance(url, "us-east-1", None, None).fingerprint("here"),
            instance(url, "eu-west-1", Some("a,b"), None).fingerprint("here"),
            instance("https://y.awsapps.com/start", "eu-west-1", None, None).fingerprint("here"),
            instance(url, "eu-west-1", None, None).fingerprint("there"),
        ] {
            assert_ne!(other, one);
        }
    }

    #[test]
    fn names_and_scopes() {
        let legacy = instance("https://x.awsapps.com/start#/", "eu-west-1", None, None);
        assert_eq!(legacy.name(), "x.awsapps.com");
        assert_eq!(legacy.scopes(), [ACCOUNT_ACCESS]);
        let session = instance("https://x/start", "r", Some("b, a,,a"), Some("corp"));
        assert_eq!(
            (session.name(), session.scopes().join("+")),
            ("corp", "a+b".into())
        );
    }
}
