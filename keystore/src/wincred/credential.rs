//! The calls of Windows' Credential Manager (wincred.h).

#![allow(unsafe_code, reason = "system calls")]

use std::ptr;

use windows_sys::Win32::Foundation::GetLastError;
use windows_sys::Win32::Security::Credentials::{
    CRED_PERSIST_LOCAL_MACHINE, CRED_TYPE, CRED_TYPE_GENERIC, CRED_TYPE_MAXIMUM, CREDENTIALW,
    CredDeleteW, CredEnumerateW, CredFree, CredGetSessionTypes, CredReadW, CredWriteW,
};
use windows_sys::core::BOOL;
use zeroize::Zeroize;

use crate::Secret;

/// An error code of Windows.
pub(super) type Code = u32;

/// A credential as it is stored.
pub(super) struct Found {
    kind: CRED_TYPE,
    /// In its own spelling.
    pub(super) target: String,
    pub(super) data: Secret,
}

/// Whether generic credentials outlive this logon.
pub(super) fn can_be_kept() -> Result<bool, Code> {
    let mut longest = [0_u32; CRED_TYPE_MAXIMUM as usize];
    // SAFETY: the array has as many elements as the first argument says.
    checked(unsafe { CredGetSessionTypes(CRED_TYPE_MAXIMUM, longest.as_mut_ptr()) })?;
    Ok(longest[CRED_TYPE_GENERIC as usize] >= CRED_PERSIST_LOCAL_MACHINE)
}

pub(super) fn read(target: &str) -> Result<Found, Code> {
    let wide_target = wide(target);
    let mut credential: *mut CREDENTIALW = ptr::null_mut();
    // SAFETY: a text that ends with NUL, and a place for a pointer.
    checked(unsafe {
        CredReadW(
            wide_target.as_ptr(),
            CRED_TYPE_GENERIC,
            0,
            &raw mut credential,
        )
    })?;
    // SAFETY: the call succeeded: the pointer is to a credential that is ours until it is freed, and no longer used then.
    unsafe {
        let found = found(credential);
        CredFree(credential.cast());
        Ok(found)
    }
}

pub(super) fn write(target: &str, data: &[u8]) -> Result<(), Code> {
    let mut wide_target = wide(target);
    let credential = CREDENTIALW {
        Type: CRED_TYPE_GENERIC,
        TargetName: wide_target.as_mut_ptr(),
        CredentialBlobSize: u32::try_from(data.len()).unwrap_or(u32::MAX),
        CredentialBlob: data.as_ptr().cast_mut(),
        Persist: CRED_PERSIST_LOCAL_MACHINE,
        ..CREDENTIALW::default()
    };
    // SAFETY: Windows reads a text that ends with NUL, and as many bytes as the size says; both live until it returns.
    checked(unsafe { CredWriteW(&raw const credential, 0) })
}

pub(super) fn remove(target: &str) -> Result<(), Code> {
    let wide_target = wide(target);
    // SAFETY: a text that ends with NUL.
    checked(unsafe { CredDeleteW(wide_target.as_ptr(), CRED_TYPE_GENERIC, 0) })
}

/// The names of all generic credentials that start like this.
pub(super) fn targets(prefix: &str) -> Result<Vec<String>, Code> {
    let filter = wide(&format!("{prefix}*"));
    let mut count = 0;
    let mut credentials: *mut *mut CREDENTIALW = ptr::null_mut();
    // SAFETY: a text that ends with NUL, and places for a number and a pointer.
    checked(unsafe { CredEnumerateW(filter.as_ptr(), 0, &raw mut count, &raw mut credentials) })?;
    // SAFETY: the call succeeded: the pointer is to that many pointers to credentials, all ours until they are freed together.
    unsafe {
        let all = std::slice::from_raw_parts(credentials, count as usize);
        let targets = all
            .iter()
            .map(|credential| found(*credential))
            .filter(|found| found.kind == CRED_TYPE_GENERIC)
            .map(|found| found.target)
            .collect();
        CredFree(credentials.cast());
        Ok(targets)
    }
}

/// Windows' own words for a code.
pub(super) fn text(code: Code) -> String {
    std::io::Error::from_raw_os_error(code.cast_signed()).to_string()
}

/// Takes a copy of the data, and wipes what Windows gave us. Nothing is said to be aligned: wine's is not.
///
/// # Safety
///
/// The pointer is to a credential of Windows that has not been freed.
unsafe fn found(credential: *const CREDENTIALW) -> Found {
    // SAFETY: the caller's promise.
    let credential = unsafe { credential.read_unaligned() };
    let target: Vec<u16> = (0..=super::MAX_TARGET)
        // SAFETY: a text of Windows ends with NUL, and nothing behind it is read.
        .map(|at| unsafe { credential.TargetName.add(at).read_unaligned() })
        .take_while(|unit| *unit != 0)
        .collect();
    let mut data = Vec::new();
    if !credential.CredentialBlob.is_null() {
        // SAFETY: Windows says how many bytes there are, in memory that is ours to write to.
        let blob = unsafe {
            std::slice::from_raw_parts_mut(
                credential.CredentialBlob,
                credential.CredentialBlobSize as usize,
            )
        };
        data = blob.to_vec();
        blob.zeroize();
    }
    Found {
        kind: credential.Type,
        target: String::from_utf16_lossy(&target),
        data: Secret::new(data),
    }
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn checked(result: BOOL) -> Result<(), Code> {
    if result == 0 {
        // SAFETY: reads a number of this thread.
        return Err(unsafe { GetLastError() });
    }
    Ok(())
}
