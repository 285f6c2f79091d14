//! `aws-vault lock`: the session key is forgotten before its time.

use super::context::Context;
use super::output::print;
use crate::error::CliError;
use crate::provider::unlock_name;

pub fn run(context: &Context) -> Result<(), CliError> {
    let location = context.location();
    let mut locations: Vec<_> = context.index().stores.into_keys().collect();
    if !locations.contains(&location) {
        locations.push(location);
    }
    let forgotten = locations
        .iter()
        .filter(|location| context.unlocked().forget(&unlock_name(location)))
        .count();
    print(if forgotten > 0 {
        "Locked.\n"
    } else {
        "Nothing was unlocked.\n"
    })
}
