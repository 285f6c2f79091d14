//! Which page of the console is opened.

use super::Error;
use crate::config::arn::Partition;
use crate::error::visible;

/// A page of the console.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Page<'a> {
    #[default]
    Home,
    /// What stands behind the console's host in the address bar, e.g. `s3/buckets?tab=1#x`.
    Path(&'a str),
    /// The same on the host of the partition's main region, for services that have no regions, e.g. `iam/home`.
    GlobalPath(&'a str),
    /// A link out of the address bar or of a colleague's message.
    Link(&'a str),
}

/// The page's address. The Go tool drops the path when there is no region, and puts the region behind a `#`.
pub(super) fn destination(
    partition: Partition,
    region: Option<&str>,
    page: Page<'_>,
) -> Result<String, Error> {
    let region = region.filter(|region| !region.is_empty());
    match page {
        Page::Home => Ok(address(partition, region, region, "")),
        Page::Path(path) => Ok(address(partition, region, region, path)),
        Page::GlobalPath(path) => Ok(address(
            partition,
            Some(partition.default_region()),
            region,
            path,
        )),
        Page::Link(link) => Ok(ConsoleLink::parse(link, partition)?.address()),
    }
}

fn address(
    partition: Partition,
    host_region: Option<&str>,
    region: Option<&str>,
    path: &str,
) -> String {
    let host = host_region.map_or_else(
        || partition.console_domain().to_owned(),
        |region| format!("{region}.{}", partition.console_domain()),
    );
    let path = encoded(path.trim_start_matches('/'));
    let (rest, fragment) = split(&path, '#');
    let (page, query) = split(rest, '?');
    let page = match (page, region) {
        ("", Some(_)) => "console/home",
        (page, _) => page,
    };
    let given = query.trim_start_matches('?');
    let names_region = given.split('&').any(|pair| pair.starts_with("region="));
    let query = match region.filter(|_| !names_region) {
        Some(region) if given.is_empty() => format!("?region={region}"),
        Some(region) => format!("?{given}&region={region}"),
        None => query.to_owned(),
    };
    format!("https://{host}/{page}{query}{fragment}")
}

/// A link to a page of a partition's console.
///
/// With several sessions in one browser the host begins with the session, `ACCOUNT-HASH.REGION.console.…`. The session is the
/// sender's own; the account is a good thing to check.
///
/// Source: AWS Management Console, Getting Started Guide, "Signing in to multiple accounts".
#[derive(Debug, PartialEq, Eq)]
pub struct ConsoleLink<'a> {
    /// The account whose page it is, if the link says so.
    pub account: Option<&'a str>,
    /// Without the session.
    host: &'a str,
    /// Path, query and fragment.
    rest: &'a str,
}

impl<'a> ConsoleLink<'a> {
    /// Refuses every address that is no page of this partition's console: AWS would refuse it later, with a page that says less.
    pub fn parse(link: &'a str, partition: Partition) -> Result<Self, Error> {
        let domain = partition.console_domain();
        let refused = |why| Error::Link {
            link: visible(link.split(['?', '#']).next().unwrap_or_default()),
            why,
            domain,
        };
        let address = link
            .strip_prefix("https://")
            .ok_or_else(|| refused("is no https link"))?;
        let (authority, rest) =
            address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
        let elsewhere = || refused("does not lead to the console");
        let is_host =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if !authority.chars().all(is_host) {
            return Err(elsewhere());
        }
        let labels = authority.strip_suffix(domain).ok_or_else(elsewhere)?;
        let (session, host) = match labels.split_once('.') {
            None if labels.is_empty() => (None, authority),
            Some((_, "")) => match account_of(labels) {
                Some(account) => (Some(account), domain),
                None => (None, authority),
            },
            Some((first, region)) if !region.trim_end_matches('.').contains('.') => {
                let account = account_of(first).ok_or_else(elsewhere)?;
                (Some(account), &authority[first.len() + 1..])
            }
            _ => return Err(elsewhere()),
        };
        Ok(Self {
            account: session,
            host,
            rest,
        })
    }

    fn address(&self) -> String {
        let slash = if self.rest.starts_with('/') { "" } else { "/" };
        format!("https://{}{slash}{}", self.host, encoded(self.rest))
    }
}

/// `111122223333` of the label `111122223333-abcdefgh`.
fn account_of(label: &str) -> Option<&str> {
    let (account, _) = label.split_once('-')?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    is_account.then_some(account)
}

/// The text before a mark, and the text from it on.
fn split(text: &str, mark: char) -> (&str, &str) {
    text.split_at(text.find(mark).unwrap_or(text.len()))
}

/// What may not stand in a URL (RFC 3986), percent-encoded; what already is, stays.
fn encoded(path: &str) -> String {
    path.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.extend(
                [byte >> 4, byte & 15]
                    .map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
            );
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(region: Option<&str>, page: Page<'_>) -> String {
        let partition = Partition::of_region(region.unwrap_or_default());
        destination(partition, region, page).unwrap()
    }

    #[test]
    fn paths() {
        for (region, path, url) in [
            (None, "", "https://console.aws.amazon.com/"),
            (Some(""), "", "https://console.aws.amazon.com/"),
            (None, "s3", "https://console.aws.amazon.com/s3"),
            (
                None,
                "/s3/buckets",
                "https://console.aws.amazon.com/s3/buckets",
            ),
            (
                Some("eu-west-1"),
                "",
                "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1",
            ),
            (
                Some("cn-north-1"),
                "s3/buckets",
                "https://cn-north-1.console.amazonaws.cn/s3/buckets?region=cn-north-1",
            ),
            (
                Some("eu-west-1"),
                "ec2/home#Instances:tag=a b",
                "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:tag=a%20b",
            ),
            (
                Some("eu-west-1"),
                "s3?tab=x&y=1#z?w",
                "https://eu-west-1.console.aws.amazon.com/s3?tab=x&y=1&region=eu-west-1#z?w",
            ),
            (
                Some("eu-west-1"),
                "s3?region=us-east-1",
                "https://eu-west-1.console.aws.amazon.com/s3?region=us-east-1",
            ),
            (
                Some("eu-west-1"),
                "//evil.example/ü%20\n",
                "https://eu-west-1.console.aws.amazon.com/evil.example/%C3%BC%20%0A?region=eu-west-1",
            ),
        ] {
            assert_eq!(page(region, Page::Path(path)), url);
        }
    }

    #[test]
    fn services_without_regions_are_at_home_in_one() {
        for (region, url) in [
            (None, "https://us-east-1.console.aws.amazon.com/iam/home"),
            (
                Some("eu-west-1"),
                "https://us-east-1.console.aws.amazon.com/iam/home?region=eu-west-1",
            ),
            (
                Some("us-gov-east-1"),
                "https://us-gov-west-1.console.amazonaws-us-gov.com/iam/home?region=us-gov-east-1",
            ),
        ] {
            assert_eq!(page(region, Page::GlobalPath("iam/home")), url);
        }
    }

    #[test]
    fn links_keep_their_page_and_lose_their_session() {
        for (link, account, url) in [
            (
                "https://console.aws.amazon.com",
                None,
                "https://console.aws.amazon.com/",
            ),
            (
                "https://console.aws.amazon.com?x=1",
                None,
                "https://console.aws.amazon.com/?x=1",
            ),
            (
                "https://eu-west-1.console.aws.amazon.com/s3/buckets/b?tab=objects&prefix=a/#x y",
                None,
                "https://eu-west-1.console.aws.amazon.com/s3/buckets/b?tab=objects&prefix=a/#x%20y",
            ),
            (
                "https://222233334444-abcd1234.eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:",
                Some("222233334444"),
                "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:",
            ),
            (
                "https://222233334444-abcd1234.console.aws.amazon.com/",
                Some("222233334444"),
                "https://console.aws.amazon.com/",
            ),
        ] {
            let parsed = ConsoleLink::parse(link, Partition::Aws).unwrap();
            assert_eq!((parsed.account, parsed.address().as_str()), (account, url));
        }
    }

    #[test]
    fn links_that_lead_elsewhere_are_refused() {
        for link in [
            "",
            "s3",
            "http://console.aws.amazon.com/",
            "https://console.amazonaws.cn/",
            "https://evil.example/console.aws.amazon.com",
            "https://evilconsole.aws.amazon.com/",
            "https://console.aws.amazon.com.evil.example/",
            "https://console.aws.amazon.com@evil.example/",
            "https://user@console.aws.amazon.com/",
            "https://console.aws.amazon.com:8443/",
            "https://evil.eu-west-1.console.aws.amazon.com/",
            "https://a.b.c.console.aws.amazon.com/",
            "https://console.aws.amazon.com\\@evil.example/",
            "https://CONSOLE.aws.amazon.com/",
        ] {
            let error = ConsoleLink::parse(link, Partition::Aws).unwrap_err();
            assert!(matches!(error, Error::Link { .. }), "{link}");
        }
        let secret = "https://evil.example/?token=CANARY";
        let error = ConsoleLink::parse(secret, Partition::Aws).unwrap_err();
        assert!(!error.to_string().contains("CANARY"), "{error}");
    }
}
