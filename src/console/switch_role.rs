//! The console's *Switch role* page, filled in: a link without any secret, good for whoever is signed in and may assume the role.
//!
//! Source: IAM User Guide, "Switch from a user to an IAM role (console)". Of its parameters AWS documents account and role; the
//! page reads display name and colour too.

use form_urlencoded::Serializer;

use crate::browser::colour::Colour;
use crate::config::arn::{Arn, Partition};

/// What the page is filled in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchRole {
    partition: Partition,
    pub account: String,
    /// With its path, e.g. `team/Deploy`.
    pub role: String,
    /// What the navigation bar calls the role. AWS takes 64 characters.
    pub display_name: String,
    pub colour: Option<Colour>,
}

/// The page's limit. Source: the same page.
const DISPLAY_NAME_CHARS: usize = 64;

impl SwitchRole {
    /// `None` for what is no role of a partition with a console that we know.
    pub fn to(role_arn: &str, display_name: &str, colour: Option<Colour>) -> Option<Self> {
        let arn = Arn::parse(role_arn)?;
        let role = arn.resource.strip_prefix("role/")?;
        if arn.service != "iam" || role.is_empty() || arn.account.len() != 12 {
            return None;
        }
        Some(Self {
            partition: arn.partition()?,
            account: arn.account.to_owned(),
            role: role.to_owned(),
            display_name: display_name.chars().take(DISPLAY_NAME_CHARS).collect(),
            colour,
        })
    }

    pub fn link(&self) -> String {
        let mut query = Serializer::new(String::new());
        query
            .append_pair("account", &self.account)
            .append_pair("roleName", &self.role)
            .append_pair("displayName", &self.display_name);
        if let Some(colour) = self.colour {
            query.append_pair("color", colour.switch_role_hex());
        }
        format!(
            "https://{}/switchrole?{}",
            self.partition.switch_role_host(),
            query.finish()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_by_partition() {
        for (arn, link) in [
            (
                "arn:aws:iam::222233334444:role/DeveloperRole",
                "https://signin.aws.amazon.com/switchrole?account=222233334444&roleName=DeveloperRole&displayName=a+%26+b&color=f2b0a9",
            ),
            (
                "arn:aws-cn:iam::222233334444:role/team/Dev",
                "https://signin.amazonaws.cn/switchrole?account=222233334444&roleName=team%2FDev&displayName=a+%26+b&color=f2b0a9",
            ),
            (
                "arn:aws-us-gov:iam::222233334444:role/Dev",
                "https://signin.amazonaws-us-gov.com/switchrole?account=222233334444&roleName=Dev&displayName=a+%26+b&color=f2b0a9",
            ),
            (
                "arn:aws-eusc:iam::222233334444:role/Dev",
                "https://signin.amazonaws-eusc.eu/switchrole?account=222233334444&roleName=Dev&displayName=a+%26+b&color=f2b0a9",
            ),
        ] {
            let switch = SwitchRole::to(arn, "a & b", Some(Colour::Red)).unwrap();
            assert_eq!(switch.link(), link);
        }
        let plain = SwitchRole::to("arn:aws:iam::222233334444:role/Dev", &"n".repeat(99), None);
        let link = plain.unwrap().link();
        assert!(
            link.ends_with(&format!("displayName={}", "n".repeat(64))),
            "{link}"
        );
    }

    #[test]
    fn what_is_no_role() {
        for arn in [
            "",
            "arn:aws:iam::222233334444:user/jon",
            "arn:aws:iam::222233334444:role/",
            "arn:aws:iam::2222:role/Dev",
            "arn:aws-iso:iam::222233334444:role/Dev",
            "arn:aws:sts::222233334444:assumed-role/Dev/x",
        ] {
            assert_eq!(SwitchRole::to(arn, "x", None), None, "{arn}");
        }
    }
}
