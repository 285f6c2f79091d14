//! Credential servers, asked over real sockets and by real SDKs.

mod clients;
mod clock;
mod corpus;
mod crowds;
mod environment;
mod fuzz;
mod link_local;
mod rebinding;
mod refresh;
mod refusals;
mod server;
mod signals;
mod standalone;
mod strangers;

pub use server::{Server, roles};
