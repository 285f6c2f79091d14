//! MFA in a call: the serial number and the code of one of the caller's own devices.

use std::time::SystemTime;

use crate::clock;
use crate::error::ApiError;
use crate::identity::{Caller, Principal};
use crate::parameters::{Parameters, constraint};
use crate::totp::Leniency;
use crate::world::World;

/// When the code was checked: now, or `None` if the call brings none.
pub fn check(
    world: &mut World,
    caller: &Caller,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Option<SystemTime>, ApiError> {
    let (serial, code) = match (
        parameters.optional("SerialNumber"),
        parameters.optional("TokenCode"),
    ) {
        (None, None) => return Ok(None),
        (Some(serial), Some(code)) => (serial, code),
        _ => {
            return Err(ApiError::access_denied(
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
            ));
        }
    };
    parameters.check("SerialNumber", (9, 256), "+=/:,.@-", r"[\w+=/:,.@-]*")?;
    check_code_shape(code)?;
    let unknown = || {
        ApiError::access_denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
        )
    };
    // A role or federated user has no device, whoever is behind it.
    let Principal::User(name) = &caller.principal else {
        return Err(unknown());
    };
    let leniency = Leniency {
        reuse: world.options.allow_code_reuse,
        extra_steps: world.options.extra_mfa_steps,
    };
    let devices = world
        .user_mut(&caller.account, name)
        .map(|user| &mut user.mfa_devices);
    let device = devices
        .into_iter()
        .flatten()
        .find(|device| device.serial == serial)
        .ok_or_else(unknown)?;
    if device
        .accept(code, clock::unix(now), leniency)
        .map_err(|_| unknown())?
    {
        return Ok(Some(now));
    }
    // The space at the end is AWS's.
    Err(ApiError::access_denied(
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    ))
}

fn check_code_shape(code: &str) -> Result<(), ApiError> {
    let rule = match code.len() {
        0..6 => "Member must have length greater than or equal to 6",
        6 if code.bytes().all(|byte| byte.is_ascii_digit()) => return Ok(()),
        6 => r"Member must satisfy regular expression pattern: [\d]*",
        _ => "Member must have length less than or equal to 6",
    };
    Err(constraint(code, "TokenCode", rule))
}
