//! The bastion account as code: who may become what, in which account, and the calls that make it so.
//!
//! `bastion.toml` → [`model::Layout`] → [`desired`] for each account; [`read`] finds what is there; [`plan`] compares, and
//! [`apply`] does what the plan says and nothing else. Everything but `read` and `apply` is pure.

pub mod apply;
pub mod config;
pub mod desired;
pub mod export;
pub mod file;
pub mod graph;
pub mod import;
pub mod lock;
pub mod model;
pub mod otp;
pub mod plan;
pub mod plan_text;
pub mod policies;
pub mod quotas;
pub mod read;
pub mod starter;
pub mod users;
pub mod verify;
pub mod whole;
pub mod write;
