//! Terraform and OpenTofu, in their JSON syntax (`.tf.json`): one provider for each account, entered as the file says.
//!
//! Source: "JSON Configuration Syntax" of both tools.

use serde_json::{Map, Value, json};

use super::{identifier, roles_in};
use crate::bastion::desired::desired;
use crate::bastion::model::{Account, Layout, OWN_PATH, Role};
use crate::bastion::policies;

/// The whole configuration.
pub fn configuration(layout: &Layout) -> Value {
    let mut resources = Resources::default();
    let mut providers = Vec::new();
    for account in layout.all_accounts() {
        let alias = identifier("account", &account.name);
        providers.push(provider(layout, account, &alias));
        for role in roles_in(layout, account) {
            add_role(layout, role, &alias, &mut resources);
        }
    }
    add_people(layout, &mut resources);
    json!({
        "terraform": { "required_providers": { "aws": { "source": "hashicorp/aws", "version": ">= 5.0" } } },
        "provider": { "aws": providers },
        "resource": resources.0,
    })
}

/// By type, then by name.
#[derive(Default)]
struct Resources(Map<String, Value>);

impl Resources {
    fn add(&mut self, kind: &str, name: &str, value: Value) {
        let of_kind = self.0.entry(kind).or_insert_with(|| json!({}));
        of_kind[name] = value;
    }
}

/// IAM is global; the region only says where the partition's endpoint is looked up.
fn provider(layout: &Layout, account: &Account, alias: &str) -> Value {
    let mut provider = json!({
        "alias": alias,
        "region": layout.partition.default_region(),
        "allowed_account_ids": [account.id],
    });
    let profile = account.profile.as_ref().or(layout.admin.profile.as_ref());
    if let Some(profile) = profile {
        provider["profile"] = literal(profile).into();
    }
    if let (None, Some(role)) = (&account.profile, &layout.admin.role) {
        let arn = layout.arn(account, &format!("role/{role}"));
        provider["assume_role"] = json!({ "role_arn": literal(&arn) });
    }
    provider
}

fn add_role(layout: &Layout, role: &Role, alias: &str, resources: &mut Resources) {
    let name = identifier(&format!("{alias}_"), &role.name);
    let provider = format!("aws.{alias}");
    let mut value = json!({
        "provider": provider,
        "name": role.name,
        "path": role.path,
        "assume_role_policy": literal(&policies::trust(layout, &role.trust)),
        "max_session_duration": role.max_session_duration,
    });
    if let Some(description) = &role.description {
        value["description"] = literal(description).into();
    }
    if let Some(boundary) = &role.permissions_boundary {
        value["permissions_boundary"] = literal(boundary).into();
    }
    if !role.tags.is_empty() {
        let tags = role
            .tags
            .iter()
            .map(|(key, value)| (literal(key), literal(value).into()));
        value["tags"] = Value::Object(tags.collect());
    }
    resources.add("aws_iam_role", &name, value);
    let reference = format!("${{aws_iam_role.{name}.name}}");
    for policy in &role.managed_policies {
        let own = identifier(&format!("{name}_"), policy);
        let value =
            json!({ "provider": provider, "role": reference, "policy_arn": literal(policy) });
        resources.add("aws_iam_role_policy_attachment", &own, value);
    }
    for (policy, document) in &role.inline_policies {
        let own = identifier(&format!("{name}_"), policy);
        let value = json!({ "provider": provider, "role": reference, "name": policy, "policy": literal(document) });
        resources.add("aws_iam_role_policy", &own, value);
    }
}

fn add_people(layout: &Layout, resources: &mut Resources) {
    let all = desired(layout);
    let Some(bastion) = all.first() else {
        return;
    };
    let provider = format!("aws.{}", identifier("account", &layout.bastion.name));
    for (name, spec) in &bastion.policies {
        let value = json!({ "provider": provider, "name": name, "path": OWN_PATH, "policy": literal(&spec.document) });
        resources.add("aws_iam_policy", &identifier("policy_", name), value);
    }
    for (name, spec) in &bastion.groups {
        let group = identifier("group_", name);
        let value = json!({ "provider": provider, "name": name, "path": OWN_PATH });
        resources.add("aws_iam_group", &group, value);
        for arn in &spec.managed_policies {
            let mut own = bastion.policies.iter();
            let policy = match own.find(|(_, spec)| spec.arn == *arn) {
                Some((name, _)) => {
                    format!("${{aws_iam_policy.{}.arn}}", identifier("policy_", name))
                }
                None => literal(arn),
            };
            let value = json!({ "provider": provider, "group": format!("${{aws_iam_group.{group}.name}}"), "policy_arn": policy });
            resources.add(
                "aws_iam_group_policy_attachment",
                &identifier(&format!("{group}_"), arn),
                value,
            );
        }
    }
    for user in &layout.users {
        let name = identifier("user_", &user.name);
        resources.add(
            "aws_iam_user",
            &name,
            json!({ "provider": provider, "name": user.name }),
        );
        let groups = user.groups.iter();
        let groups: Vec<String> = groups
            .map(|it| format!("${{aws_iam_group.{}.name}}", identifier("group_", it)))
            .collect();
        let value = json!({ "provider": provider, "user": format!("${{aws_iam_user.{name}.name}}"), "groups": groups });
        resources.add("aws_iam_user_group_membership", &name, value);
    }
}

/// `${aws:username}` is IAM's, not Terraform's: in its strings the dollar and the percent sign are doubled before a brace.
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_variables_are_not_terraforms() {
        assert_eq!(
            literal("user/${aws:username} %{x}"),
            "user/$${aws:username} %%{x}"
        );
    }
}
