//! What the user's `~/.aws/config` says about a profile, and the chain that follows from it. Pure: one file and an
//! environment snapshot in, plain data out.

pub mod chain;
pub mod profile;
