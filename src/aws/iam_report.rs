//! IAM operations that only look: what `aws-vault status` shows.

use std::time::SystemTime;

use super::iam::Iam;
use super::{Call, Error};

/// When and where a key was used last. IAM notes uses with a delay of minutes to hours, and of some services not at all.
///
/// Source: IAM API Reference, data type `AccessKeyLastUsed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUsed {
    /// `None`: never, or before IAM kept count (April 2015).
    pub at: Option<SystemTime>,
    /// Such as `sts`.
    pub service: Option<String>,
    pub region: Option<String>,
}

impl Iam<'_> {
    pub fn access_key_last_used(&self, access_key_id: &str) -> Result<LastUsed, Error> {
        let call = Call::new("iam:GetAccessKeyLastUsed");
        let request = self
            .client(&call)?
            .get_access_key_last_used()
            .access_key_id(access_key_id);
        let output = self
            .aws
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        let used = output.access_key_last_used;
        let known = |text: String| Some(text).filter(|text| text != "N/A" && !text.is_empty());
        Ok(LastUsed {
            at: used
                .as_ref()
                .and_then(|used| used.last_used_date?.try_into().ok()),
            service: used
                .as_ref()
                .and_then(|used| known(used.service_name.clone())),
            region: used.and_then(|used| known(used.region)),
        })
    }

    /// Serial numbers of the user's MFA devices.
    pub fn mfa_devices(&self) -> Result<Vec<String>, Error> {
        let call = Call::new("iam:ListMFADevices");
        let request = self
            .client(&call)?
            .list_mfa_devices()
            .set_user_name(self.user());
        let output = self
            .aws
            .wait(request.send())?
            .map_err(|error| Error::from_sdk(&call, error))?;
        Ok(output
            .mfa_devices
            .into_iter()
            .map(|device| device.serial_number)
            .collect())
    }
}
