use std::path::Path;

use proptest::prelude::*;

use super::*;

const SESSION: &str =
    "[sso-session corp]\nsso_start_url=https://x.awsapps.com/start\nsso_region=eu-west-1\n";

fn file(text: &str) -> ConfigFile {
    ConfigFile::parse(Path::new("config"), text).unwrap()
}

fn grants(of: &[(&str, &str, &str)]) -> BTreeSet<Grant> {
    of.iter()
        .map(|(account_id, account_name, role)| Grant {
            account_id: (*account_id).to_owned(),
            account_name: (*account_name).to_owned(),
            role: (*role).to_owned(),
        })
        .collect()
}

fn wish(template: &str) -> Wish<'_> {
    Wish {
        session: "corp",
        template,
        region: None,
        prune: false,
    }
}

const DEFAULT: &str = "{account_name}-{role}";

#[test]
fn a_profile_for_each_role_behind_what_is_there() {
    let text = format!("# mine\n{SESSION}");
    let result = populate(
        &file(&text),
        &grants(&[
            ("111122223333", "Prod EU", "Admin"),
            ("222233334444", "dev", "ReadOnly"),
        ]),
        &Wish {
            region: Some("eu-west-1"),
            ..wish(DEFAULT)
        },
    )
    .unwrap();
    assert_eq!(
        result.text,
        format!(
            "{text}\n[profile Prod-EU-Admin]\nsso_session=corp\nsso_account_id=111122223333\nsso_role_name=Admin\n\
             region=eu-west-1\naws_vault_populated_from=corp\n\n\
             [profile dev-ReadOnly]\nsso_session=corp\nsso_account_id=222233334444\nsso_role_name=ReadOnly\n\
             region=eu-west-1\naws_vault_populated_from=corp\n"
        )
    );
    assert_eq!(result.added, ["Prod-EU-Admin", "dev-ReadOnly"]);
    let again = populate(
        &file(&result.text),
        &grants(&[("111122223333", "renamed", "Admin")]),
        &wish(DEFAULT),
    )
    .unwrap();
    assert_eq!(
        again.text, result.text,
        "a profile that is in use keeps its name"
    );
    assert_eq!(
        (again.kept, again.stale),
        (1, vec!["dev-ReadOnly".to_owned()])
    );
}

#[test]
fn what_people_wrote_stays() {
    let text = format!(
        "{SESSION}\n[profile my-prod]   ; favourite\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Admin\n\
         output = json\n\n[profile dev-Admin]\nregion = x\n"
    );
    let result = populate(
        &file(&text),
        &grants(&[
            ("111122223333", "prod", "Admin"),
            ("222233334444", "dev", "Admin"),
        ]),
        &Wish {
            prune: true,
            ..wish(DEFAULT)
        },
    )
    .unwrap();
    assert!(result.text.starts_with(&text));
    assert_eq!(result.kept, 1);
    assert_eq!(
        result.added,
        ["dev-Admin-222233334444"],
        "the name was somebody's"
    );
}

#[test]
fn prune_removes_only_its_own_untouched_sections() {
    let first = populate(
        &file(SESSION),
        &grants(&[
            ("1", "a", "Admin"),
            ("2", "b", "Admin"),
            ("3", "c", "Admin"),
        ]),
        &wish(DEFAULT),
    )
    .unwrap();
    let edited = first.text.replace(
        "sso_account_id=2\n",
        "sso_account_id=2\ns3 =\n  max_queue_size=9\n",
    );
    let behind = format!("{edited}\n# about d\n[profile d]\nregion=x\n");
    let left = grants(&[("3", "c", "Admin")]);
    let pruned = populate(
        &file(&behind),
        &left,
        &Wish {
            prune: true,
            ..wish(DEFAULT)
        },
    )
    .unwrap();
    assert_eq!(pruned.removed, ["a-Admin"]);
    assert_eq!(pruned.stale, ["b-Admin"], "somebody added to it");
    assert!(!pruned.text.contains("sso_account_id=1\n"));
    assert!(pruned.text.contains("max_queue_size=9"));
    assert!(
        pruned
            .text
            .ends_with("\n# about d\n[profile d]\nregion=x\n")
    );
    let kept = populate(&file(&behind), &left, &wish(DEFAULT)).unwrap();
    assert_eq!((kept.text, kept.stale.len()), (behind, 2));
}

#[test]
fn profiles_of_the_older_kind_count() {
    let text = format!(
        "{SESSION}\n[profile old]\nsso_start_url=https://x.awsapps.com/start#/\nsso_region=eu-west-1\nsso_account_id=1\n\
         sso_role_name=R\n"
    );
    let result = populate(&file(&text), &grants(&[("1", "a", "R")]), &wish(DEFAULT)).unwrap();
    assert_eq!((result.kept, result.text), (1, text));
}

#[test]
fn names() {
    for (template, account, role, name) in [
        (DEFAULT, "Prod (EU)  #1", "Admin", "Prod-EU-1-Admin"),
        ("{role}@{account_id}", "x", "Admin", "Admin@111122223333"),
        ("{session}/{account_name}/{role}", "x", "R", "corp/x/R"),
        (
            DEFAULT,
            "x]\nregion=evil\n[profile y",
            "R",
            "x-region=evil-profile-y-R",
        ),
        (DEFAULT, "{role}", "R", "role-R"),
        (DEFAULT, "", "R", "111122223333-R"),
        ("{account_name}", "default", "R", "account-default"),
        ("{account_name}", "\u{202e}!!", "R", "account"),
        ("{account_name}", "Zürich", "R", "Zürich"),
    ] {
        let result = populate(
            &file(SESSION),
            &grants(&[("111122223333", account, role)]),
            &wish(template),
        )
        .unwrap();
        assert_eq!(result.added, [name]);
        assert!(file(&result.text).profile(name).is_some());
    }
}

#[test]
fn accounts_of_one_name_are_told_apart() {
    let two = grants(&[("1", "same", "R"), ("2", "same", "R"), ("2", "same", "S")]);
    let result = populate(&file(SESSION), &two, &wish("{account_name}")).unwrap();
    assert_eq!(result.added, ["same", "same-2", "same-2-S"]);
}

#[test]
fn templates_that_make_no_sense() {
    for (template, error) in [
        ("x", TemplateError::Constant),
        ("{session}", TemplateError::Constant),
        ("{account}", TemplateError::Unknown("account".into())),
        ("{role", TemplateError::Unbalanced),
        ("role}{role}", TemplateError::Unbalanced),
        ("{role}}", TemplateError::Unbalanced),
    ] {
        assert_eq!(
            populate(&file(SESSION), &BTreeSet::new(), &wish(template)),
            Err(error),
            "{template}"
        );
    }
}

#[test]
fn line_endings_are_those_of_the_file() {
    let text = SESSION.replace('\n', "\r\n");
    let result = populate(
        &file(&text),
        &grants(&[("1", "a", "R"), ("2", "b", "R")]),
        &wish(DEFAULT),
    )
    .unwrap();
    assert!(!result.text.replace("\r\n", "").contains('\n'));
}

proptest! {
    /// Whatever accounts and roles are called: every grant has one profile that leads to it, and nothing else changed.
    #[test]
    fn every_grant_is_reached(of in proptest::collection::btree_set(("[0-9]{12}", ".{0,12}", "[A-Za-z+=,.@_-]{1,12}"), 0..12)) {
        let grants: BTreeSet<Grant> = of
            .into_iter()
            .map(|(account_id, account_name, role)| Grant { account_id, account_name, role })
            .collect();
        let result = populate(&file(SESSION), &grants, &wish(DEFAULT)).unwrap();
        prop_assert!(result.text.starts_with(SESSION));
        let again = populate(&file(&result.text), &grants, &wish(DEFAULT)).unwrap();
        prop_assert_eq!(again.kept, grants.len());
        prop_assert_eq!(&again.text, &result.text);
        prop_assert_eq!(file(&result.text).profiles().count(), result.added.len());
    }
}
