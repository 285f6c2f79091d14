//! Virtual MFA devices, with seeds that really compute codes: a device that was enabled here works in STS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::BASE32_NOPAD;
use secrecy::ExposeSecret;

use super::admin::{account, account_mut, exists, in_use, name};
use super::users::user_mut;
use super::{authorize, authorized_user, page};
use crate::api::ApiCall;
use crate::clock;
use crate::error::ApiError;
use crate::totp::{self, Device};
use crate::world::World;
use crate::xml::Element;

/// AWS's seeds have 64 characters.
const SEED_BYTES: usize = 40;
/// How many steps back a first code may be.
const BACK: u64 = 3;

pub fn create(world: &mut World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = name(call, "VirtualMFADeviceName", 226)?;
    let partition = account(world, call)?.partition.clone();
    let serial = format!("arn:{partition}:iam::{}:mfa/{name}", call.caller.account);
    authorize(world, call, "iam:CreateVirtualMFADevice", &serial)?;
    let seed = world.ids.entity("", SEED_BYTES * 8 / 5);
    let taken = |device: &Device| device.serial == serial;
    let account = account_mut(world, call)?;
    let mut users = account.users.values();
    if account.unassigned_devices.iter().any(taken)
        || users.any(|user| user.mfa_devices.iter().any(taken))
    {
        return Err(exists("MFADevice entity at the same path and name"));
    }
    account.unassigned_devices.push(Device {
        serial: serial.clone(),
        seed: seed.clone().into(),
        last_step: None,
    });
    debug_assert!(BASE32_NOPAD.decode(seed.as_bytes()).is_ok());
    let shown = vec![
        Element::text("SerialNumber", serial),
        Element::text("Base32StringSeed", STANDARD.encode(seed)),
    ];
    Ok(vec![Element::new("VirtualMFADevice", shown)])
}

pub fn list(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    authorize(world, call, "iam:ListVirtualMFADevices", "*")?;
    let status = call
        .parameters
        .optional("AssignmentStatus")
        .unwrap_or("Any");
    let account = account(world, call)?;
    let assigned = account.users.values().flat_map(|user| &user.mfa_devices);
    let mut serials: Vec<&String> = Vec::new();
    if status != "Unassigned" {
        serials.extend(assigned.map(|device| &device.serial));
    }
    if status != "Assigned" {
        serials.extend(
            account
                .unassigned_devices
                .iter()
                .map(|device| &device.serial),
        );
    }
    let shown = serials
        .into_iter()
        .map(|serial| vec![Element::text("SerialNumber", serial)]);
    page("VirtualMFADevices", shown.collect(), call.parameters)
}

/// Two codes of consecutive steps prove that the seed has arrived.
pub fn enable(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = authorized_user(world, call, "iam:EnableMFADevice")?;
    let serial = call.parameters.required("SerialNumber")?;
    let first = call.parameters.required("AuthenticationCode1")?;
    let second = call.parameters.required("AuthenticationCode2")?;
    user_mut(world, call, &name)?;
    let account = account_mut(world, call)?;
    let index = account
        .unassigned_devices
        .iter()
        .position(|device| device.serial == serial)
        .ok_or_else(|| no_such_device(serial))?;
    let seed = account.unassigned_devices[index].seed.clone();
    let now = totp::step_at(clock::unix(call.now));
    let code = |step| totp::code(seed.expose_secret(), step).unwrap_or_default();
    let matching = (now.saturating_sub(BACK)..=now)
        .find(|step| code(*step) == first && code(step + 1) == second);
    let Some(step) = matching else {
        let message = "Authentication code for device is not valid.";
        return Err(ApiError::new(403, "InvalidAuthenticationCode", message));
    };
    let mut device = account.unassigned_devices.remove(index);
    device.last_step = Some(step + 1);
    user_mut(world, call, &name)?.mfa_devices.push(device);
    Ok(())
}

pub fn deactivate(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = authorized_user(world, call, "iam:DeactivateMFADevice")?;
    let serial = call.parameters.required("SerialNumber")?;
    let devices = &mut user_mut(world, call, &name)?.mfa_devices;
    let index = devices
        .iter()
        .position(|device| device.serial == serial)
        .ok_or_else(|| no_such_device(serial))?;
    let device = devices.remove(index);
    account_mut(world, call)?.unassigned_devices.push(device);
    Ok(())
}

pub fn delete(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let serial = call.parameters.required("SerialNumber")?;
    authorize(world, call, "iam:DeleteVirtualMFADevice", serial)?;
    let account = account_mut(world, call)?;
    let mut assigned = account.users.values().flat_map(|user| &user.mfa_devices);
    if assigned.any(|device| device.serial == serial) {
        return Err(in_use("deactivate the MFA device"));
    }
    let before = account.unassigned_devices.len();
    account
        .unassigned_devices
        .retain(|device| device.serial != serial);
    if account.unassigned_devices.len() == before {
        return Err(no_such_device(serial));
    }
    Ok(())
}

fn no_such_device(serial: &str) -> ApiError {
    ApiError::no_such_entity(format!(
        "VirtualMFADevice with serial number {serial} doesn't exist."
    ))
}
