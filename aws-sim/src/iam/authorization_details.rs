//! `GetAccountAuthorizationDetails`: everything about an account in pages.

use super::admin::{account, encoded, tag_list};
use super::{authorize, managed, roles};
use crate::api::ApiCall;
use crate::clock;
use crate::error::ApiError;
use crate::policy::Document;
use crate::world::{Account, Group, ManagedPolicy, Role, User, World};
use crate::xml::Element;

/// The four lists of the answer.
const LISTS: [(&str, &str); 4] = [
    ("User", "UserDetailList"),
    ("Group", "GroupDetailList"),
    ("Role", "RoleDetailList"),
    ("LocalManagedPolicy", "Policies"),
];

/// One page. A marker is the index to go on from, over all lists.
pub fn list(world: &World, call: &ApiCall<'_>) -> Result<Vec<Element>, ApiError> {
    authorize(world, call, "iam:GetAccountAuthorizationDetails", "*")?;
    let account = account(world, call)?;
    let filter = call.parameters.list("Filter", "");
    let wanted = |kind: &str| filter.is_empty() || filter.contains(&kind);
    let mut all: Vec<(&str, Vec<Element>)> = Vec::new();
    if wanted("User") {
        let users = account.users.iter();
        all.extend(users.map(|(name, it)| ("UserDetailList", user(account, call, name, it))));
    }
    if wanted("Group") {
        let groups = account.groups.iter();
        all.extend(groups.map(|(name, it)| ("GroupDetailList", group(account, call, name, it))));
    }
    if wanted("Role") {
        let roles = account.roles.iter();
        all.extend(roles.map(|(name, it)| ("RoleDetailList", role(account, call, name, it))));
    }
    if wanted("LocalManagedPolicy") {
        let policies = account.managed_policies.iter();
        all.extend(policies.map(|(name, it)| ("Policies", policy(account, call, name, it))));
    }
    let most = usize::try_from(call.parameters.seconds("MaxItems", 100, 1, 1000)?).unwrap_or(100);
    let from: usize = call
        .parameters
        .optional("Marker")
        .map_or(Ok(0), str::parse)
        .map_err(|_| ApiError::validation("Invalid Marker"))?;
    let to = all.len().min(from + most);
    let truncated = to < all.len();
    let shown: Vec<_> = all.drain(from.min(to)..to).collect();
    let mut result: Vec<Element> = LISTS
        .iter()
        .map(|(_, list)| {
            let members = shown.iter().filter(|(kind, _)| kind == list);
            Element::list(*list, members.map(|(_, members)| members.clone()).collect())
        })
        .collect();
    result.push(Element::text("IsTruncated", truncated.to_string()));
    if truncated {
        result.push(Element::text("Marker", to.to_string()));
    }
    Ok(result)
}

fn user(account: &Account, call: &ApiCall<'_>, name: &str, user: &User) -> Vec<Element> {
    let groups = user.groups.iter();
    let groups = groups.map(|name| Element::text("member", name)).collect();
    vec![
        Element::text("Path", &user.path),
        Element::text("UserName", name),
        Element::text("UserId", &user.id),
        Element::text("Arn", account.user_arn(&call.caller.account, name, user)),
        Element::text("CreateDate", clock::iso8601(user.created)),
        inline("UserPolicyList", user.policies.iter()),
        Element::new("GroupList", groups),
        attached(&user.attached),
        tag_list(&user.tags),
    ]
}

fn group(account: &Account, call: &ApiCall<'_>, name: &str, group: &Group) -> Vec<Element> {
    let partition = &account.partition;
    let arn = format!(
        "arn:{partition}:iam::{}:group{}{name}",
        call.caller.account, group.path
    );
    vec![
        Element::text("Path", &group.path),
        Element::text("GroupName", name),
        Element::text("Arn", arn),
        inline("GroupPolicyList", group.policies.iter()),
        attached(&group.attached),
    ]
}

fn role(account: &Account, call: &ApiCall<'_>, name: &str, role: &Role) -> Vec<Element> {
    let mut shown = vec![
        Element::text("Path", &role.path),
        Element::text("RoleName", name),
        Element::text("RoleId", &role.id),
        Element::text("Arn", account.role_arn(&call.caller.account, name, role)),
        Element::text("AssumeRolePolicyDocument", encoded(&role.trust)),
        inline("RolePolicyList", role.policies.iter()),
        attached(&role.attached),
        tag_list(&role.tags),
    ];
    shown.extend(
        role.permissions_boundary
            .as_ref()
            .map(|arn| roles::boundary(arn)),
    );
    shown
}

fn policy(
    account: &Account,
    call: &ApiCall<'_>,
    name: &str,
    policy: &ManagedPolicy,
) -> Vec<Element> {
    let versions = policy.versions.iter().map(|(number, document)| {
        vec![
            Element::text("Document", encoded(document)),
            Element::text("VersionId", format!("v{number}")),
            Element::text(
                "IsDefaultVersion",
                (*number == policy.default_version).to_string(),
            ),
        ]
    });
    vec![
        Element::text("PolicyName", name),
        Element::text(
            "Arn",
            managed::arn(account, &call.caller.account, name, policy),
        ),
        Element::text("Path", &policy.path),
        Element::text("DefaultVersionId", format!("v{}", policy.default_version)),
        Element::list("PolicyVersionList", versions.collect()),
    ]
}

fn inline<'a>(list: &str, policies: impl Iterator<Item = (&'a String, &'a Document)>) -> Element {
    let members = policies.map(|(name, document)| {
        vec![
            Element::text("PolicyName", name),
            Element::text("PolicyDocument", encoded(document)),
        ]
    });
    Element::list(list, members.collect())
}

fn attached(arns: &std::collections::BTreeSet<String>) -> Element {
    let members = arns.iter().map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        vec![
            Element::text("PolicyName", name),
            Element::text("PolicyArn", arn),
        ]
    });
    Element::list("AttachedManagedPolicies", members.collect())
}
