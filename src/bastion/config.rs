//! What a user's own computer needs: profiles for `~/.aws/config`, and links that switch roles in the console. Pure.

use super::model::{Assumable, Layout, User};
use crate::config::arn::Partition;

/// Colours of the console's own palette, in turn for accounts that name none.
const COLORS: [&str; 6] = ["F2B0A9", "FBBF93", "FAD791", "B7CA9D", "99BCE3", "C5B3E6"];
/// Longest display name that the console takes.
const DISPLAY_CHARS: usize = 64;

/// One section of the config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub profile: String,
    pub properties: Vec<(&'static str, String)>,
}

/// A role for the console's "Switch role".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub account: String,
    pub role: String,
    pub url: String,
}

/// The user's own profile, then one for each role: named after its account, with the role's name where one account has several.
pub fn sections(
    layout: &Layout,
    user: &User,
    source: &str,
    mfa_serial: &str,
    region: Option<&str>,
) -> Vec<Section> {
    let region_of = |account: Option<&str>| {
        let own = account.and_then(|name| layout.account(name)?.region.clone());
        own.or_else(|| region.map(str::to_owned))
            .or_else(|| layout.bastion.region.clone())
    };
    let mut first = Section {
        profile: source.to_owned(),
        properties: Vec::new(),
    };
    let with_region = |section: &mut Section, region: Option<String>| {
        section.properties.extend(region.map(|it| ("region", it)));
    };
    with_region(&mut first, region_of(None));
    first.properties.push(("mfa_serial", mfa_serial.to_owned()));
    let mut sections = vec![first];
    let assumable: Vec<_> = layout
        .assumable_by(user)
        .into_iter()
        .filter_map(|one| layout.role_arn(one).map(|arn| (one, arn)))
        .collect();
    let names = profile_names(&assumable, source);
    for ((one, arn), profile) in assumable.iter().zip(names) {
        let mut section = Section {
            profile,
            properties: Vec::new(),
        };
        with_region(&mut section, region_of(Some(&one.account)));
        section.properties.extend([
            ("source_profile", source.to_owned()),
            ("mfa_serial", mfa_serial.to_owned()),
            ("role_arn", arn.clone()),
        ]);
        sections.push(section);
    }
    sections
}

/// The account's name alone where that is unique, else with the role's, else with the account's id as well: an account `Prod` and
/// another `prod` must not become one section twice, which the AWS CLI refuses to read.
fn profile_names(assumable: &[(&Assumable, String)], source: &str) -> Vec<String> {
    let account = |one: &Assumable, _: &str| words(&one.account);
    let role = |one: &Assumable, _: &str| format!("{}-{}", words(&one.account), words(&one.role));
    let id = |one: &Assumable, arn: &str| {
        let id = arn.split(':').nth(4).unwrap_or_default();
        format!("{}-{}-{id}", words(&one.account), words(&one.role))
    };
    let mut names: Vec<String> = vec![String::new(); assumable.len()];
    for name_of in [&account as &dyn Fn(&Assumable, &str) -> String, &role, &id] {
        let candidates: Vec<String> = assumable
            .iter()
            .map(|(one, arn)| name_of(one, arn))
            .collect();
        for (at, candidate) in candidates.iter().enumerate() {
            let once = candidates.iter().filter(|it| *it == candidate).count() == 1;
            if names[at].is_empty() && once && candidate != source && !names.contains(candidate) {
                names[at].clone_from(candidate);
            }
        }
    }
    names
}

fn words(text: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '-'
        }
    };
    text.to_lowercase().chars().map(plain).collect()
}

/// A link for each role, in the order of [`sections`].
///
/// Source: IAM User Guide, "Switch from a user to an IAM role (console)", the link that an administrator gives.
pub fn links(layout: &Layout, user: &User) -> Vec<Link> {
    let names: Vec<&str> = layout.all_accounts().map(|it| it.name.as_str()).collect();
    layout
        .assumable_by(user)
        .into_iter()
        .filter_map(|one| {
            let account = layout.account(&one.account)?;
            let role = layout.role(&one.role)?;
            let index = names.iter().position(|name| *name == account.name)?;
            let color = account
                .color
                .as_deref()
                .unwrap_or(COLORS[index % COLORS.len()]);
            let display: String = format!("{} {}", role.name, account.name)
                .chars()
                .take(DISPLAY_CHARS)
                .collect();
            let name = format!("{}{}", role.path.trim_start_matches('/'), role.name);
            let query: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("account", &account.id)
                .append_pair("roleName", &name)
                .append_pair("displayName", &display)
                .append_pair("color", color)
                .finish();
            Some(Link {
                account: account.name.clone(),
                role: role.name.clone(),
                url: format!(
                    "https://{}/switchrole?{query}",
                    console_host(layout.partition)
                ),
            })
        })
        .collect()
}

/// Where IAM users of the bastion account sign in.
pub fn sign_in_url(layout: &Layout) -> String {
    let host = console_host(layout.partition);
    format!("https://{}.{host}/console", layout.bastion.id)
}

fn console_host(partition: Partition) -> &'static str {
    match partition {
        Partition::Aws => "signin.aws.amazon.com",
        other => other.signin_host(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::bastion::file;

    fn layout() -> Layout {
        let text = r#"
[bastion]
account = "111122223333"
region = "eu-west-1"
[accounts.Master]
id = "222233334444"
[accounts."Web Shop"]
id = "333344445555"
color = "123456"
region = "us-east-1"
[roles.DeveloperRole]
accounts = ["Master", "Web Shop"]
path = "/people/"
[roles.Ops]
accounts = ["Web Shop", "Bastion"]
[groups.All]
assume = ["DeveloperRole", "Ops"]
[users.elmerfudd]
groups = ["All"]
"#;
        file::parse(Path::new("x"), text, &|_| Ok(String::new())).unwrap()
    }

    #[test]
    fn accounts_that_differ_in_capitals_alone_get_profiles_of_their_own() {
        let one = |account: &str, id: &str| {
            let role = "DeveloperRole".to_owned();
            let account = account.to_owned();
            let arn = format!("arn:aws:iam::{id}:role/{role}");
            (Assumable { account, role }, arn)
        };
        let accounts = [
            one("Master", "222233334444"),
            one("master", "333344445555"),
            one("Product", "444455556666"),
        ];
        let assumable: Vec<_> = accounts
            .iter()
            .map(|(one, arn)| (one, arn.clone()))
            .collect();
        assert_eq!(
            profile_names(&assumable, "bastion"),
            [
                "master-developerrole-222233334444",
                "master-developerrole-333344445555",
                "product"
            ]
        );
    }

    #[test]
    fn profiles_are_the_decks() {
        let layout = layout();
        let user = layout.user("elmerfudd").unwrap();
        let serial = "arn:aws:iam::111122223333:mfa/elmerfudd";
        let sections = sections(&layout, user, "bastion", serial, None);
        let names: Vec<&str> = sections.iter().map(|it| it.profile.as_str()).collect();
        let expected = [
            "bastion",
            "bastion-ops",
            "master",
            "web-shop-developerrole",
            "web-shop-ops",
        ];
        assert_eq!(names, expected);
        assert_eq!(
            sections[0].properties,
            [
                ("region", "eu-west-1".into()),
                ("mfa_serial", serial.into())
            ]
        );
        assert_eq!(
            sections[2].properties,
            [
                ("region", "eu-west-1".into()),
                ("source_profile", "bastion".into()),
                ("mfa_serial", serial.into()),
                (
                    "role_arn",
                    "arn:aws:iam::222233334444:role/people/DeveloperRole".into()
                ),
            ]
        );
        assert_eq!(sections[3].properties[0], ("region", "us-east-1".into()));
    }

    #[test]
    fn links_switch_roles() {
        let layout = layout();
        let links = links(&layout, layout.user("elmerfudd").unwrap());
        let urls: Vec<&str> = links.iter().map(|it| it.url.as_str()).collect();
        assert!(urls.contains(
            &"https://signin.aws.amazon.com/switchrole?account=333344445555&roleName=Ops&displayName=Ops+Web+Shop&color=123456"
        ), "{urls:#?}");
        assert!(
            urls[1].contains("roleName=people%2FDeveloperRole"),
            "{urls:#?}"
        );
        assert_eq!(
            sign_in_url(&layout),
            "https://111122223333.signin.aws.amazon.com/console"
        );
    }
}
