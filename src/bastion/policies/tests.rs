use super::super::model::{Account, Admin};
use super::*;

fn layout() -> Layout {
    Layout {
        partition: Partition::Aws,
        bastion: Account {
            name: "Bastion".into(),
            id: "111122223333".into(),
            profile: None,
            color: None,
            region: None,
        },
        accounts: Vec::new(),
        admin: Admin::default(),
        roles: Vec::new(),
        groups: Vec::new(),
        users: Vec::new(),
    }
}

fn people(mfa_max_age: Option<u32>, source_ip: &[&str]) -> Trust {
    Trust::Bastion {
        mfa_max_age,
        source_ip: source_ip.iter().map(ToString::to_string).collect(),
    }
}

/// The deck's slide "Trust policy", byte for byte, with its placeholder filled in.
const DECK_TRUST: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AllowBastionAccountUserWithMFA",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::111122223333:root"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "Bool": {
          "aws:MultiFactorAuthPresent": "true"
        }
      }
    }
  ]
}"#;

/// The deck's slide "Policy".
const DECK_ASSUME: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws:iam::222233334444:role/DeveloperRole"
    }
  ]
}"#;

#[test]
fn the_decks_documents_byte_for_byte() {
    assert_eq!(trust(&layout(), &people(None, &[])), DECK_TRUST);
    let arn = "arn:aws:iam::222233334444:role/DeveloperRole".to_owned();
    assert_eq!(assume(&[arn]), [DECK_ASSUME]);
}

#[test]
fn age_address_and_external_id() {
    let document = trust(
        &layout(),
        &people(Some(3600), &["192.0.2.0/24", "198.51.100.7/32"]),
    );
    let value: Value = serde_json::from_str(&document).unwrap();
    let expected: Value = serde_json::json!({
        "Bool": { "aws:MultiFactorAuthPresent": "true" },
        "IpAddress": { "aws:SourceIp": ["192.0.2.0/24", "198.51.100.7/32"] },
        "NumericLessThan": { "aws:MultiFactorAuthAge": "3600" },
    });
    assert_eq!(value["Statement"][0]["Condition"], expected);

    let third = Trust::ThirdParty {
        account: "999988887777".into(),
        external_id: "unique-4711".into(),
    };
    let value: Value = serde_json::from_str(&trust(&layout(), &third)).unwrap();
    let statement = &value["Statement"][0];
    assert_eq!(
        statement["Principal"]["AWS"],
        "arn:aws:iam::999988887777:root"
    );
    let expected = serde_json::json!({ "StringEquals": { "sts:ExternalId": "unique-4711" } });
    assert_eq!(statement["Condition"], expected);
}

#[test]
fn many_roles_are_split_at_the_quota_and_none_is_lost() {
    let arns: Vec<String> = (0..400)
        .map(|n| format!("arn:aws:iam::{n:012}:role/DeveloperRole"))
        .collect();
    let documents = assume(&arns);
    assert!(
        documents.len() > 2 && documents.len() < 10,
        "{}",
        documents.len()
    );
    let mut found = Vec::new();
    for document in &documents {
        assert!(quotas::policy_chars(document) <= quotas::MANAGED_POLICY_CHARS);
        let value: Value = serde_json::from_str(document).unwrap();
        found.extend(texts(&value["Statement"][0]["Resource"]));
    }
    assert_eq!(found, arns);
    assert_eq!(assume(&[]), Vec::<String>::new());
}

#[test]
fn self_management_stays_within_its_user_and_is_small() {
    for partition in Partition::ALL {
        let document = self_manage(partition);
        assert!(quotas::policy_chars(&document) <= quotas::MANAGED_POLICY_CHARS);
        assert!(document.contains(&format!(
            "arn:{}:iam::*:user/${{aws:username}}",
            partition.id()
        )));
        assert_eq!(identity_problem(&document), None);
    }
}

/// The document of the IAM User Guide's page, statement by statement, and what ours has besides (`+`) or does without (`-`).
/// docs/bastion-policies.md says why.
const SELF_MANAGE_OF_AWS: &[(&str, &str)] = &[
    (
        "AllowViewAccountInfo",
        "GetAccountPasswordPolicy -GetAccountSummary ListVirtualMFADevices",
    ),
    (
        "AllowManageOwnPasswords",
        "ChangePassword +GetLoginProfile GetUser",
    ),
    (
        "AllowManageOwnAccessKeys",
        "CreateAccessKey DeleteAccessKey GetAccessKeyLastUsed ListAccessKeys UpdateAccessKey",
    ),
    (
        "-AllowManageOwnSigningCertificates",
        "DeleteSigningCertificate ListSigningCertificates UpdateSigningCertificate UploadSigningCertificate",
    ),
    (
        "-AllowManageOwnSSHPublicKeys",
        "DeleteSSHPublicKey GetSSHPublicKey ListSSHPublicKeys UpdateSSHPublicKey UploadSSHPublicKey",
    ),
    (
        "-AllowManageOwnGitCredentials",
        "CreateServiceSpecificCredential DeleteServiceSpecificCredential ListServiceSpecificCredentials \
         ResetServiceSpecificCredential UpdateServiceSpecificCredential",
    ),
    (
        "AllowManageOwnVirtualMFADevice",
        "CreateVirtualMFADevice -DeleteVirtualMFADevice",
    ),
    (
        "AllowManageOwnUserMFA",
        "DeactivateMFADevice EnableMFADevice GetMFADevice ListMFADevices ResyncMFADevice",
    ),
    (
        "DenyAllExceptListedIfNoMFA",
        "CreateVirtualMFADevice EnableMFADevice GetMFADevice GetUser ListMFADevices ListVirtualMFADevices ResyncMFADevice \
         sts:GetSessionToken",
    ),
];

#[test]
fn self_management_is_awss_document_but_for_what_the_docs_say() {
    let ours: Value = serde_json::from_str(&self_manage(Partition::Aws)).unwrap();
    let mut ours = statements(&ours).into_iter();
    let docs = include_str!("../../../docs/bastion-policies.md");
    for (sid, actions) in SELF_MANAGE_OF_AWS {
        if let Some(left_out) = sid.strip_prefix('-') {
            assert!(docs.contains(left_out), "{left_out} is in no document");
            continue;
        }
        let statement = ours.next().unwrap();
        assert_eq!(statement["Sid"], *sid);
        let is_deny = *sid == "DenyAllExceptListedIfNoMFA";
        let key = if is_deny { "NotAction" } else { "Action" };
        let expected: Vec<String> = actions
            .split_whitespace()
            .filter(|action| !action.starts_with('-'))
            .map(|action| action.trim_start_matches('+'))
            .map(|action| {
                let service = if action.contains(':') { "" } else { "iam:" };
                format!("{service}{action}")
            })
            .collect();
        assert_eq!(texts(&statement[key]), expected, "{sid}");
        for special in actions
            .split_whitespace()
            .filter(|it| it.starts_with(['+', '-']))
        {
            assert!(docs.contains(&special[1..]), "{special} is in no document");
        }
        let resource = match *sid {
            "AllowViewAccountInfo" | "DenyAllExceptListedIfNoMFA" => "*",
            "AllowManageOwnVirtualMFADevice" => "arn:aws:iam::*:mfa/*",
            _ => "arn:aws:iam::*:user/${aws:username}",
        };
        assert_eq!(statement["Resource"], resource, "{sid}");
        let no_mfa =
            serde_json::json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } });
        let condition = if is_deny { no_mfa } else { Value::Null };
        assert_eq!(statement["Condition"], condition, "{sid}");
        assert_eq!(statement["Effect"], if is_deny { "Deny" } else { "Allow" });
    }
    assert!(ours.next().is_none());
}

/// The page that people read shows what is written.
#[test]
fn the_docs_show_the_documents() {
    let docs = include_str!("../../../docs/bastion-policies.md");
    let shown = |document: &str| docs.contains(&format!("```json\n{document}\n```"));
    assert!(shown(DECK_TRUST), "{DECK_TRUST}");
    assert!(shown(DECK_ASSUME), "{DECK_ASSUME}");
    let document = self_manage(Partition::Aws);
    assert!(shown(&document), "{document}");
}

#[test]
fn trust_that_is_wider_than_it_should_be_is_seen() {
    let document = |principal: &str, condition: &str| {
        format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{condition}}}]}}"#
        )
    };
    let mfa = r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
    let own = r#"{"AWS":"arn:aws:iam::111122223333:root"}"#;
    for (principal, condition, problem) in [
        (own, mfa, None),
        (r#"{"AWS":"111122223333"}"#, mfa, None),
        (
            own,
            r#","Condition":{"Bool":{"aws:multifactorauthpresent":[true]}}"#,
            None,
        ),
        (own, "", Some("does not require MFA")),
        (
            own,
            r#","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#,
            Some("does not require MFA"),
        ),
        (
            own,
            r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#,
            Some("does not require MFA"),
        ),
        (r#""*""#, mfa, Some("trusts everybody (Principal \"*\")")),
        (
            r#"{"AWS":"*"}"#,
            mfa,
            Some("trusts everybody (Principal \"*\")"),
        ),
        (
            r#"{"AWS":["arn:aws:iam::111122223333:root","arn:aws:iam::999988887777:user/x"]}"#,
            mfa,
            Some("trusts account 999988887777 without an external ID"),
        ),
        (
            r#"{"AWS":"999988887777"}"#,
            r#","Condition":{"StringEquals":{"sts:ExternalId":"x"}}"#,
            None,
        ),
        (r#"{"Service":"ec2.amazonaws.com"}"#, "", None),
        // An external ID that binds nobody.
        (
            r#"{"AWS":"999988887777"}"#,
            r#","Condition":{"StringLike":{"sts:ExternalId":"*"}}"#,
            Some("trusts account 999988887777 without an external ID"),
        ),
        (
            r#"{"AWS":"999988887777"}"#,
            r#","Condition":{"StringNotEquals":{"sts:ExternalId":"x"}}"#,
            Some("trusts account 999988887777 without an external ID"),
        ),
        (
            r#"{"AWS":"999988887777"}"#,
            r#","Condition":{"StringEqualsIfExists":{"sts:ExternalId":"x"}}"#,
            Some("trusts account 999988887777 without an external ID"),
        ),
        (
            r#"{"Federated":"arn:aws:iam::222233334444:oidc-provider/token.actions.githubusercontent.com"}"#,
            r#","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}"#,
            Some("trusts every identity of token.actions.githubusercontent.com"),
        ),
        (
            r#"{"Federated":"arn:aws:iam::222233334444:oidc-provider/token.actions.githubusercontent.com"}"#,
            r#","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/*:ref:refs/heads/main"}}"#,
            None,
        ),
        (
            r#"{"Federated":"arn:aws:iam::222233334444:oidc-provider/token.actions.githubusercontent.com"}"#,
            r#","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:*/*:*"}}"#,
            Some("trusts every identity of token.actions.githubusercontent.com"),
        ),
        (
            r#"{"Federated":"accounts.google.com"}"#,
            "",
            Some("trusts every identity of accounts.google.com"),
        ),
        (
            r#"{"Federated":"arn:aws:iam::222233334444:saml-provider/Okta"}"#,
            "",
            None,
        ),
    ] {
        let document = document(principal, condition);
        let problems = trust_problems(&document, Meant::People("111122223333"));
        assert_eq!(problems.first().map(String::as_str), problem, "{document}");
    }
}

#[test]
fn a_third_partys_role_needs_its_external_id() {
    let third = Trust::ThirdParty {
        account: "999988887777".into(),
        external_id: "unique-4711".into(),
    };
    let document = trust(&layout(), &third);
    let meant = Meant::ThirdParty("999988887777");
    assert_eq!(trust_problems(&document, meant), Vec::<String>::new());
    let open = document.replace("sts:ExternalId", "aws:PrincipalOrgID");
    assert_eq!(
        trust_problems(&open, meant),
        ["trusts account 999988887777 without an external ID"]
    );
}

#[test]
fn documents_are_compared_by_what_they_say() {
    let one = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["a"],"Resource":["x","y"]}}"#;
    let other = r#"{"Statement":[{"Sid":"","Resource":["y","x"],"Action":"a","Effect":"Allow"}],"Version":"2012-10-17"}"#;
    assert!(same(one, other));
    assert!(!same(one, &other.replace("\"y\"", "\"z\"")));
    assert!(!same(one, &other.replace("Allow", "Deny")));
    assert!(same(
        DECK_TRUST,
        &DECK_TRUST.replace("arn:aws:iam::111122223333:root", "111122223333")
    ));
}

#[test]
fn foreign_identity_policies() {
    for (document, problem) in [
        ("{", "is not JSON"),
        ("{}", "has no Statement"),
        (
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#,
            "has a Principal",
        ),
        (
            r#"{"Statement":[{"Action":"*","Resource":"*"}]}"#,
            "without Effect",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Resource":"*"}]}"#,
            "without Action",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"*"}]}"#,
            "without Resource",
        ),
    ] {
        let found = identity_problem(document).unwrap();
        assert!(found.contains(problem), "{document}: {found}");
    }
}
