//! A layout as the text of a `bastion.toml`: what `import` found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::model::{Group, Layout, Role, Trust, User};
use super::starter::{key, quoted};

/// The text, with remarks as comments at the top. Reads back as the same layout.
pub fn text(layout: &Layout, remarks: &[String]) -> String {
    let mut out = String::from("# Read from the accounts by `aws-vault bastion import`.\n");
    for remark in remarks {
        let remark = remark.replace(char::is_control, " ");
        let _ = writeln!(out, "# NOTE: {remark}");
    }
    write_accounts(&mut out, layout);
    for role in &layout.roles {
        write_role(&mut out, role);
    }
    for group in &layout.groups {
        write_group(&mut out, layout, group);
    }
    for user in &layout.users {
        write_user(&mut out, user);
    }
    out
}

fn write_accounts(out: &mut String, layout: &Layout) {
    let bastion = &layout.bastion;
    let _ = writeln!(out, "\n[bastion]\naccount = {}", quoted(&bastion.id));
    let partition = layout.partition.id();
    for (name, value) in [
        (
            "name",
            (bastion.name != "Bastion").then_some(bastion.name.as_str()),
        ),
        ("partition", (partition != "aws").then_some(partition)),
        ("profile", bastion.profile.as_deref()),
        ("color", bastion.color.as_deref()),
        ("region", bastion.region.as_deref()),
    ] {
        line(out, name, value);
    }
    if layout.admin.profile.is_some() || layout.admin.role.is_some() {
        out.push_str("\n[admin]\n");
        line(out, "profile", layout.admin.profile.as_deref());
        line(out, "role", layout.admin.role.as_deref());
    }
    for account in &layout.accounts {
        let _ = writeln!(
            out,
            "\n[accounts.{}]\nid = {}",
            key(&account.name),
            quoted(&account.id)
        );
        line(out, "profile", account.profile.as_deref());
        line(out, "color", account.color.as_deref());
        line(out, "region", account.region.as_deref());
    }
}

fn line(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = writeln!(out, "{name} = {}", quoted(value));
    }
}

fn write_role(out: &mut String, role: &Role) {
    let _ = writeln!(
        out,
        "\n[roles.{}]\naccounts = {}",
        key(&role.name),
        list(&role.accounts)
    );
    line(out, "description", role.description.as_deref());
    if !role.managed_policies.is_empty() {
        let _ = writeln!(
            out,
            "managed_policies = {}",
            policies(&role.managed_policies)
        );
    }
    if role.max_session_duration != 3_600 {
        let _ = writeln!(out, "max_session_duration = {}", role.max_session_duration);
    }
    if role.path != "/" {
        line(out, "path", Some(&role.path));
    }
    line(
        out,
        "permissions_boundary",
        role.permissions_boundary.as_deref(),
    );
    match &role.trust {
        Trust::Bastion {
            mfa_max_age,
            source_ip,
        } => {
            if let Some(seconds) = mfa_max_age {
                let _ = writeln!(out, "mfa_max_age = {seconds}");
            }
            if !source_ip.is_empty() {
                let _ = writeln!(out, "source_ip = {}", list(source_ip));
            }
        }
        Trust::ThirdParty {
            account,
            external_id,
        } => {
            let (account, id) = (quoted(account), quoted(external_id));
            let _ = writeln!(
                out,
                "third_party = {{ account = {account}, external_id = {id} }}"
            );
        }
    }
    table(out, &role.name, "tags", &role.tags);
    table(out, &role.name, "inline_policies", &role.inline_policies);
}

fn table(out: &mut String, role: &str, name: &str, members: &BTreeMap<String, String>) {
    if members.is_empty() {
        return;
    }
    let _ = writeln!(out, "[roles.{}.{name}]", key(role));
    for (member, value) in members {
        let _ = writeln!(out, "{} = {}", key(member), quoted(value));
    }
}

fn write_group(out: &mut String, layout: &Layout, group: &Group) {
    let _ = writeln!(out, "\n[groups.{}]", key(&group.name));
    let mut assume: Vec<String> = Vec::new();
    let mut whole: BTreeSet<&str> = BTreeSet::new();
    for one in &group.assume {
        let accounts = layout
            .role(&one.role)
            .map(|role| role.accounts.as_slice())
            .unwrap_or_default();
        let all = accounts.iter().all(|account| {
            group
                .assume
                .iter()
                .any(|it| it.role == one.role && it.account == *account)
        });
        if !all {
            assume.push(format!("{}@{}", one.role, one.account));
        } else if whole.insert(&one.role) {
            assume.push(one.role.clone());
        }
    }
    let _ = writeln!(out, "assume = {}", list(&assume));
    if !group.managed_policies.is_empty() {
        let _ = writeln!(
            out,
            "managed_policies = {}",
            policies(&group.managed_policies)
        );
    }
}

fn write_user(out: &mut String, user: &User) {
    let groups: Vec<String> = user.groups.iter().cloned().collect();
    let _ = writeln!(
        out,
        "\n[users.{}]\ngroups = {}",
        key(&user.name),
        list(&groups)
    );
    if user.console {
        out.push_str("console = true\n");
    }
    if user.access_key {
        out.push_str("access_key = true\n");
    }
}

/// AWS's own policies by their short name.
fn policies(arns: &BTreeSet<String>) -> String {
    let short = |arn: &String| match arn.split_once(":iam::aws:policy/") {
        Some((_, name)) => name.to_owned(),
        None => arn.clone(),
    };
    list(&arns.iter().map(short).collect::<Vec<_>>())
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| self::quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}
