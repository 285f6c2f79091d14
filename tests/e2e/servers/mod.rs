//! Credential servers, asked over real sockets and by real SDKs.

mod clients;
mod environment;
mod refresh;
mod refusals;
mod server;
mod signals;
mod standalone;

pub use server::{Server, roles};
