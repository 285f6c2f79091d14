//! GTK's dialogs.

use super::driver::{Answer, Driver, Tools, message};

pub(super) fn ask(tools: &Tools<'_>, serial: &str) -> Answer {
    tools.dialog(Driver::Zenity, arguments(serial))
}

fn arguments(serial: &str) -> [String; 5] {
    [
        "--entry".to_owned(),
        "--title".to_owned(),
        "aws-vault".to_owned(),
        "--text".to_owned(),
        message(serial),
    ]
}
