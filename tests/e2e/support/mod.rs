//! What every end-to-end test needs: a home, an AWS, a way to run the program.

mod disk;
mod home;
mod keyring;
mod python;
mod run;
mod sim;

pub use disk::Disk;
pub use home::{Home, PASSPHRASE, path_variable};
pub use keyring::Keyring;
pub use python::python;
pub use run::{Ran, Running, all_ok, must_start, run};
pub use sim::{
    BASTION, DECK, EXTRA_MFA_STEPS, KEY, Key, SERIAL, Sim, account_role, error, fault, once,
};

/// The time of day, which decides the code an MFA device shows.
#[expect(
    clippy::disallowed_methods,
    reason = "tests play the device, which has a clock"
)]
pub fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}
