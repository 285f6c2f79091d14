//! One authenticated call of a signed API, as STS and IAM see it.

use std::time::SystemTime;

use crate::conditions::Context;
use crate::error::ApiError;
use crate::identity::Caller;
use crate::parameters::Parameters;

/// One authenticated call.
#[derive(Debug)]
pub struct ApiCall<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// What is asked.
    pub parameters: &'a Parameters,
    /// Condition keys of caller and request.
    pub context: Context,
    /// This AWS's time.
    pub now: SystemTime,
}

/// 400: the service has no such action.
pub fn invalid_action(action: &str, version: &str) -> ApiError {
    let message = format!("Could not find operation {action} for version {version}");
    ApiError::new(400, "InvalidAction", message)
}
