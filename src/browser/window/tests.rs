use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A folder with programs of these names, and an environment that finds them.
fn with_programs(names: &[&str]) -> (tempfile::TempDir, Environment) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let program = folder.path().join(name);
        std::fs::write(&program, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = folder.path().to_str().unwrap().to_owned();
    let environment = [("PATH", path.clone()), ("HOME", path)]
        .into_iter()
        .collect();
    (folder, environment)
}

fn container(name: &str) -> Container {
    Container {
        name: name.to_owned(),
        colour: Colour::Red,
        scheme: None,
    }
}

fn words(window: &Window, programs: &[&str]) -> Result<Vec<String>, String> {
    let (folder, environment) = with_programs(programs);
    let root = folder.path().to_str().unwrap();
    window
        .command_line(&environment, &folder.path().join("state"))
        .map_err(|error| CliError::from(error).render(None))
        .map(|line| {
            let line = line.unwrap();
            let words = line.words("http://127.0.0.1:1/x");
            std::iter::once(line.program.to_str().unwrap().to_owned())
                .chain(words)
                .map(|word| word.replace(root, "~"))
                .collect()
        })
}

#[test]
fn each_browser_is_told_in_its_own_words() {
    let browser = |name: &str| Window {
        browser: Some(name.to_owned()),
        ..Window::default()
    };
    let private = |name: &str| Window {
        private: true,
        ..browser(name)
    };
    for (window, expected) in [
        (browser("chrome"), "~/google-chrome http://127.0.0.1:1/x"),
        (
            private("chrome"),
            "~/google-chrome --incognito http://127.0.0.1:1/x",
        ),
        (
            private("edge"),
            "~/microsoft-edge --inprivate http://127.0.0.1:1/x",
        ),
        (
            browser("firefox"),
            "~/firefox-esr --new-tab http://127.0.0.1:1/x",
        ),
        (
            private("firefox"),
            "~/firefox-esr --private-window http://127.0.0.1:1/x",
        ),
        (
            Window {
                profile: Some("Work".to_owned()),
                ..browser("firefox")
            },
            "~/firefox-esr -P Work --new-tab http://127.0.0.1:1/x",
        ),
        (
            Window {
                container: Some(container("prod & co")),
                ..browser("firefox")
            },
            "~/firefox-esr --new-tab ext+container:name=prod%20%26%20co&color=red&icon=fingerprint&url=http%3A%2F%2F127.0.0.1%3A1%2Fx",
        ),
        (
            Window {
                profile: Some("Profile 1".to_owned()),
                ..browser("chrome")
            },
            "~/google-chrome --profile-directory=Profile 1 http://127.0.0.1:1/x",
        ),
        (
            Window {
                container: Some(container("prod")),
                ..browser("chrome")
            },
            "~/google-chrome --user-data-dir=~/state/browsers/chrome/prod --no-first-run --no-default-browser-check http://127.0.0.1:1/x",
        ),
    ] {
        let programs = ["google-chrome", "microsoft-edge", "firefox-esr"];
        assert_eq!(words(&window, &programs).unwrap().join(" "), expected);
    }
}

#[test]
fn what_cannot_be_is_said() {
    let window = |browser: Option<&str>| Window {
        browser: browser.map(str::to_owned),
        ..Window::default()
    };
    for (window, programs, says) in [
        (window(Some("firefox")), &[][..], "firefox is not installed"),
        (
            window(Some("netscape\u{1b}")),
            &[],
            "'netscape\\u{1b}' is neither a browser we know",
        ),
        (window(Some("./firefox")), &["firefox"], "neither a browser"),
        (
            Window {
                private: true,
                ..window(None)
            },
            &["firefox"],
            "a private window needs a browser that is known by name",
        ),
        (
            Window {
                container: Some(container("x")),
                ..window(Some("epiphany"))
            },
            &["epiphany"],
            "epiphany has no containers",
        ),
        (
            Window {
                container: Some(Container {
                    scheme: Some("javascript".to_owned()),
                    ..container("x")
                }),
                ..window(Some("firefox"))
            },
            &["firefox"],
            "'javascript' is not the name of a URL scheme",
        ),
    ] {
        let error = words(&window, programs).unwrap_err();
        assert!(error.contains(says) && error.contains("hint: "), "{error}");
    }
}

#[test]
fn nothing_chosen_is_the_systems_business() {
    let (folder, environment) = with_programs(&[]);
    let line = Window::default().command_line(&environment, folder.path());
    assert_eq!(line.unwrap(), None);
}

#[test]
fn the_browser_of_the_environment_takes_wishes_too() {
    let (folder, environment) = with_programs(&["firefox"]);
    let mut variables: Vec<(String, String)> = environment
        .iter()
        .map(|(name, value)| {
            (
                name.to_str().unwrap().into(),
                value.to_str().unwrap().into(),
            )
        })
        .collect();
    variables.push(("BROWSER".into(), "firefox %s".into()));
    let window = Window {
        private: true,
        ..Window::default()
    };
    let line = window
        .command_line(&variables.into_iter().collect(), folder.path())
        .unwrap()
        .unwrap();
    assert_eq!(line.words("u"), ["--private-window", "u"]);
}

#[test]
fn a_path_is_a_program() {
    let (folder, environment) = with_programs(&["chromium", "mine"]);
    for (name, words) in [("chromium", vec!["--incognito", "u"]), ("mine", vec![])] {
        let window = Window {
            browser: Some(folder.path().join(name).to_str().unwrap().to_owned()),
            private: true,
            ..Window::default()
        };
        let line = window.command_line(&environment, folder.path());
        match line {
            Ok(line) => assert_eq!(line.unwrap().words("u"), words),
            Err(error) => {
                assert!(matches!(error, WindowError::NoBrowser { .. }) && words.is_empty());
            }
        }
    }
}

#[test]
fn profiles_that_chrome_does_not_have_are_named_with_those_it_has() {
    let (folder, environment) = with_programs(&["google-chrome"]);
    let data = folder.path().join(".config/google-chrome");
    std::fs::create_dir_all(&data).unwrap();
    let state = r#"{"profile":{"info_cache":{"Profile 3":{"name":"Work"}}}}"#;
    std::fs::write(data.join("Local State"), state).unwrap();
    let window = |profile: &str| Window {
        browser: Some("chrome".to_owned()),
        profile: Some(profile.to_owned()),
        ..Window::default()
    };
    let line = window("Work").command_line(&environment, folder.path());
    assert_eq!(
        line.unwrap().unwrap().words("u"),
        ["--profile-directory=Profile 3", "u"]
    );
    let error = window("Play")
        .command_line(&environment, folder.path())
        .unwrap_err();
    let text = CliError::from(error).render(None);
    assert!(
        text.contains("no profile 'Play'") && text.contains("'Work' (Profile 3)"),
        "{text}"
    );
}
