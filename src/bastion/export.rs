//! The same layout for other engines. What they make bears no owner's tag: it is theirs, and `apply` leaves it alone.

pub mod cloudformation;
pub mod terraform;

use super::model::{Account, Layout, Role};

/// Roles of one account, in the file's order.
fn roles_in<'a>(layout: &'a Layout, account: &Account) -> Vec<&'a Role> {
    let roles = layout.roles.iter();
    roles
        .filter(|role| role.accounts.contains(&account.name))
        .collect()
}

/// A name that every engine takes: letters and digits, distinct for distinct names.
fn identifier(prefix: &str, name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric());
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    if plain {
        return format!("{prefix}{letters}");
    }
    // `a-b` and `ab` are two names.
    let mark = name.bytes().fold(5381_u32, |hash, byte| {
        hash.wrapping_mul(33) ^ u32::from(byte)
    });
    format!("{prefix}{letters}x{mark:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_plain_and_distinct() {
        assert_eq!(identifier("Role", "DeveloperRole"), "RoleDeveloperRole");
        let (one, other) = (identifier("Role", "a-b"), identifier("Role", "ab"));
        assert_ne!(one, other);
        assert!(one.chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
