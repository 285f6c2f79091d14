//! A simulated AWS: STS, IAM, IAM Identity Center and sign-in federation at the wire.
//!
//! It accepts what the AWS CLI and the SDKs send and checks what decides security: signatures, session tokens, MFA
//! codes, trust and identity policies, session durations. [`respond`] is a pure function of a [`World`], a
//! [`Request`] and the time; [`Server`] puts it behind a port of 127.0.0.1.

mod api;
mod assume_role;
mod aws_managed;
mod clock;
mod conditions;
mod control;
mod error;
mod faults;
mod federated;
mod iam;
mod identity;
mod identity_center;
mod ids;
mod log;
mod metadata;
mod mfa;
mod oauth;
mod organizations;
mod parameters;
mod policy;
mod request;
mod respond;
mod response;
mod server;
mod signin;
mod sigv4;
mod sts;
mod totp;
mod world;
mod xml;

pub use conditions::Context;
pub use error::ApiError;
pub use faults::{Fault, Kind as FaultKind};
pub use federated::{saml_response, web_identity_token};
pub use identity_center::{Assignment, IdentityCenter, Script, User as SsoUser};
pub use log::Call;
pub use policy::{Document, Names, Trust, Verdict, evaluate, trust};
pub use request::Request;
pub use respond::respond;
pub use response::{Delivery, Response};
pub use server::Server;
pub use sigv4::{Authorization, signature};
pub use totp::{Device, InvalidSeed, Leniency, code as token_code, step_at};
pub use world::{Account, Options, Status, World, WorldError};
