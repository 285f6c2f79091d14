//! What a browser's command line and environment hold: an address on this computer, and nothing that signs in.

use std::fs;

use super::{append, at_home, set, written};
use crate::support::{Home, Ran};

/// A browser in `PATH` that notes how it was started and fetches the address it was given.
fn install(home: &mut Home, name: &str) {
    let bin = home.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let fetch = home.script(
        "fetch",
        r#"env | sort > "$HOME/browser-env"
printf '%s\n' "$@" > "$HOME/argv.new"; mv "$HOME/argv.new" "$HOME/argv"
exec python3 -B - "$@" <<'END'
import http.client, os, sys, urllib.parse
url = sys.argv[-1]
if url.startswith("ext+"):
    url = urllib.parse.parse_qs(url.split(":", 1)[1])["url"][0]
address = urllib.parse.urlsplit(url)
connection = http.client.HTTPConnection(address.netloc)
connection.request("GET", address.path)
location = connection.getresponse().headers.get("Location", "")
home = os.environ["HOME"]
with open(home + "/location.new", "w") as file:
    file.write(location + "\n")
os.rename(home + "/location.new", home + "/location")
END"#,
    );
    std::os::unix::fs::symlink(fetch, bin.join(name)).unwrap();
    let path = format!(
        "{}:{}",
        bin.display(),
        home.vars[std::ffi::OsStr::new("PATH")].display()
    );
    home.set("PATH", path);
}

/// The words after the program's name, and where the address led.
#[track_caller]
fn opened(home: &Home, words: &[&str]) -> (Vec<String>, String, Ran) {
    for file in ["argv", "location"] {
        let _ = fs::remove_file(home.path(file));
    }
    let ran = home.run(["login"].iter().chain(words)).ok();
    let location = written(&home.path("location"));
    let argv = written(&home.path("argv"));
    assert!(location.contains("SigninToken="), "{location}");
    let token = location.split("SigninToken=").nth(1).unwrap().trim();
    let environment = fs::read_to_string(home.path("browser-env")).unwrap();
    for (what, text) in [
        ("argv", &argv),
        ("environment", &environment),
        ("stdout", &ran.stdout),
        ("stderr", &ran.stderr),
    ] {
        assert!(
            !text.contains("SigninToken") && !text.contains(token),
            "{what}: {text}"
        );
    }
    assert!(
        !environment.contains("AWS_") && !environment.contains("CANARY"),
        "{environment}"
    );
    let words = argv.lines().map(str::to_owned).collect();
    (words, location, ran)
}

/// The last word is the address of a page on this computer.
#[track_caller]
fn is_local(words: &[String], expected: &[&str]) {
    let (address, flags) = words.split_last().unwrap();
    assert_eq!(flags, expected);
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
}

#[test]
fn every_way_of_opening_a_window_keeps_the_token_off_the_command_line() {
    let (_sim, mut home) = at_home();
    for name in ["firefox", "google-chrome", "microsoft-edge", "xdg-open"] {
        install(&mut home, name);
    }
    let (words, _, _) = opened(&home, &["master"]);
    is_local(&words, &[]);
    let (words, _, _) = opened(&home, &["--browser", "firefox", "master"]);
    is_local(&words, &["--new-tab"]);
    let (words, _, _) = opened(&home, &["--browser=edge", "--private", "master"]);
    is_local(&words, &["--inprivate"]);
    let (words, _, _) = opened(
        &home,
        &["--browser=firefox", "--browser-profile=Work", "master"],
    );
    is_local(&words, &["-P", "Work", "--new-tab"]);
    let (words, _, _) = opened(&home, &["--browser=chrome", "--container", "master"]);
    let folder = home.state().join("browsers/chrome/master");
    is_local(
        &words,
        &[
            &format!("--user-data-dir={}", folder.display()),
            "--no-first-run",
            "--no-default-browser-check",
        ],
    );
    assert!(folder.join("Default/Preferences").is_file());
    let (words, _, _) = opened(
        &home,
        &[
            "--browser=firefox",
            "--container={account} {role}",
            "--colour=red",
            "master",
        ],
    );
    assert_eq!(words[0], "--new-tab");
    let prefix = "ext+container:name=222233334444%20DeveloperRole&color=red&icon=fingerprint&url=http%3A%2F%2F127.0.0.1%3A";
    assert!(words[1].starts_with(prefix), "{words:?}");
}

#[test]
fn preferences_stand_in_the_config_file_and_explain_shows_them() {
    let (_sim, mut home) = at_home();
    install(&mut home, "firefox");
    set(
        &home,
        "default",
        "aws_vault_browser = firefox\naws_vault_container = {profile}",
    );
    set(
        &home,
        "other",
        "aws_vault_color = pink\naws_vault_container_scheme = ext+granted-containers",
    );
    let (words, _, _) = opened(&home, &["other"]);
    assert!(
        words[1].starts_with("ext+granted-containers:name=other&color=pink&"),
        "{words:?}"
    );
    // A flag sets the file's other way of keeping accounts apart aside.
    let (words, _, _) = opened(&home, &["--private", "other"]);
    is_local(&words, &["--private-window"]);

    let explained = home.run(["explain", "other"]).ok().stdout;
    let config = home.config().display().to_string();
    for line in [
        format!("  aws_vault_browser = firefox ({config}:2 [default])"),
        format!("  aws_vault_container = {{profile}} ({config}:3 [default])"),
        "  aws_vault_colour = pink (".to_owned(),
    ] {
        assert!(explained.contains(&line), "{line}\n{explained}");
    }
    let json = home.run(["explain", "--json", "other"]).ok().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["console"][0]["key"], "aws_vault_browser");
    assert_eq!(json["console"][0]["origin"]["line"], 2);

    home.set("AWS_VAULT_BROWSER", "chrome");
    home.run(["login", "other"])
        .fails("chrome is not installed");
}

#[test]
fn what_cannot_be_is_said_before_anybody_is_asked_for_a_code() {
    let (_sim, mut home) = at_home();
    install(&mut home, "epiphany");
    append(
        &home,
        "[profile odd]\nsource_profile = master\naws_vault_console_duration = 13h\n",
    );
    for (words, code, says) in [
        (
            &["--colour=mauve", "--container", "master"][..],
            2,
            "'mauve' is no colour we know",
        ),
        (
            &["--container", "master"],
            1,
            "a container needs a browser that is known by name",
        ),
        (
            &["--console-duration=13h", "master"],
            2,
            "15 minutes to 12 hours",
        ),
        (
            &["--service=s4", "master"],
            2,
            "no service is known by that name",
        ),
        (
            &["odd"],
            1,
            "aws_vault_console_duration must be a duration from 15m to 12h, not '13h'",
        ),
    ] {
        let ran = home.run(["login"].iter().chain(words));
        assert_eq!(ran.status.code(), Some(code), "{ran:#?}");
        assert!(ran.stderr.contains(says), "{ran:#?}");
    }
    assert_eq!(home.asked(), 0);
    let containers = ["login", "--browser=epiphany", "--container", "other"];
    home.run(containers).fails("epiphany has no containers");
}
