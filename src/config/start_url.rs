//! Start URLs of IAM Identity Center, which people write in several ways.

/// One spelling for one page: `https://x.awsapps.com/start`, `…/start/` and `…/start#/` are the same.
pub fn plain(start_url: &str) -> String {
    let page = start_url.split('#').next().unwrap_or_default();
    page.trim_end_matches('/').to_ascii_lowercase()
}

/// The host of a URL.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_page() {
        for url in [
            "https://x.awsapps.com/start",
            "https://x.awsapps.com/start/",
            "https://x.awsapps.com/start#/",
            "https://X.awsapps.com/start/#/",
        ] {
            assert_eq!(plain(url), "https://x.awsapps.com/start");
            assert_eq!(host(url).to_ascii_lowercase(), "x.awsapps.com");
        }
        assert_ne!(
            plain("https://y.awsapps.com/start"),
            plain("https://x.awsapps.com/start")
        );
        assert_eq!(host("nonsense"), "nonsense");
    }
}
