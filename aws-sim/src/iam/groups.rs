//! Groups, their policies and members.

use super::admin::{account, account_mut, at_most, attachable, exists, in_use, name};
use super::{admin, authorize};
use crate::api::ApiCall;
use crate::clock;
use crate::error::ApiError;
use crate::world::{Group, User, World};
use crate::xml::Element;

const ATTACHED_MOST: usize = 10;
const GROUPS_PER_USER: usize = 10;

pub fn create(world: &mut World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    let name = named(world, call, "iam:CreateGroup")?;
    let path = call.parameters.optional("Path").unwrap_or("/");
    let id = world.ids.entity("AGPA", 21);
    let account = account_mut(world, call)?;
    if account.groups.contains_key(name) {
        return Err(exists(&format!("Group with name {name}")));
    }
    let group = Group {
        path: path.to_owned(),
        policies: std::collections::BTreeMap::new(),
        attached: std::collections::BTreeSet::new(),
    };
    account.groups.insert(name.to_owned(), group);
    let arn = format!(
        "arn:{}:iam::{}:group{path}{name}",
        account.partition, call.caller.account
    );
    let shown = vec![
        Element::text("Path", path),
        Element::text("GroupName", name),
        Element::text("GroupId", id),
        Element::text("Arn", arn),
        Element::text("CreateDate", clock::iso8601(call.now)),
    ];
    Ok(vec![Element::new("Group", shown)])
}

pub fn delete(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:DeleteGroup")?;
    let group = existing(world, call, name)?;
    if !group.attached.is_empty() || !group.policies.is_empty() {
        return Err(in_use("detach all policies"));
    }
    let account = account_mut(world, call)?;
    if account
        .users
        .values()
        .any(|user| user.groups.iter().any(|group| group == name))
    {
        return Err(in_use("remove users from group"));
    }
    account.groups.remove(name);
    Ok(())
}

pub fn attach(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:AttachGroupPolicy")?;
    existing(world, call, name)?;
    let arn = attachable(world, call)?;
    let attached = &mut existing(world, call, name)?.attached;
    admin::attach(attached, arn, ATTACHED_MOST, "PoliciesPerGroup")
}

pub fn detach(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let name = named(world, call, "iam:DetachGroupPolicy")?;
    admin::detach(&mut existing(world, call, name)?.attached, call)
}

pub fn delete_policy(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let group = named(world, call, "iam:DeleteGroupPolicy")?;
    let policy = name(call, "PolicyName", 128)?;
    let removed = existing(world, call, group)?.policies.remove(policy);
    removed.map(drop).ok_or_else(|| {
        ApiError::no_such_entity(format!(
            "The group policy with name {policy} cannot be found."
        ))
    })
}

pub fn add_user(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let group = named(world, call, "iam:AddUserToGroup")?.to_owned();
    existing(world, call, &group)?;
    let user = member(world, call)?;
    if !user.groups.contains(&group) {
        at_most(user.groups.len() + 1, GROUPS_PER_USER, "GroupsPerUser")?;
        user.groups.push(group);
    }
    Ok(())
}

pub fn remove_user(world: &mut World, call: &ApiCall<'_>) -> Result<(), ApiError> {
    let group = named(world, call, "iam:RemoveUserFromGroup")?;
    existing(world, call, group)?;
    let user = member(world, call)?;
    user.groups.retain(|known| known != group);
    Ok(())
}

fn member<'a>(world: &'a mut World, call: &ApiCall<'_>) -> Result<&'a mut User, ApiError> {
    let name = name(call, "UserName", 128)?;
    let user = account_mut(world, call)?.users.get_mut(name);
    user.ok_or_else(|| super::no_such_user(name))
}

fn named<'a>(world: &World, call: &ApiCall<'a>, action: &str) -> Result<&'a str, ApiError> {
    let name = name(call, "GroupName", 128)?;
    let account = account(world, call)?;
    let path = account
        .groups
        .get(name)
        .map_or("/", |group| group.path.as_str());
    let arn = format!(
        "arn:{}:iam::{}:group{path}{name}",
        account.partition, call.caller.account
    );
    authorize(world, call, action, &arn)?;
    Ok(name)
}

fn existing<'a>(
    world: &'a mut World,
    call: &ApiCall<'_>,
    name: &str,
) -> Result<&'a mut Group, ApiError> {
    let group = account_mut(world, call)?.groups.get_mut(name);
    group.ok_or_else(|| {
        ApiError::no_such_entity(format!("The group with name {name} cannot be found."))
    })
}
