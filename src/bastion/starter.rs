//! The file that `bastion init` writes: the deck's groups, for the accounts that there are, with a word on everything else.

use std::fmt::Write as _;

/// What `init` was told or found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// Twelve digits.
    pub bastion: String,
    pub partition: Option<String>,
    pub accounts: Vec<StartAccount>,
    pub admin_profile: String,
    /// `None`: each account names its own profile.
    pub admin_role: Option<String>,
    pub users: Vec<String>,
    pub region: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartAccount {
    pub name: String,
    pub id: String,
    pub profile: Option<String>,
}

/// The role that AWS Organizations makes in every account that it creates.
pub const ORGANIZATION_ROLE: &str = "OrganizationAccountAccessRole";

/// The text of a `bastion.toml`.
pub fn text(start: &Start) -> String {
    let mut out = String::from(
        "# Who may become what, in which account.\n\
         #   aws-vault bastion plan      shows what this file would change\n\
         #   aws-vault bastion apply     changes it\n\
         # Every key: docs/bastion.md. For editors: docs/bastion.schema.json.\n\n",
    );
    write_bastion(&mut out, start);
    write_accounts(&mut out, start);
    write_roles(&mut out, start);
    write_groups(&mut out, start);
    write_users(&mut out, start);
    out
}

fn write_bastion(out: &mut String, start: &Start) {
    let _ = write!(
        out,
        "# Where people live: users and groups, no compute resources.\n[bastion]\naccount = {}\n",
        quoted(&start.bastion)
    );
    if let Some(partition) = start.partition.as_deref().filter(|it| *it != "aws") {
        let _ = writeln!(out, "partition = {}", quoted(partition));
    }
    if let Some(region) = &start.region {
        let _ = writeln!(out, "region = {}", quoted(region));
    }
    let _ = write!(
        out,
        "\n# How accounts are entered to administer IAM: with this profile of ~/.aws/config, and from there with the role.\n\
         # An account that names a profile of its own is entered with that.\n[admin]\nprofile = {}\n",
        quoted(&start.admin_profile)
    );
    match &start.admin_role {
        Some(role) => {
            let _ = writeln!(out, "role = {}\n", quoted(role));
        }
        None => out.push_str("# role = \"OrganizationAccountAccessRole\"\n\n"),
    }
}

fn write_accounts(out: &mut String, start: &Start) {
    out.push_str("# Where things live.\n");
    for account in &start.accounts {
        let _ = writeln!(
            out,
            "[accounts.{}]\nid = {}",
            key(&account.name),
            quoted(&account.id)
        );
        if let Some(profile) = &account.profile {
            let _ = writeln!(out, "profile = {}", quoted(profile));
        }
        out.push('\n');
    }
}

/// The deck's accounts get the deck's roles; in others everybody starts as a developer.
fn write_roles(out: &mut String, start: &Start) {
    out.push_str(
        "# Roles: the same in each of their accounts. Their trust policy names the bastion account and requires MFA.\n\
         # Further keys: inline_policies, max_session_duration, path, description, tags, permissions_boundary,\n\
         # mfa_max_age = \"1h\", source_ip = [\"192.0.2.0/24\"], third_party = { account = \"…\", external_id = \"…\" }\n",
    );
    let developers: Vec<&str> = developer_accounts(start);
    if !developers.is_empty() {
        let _ = write!(
            out,
            "[roles.DeveloperRole]\ndescription = \"Everything but IAM\"\naccounts = {}\n\
             managed_policies = [\"PowerUserAccess\"]\nmax_session_duration = \"8h\"\n\n",
            list(&developers)
        );
    }
    if has(start, "Corporate") {
        out.push_str(
            "[roles.ITRole]\ndescription = \"Everything\"\naccounts = [\"Corporate\"]\n\
             managed_policies = [\"AdministratorAccess\"]\n\n",
        );
    }
    out.push_str(
        "[roles.IAMRole]\ndescription = \"IAM of the bastion account\"\naccounts = [\"Bastion\"]\n\
         managed_policies = [\"IAMFullAccess\"]\n\n",
    );
    if has(start, "Master") {
        out.push_str(
            "[roles.BillingRole]\ndescription = \"Bills and budgets\"\naccounts = [\"Master\"]\n\
             managed_policies = [\"job-function/Billing\"]\n\n",
        );
    }
}

fn write_groups(out: &mut String, start: &Start) {
    out.push_str(
        "# Groups: what their members may become, as ROLE@ACCOUNT, or ROLE for all of its accounts.\n",
    );
    if !developer_accounts(start).is_empty() {
        out.push_str("[groups.Developers]\nassume = [\"DeveloperRole\"]\n\n");
    }
    let corporate = if has(start, "Corporate") {
        "\"ITRole\", "
    } else {
        ""
    };
    let _ = write!(out, "[groups.IT]\nassume = [{corporate}\"IAMRole\"]\n\n");
    if has(start, "Master") {
        out.push_str("[groups.Finance]\nassume = [\"BillingRole\"]\n\n");
    }
}

fn write_users(out: &mut String, start: &Start) {
    out.push_str(
        "# Users of the bastion account. `aws-vault bastion add-user NAME` makes the password and the access key.\n",
    );
    let group = if developer_accounts(start).is_empty() {
        "IT"
    } else {
        "Developers"
    };
    if start.users.is_empty() {
        let _ = write!(
            out,
            "# [users.elmerfudd]\n# groups = [\"{group}\"]\n# console = true\n# access_key = true\n"
        );
    }
    for (index, user) in start.users.iter().enumerate() {
        let gap = if index == 0 { "" } else { "\n" };
        let _ = write!(
            out,
            "{gap}[users.{}]\ngroups = [\"{group}\"]\nconsole = true\naccess_key = true\n",
            key(user)
        );
    }
}

fn developer_accounts(start: &Start) -> Vec<&str> {
    let names = start.accounts.iter().map(|account| account.name.as_str());
    names.filter(|name| *name != "Corporate").collect()
}

fn has(start: &Start, name: &str) -> bool {
    start.accounts.iter().any(|account| account.name == name)
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| self::quoted(name)).collect();
    format!("[{}]", quoted.join(", "))
}

/// A TOML basic string.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A TOML key: bare where that is possible.
pub fn key(text: &str) -> String {
    let bare = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::bastion::file;

    fn account(name: &str, id: &str) -> StartAccount {
        StartAccount {
            name: name.into(),
            id: id.into(),
            profile: None,
        }
    }

    #[test]
    fn every_starter_file_is_valid() {
        let deck = [
            account("Master", "222233334444"),
            account("Product", "333344445555"),
            account("Corporate", "444455556666"),
        ];
        for accounts in [
            &deck[..],
            &deck[..1],
            &deck[2..],
            &[],
            &[account("a \"b\" \u{e9}", "555566667777")],
        ] {
            for users in [vec![], vec!["elmerfudd".to_owned(), "a.b@c".to_owned()]] {
                let start = Start {
                    bastion: "111122223333".into(),
                    accounts: accounts.to_vec(),
                    admin_profile: "admin".into(),
                    users,
                    ..Start::default()
                };
                let text = text(&start);
                let read = |_: &Path| Ok(String::new());
                let layout = file::parse(Path::new("bastion.toml"), &text, &read);
                let layout = layout.unwrap_or_else(|error| panic!("{error}\n{text}"));
                assert_eq!(layout.accounts.len(), accounts.len());
                assert_eq!(layout.users.len(), start.users.len());
            }
        }
    }
}
