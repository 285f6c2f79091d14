//! Is the fence whole? What was read, judged; the calls that prove it are the caller's.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::desired::Desired;
use super::model::{Layout, Trust};
use super::policies::{self, Meant};
use super::users::Belongings;
use crate::aws::iam::detail::AccountDetail;

/// Older keys are asked to be rotated.
///
/// Source: CIS AWS Foundations Benchmark, "Ensure access keys are rotated every 90 days or less".
const KEY_AGE: Duration = Duration::from_hours(90 * 24);

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub account: String,
    pub what: String,
    pub result: Verdict,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Proved.
    Ok,
    /// Worth a look; does not fail.
    Warn,
    /// A hole.
    Fail,
}

/// Trust policies of one account: those of the layout, and what others made that trusts more than it should.
pub fn roles(layout: &Layout, desired: &Desired, found: &AccountDetail) -> Vec<Finding> {
    let finding = |name: &str, result, message: String| Finding {
        account: desired.account.name.clone(),
        what: format!("role {name}"),
        result,
        message,
    };
    let mut findings = Vec::new();
    for (name, wanted) in &desired.roles {
        let Some(role) = found.roles.get(name) else {
            findings.push(finding(name, Verdict::Fail, "is missing".to_owned()));
            continue;
        };
        let meant = match layout.role(name).map(|role| &role.trust) {
            Some(Trust::ThirdParty { account, .. }) => Meant::ThirdParty(account),
            _ => Meant::People(&layout.bastion.id),
        };
        let mut problems = policies::trust_problems(&role.trust, meant);
        if problems.is_empty() && !policies::same(&role.trust, &wanted.trust) {
            problems.push(
                "has another trust policy than the file says: `aws-vault bastion plan` shows it"
                    .to_owned(),
            );
        }
        for problem in &problems {
            findings.push(finding(name, Verdict::Fail, problem.clone()));
        }
        if problems.is_empty() {
            let message = "trusts exactly whom it should".to_owned();
            findings.push(finding(name, Verdict::Ok, message));
        }
    }
    for (name, role) in &found.roles {
        if desired.roles.contains_key(name) || Some(name) == layout.admin.role.as_ref() {
            continue;
        }
        // The account's own users and services are its own affair.
        let own = format!("trusts account {} ", desired.account.id);
        for problem in policies::trust_problems(&role.trust, Meant::People(&layout.bastion.id)) {
            if problem.starts_with(&own) {
                continue;
            }
            let result = if problem.starts_with("trusts every") {
                Verdict::Fail
            } else {
                Verdict::Warn
            };
            findings.push(finding(
                name,
                result,
                format!("{problem} (not in the file)"),
            ));
        }
    }
    findings
}

/// Users, keys and groups of the bastion account.
pub fn people(
    layout: &Layout,
    found: &AccountDetail,
    belongings: &BTreeMap<String, Belongings>,
    now: SystemTime,
) -> Vec<Finding> {
    let finding = |what: String, result, message: String| Finding {
        account: layout.bastion.name.clone(),
        what,
        result,
        message,
    };
    let mut findings = Vec::new();
    for (name, has) in belongings {
        let what = format!("user {name}");
        let can_enter = has.console || has.keys.iter().any(|key| key.active);
        if has.devices.is_empty() && can_enter {
            let message = format!("has no MFA device: `aws-vault bastion enroll-mfa {name}`");
            findings.push(finding(what.clone(), Verdict::Fail, message));
        } else if !has.devices.is_empty() {
            findings.push(finding(
                what.clone(),
                Verdict::Ok,
                "has an MFA device".to_owned(),
            ));
        }
        for key in has.keys.iter().filter(|key| key.active) {
            let age = key
                .created
                .and_then(|created| now.duration_since(created).ok());
            if let Some(age) = age.filter(|age| *age > KEY_AGE) {
                let days = age.as_secs() / 86_400;
                let shown = crate::credentials::masked(&key.access_key_id);
                let message = format!("access key {shown} is {days} days old: `aws-vault rotate`");
                findings.push(finding(what.clone(), Verdict::Warn, message));
            }
        }
        if layout.user(name).is_none() {
            findings.push(finding(
                what,
                Verdict::Warn,
                "is not in the file".to_owned(),
            ));
        }
    }
    for (name, user) in &found.users {
        let own = user.attached_policies.union(&user.inline_policies);
        let own: Vec<&str> = own.map(|it| it.rsplit('/').next().unwrap_or(it)).collect();
        if !own.is_empty() {
            let message = format!(
                "has policies of its own beside its groups': {}",
                own.join(", ")
            );
            findings.push(finding(format!("user {name}"), Verdict::Warn, message));
        }
    }
    for user in &layout.users {
        if !found.users.contains_key(&user.name) {
            let what = format!("user {}", user.name);
            findings.push(finding(what, Verdict::Fail, "is missing".to_owned()));
        }
    }
    for group in &layout.groups {
        let what = format!("group {}", group.name);
        if group.assume.is_empty() {
            findings.push(finding(
                what,
                Verdict::Warn,
                "may assume no role".to_owned(),
            ));
        } else if !found.groups.contains_key(&group.name) {
            findings.push(finding(what, Verdict::Fail, "is missing".to_owned()));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::desired::desired;
    use super::super::file;
    use super::*;
    use crate::aws::iam::detail::{GroupDetail, KeyAge, MfaDevice, RoleDetail, UserDetail};

    const FILE: &str = r#"
[bastion]
account = "111122223333"
[accounts.Master]
id = "222233334444"
[roles.DeveloperRole]
accounts = ["Master"]
[groups.Developers]
assume = ["DeveloperRole"]
[groups.Empty]
[users.elmerfudd]
groups = ["Developers"]
"#;

    fn layout() -> Layout {
        file::parse(Path::new("x"), FILE, &|_| Ok(String::new())).unwrap()
    }

    fn role(trust: &str) -> RoleDetail {
        RoleDetail {
            trust: trust.to_owned(),
            ..RoleDetail::default()
        }
    }

    fn told(findings: &[Finding]) -> Vec<(String, Verdict)> {
        let told = findings.iter();
        told.map(|it| (format!("{} {}", it.what, it.message), it.result))
            .collect()
    }

    #[test]
    fn holes_in_trust_policies() {
        let layout = layout();
        let master = &desired(&layout)[1];
        let open =
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
        let no_mfa = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}"#;
        let own = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"222233334444"},"Action":"sts:AssumeRole"}]}"#;
        let mut found = AccountDetail::default();
        assert_eq!(
            told(&roles(&layout, master, &found)),
            [("role DeveloperRole is missing".into(), Verdict::Fail)]
        );
        found.roles.insert(
            "DeveloperRole".into(),
            role(&master.roles["DeveloperRole"].trust),
        );
        found.roles.insert("Open".into(), role(open));
        found.roles.insert("Own".into(), role(own));
        found.roles.insert("Old".into(), role(no_mfa));
        assert_eq!(
            told(&roles(&layout, master, &found)),
            [
                (
                    "role DeveloperRole trusts exactly whom it should".into(),
                    Verdict::Ok
                ),
                (
                    "role Old does not require MFA (not in the file)".into(),
                    Verdict::Warn
                ),
                (
                    "role Open trusts everybody (Principal \"*\") (not in the file)".into(),
                    Verdict::Fail
                ),
            ]
        );
        let service = master.roles["DeveloperRole"]
            .trust
            .replace("\"AWS\":", "\"Service\": \"ec2.amazonaws.com\", \"AWS\":");
        found.roles.insert("DeveloperRole".into(), role(&service));
        let first = &roles(&layout, master, &found)[0];
        assert!(
            first.message.starts_with("has another trust policy"),
            "{first:?}"
        );
        assert_eq!(first.result, Verdict::Fail);
        found.roles.insert("DeveloperRole".into(), role(no_mfa));
        let first = &roles(&layout, master, &found)[0];
        assert_eq!(
            (first.message.as_str(), first.result),
            ("does not require MFA", Verdict::Fail)
        );
    }

    #[test]
    fn people_without_mfa_old_keys_and_empty_groups() {
        let layout = layout();
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 365);
        let key = |days: u64| KeyAge {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            active: true,
            created: Some(now - Duration::from_hours(24 * days)),
        };
        let has = |keys: Vec<KeyAge>, devices: usize| Belongings {
            console: false,
            keys,
            devices: vec![MfaDevice { serial: "x".into() }; devices],
        };
        let mut found = AccountDetail::default();
        let admin = UserDetail {
            attached_policies: ["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()].into(),
            ..UserDetail::default()
        };
        found.users.insert("elmerfudd".into(), admin);
        found
            .groups
            .insert("Developers".into(), GroupDetail::default());
        let belongings = BTreeMap::from([
            ("bugs".to_owned(), has(vec![], 0)),
            ("daffy".to_owned(), has(vec![key(91)], 1)),
            ("elmerfudd".to_owned(), has(vec![key(1)], 0)),
        ]);
        assert_eq!(
            told(&people(&layout, &found, &belongings, now)),
            [
                ("user bugs is not in the file".into(), Verdict::Warn),
                ("user daffy has an MFA device".into(), Verdict::Ok),
                (
                    "user daffy access key ****************MPLE is 91 days old: `aws-vault rotate`"
                        .into(),
                    Verdict::Warn
                ),
                ("user daffy is not in the file".into(), Verdict::Warn),
                (
                    "user elmerfudd has no MFA device: `aws-vault bastion enroll-mfa elmerfudd`"
                        .into(),
                    Verdict::Fail
                ),
                (
                    "user elmerfudd has policies of its own beside its groups': AdministratorAccess".into(),
                    Verdict::Warn
                ),
                ("group Empty may assume no role".into(), Verdict::Warn),
            ]
        );
    }
}
