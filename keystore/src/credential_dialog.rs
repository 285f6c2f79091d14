//! The credential dialog of Windows (wincred.h), which asks for a text without showing it.

#![allow(unsafe_code, reason = "a system call")]

use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_CANCELLED, NO_ERROR};
use windows_sys::Win32::Security::Credentials::{
    CREDUI_FLAGS_ALWAYS_SHOW_UI, CREDUI_FLAGS_DO_NOT_PERSIST, CREDUI_FLAGS_GENERIC_CREDENTIALS,
    CREDUI_FLAGS_KEEP_USERNAME, CREDUI_INFOW, CREDUI_MAX_CAPTION_LENGTH, CREDUI_MAX_MESSAGE_LENGTH,
    CREDUI_MAX_USERNAME_LENGTH, CredUIPromptForCredentialsW,
};
use zeroize::Zeroizing;

/// Room for an answer, in UTF-16 units and with its NUL.
const ANSWER: u32 = 256;

/// Asks for a text that belongs to `user`, who is shown and cannot be changed. `None` if the dialog was cancelled; the error is
/// a code of Windows. What is too long for a dialog is cut.
pub fn ask_in_dialog(
    caption: &str,
    message: &str,
    user: &str,
) -> Result<Option<Zeroizing<String>>, u32> {
    let caption = wide(caption, CREDUI_MAX_CAPTION_LENGTH as usize);
    let message = wide(message, CREDUI_MAX_MESSAGE_LENGTH as usize);
    let mut user = wide(user, CREDUI_MAX_USERNAME_LENGTH as usize);
    let mut answer = Zeroizing::new([0_u16; ANSWER as usize]);
    let mut save = 0;
    let info = CREDUI_INFOW {
        cbSize: u32::try_from(size_of::<CREDUI_INFOW>()).unwrap_or_default(),
        hwndParent: ptr::null_mut(),
        pszMessageText: message.as_ptr(),
        pszCaptionText: caption.as_ptr(),
        hbmBanner: ptr::null_mut(),
    };
    // SAFETY: every text ends with NUL, the sizes are those of the buffers, and all of them live until the call returns.
    let code = unsafe {
        CredUIPromptForCredentialsW(
            &raw const info,
            caption.as_ptr(),
            ptr::null(),
            0,
            user.as_mut_ptr(),
            u32::try_from(user.len()).unwrap_or_default(),
            answer.as_mut_ptr(),
            ANSWER,
            &raw mut save,
            // Those of the Go tool, and that nothing is kept: a code is good once.
            CREDUI_FLAGS_GENERIC_CREDENTIALS
                | CREDUI_FLAGS_ALWAYS_SHOW_UI
                | CREDUI_FLAGS_KEEP_USERNAME
                | CREDUI_FLAGS_DO_NOT_PERSIST,
        )
    };
    match code {
        NO_ERROR => {
            let text = answer.split(|unit| *unit == 0).next().unwrap_or_default();
            Ok(Some(Zeroizing::new(String::from_utf16_lossy(text))))
        }
        ERROR_CANCELLED => Ok(None),
        code => Err(code),
    }
}

/// UTF-16 that ends with NUL, at most `most` units before it.
fn wide(text: &str, most: usize) -> Vec<u16> {
    let units = text.encode_utf16().filter(|unit| *unit != 0);
    units.take(most - 1).chain([0]).collect()
}
