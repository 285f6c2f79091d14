//! The credential dialog of Windows. It needs a call of the Windows API that this version does not make yet.

use super::Error;
use super::driver::{Answer, Driver, failed};

pub(super) fn ask() -> Answer {
    Err(if cfg!(windows) {
        failed(Driver::Wincredui, "this version cannot show it yet")
    } else {
        Error::NotInstalled {
            driver: "wincredui",
            program: "the credential dialog of Windows".to_owned(),
        }
    })
}
