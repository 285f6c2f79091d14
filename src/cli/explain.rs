//! `aws-vault explain`: the chain as data, offline.

use super::args::Explain;
use super::context::Context;
use super::obtain::Wish;
use super::output::print;
use crate::config::chain::Purpose;
use crate::config::explain::{self, Cached};
use crate::error::CliError;
use crate::sessions::Fingerprint;

pub fn run(context: &Context, args: &Explain) -> Result<(), CliError> {
    let name = context.target(args.profile.as_deref(), &args.session)?;
    let name = name.as_str();
    let wish = Wish {
        profile: name,
        purpose: Purpose::Exec,
        session: &args.session,
    };
    let config = context.config()?;
    let profile = context.resolve(&config, &wish)?;
    let location = context.location();
    let names = match context.index().names(&location) {
        Some(names) => names.clone(),
        None => context.stored_names()?,
    };
    let chain = context.plan(&profile, &names, &wish)?;
    let now = context.now();
    let of_step = |links| {
        let header = context
            .sessions()
            .header(&Fingerprint::after(&chain, links, &location));
        Cached {
            expires_in_seconds: header
                .and_then(|header| header.expires_at().duration_since(now).ok())
                .filter(|left| *left >= context.min_ttl())
                .map(|left| left.as_secs()),
        }
    };
    let cached: Vec<_> = (0..=chain.links.len()).map(of_step).collect();
    print(&if args.json {
        explain::json(&profile, &chain, config.path(), &cached)
    } else {
        explain::text(&profile, &chain, config.path(), &cached)
    })
}
