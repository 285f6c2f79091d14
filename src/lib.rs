//! aws-vault keeps AWS access keys in the operating system's keystore and hands out temporary credentials.
//!
//! A request flows one way: config → chain → provider → delivery. See ARCHITECTURE.md.

pub mod child;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod environment;
pub mod error;
pub mod hardening;
pub mod terminal;
