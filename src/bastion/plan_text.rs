//! A plan for people: what is made, changed, removed, in the way, and unknown; policies as differences.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::plan::{AccountPlan, Action, Kind};
use super::policies;
use super::whole::Plan;
use crate::error::visible;

/// Puts a line in the colour of its kind, or leaves it.
pub type Paint<'a> = &'a dyn Fn(Kind, &str) -> String;

/// The whole plan. Accounts with nothing to say are only counted.
pub fn text(plan: &Plan, paint: Paint<'_>) -> String {
    let mut out = String::new();
    for account in plan.accounts.iter().filter(|account| !account.is_clean()) {
        write_account(&mut out, account, paint);
    }
    for failure in &plan.failures {
        let _ = writeln!(out, "{} {}: cannot be read", failure.name, failure.account);
        let _ = writeln!(out, "  ! {}\n", visible(&failure.message));
    }
    out + &summary(plan)
}

fn summary(plan: &Plan) -> String {
    let counts = plan.counts();
    let mut out = format!(
        "Plan: {} to create, {} to change, {} to delete; {} as they should be",
        counts.create, counts.change, counts.delete, counts.unchanged
    );
    for (count, what) in [
        (counts.conflicts, "in the way"),
        (counts.unknown, "unknown"),
        (plan.failures.len(), "accounts unread"),
    ] {
        if count > 0 {
            let _ = write!(out, ", {count} {what}");
        }
    }
    out + ".\n"
}

fn write_account(out: &mut String, plan: &AccountPlan, paint: Paint<'_>) {
    let _ = writeln!(out, "{} {}", visible(&plan.name), plan.account);
    for action in &plan.actions {
        let kind = action.kind();
        let mark = match kind {
            Kind::Create => '+',
            Kind::Change => '~',
            Kind::Delete => '-',
        };
        let line = format!("  {mark} {}", visible(&headline(action)));
        let _ = writeln!(out, "{}", paint(kind, &line));
        out.push_str(&details(action, paint));
    }
    for conflict in &plan.conflicts {
        let text = format!("  ! {} {}", conflict.what, conflict.why);
        let _ = writeln!(out, "{}", visible(&text));
    }
    for unknown in &plan.unknown {
        let _ = writeln!(out, "  ? {}", visible(unknown));
    }
    out.push('\n');
}

/// One line for one change.
pub fn headline(action: &Action) -> String {
    match action {
        Action::CreateRole { role, path, .. } => format!("role {}{role}", shown_path(path)),
        Action::UpdateTrust { role, .. } => format!("role {role}: trust policy"),
        Action::UpdateRole {
            role,
            description,
            max_session_duration,
            before,
        } => {
            let mut parts = Vec::new();
            if before.max_session_duration != *max_session_duration {
                let before = before.max_session_duration;
                parts.push(format!(
                    "sessions of {before} s become {max_session_duration} s"
                ));
            }
            if before.description != *description {
                parts.push(format!(
                    "description \"{}\"",
                    description.as_deref().unwrap_or_default()
                ));
            }
            format!("role {role}: {}", parts.join(", "))
        }
        Action::TagRole { role, tags } => format!("role {role}: tags {}", listed(tags)),
        Action::PutRolePolicy { role, name, .. } | Action::DeleteRolePolicy { role, name } => {
            format!("role {role}: inline policy {name}")
        }
        Action::AttachRolePolicy { role, policy } | Action::DetachRolePolicy { role, policy } => {
            format!("role {role}: policy {}", short(policy))
        }
        Action::PutBoundary { role, policy } => {
            format!("role {role}: permissions boundary {}", short(policy))
        }
        Action::DeleteBoundary { role } => format!("role {role}: permissions boundary"),
        Action::DeleteRole { role } => format!("role {role}"),
        Action::CreatePolicy { name, .. }
        | Action::CreatePolicyVersion { name, .. }
        | Action::DeletePolicy { name, .. } => format!("policy {name}"),
        Action::DeletePolicyVersion { name, version, .. } => {
            format!("policy {name}: old version {version}")
        }
        Action::CreateGroup { group } | Action::DeleteGroup { group } => format!("group {group}"),
        Action::AttachGroupPolicy { group, policy }
        | Action::DetachGroupPolicy { group, policy } => {
            format!("group {group}: policy {}", short(policy))
        }
        Action::DeleteGroupPolicy { group, name } => format!("group {group}: inline policy {name}"),
        Action::CreateUser { user, .. } => format!("user {user}"),
        Action::TagUser { user, tags } => format!("user {user}: tags {}", listed(tags)),
        Action::AddUserToGroup { user, group } | Action::RemoveUserFromGroup { user, group } => {
            format!("user {user}: group {group}")
        }
    }
}

fn details(action: &Action, paint: Paint<'_>) -> String {
    match action {
        Action::CreateRole { trust, .. } => difference("", trust, paint),
        Action::CreatePolicy { document, .. } => difference("", document, paint),
        Action::UpdateTrust {
            document, before, ..
        }
        | Action::CreatePolicyVersion {
            document, before, ..
        } => difference(before, document, paint),
        Action::PutRolePolicy {
            document, before, ..
        } => difference(before.as_deref().unwrap_or_default(), document, paint),
        _ => String::new(),
    }
}

/// Unified, three lines of context, indented.
fn difference(before: &str, after: &str, paint: Paint<'_>) -> String {
    let pretty = |document: &str| {
        if document.is_empty() {
            String::new()
        } else {
            policies::pretty(document) + "\n"
        }
    };
    // What is new is shown as it will be written; to be compared, both sides need one order of keys.
    let (before, after) = if before.is_empty() && after.contains('\n') {
        (String::new(), format!("{after}\n"))
    } else {
        (pretty(before), pretty(after))
    };
    let diff = TextDiff::from_lines(&before, &after);
    let mut out = String::new();
    for group in diff.grouped_ops(3) {
        for op in group {
            for change in diff.iter_changes(&op) {
                let (mark, kind) = match change.tag() {
                    ChangeTag::Delete => ('-', Some(Kind::Delete)),
                    ChangeTag::Insert => ('+', Some(Kind::Create)),
                    ChangeTag::Equal => (' ', None),
                };
                let line = format!("      {mark} {}", visible(change.value().trim_end()));
                let line = kind.map_or_else(|| line.clone(), |kind| paint(kind, &line));
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

fn shown_path(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

/// `PowerUserAccess` for AWS's own policies, the name below the path for others.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn listed(tags: &std::collections::BTreeMap<String, String>) -> String {
    let tags: Vec<String> = tags
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    tags.join(", ")
}
