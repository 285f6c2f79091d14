//! KDE's dialogs.

use super::driver::{Answer, Driver, Tools, message};

pub(super) fn ask(tools: &Tools<'_>, serial: &str) -> Answer {
    tools.dialog(Driver::Kdialog, arguments(serial))
}

fn arguments(serial: &str) -> [String; 4] {
    [
        "--inputbox".to_owned(),
        message(serial),
        "--title".to_owned(),
        "aws-vault".to_owned(),
    ]
}
