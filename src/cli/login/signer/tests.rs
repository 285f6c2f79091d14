use std::path::Path;

use super::*;
use crate::config::{ConfigFile, plan};
use crate::environment::Environment;

const CONFIG: &str = "\
[profile user]
mfa_serial = arn:aws:iam::111122223333:mfa/jon
[profile one]
source_profile = user
mfa_serial = arn:aws:iam::111122223333:mfa/jon
role_arn = arn:aws:iam::222233334444:role/team/One
[profile two]
source_profile = one
role_arn = arn:aws:iam::333344445555:role/Two
[profile sso]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 444455556666
sso_role_name = ReadOnly
[profile after-sso]
source_profile = sso
role_arn = arn:aws:iam::222233334444:role/One
[profile signin]
login_session = arn:aws:iam::555566667777:user/jon
[profile machine]
credential_source = Ec2InstanceMetadata
[profile nobody]
region = eu-west-1
";

fn profile(name: &str) -> Profile {
    let config = ConfigFile::parse(Path::new("/config"), CONFIG).unwrap();
    resolve(
        &config,
        name,
        &Environment::default(),
        &Overrides::default(),
    )
    .unwrap()
}

fn wanted(seconds: u32) -> Setting<u32> {
    let flag = crate::config::profile::Origin::Flag("--console-duration");
    Setting::new(seconds, flag)
}

#[test]
fn accounts_and_roles_are_told_by_the_configuration() {
    for (name, account, role) in [
        ("user", Some("111122223333"), None),
        ("one", Some("222233334444"), Some("One")),
        ("two", Some("333344445555"), Some("Two")),
        ("sso", Some("444455556666"), Some("ReadOnly")),
        ("after-sso", Some("222233334444"), Some("One")),
        ("signin", Some("555566667777"), None),
        ("nobody", None, None),
    ] {
        let profile = profile(name);
        let place = place(&profile);
        assert_eq!((place.account, place.role), (account, role), "{name}");
    }
}

#[test]
fn aws_is_asked_for_a_duration_where_it_takes_one() {
    for (name, seconds, asks) in [
        ("one", 1800, false),
        ("one", 43_200, true),
        ("two", 43_200, false),
        ("sso", 43_200, true),
        ("after-sso", 43_200, false),
        ("machine", 43_200, false),
    ] {
        let profile = profile(name);
        let session = session_for(&Session::default(), &profile, Some(&wanted(seconds)));
        let request = Request {
            purpose: Purpose::Login,
            no_session: session.no_session,
            ..Request::default()
        };
        let chain = plan(&profile, &|name| name == "user", &request).unwrap();
        let why_not = why_no_duration(&chain);
        assert_eq!(why_not.is_none(), asks, "{name} {seconds} {why_not:?}");
        assert_eq!(
            limited(Some(wanted(seconds)), why_not),
            asks.then_some(seconds)
        );
    }
}

#[test]
fn an_mfa_session_is_shared_unless_a_long_console_needs_the_key_itself() {
    let ask = |name: &str, seconds| {
        session_for(&Session::default(), &profile(name), Some(&wanted(seconds))).no_session
    };
    assert!(!ask("one", 3600) && ask("one", 3601) && !ask("two", 43_200));
    assert!(!session_for(&Session::default(), &profile("one"), None).no_session);
}

#[test]
fn users_are_no_roles() {
    for (arn, signs_in) in [
        ("arn:aws:sts::1:assumed-role/Dev/jon", true),
        ("arn:aws:sts::1:federated-user/jon", true),
        ("arn:aws:iam::1:user/jon", false),
        ("arn:aws:iam::1:root", false),
    ] {
        assert_eq!(is_role_or_federated(arn), signs_in, "{arn}");
    }
}
