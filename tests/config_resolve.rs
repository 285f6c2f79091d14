//! What a profile is resolved to: the table is config_cases/profiles.txt.

mod config_cases;

use std::path::Path;

use aws_vault::config::profile::{Origin, Profile, Setting};
use aws_vault::config::{ConfigFile, Error, Overrides, resolve};
use aws_vault::environment::Environment;
use config_cases::{Case, cases, variables};
use proptest::prelude::*;

fn profile(config: &str, name: &str, variables: &[(&str, &str)]) -> Result<Profile, Error> {
    let config = ConfigFile::parse(Path::new("/config"), config)?;
    let environment: Environment = variables.iter().copied().collect();
    resolve(&config, name, &environment, &Overrides::default())
}

/// `key=value@line`, or `@` and the variable, for each key that has a value; the source profile's settings in brackets.
fn shape(profile: &Profile) -> String {
    let mut settings = Vec::new();
    let mut text = |key: &str, setting: &Option<Setting<String>>| {
        settings.extend(
            setting
                .as_ref()
                .map(|Setting { value, origin }| format!("{key}={value}@{}", place(origin))),
        );
    };
    text("region", &profile.region);
    text("mfa", &profile.mfa_serial);
    text("mfa_process", &profile.mfa_process);
    text("role", &profile.role_arn);
    text("session_name", &profile.role_session_name);
    text("external_id", &profile.external_id);
    text("identity", &profile.source_identity);
    text("process", &profile.credential_process);
    text("source", &profile.credential_source);
    text("token_file", &profile.web_identity_token_file);
    text("token_process", &profile.web_identity_token_process);
    text("login", &profile.login_session);
    if let Some(sso) = &profile.sso {
        text("sso", &sso.session);
        text("url", &sso.start_url);
        text("sso_region", &sso.region);
        text("scopes", &sso.registration_scopes);
        text("account", &sso.account_id);
        text("role_name", &sso.role_name);
    }
    let endpoints = &profile.endpoints;
    text("endpoint", &endpoints.all);
    text("sts", &endpoints.sts);
    text("iam", &endpoints.iam);
    text("signin", &endpoints.signin);
    text("regional", &endpoints.sts_regional_endpoints);
    text("ca", &endpoints.ca_bundle);
    let shown = |setting: &Option<Setting<bool>>| {
        setting
            .as_ref()
            .map(|Setting { value, origin }| format!("{value}@{}", place(origin)))
    };
    settings.extend(shown(&endpoints.use_fips).map(|value| format!("fips={value}")));
    settings.extend(shown(&endpoints.use_dualstack).map(|value| format!("dualstack={value}")));
    if let Some(Setting { value, origin }) = &profile.duration_seconds {
        settings.push(format!("duration={value}@{}", place(origin)));
    }
    if let Some(Setting { value, origin }) = &profile.session_tags {
        let tags: Vec<String> = value
            .iter()
            .map(|(key, value)| format!("{key}:{value}"))
            .collect();
        settings.push(format!("tags={}@{}", tags.join("+"), place(origin)));
    }
    if let Some(Setting { value, origin }) = &profile.transitive_session_tags {
        settings.push(format!("transitive={}@{}", value.join("+"), place(origin)));
    }
    if let Some(Setting {
        value: source,
        origin,
    }) = &profile.source_profile
    {
        settings.push(format!(
            "from@{} {}({})",
            place(origin),
            source.name,
            shape(source)
        ));
    }
    settings.join(" ")
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::File { line, .. } => line.to_string(),
        Origin::Environment(name) | Origin::Flag(name) | Origin::Default(name) => {
            (*name).to_owned()
        }
    }
}

#[test]
fn settings_and_where_they_come_from() {
    for Case {
        about,
        keys,
        config,
        runs,
    } in cases(include_str!("config_cases/profiles.txt"))
    {
        assert!(
            keys.is_empty(),
            "{about}: no key decides what a profile says"
        );
        for (command, expected) in runs {
            let (variables, name) = variables(command);
            let found = profile(&config, name, &variables).map(|profile| shape(&profile));
            let found = found.unwrap_or_else(|error| format!("error: {error}"));
            assert_eq!(found, expected, "{about}: {command}\n{config}");
        }
    }
}

#[test]
fn flags_win_over_the_environment() {
    let config = ConfigFile::parse(
        Path::new("/config"),
        "[profile a]\nsource_profile = b\n[profile b]\nregion = b\n",
    )
    .unwrap();
    let environment: Environment = [("AWS_REGION", "x"), ("AWS_ROLE_ARN", "X")]
        .into_iter()
        .collect();
    let overrides = Overrides {
        region: Some("flag".to_owned()),
        role_arn: Some("R".to_owned()),
    };
    let profile = resolve(&config, "a", &environment, &overrides).unwrap();
    assert_eq!(
        shape(&profile),
        "region=flag@--region role=R@--role-arn from@2 b(region=flag@--region)"
    );
}

#[test]
fn mistakes_name_their_place() {
    for (config, variables, error) in [
        (
            "[profile a]\nduration_seconds = abc\n",
            &[][..],
            "/config:2: duration_seconds must be a number of seconds or a duration such as 1h, not 'abc'",
        ),
        (
            "[default]\n\nduration_seconds = -1\n[profile a]",
            &[],
            "/config:3: duration_seconds must be a number of seconds or a duration such as 1h, not '-1'",
        ),
        (
            "[profile a]\nsession_tags = a=b,c\n",
            &[],
            "/config:2: Failed to parse session_tags profile setting: session tags string must be \
             <key1>=<value1>,[<key2>=<value2>[,...]]",
        ),
        (
            "[profile a]\n",
            &[("AWS_SESSION_TAGS", "c")],
            "$AWS_SESSION_TAGS: Failed to parse AWS_SESSION_TAGS environment variable: session tags string must be \
             <key1>=<value1>,[<key2>=<value2>[,...]]",
        ),
        (
            "[profile a]\nuse_fips_endpoint = yes\n",
            &[],
            "/config:2: use_fips_endpoint must be true or false, not 'yes'",
        ),
        (
            "[profile a]\n",
            &[("AWS_USE_DUALSTACK_ENDPOINT", "1")],
            "$AWS_USE_DUALSTACK_ENDPOINT: use_dualstack_endpoint must be true or false, not '1'",
        ),
        (
            "[profile a]\nendpoint_url = http://sts.example.com\n",
            &[],
            "/config:2: endpoint of every service is plain http to another machine, which would send credentials in clear",
        ),
        (
            "[profile a]\nservices = s\n[services s]\nsts =\n  endpoint_url = ftp://localhost\n",
            &[],
            "/config:5: endpoint of STS is neither https nor http",
        ),
        (
            "[profile a]\n",
            &[("AWS_ENDPOINT_URL_IAM", "localhost:5000")],
            "$AWS_ENDPOINT_URL_IAM: endpoint of IAM is not a URL",
        ),
        (
            "[profile a]\nregion = \u{1b}[2J\nuse_fips_endpoint = \u{1b}[2J\n",
            &[],
            "/config:3: use_fips_endpoint must be true or false, not '\\u{1b}[2J'",
        ),
        (
            "[profile a]\ngarbage\n",
            &[],
            "error parsing config file /config:2: no `=` or `:` after the key",
        ),
    ] {
        assert_eq!(
            profile(config, "a", variables).unwrap_err().to_string(),
            error
        );
    }
}

#[test]
fn loops_are_shown() {
    for (config, error) in [
        (
            "[profile a]\nsource_profile = b\n[profile b]\nsource_profile = a\n",
            "/config: source_profile runs in a loop: a (line 2) → b (line 4) → a",
        ),
        (
            "[profile a]\nsource_profile = b\n[profile b]\nsource_profile = c\n[profile c]\nsource_profile = b\n",
            "/config: source_profile runs in a loop: b (line 4) → c (line 6) → b",
        ),
        (
            "[default]\nsource_profile = b\n[profile a]\n[profile b]\nsource_profile = c\n[profile c]\n",
            "/config: source_profile runs in a loop: b (line 5) → c (line 2, in [default]) → b",
        ),
        (
            "[profile a]\ninclude_profile = a\n",
            "/config: include_profile runs in a loop: a (line 2) → a",
        ),
        (
            "[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = a\n",
            "/config: include_profile runs in a loop: a (line 2) → b (line 4) → a",
        ),
        (
            "[profile a]\n[default]\ninclude_profile = b\n[profile b]\ninclude_profile = default\n",
            "/config: include_profile runs in a loop: default (line 3) → b (line 5) → default",
        ),
    ] {
        let found = profile(config, "a", &[]).unwrap_err();
        assert_eq!(found.to_string(), error, "{config}");
        assert!(found.hint().is_some());
    }
    let inherited = "[default]\nsource_profile = b\n[profile a]\n[profile b]\nsource_profile = c\n[profile c]\n";
    assert_eq!(
        profile(inherited, "a", &[]).unwrap_err().hint().unwrap(),
        "to stop 'c' from inheriting source_profile, let it name itself: source_profile = c"
    );
}

#[test]
fn loops_of_every_length() {
    for key in ["source_profile", "include_profile"] {
        for length in 1..=50 {
            // A source profile that names itself is an idiom, not a loop.
            if (key, length) == ("source_profile", 1) {
                continue;
            }
            let config: Vec<String> = (0..length)
                .map(|index| format!("[profile p{index}]\n{key} = p{}\n", (index + 1) % length))
                .collect();
            let error = profile(&config.concat(), "p0", &[]).unwrap_err();
            let Error::Loop { steps, .. } = &error else {
                panic!("{error}")
            };
            assert_eq!(steps.len(), length + 1);
            assert_eq!(steps[0].profile, steps[length].profile);
        }
    }
}

#[test]
fn depth_has_a_limit() {
    for key in ["source_profile", "include_profile"] {
        let config: Vec<String> = (0..3_000)
            .map(|index| format!("[profile p{index}]\n{key} = p{}\n", index + 1))
            .collect();
        let config = config.concat();
        let error = profile(&config, "p0", &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "/config: more than 2000 profiles follow each other by {key}, starting at 'p0'"
            )
        );
        assert!(profile(&config, "p1001", &[]).is_ok());
    }
}

proptest! {
    #[test]
    fn any_file_resolves_or_says_why(
        config in "(\\[(default|profile [a-c]|sso-session a|services a)\\]\n|(source_profile|include_profile|sso_session|services|region|duration_seconds|session_tags|endpoint_url|sts) ?= ?(|a|b|c|default|1h|k=v|https://x)\n|  endpoint_url = x\n){0,40}",
        name in "[a-c]|default",
    ) {
        if let Err(error) = profile(&config, &name, &[]) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
