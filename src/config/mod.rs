//! What the user's `~/.aws/config` says about a profile, and the chain that follows from it. Pure: one file and an
//! environment snapshot in, plain data out.
//!
//! ```text
//! text ─ini→ sections ─file→ profiles by name ─resolve→ Profile ─plan→ Chain ─explain→ text, JSON
//! ```

pub mod ad_hoc;
pub mod arn;
mod base;
pub mod chain;
pub mod console;
pub mod duration;
mod edit;
mod endpoints;
pub mod error;
pub mod explain;
pub mod file;
pub mod ini;
mod layers;
mod lifetime;
mod plan;
pub mod populate;
pub mod profile;
pub mod recursion;
pub mod resolve;
pub mod session_policies;
mod session_tags;
pub mod start_url;
pub mod static_keys;
mod write;

pub use chain::{Purpose, Request, Ttl, plan};
pub use edit::append_section;
pub use error::Error;
pub use file::ConfigFile;
pub use resolve::{Overrides, resolve};
pub use write::{exclusively, update, write_atomically};
