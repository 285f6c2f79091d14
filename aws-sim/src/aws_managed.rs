//! The few AWS-managed policies that tests and the demo attach, shortened to what the simulation can evaluate.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::policy::Document;

const POLICIES: [(&str, &str); 6] = [
    (
        "AdministratorAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "PowerUserAccess",
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
            {"Effect":"Allow","Action":["iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",
             "organizations:DescribeOrganization","account:ListRegions","account:GetAccountInformation"],"Resource":"*"}]}"#,
    ),
    (
        "IAMFullAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#,
    ),
    (
        "ReadOnlyAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}]}"#,
    ),
    (
        "SecurityAudit",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}]}"#,
    ),
    (
        "job-function/Billing",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["aws-portal:*","billing:*","budgets:*"],"Resource":"*"}]}"#,
    ),
];

static DOCUMENTS: LazyLock<BTreeMap<&str, Document>> = LazyLock::new(|| {
    POLICIES
        .iter()
        .filter_map(|(name, text)| Some((*name, Document::parse(text).ok()?)))
        .collect()
});

/// The document of `arn:aws:iam::aws:policy/NAME`, in any partition.
pub fn document(arn: &str) -> Option<&'static Document> {
    let (_, name) = arn.split_once(":iam::aws:policy/")?;
    DOCUMENTS.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_understood() {
        assert_eq!(DOCUMENTS.len(), POLICIES.len());
        assert!(document("arn:aws-cn:iam::aws:policy/job-function/Billing").is_some());
    }
}
