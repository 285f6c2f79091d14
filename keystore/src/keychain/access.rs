//! Calls of the Security framework that `security-framework` does not have: who may read a new item without asking, and whether
//! a keychain is there.

#![allow(unsafe_code, reason = "system calls")]

use std::ptr;

use core_foundation::array::{CFArray, CFArrayRef};
use core_foundation::base::{CFType, OSStatus, TCFType};
use core_foundation::data::CFData;
use core_foundation::dictionary::CFMutableDictionary;
use core_foundation::string::{CFString, CFStringRef};
use security_framework::base::Error as Status;
use security_framework::os::macos::access::SecAccess;
use security_framework::os::macos::keychain::SecKeychain;
use security_framework_sys::base::{SecAccessRef, SecKeychainRef};
use security_framework_sys::item::{
    kSecAttrAccount, kSecAttrDescription, kSecAttrLabel, kSecAttrService, kSecClass,
    kSecClassGenericPassword, kSecUseKeychain, kSecValueData,
};
use security_framework_sys::keychain_item::SecItemAdd;

use crate::Item;

// SecBase.h
pub(super) const USER_CANCELED: OSStatus = -128;
pub(super) const NO_ACCESS_FOR_ITEM: OSStatus = -25243;
pub(super) const NOT_AVAILABLE: OSStatus = -25291;
pub(super) const READ_ONLY: OSStatus = -25292;
pub(super) const AUTH_FAILED: OSStatus = -25293;
pub(super) const NO_SUCH_KEYCHAIN: OSStatus = -25294;
pub(super) const INVALID_KEYCHAIN: OSStatus = -25295;
pub(super) const DUPLICATE_ITEM: OSStatus = -25299;
pub(super) const ITEM_NOT_FOUND: OSStatus = -25300;
pub(super) const INTERACTION_NOT_ALLOWED: OSStatus = -25308;
pub(super) const INTERACTION_REQUIRED: OSStatus = -25315;

unsafe extern "C" {
    static kSecAttrAccess: CFStringRef;

    fn SecAccessCreate(
        descriptor: CFStringRef,
        trusted: CFArrayRef,
        access: *mut SecAccessRef,
    ) -> OSStatus;

    fn SecKeychainGetStatus(keychain: SecKeychainRef, status: *mut u32) -> OSStatus;
}

/// Fails with [`NO_SUCH_KEYCHAIN`] if the file is not there. Unlocks nothing.
pub(super) fn status(keychain: &SecKeychain) -> Result<(), Status> {
    let mut status = 0;
    // SAFETY: a live keychain reference, and a place for a number.
    checked(unsafe { SecKeychainGetStatus(keychain.as_concrete_TypeRef(), &raw mut status) })
}

/// Adds a new item; fails with [`DUPLICATE_ITEM`] if there is one of that name.
pub(super) fn add(keychain: &SecKeychain, service: &str, item: &Item) -> Result<(), Status> {
    let access = access(&item.label, item.not_trust_application)?;
    let texts = [
        (text(unsafe { kSecAttrService }), CFString::new(service)),
        (text(unsafe { kSecAttrAccount }), CFString::new(&item.name)),
        (text(unsafe { kSecAttrLabel }), CFString::new(&item.label)),
        (
            text(unsafe { kSecAttrDescription }),
            CFString::new(&item.description),
        ),
        (
            text(unsafe { kSecClass }),
            text(unsafe { kSecClassGenericPassword }),
        ),
    ];
    let data = CFData::from_buffer(item.data.expose());
    let mut attributes: CFMutableDictionary<CFString, CFType> = CFMutableDictionary::new();
    for (key, value) in texts {
        attributes.set(key, value.as_CFType());
    }
    attributes.set(text(unsafe { kSecValueData }), data.as_CFType());
    attributes.set(text(unsafe { kSecUseKeychain }), keychain.as_CFType());
    attributes.set(text(unsafe { kSecAttrAccess }), access.as_CFType());
    // SAFETY: a live dictionary; no result is asked for.
    checked(unsafe {
        SecItemAdd(
            attributes.as_concrete_TypeRef().cast_const(),
            ptr::null_mut(),
        )
    })
}

/// Who may read the item without the user's consent: nobody, or this program.
fn access(label: &str, nobody: bool) -> Result<SecAccess, Status> {
    let label = CFString::new(label);
    let nobodys_list = CFArray::<CFType>::from_CFTypes(&[]);
    // No list at all means the calling program; an empty one means nobody.
    let trusted = if nobody {
        nobodys_list.as_concrete_TypeRef()
    } else {
        ptr::null()
    };
    let mut access: SecAccessRef = ptr::null_mut();
    // SAFETY: live references, and a place for a pointer, which is ours to release.
    unsafe {
        checked(SecAccessCreate(
            label.as_concrete_TypeRef(),
            trusted,
            &raw mut access,
        ))?;
        Ok(SecAccess::wrap_under_create_rule(access))
    }
}

/// One of the framework's own texts, which live for ever.
fn text(constant: CFStringRef) -> CFString {
    // SAFETY: the framework's constants are valid texts.
    unsafe { CFString::wrap_under_get_rule(constant) }
}

fn checked(status: OSStatus) -> Result<(), Status> {
    if status == 0 {
        Ok(())
    } else {
        Err(Status::from_code(status))
    }
}
