//! Where requests go, beyond what the region decides.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints", "Dual-stack and FIPS endpoints".

use std::net::{Ipv4Addr, Ipv6Addr};

use super::error::Error;
use super::profile::{Endpoints, Origin, Setting};
use super::resolve::Sources;

const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";

pub(super) fn endpoints(sources: &Sources<'_>) -> Result<Endpoints, Error> {
    let ignored = sources
        .boolean(
            "ignore_configured_endpoint_urls",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        )?
        .is_some_and(|setting| setting.value);
    let url = |name, setting: Option<Setting<String>>| {
        checked(sources, name, setting.filter(|_| !ignored))
    };
    Ok(Endpoints {
        all: url(
            "every service",
            sources.text("endpoint_url", &[AWS_ENDPOINT_URL]),
        )?,
        sts: url("STS", service(sources, "sts", "AWS_ENDPOINT_URL_STS"))?,
        iam: url("IAM", service(sources, "iam", "AWS_ENDPOINT_URL_IAM"))?,
        sso: url(
            "IAM Identity Center",
            service(sources, "sso", "AWS_ENDPOINT_URL_SSO"),
        )?,
        sso_oidc: url(
            "sign-in to IAM Identity Center",
            service(sources, "sso_oidc", "AWS_ENDPOINT_URL_SSO_OIDC"),
        )?,
        signin: url(
            "sign-in",
            service(sources, "signin", "AWS_ENDPOINT_URL_SIGNIN"),
        )?,
        sts_regional_endpoints: sources
            .text("sts_regional_endpoints", &["AWS_STS_REGIONAL_ENDPOINTS"]),
        use_fips: sources.boolean("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT")?,
        use_dualstack: sources.boolean("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT")?,
        ca_bundle: sources.text("ca_bundle", &["AWS_CA_BUNDLE"]),
    })
}

/// The endpoint of one service, `None` where that of all services counts. In AWS's order: the service's variable, the variable
/// for all services, the `services` section, `endpoint_url`; of the last two, the nearer section's.
fn service(
    sources: &Sources<'_>,
    service: &str,
    variable: &'static str,
) -> Option<Setting<String>> {
    if let Some(url) = sources.variable(&[variable]) {
        return Some(url);
    }
    if sources.variable(&[AWS_ENDPOINT_URL]).is_some() {
        return None;
    }
    for section in sources.layers.sections() {
        let url = section
            .setting("services")
            .and_then(|name| sources.config.services(&name.value))
            .and_then(|services| services.nested(service, "endpoint_url"));
        if url.is_some() {
            return url;
        }
        if section.setting("endpoint_url").is_some() {
            return None;
        }
    }
    None
}

fn checked(
    sources: &Sources<'_>,
    service: &'static str,
    setting: Option<Setting<String>>,
) -> Result<Option<Setting<String>>, Error> {
    if let Some(Setting { value, origin }) = &setting
        && let Err(why) = check(value)
    {
        return Err(refused(sources, service, origin, why));
    }
    Ok(setting)
}

fn refused(
    sources: &Sources<'_>,
    service: &'static str,
    origin: &Origin,
    why: &'static str,
) -> Error {
    Error::Endpoint {
        place: sources.config.place(origin),
        service,
        why,
    }
}

/// Requests carry signatures and answers carry credentials: in clear only within this machine.
fn check(url: &str) -> Result<(), &'static str> {
    let (scheme, rest) = url.split_once("://").ok_or("is not a URL")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host(authority).ok_or("is not a URL with a host")?;
    if scheme.eq_ignore_ascii_case("https")
        || scheme.eq_ignore_ascii_case("http") && is_loopback(host)
    {
        Ok(())
    } else if scheme.eq_ignore_ascii_case("http") {
        Err("is plain http to another machine, which would send credentials in clear")
    } else {
        Err("is neither https nor http")
    }
}

/// `None` for what the URL parsers of this world read differently, user names and backslashes above all: the host we judge must
/// be the host that is asked.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, port) = bracketed.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, port)
        }
        None => authority
            .find(':')
            .map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    let number = |digits: &str| !digits.is_empty() && digits.parse::<u16>().is_ok();
    let good_port = port.is_empty() || port.strip_prefix(':').is_some_and(number);
    (!host.is_empty() && host.chars().all(plain) && good_port).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || host
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for url in [
            "https://sts.example.com",
            "HTTPS://sts.example.com:8443/path?query",
            "http://localhost",
            "http://LOCALHOST:4566/",
            "http://127.0.0.1:5000",
            "http://127.9.9.9",
            "http://[::1]:5000/x",
            "https://[2001:db8::1]",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "sts.example.com",
            "https://",
            "https://:443",
            "ftp://localhost",
            "file:///etc/passwd",
            "http://sts.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://0.0.0.0",
            "http://192.0.2.1",
            "http://[2001:db8::1]",
            "http://[::1",
            "http://localhost@example.com",
            "http://example.com\\@localhost",
            "http://localhost:x@example.com",
            "http://localhost:99999",
            "https://user:password@example.com",
            "http://127.1",
            "http://2130706433",
            "http://local\u{1b}host",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
    }
}
