//! The virtual environment of the tests: moto, the AWS CLI, jwcrypto.

use std::path::PathBuf;

/// A program of the virtual environment; `AWS_VAULT_TEST_VENV` names another one than `.venv`.
#[track_caller]
pub fn python(program: &str) -> PathBuf {
    let path = venv().join("bin").join(program);
    assert!(
        path.exists(),
        "{} is missing: run `make venv`, or set AWS_VAULT_TEST_VENV",
        path.display()
    );
    path
}

#[expect(clippy::disallowed_methods, reason = "where the tests' tools are")]
fn venv() -> PathBuf {
    std::env::var_os("AWS_VAULT_TEST_VENV").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".venv"),
        PathBuf::from,
    )
}
