//! aws-vault.
