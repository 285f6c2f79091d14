//! The page that is asked for, checked before anybody is asked for an MFA code.

use super::signer::Signer;
use crate::cli::args::Login;
use crate::config::arn::Partition;
use crate::console::{ConsoleLink, Page};
use crate::error::CliError;

pub(super) fn page<'a>(
    args: &'a Login,
    signer: &Signer,
    region: Option<&str>,
) -> Result<Page<'a>, CliError> {
    if let Some(url) = signer.url(args) {
        let partition = Partition::of_region(region.unwrap_or_default());
        let link = ConsoleLink::parse(url, partition)?;
        if let (Some(wanted), Some(account)) = (link.account, signer.place().account)
            && wanted != account
        {
            return Err(CliError::new(format!(
                "the link is to account {wanted}, but profile '{}' signs in to account {account}",
                signer.profile.name
            ))
            .hint(format!("choose a profile of account {wanted}")));
        }
        return Ok(Page::Link(url));
    }
    if let Some(service) = args.service {
        return Ok(service.page());
    }
    Ok(args.path.as_deref().map_or(Page::Home, Page::Path))
}
