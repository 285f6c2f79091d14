//! Local servers from which AWS SDKs fetch credentials: instance metadata (EC2) and container credentials (ECS).
//!
//! Nothing here knows a profile or a keystore. Whoever starts a server says what is served ([`Site`]) and how credentials are
//! had ([`Fetch`]). What an answer shall be is decided by plain functions of the request, the site and the time
//! ([`respond`](site::respond), [`guard`], [`refresh`]); sockets are `accept.rs`'s business.

pub mod accept;
pub mod clock;
pub mod credentials;
pub mod ecs;
pub mod guard;
pub mod imds;
pub mod memory;
pub mod refresh;
pub mod reply;
pub mod secret;
pub mod site;

pub use accept::{AccessLog, Listener, Neighbours, Running, start};
pub use credentials::{Client, Failure, Fetch, Order, Supply};
pub use imds::token::Tokens;
pub use secret::Secret;
pub use site::{Container, Facts, Grant, Instance, Site, Subject};
