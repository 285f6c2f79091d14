//! What running a chain asks of its links.

use crate::config::chain::{Base, Chain, Link, Mfa};

impl Link {
    /// The profile whose step this is.
    pub fn profile(&self) -> &str {
        match self {
            Self::GetSessionToken(step) => &step.profile,
            Self::AssumeRole(step) => &step.profile,
        }
    }

    /// The Go tool's word for the step, which `list` shows.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::GetSessionToken(_) => "sts.GetSessionToken",
            Self::AssumeRole(_) => "sts.AssumeRole",
        }
    }

    /// The device whose code goes with this call.
    pub fn mfa(&self) -> Option<&Mfa> {
        match self {
            Self::GetSessionToken(step) => step.mfa.as_ref(),
            Self::AssumeRole(step) => step.mfa.as_ref(),
        }
    }
}

impl Chain {
    /// Name of the stored key that the chain starts from.
    pub fn stored_key(&self) -> Option<&str> {
        match &self.base {
            Base::Stored { profile } => Some(profile),
            _ => None,
        }
    }
}
