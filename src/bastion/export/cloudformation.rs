//! CloudFormation: one template for each account, or one for a StackSet that goes to many.

use serde_json::{Map, Value, json};

use super::{identifier, roles_in};
use crate::bastion::desired::{Desired, SELF_MANAGE, desired};
use crate::bastion::model::{Account, Layout, OWN_PATH, Role};
use crate::bastion::policies;

/// The template of one account.
pub fn account(layout: &Layout, account: &Account) -> Value {
    let mut resources = Map::new();
    for role in roles_in(layout, account) {
        resources.insert(identifier("Role", &role.name), role_resource(layout, role));
    }
    if account.id == layout.bastion.id
        && let Some(bastion) = desired(layout).first()
    {
        add_people(layout, bastion, &mut resources);
    }
    template(
        &format!(
            "Roles of {} for the bastion account {}",
            account.name, layout.bastion.id
        ),
        resources,
    )
}

/// One template with every role that all the given accounts have; the others are named in the second value.
pub fn stack_set(layout: &Layout) -> (Value, Vec<String>) {
    let everywhere = |role: &&Role| {
        layout
            .accounts
            .iter()
            .all(|it| role.accounts.contains(&it.name))
    };
    let (common, rest): (Vec<&Role>, Vec<&Role>) = layout
        .roles
        .iter()
        .filter(|role| {
            role.accounts
                .iter()
                .any(|name| *name != layout.bastion.name)
        })
        .partition(everywhere);
    let mut resources = Map::new();
    for role in common {
        resources.insert(identifier("Role", &role.name), role_resource(layout, role));
    }
    // Roles that live in some accounts only: made where the account's id is on their list.
    let mut conditions = Map::new();
    for role in &rest {
        let ids = layout
            .accounts
            .iter()
            .filter(|it| role.accounts.contains(&it.name));
        let equals: Vec<Value> = ids
            .map(|account| json!({ "Fn::Equals": [{ "Ref": "AWS::AccountId" }, account.id] }))
            .collect();
        let condition = identifier("In", &role.name);
        // Fn::Or takes two to ten conditions, so more are nested.
        conditions.insert(condition.clone(), any(equals));
        let mut resource = role_resource(layout, role);
        resource["Condition"] = condition.into();
        resources.insert(identifier("Role", &role.name), resource);
    }
    let mut template = template(
        &format!("Roles for the bastion account {}", layout.bastion.id),
        resources,
    );
    if !conditions.is_empty() {
        template["Conditions"] = Value::Object(conditions);
    }
    (
        template,
        rest.iter().map(|role| role.name.clone()).collect(),
    )
}

fn any(mut conditions: Vec<Value>) -> Value {
    while conditions.len() > 10 {
        conditions = conditions
            .chunks(10)
            .map(|chunk| any(chunk.to_vec()))
            .collect();
    }
    match (conditions.pop(), conditions.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            conditions.extend(last);
            json!({ "Fn::Or": conditions })
        }
    }
}

fn template(description: &str, resources: Map<String, Value>) -> Value {
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Resources": Value::Object(resources),
    })
}

fn role_resource(layout: &Layout, role: &Role) -> Value {
    let mut properties = json!({
        "RoleName": role.name,
        "Path": role.path,
        "AssumeRolePolicyDocument": document(&policies::trust(layout, &role.trust)),
        "MaxSessionDuration": role.max_session_duration,
    });
    if let Some(description) = &role.description {
        properties["Description"] = description.as_str().into();
    }
    if !role.managed_policies.is_empty() {
        properties["ManagedPolicyArns"] = json!(role.managed_policies);
    }
    if let Some(boundary) = &role.permissions_boundary {
        properties["PermissionsBoundary"] = boundary.as_str().into();
    }
    if !role.inline_policies.is_empty() {
        let policies = role.inline_policies.iter();
        let policies: Vec<Value> = policies
            .map(|(name, text)| json!({ "PolicyName": name, "PolicyDocument": document(text) }))
            .collect();
        properties["Policies"] = policies.into();
    }
    if !role.tags.is_empty() {
        let tags = role.tags.iter();
        let tags: Vec<Value> = tags
            .map(|(key, value)| json!({ "Key": key, "Value": value }))
            .collect();
        properties["Tags"] = tags.into();
    }
    json!({ "Type": "AWS::IAM::Role", "Properties": properties })
}

fn add_people(layout: &Layout, bastion: &Desired, resources: &mut Map<String, Value>) {
    let reference = |arn: &String| {
        let mut own = bastion.policies.iter();
        match own.find(|(_, spec)| spec.arn == *arn) {
            Some((name, _)) => json!({ "Ref": identifier("Policy", name) }),
            None => json!(arn),
        }
    };
    for (name, spec) in &bastion.policies {
        let properties = json!({
            "ManagedPolicyName": name,
            "Path": OWN_PATH,
            "Description": if name == SELF_MANAGE { "What users need to keep their own credentials" } else { "Roles that a group may assume" },
            "PolicyDocument": document(&spec.document),
        });
        let resource = json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": properties });
        resources.insert(identifier("Policy", name), resource);
    }
    for (name, spec) in &bastion.groups {
        let attached: Vec<Value> = spec.managed_policies.iter().map(reference).collect();
        let properties =
            json!({ "GroupName": name, "Path": OWN_PATH, "ManagedPolicyArns": attached });
        let resource = json!({ "Type": "AWS::IAM::Group", "Properties": properties });
        resources.insert(identifier("Group", name), resource);
    }
    for user in &layout.users {
        let groups = user.groups.iter();
        let groups: Vec<Value> = groups
            .map(|it| json!({ "Ref": identifier("Group", it) }))
            .collect();
        let properties = json!({ "UserName": user.name, "Groups": groups });
        let resource = json!({ "Type": "AWS::IAM::User", "Properties": properties });
        resources.insert(identifier("User", &user.name), resource);
    }
}

/// CloudFormation takes a document as an object, and wants no empty Sid.
fn document(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).unwrap_or_default();
    if let Some(Value::Array(statements)) = value.get_mut("Statement") {
        for statement in statements.iter_mut().filter_map(Value::as_object_mut) {
            if statement.get("Sid").and_then(Value::as_str) == Some("") {
                statement.remove("Sid");
            }
        }
    }
    value
}
