//! aws-vault keeps AWS access keys in the operating system's keystore and hands out temporary credentials.
//!
//! A request flows one way: config → chain → provider → delivery. See ARCHITECTURE.md.

pub mod aws;
pub mod backup;
pub mod bastion;
pub mod browser;
pub mod child;
pub mod cli;
pub mod config;
pub mod console;
pub mod credentials;
pub mod environment;
pub mod error;
pub mod files;
pub mod hardening;
pub mod import;
pub mod index;
#[cfg(target_os = "linux")]
pub mod link_local;
pub mod mfa;
pub mod migration;
pub mod oauth;
pub mod peer;
pub mod program;
pub mod provider;
pub mod rotation;
pub mod server;
pub mod sessions;
pub mod status;
pub mod terminal;
pub mod vault;
