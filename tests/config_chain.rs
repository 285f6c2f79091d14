//! Which chain follows from which config file: the table is config_cases/chains.txt.

mod config_cases;

use std::path::Path;

use aws_vault::config::chain::{Base, Link, Mfa, Purpose, Request, Step, Ttl};
use aws_vault::config::duration;
use aws_vault::config::profile::{Origin, Setting};
use aws_vault::config::recursion::{self, Running};
use aws_vault::config::{ConfigFile, Error, Overrides, plan, resolve};
use aws_vault::environment::Environment;
use config_cases::{Case, cases, variables};

/// `[VARIABLE=value …] exec|login|rotate [-n] [-d DURATION] PROFILE`
fn steps(config: &str, keys: &[&str], command: &str) -> Result<String, Error> {
    let (variables, words) = variables(command);
    let environment: Environment = variables.into_iter().collect();
    let mut words = words.split_whitespace();
    let mut request = Request {
        purpose: match words.next() {
            Some("exec") => Purpose::Exec,
            Some("login") => Purpose::Login,
            Some("rotate") => Purpose::Rotate,
            other => panic!("no such command: {other:?}"),
        },
        ttl: Ttl::from_environment(&environment),
        ..Request::default()
    };
    let mut profile = "";
    while let Some(word) = words.next() {
        match word {
            "-n" => request.no_session = true,
            "-d" => {
                let text = words.next().expect("a duration follows -d");
                let seconds = duration::whole_seconds(duration::parse(text).expect("a duration"));
                request.duration = Some(Setting::new(seconds, Origin::Flag("--duration")));
            }
            name => profile = name,
        }
    }
    let config = ConfigFile::parse(Path::new("/config"), config)?;
    let profile = resolve(&config, profile, &environment, &Overrides::default())?;
    let chain = plan(&profile, &|name| keys.contains(&name), &request)?;
    let steps: Vec<String> = chain.steps().map(step).collect();
    Ok(steps.join(" > "))
}

/// `session jon 8h mfa jon`, `role dev 1h (12h)`: the profile, how long, what was asked before AWS cut it, and the device.
fn step(step: Step<'_>) -> String {
    let profile = step.profile();
    let (kind, lifetime) = match step {
        Step::Base(Base::Stored { .. }) => ("key", None),
        Step::Base(Base::Sso { .. }) => ("sso", None),
        Step::Base(Base::WebIdentity { role, .. }) => ("web", Some(&role.duration)),
        Step::Base(Base::Saml { role, .. }) => ("saml", Some(&role.duration)),
        Step::Base(Base::StaticKey { .. }) => ("static", None),
        Step::Base(Base::CredentialProcess { .. }) => ("process", None),
        Step::Base(Base::CredentialSource { .. }) => ("source", None),
        Step::Base(Base::LoginSession { .. }) => ("login", None),
        Step::Link(Link::GetSessionToken(link)) => ("session", Some(&link.duration)),
        Step::Link(Link::AssumeRole(link)) => ("role", Some(&link.duration)),
    };
    let lives = lifetime.map_or_else(String::new, |lifetime| {
        let cut = lifetime.cap.as_ref().map_or_else(String::new, |cap| {
            format!(" ({})", duration::compact(u64::from(cap.asked_seconds)))
        });
        format!(" {}{cut}", duration::compact(u64::from(lifetime.seconds)))
    });
    let mfa = step.mfa().map_or_else(String::new, |Mfa { serial, .. }| {
        let device = serial.value.rsplit('/').next().unwrap_or_default();
        format!(" mfa {device}")
    });
    format!("{kind} {profile}{lives}{mfa}")
}

#[test]
fn chains() {
    for Case {
        about,
        keys,
        config,
        runs,
    } in cases(include_str!("config_cases/chains.txt"))
    {
        for (command, expected) in runs {
            let found =
                steps(&config, &keys, command).unwrap_or_else(|error| format!("error: {error}"));
            assert_eq!(found, expected, "{about}: {command}\n{config}");
        }
    }
}

#[test]
fn what_a_chain_yields() {
    let config = "
[profile jon]
[profile dev]
source_profile = jon
role_arn = arn:aws:iam::222233334444:role/Dev
[profile tool]
credential_process = tool
[profile instance]
credential_source = Ec2InstanceMetadata
";
    for (profile, no_session, role, key) in [
        ("jon", false, false, false),
        ("jon", true, false, true),
        ("dev", false, true, false),
        ("tool", false, false, false),
        ("instance", false, true, false),
    ] {
        let config = ConfigFile::parse(Path::new("/config"), config).unwrap();
        let profile = resolve(
            &config,
            profile,
            &Environment::default(),
            &Overrides::default(),
        )
        .unwrap();
        let request = Request {
            no_session,
            ..Request::default()
        };
        let chain = plan(&profile, &|name| name == "jon", &request).unwrap();
        assert_eq!(chain.yields_role_session(), role, "{chain:?}");
        assert_eq!(chain.yields_access_key(), key, "{chain:?}");
    }
}

#[test]
fn regions_come_from_the_profile_or_the_partition_of_its_arns() {
    let config = "
[profile cn]
mfa_serial = arn:aws-cn:iam::111122223333:mfa/jon
[profile cn-role]
source_profile = cn
role_arn = arn:aws-cn:iam::222233334444:role/Dev
region = cn-northwest-1
mfa_serial = arn:aws-cn:iam::111122223333:mfa/jon
[profile gov]
mfa_serial = GAHT12345678
[profile gov-role]
source_profile = gov
role_arn = arn:aws-us-gov:iam::222233334444:role/Dev
mfa_serial = GAHT12345678
[profile eu]
mfa_serial = arn:aws-eusc:iam::111122223333:mfa/jon
[profile plain]
mfa_serial = arn:aws:iam::111122223333:mfa/jon
[profile nothing]
";
    for (profile, regions, told) in [
        ("cn", "cn-north-1", None),
        (
            "cn-role",
            "cn-north-1 cn-northwest-1",
            Some("cn-northwest-1"),
        ),
        ("gov", "none", None),
        ("gov-role", "us-gov-west-1 us-gov-west-1", None),
        ("eu", "eusc-de-east-1", None),
        ("plain", "us-east-1", None),
        ("nothing", "none", None),
    ] {
        let config = ConfigFile::parse(Path::new("/config"), config).unwrap();
        let resolved = resolve(
            &config,
            profile,
            &Environment::default(),
            &Overrides::default(),
        )
        .unwrap();
        let has_keys = |name: &str| ["cn", "gov", "eu", "plain", "nothing"].contains(&name);
        let chain = plan(&resolved, &has_keys, &Request::default()).unwrap();
        let found: Vec<&str> = chain
            .links
            .iter()
            .map(|link| match link {
                Link::GetSessionToken(link) => &link.service,
                Link::AssumeRole(link) => &link.service,
            })
            .map(|service| {
                service
                    .region
                    .as_ref()
                    .map_or("none", |region| &region.value)
            })
            .collect();
        assert_eq!(found.join(" "), regions, "{profile}");
        // A derived region is for our own calls; the child is told what is configured.
        assert_eq!(
            chain.region.map(|region| region.value).as_deref(),
            told,
            "{profile}"
        );
    }
}

#[test]
fn everything_a_role_is_assumed_with() {
    let config = "
[profile jon]
mfa_process = ask for jon
[profile dev]
source_profile = jon
role_arn = arn:aws:iam::222233334444:role/Dev
mfa_serial = arn:aws:iam::111122223333:mfa/jon
role_session_name = name
external_id = id
session_tags = a=1, b=2
transitive_session_tags = a, b
source_identity = me
endpoint_url = https://sts.example.com
";
    let config = ConfigFile::parse(Path::new("/config"), config).unwrap();
    let profile = resolve(
        &config,
        "dev",
        &Environment::default(),
        &Overrides::default(),
    )
    .unwrap();
    let chain = plan(&profile, &|name| name == "jon", &Request::default()).unwrap();
    let [Link::AssumeRole(role)] = chain.links.as_slice() else {
        panic!("{chain:?}")
    };
    let text = |setting: &Option<Setting<String>>| {
        setting
            .as_ref()
            .map(|setting| setting.value.clone())
            .unwrap_or_default()
    };
    assert_eq!(text(&role.session_name), "name");
    assert_eq!(text(&role.external_id), "id");
    assert_eq!(text(&role.source_identity), "me");
    assert_eq!(text(&role.service.endpoints.all), "https://sts.example.com");
    assert_eq!(text(&chain.endpoint_url), "https://sts.example.com");
    assert_eq!(
        role.tags,
        [
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), "2".to_owned())
        ]
    );
    assert_eq!(role.transitive_tags, ["a", "b"]);
    // The device is the user's, and so is the program that knows its codes.
    let mfa = role.mfa.as_ref().unwrap();
    assert_eq!(text(&mfa.process), "ask for jon");
}

#[test]
fn what_is_odd_is_noted() {
    let noted = |config: &str, command: &[(&str, &str)], profile: &str| {
        let environment: Environment = command.iter().copied().collect();
        let config = ConfigFile::parse(Path::new("/config"), config).unwrap();
        let profile = resolve(&config, profile, &environment, &Overrides::default()).unwrap();
        let request = Request {
            ttl: Ttl::from_environment(&environment),
            ..Request::default()
        };
        let chain = plan(&profile, &|name| name.starts_with("jon"), &request).unwrap();
        chain.notes.join("\n")
    };
    for (config, variables, profile, note) in [
        (
            "[profile jon]",
            &[("AWS_ASSUME_ROLE_TTL", "1d")][..],
            "jon",
            "$AWS_ASSUME_ROLE_TTL is ignored: time: unknown unit \"d\" in duration \"1d\"",
        ),
        (
            "[profile jon]\naws_access_key_id = AKIA\n",
            &[],
            "jon",
            "line 2 [profile jon] holds an access key in clear text, which is not used",
        ),
        (
            "[profile jon]\nsource_profile = x\n[profile x]",
            &[],
            "jon",
            "source_profile of 'jon' is not used, because an access key is stored for it",
        ),
        (
            "[default]\ninclude_profile = gone\n[profile jo]\nsource_profile = jon\n[profile jon]",
            &[],
            "jo",
            "profile 'default' includes 'gone', which does not exist (line 2)\n\
             no GetSessionToken for 'jon': the profile that starts from it has no mfa_serial",
        ),
        (
            "[profile jon]\ninclude_profile = gone\n",
            &[],
            "jon",
            "profile 'jon' includes 'gone', which does not exist (line 2)",
        ),
        (
            "[profile jon]\n[profile jon.dev]\n",
            &[],
            "jon.dev",
            "profile 'jon.dev' takes nothing from 'jon', unlike in aws-vault 7: write include_profile if it should",
        ),
        (
            "[profile t]\ncredential_process = t\n[profile r]\nsource_profile = t\nrole_arn = r\nduration_seconds = 2h\n",
            &[],
            "r",
            "profile 'r': AWS limits the role to 1 hour if the credentials it is assumed with are a role's",
        ),
    ] {
        assert_eq!(noted(config, variables, profile), note);
    }
}

#[test]
fn a_role_from_the_command_line_follows_every_base() {
    let config = "[profile tool]\ncredential_process = tool\n";
    let config = ConfigFile::parse(Path::new("/config"), config).unwrap();
    let overrides = Overrides {
        role_arn: Some("arn:aws:iam::222233334444:role/Dev".to_owned()),
        ..Overrides::default()
    };
    let profile = resolve(&config, "tool", &Environment::default(), &overrides).unwrap();
    let chain = plan(&profile, &|_| false, &Request::default()).unwrap();
    assert!(chain.yields_role_session(), "{chain:?}");
}

#[test]
fn federation_takes_its_own_variable() {
    let request = |ttl: &str, duration: Option<u32>| Request {
        purpose: Purpose::Login,
        duration: duration.map(|seconds| Setting::new(seconds, Origin::Flag("--duration"))),
        ttl: Ttl::from_environment(&[("AWS_FEDERATION_TOKEN_TTL", ttl)].into_iter().collect()),
        ..Request::default()
    };
    let seconds = |request: Request| {
        request
            .federation_lifetime()
            .map(|lifetime| lifetime.seconds)
            .ok()
    };
    assert_eq!(seconds(request("", None)), Some(3_600));
    assert_eq!(seconds(request("2h", None)), Some(7_200));
    assert_eq!(seconds(request("2h", Some(10_800))), Some(10_800));
    assert_eq!(seconds(request("5m", None)), None);
}

#[test]
fn a_thousand_profiles_deep() {
    let config: Vec<String> = (1..=1_000)
        .map(|index| {
            let source = index - 1;
            format!("[profile p{index}]\nsource_profile = p{source}\nrole_arn = arn:aws:iam::1:role/r{index}\n")
        })
        .collect();
    let config = config.concat();
    let found = steps(&config, &["p0"], "exec p1000").unwrap();
    assert_eq!(found.split(" > ").count(), 1_001);
    assert!(found.ends_with("role p999 1h > role p1000 1h"), "{found}");
}

/// The way `a → b → a` as its third process sees it.
#[test]
fn a_command_that_runs_already_is_not_waited_for() {
    let text = "[profile a]\ncredential_process = aws-vault export --format=json b\n\
                [profile b]\ncredential_process = aws-vault export --format=json a\n";
    let config = ConfigFile::parse(Path::new("/config"), text).unwrap();
    let chain_of = |name| {
        let profile = resolve(
            &config,
            name,
            &Environment::default(),
            &Overrides::default(),
        )
        .unwrap();
        plan(&profile, &|_| false, &Request::default()).unwrap()
    };
    let running = |list: &str| {
        let environment: Environment = [(recursion::VARIABLE, list)].into_iter().collect();
        Running::of(&environment)
    };
    let second = running(r#"[["a",2]]"#);
    second.refuse_loop(&chain_of("b"), &config).unwrap();
    let third = running(r#"[["a",2],["b",4]]"#);
    assert_eq!(
        third
            .refuse_loop(&chain_of("a"), &config)
            .unwrap_err()
            .to_string(),
        "/config: credential_process runs in a loop: a (line 2) → b (line 4) → a"
    );
}
