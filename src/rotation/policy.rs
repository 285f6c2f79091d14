//! The smallest policy with which a user can rotate its own keys.

use crate::config::arn::Partition;

/// JSON for an inline policy of the user or one of its groups.
///
/// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access Management".
pub fn minimal(partition: Partition) -> String {
    let partition = partition.id();
    format!(
        r#"{{
  "Version": "2012-10-17",
  "Statement": [
    {{
      "Sid": "RotateOwnAccessKeys",
      "Effect": "Allow",
      "Action": [
        "iam:CreateAccessKey",
        "iam:DeleteAccessKey",
        "iam:ListAccessKeys",
        "iam:UpdateAccessKey"
      ],
      "Resource": [
        "arn:{partition}:iam::*:user/${{aws:username}}",
        "arn:{partition}:iam::*:user/*/${{aws:username}}"
      ]
    }},
    {{
      "Sid": "SeeOwnAccessKeys",
      "Effect": "Allow",
      "Action": [
        "iam:GetAccessKeyLastUsed",
        "iam:ListMFADevices"
      ],
      "Resource": [
        "arn:{partition}:iam::*:user/${{aws:username}}",
        "arn:{partition}:iam::*:user/*/${{aws:username}}"
      ]
    }}
  ]
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_json_for_the_partition() {
        for partition in [Partition::Aws, Partition::AwsCn] {
            let policy: serde_json::Value = serde_json::from_str(&minimal(partition)).unwrap();
            let resource = policy["Statement"][0]["Resource"][0].as_str().unwrap();
            assert!(
                resource.starts_with(&format!("arn:{}:iam", partition.id())),
                "{resource}"
            );
        }
    }
}
