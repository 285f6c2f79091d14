//! A real Chromium follows the link to a console, in browser profiles of ours.

use std::fs;

use super::{at_home, written};
use crate::support::Home;

/// Chromium without a window: it leaves what it shows as a page and as a picture.
fn install(home: &mut Home) {
    fs::create_dir(home.path("bin")).unwrap();
    let script = home.script(
        "bin/chromium",
        r#"printf '%s\n' "$@" >> "$HOME/argv"
cd "$HOME" && rm -f shot.png
/usr/bin/chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --window-size=900,300 \
    --screenshot="$HOME/shot.png" --dump-dom "$@" > page.new 2> chromium.log
echo >> page.new; mv page.new page"#,
    );
    assert!(
        std::path::Path::new("/usr/bin/chromium").exists(),
        "{script}: install the Debian package chromium"
    );
    let path = format!(
        "{}:{}",
        home.path("bin").display(),
        home.vars[std::ffi::OsStr::new("PATH")].display()
    );
    home.set("PATH", path);
}

/// What the browser shows after a login.
#[track_caller]
fn shown(home: &Home, words: &[&str], picture: &str) -> String {
    let _ = fs::remove_file(home.path("page"));
    home.run(
        ["login", "--browser=chromium", "--path=console/home"]
            .iter()
            .chain(words),
    )
    .ok();
    let page = written(&home.path("page"));
    let pictures = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("login");
    fs::create_dir_all(&pictures).unwrap();
    fs::copy(home.path("shot.png"), pictures.join(picture)).unwrap();
    page
}

#[test]
fn two_accounts_in_two_browser_profiles_at_once() {
    let (_sim, mut home) = at_home();
    install(&mut home);
    let master = shown(&home, &["--container", "master"], "master.png");
    assert!(
        master.contains("<b id=\"account\">222233334444</b>"),
        "{master}"
    );
    let other = shown(&home, &["--container", "other"], "other.png");
    assert!(
        other.contains("<b id=\"account\">333344445555</b>"),
        "{other}"
    );
    assert!(other.contains("assumed-role/Other/"), "{other}");

    // Without a profile of its own the second account stands before the first one's door.
    let same = shown(&home, &["--container=master", "other"], "same.png");
    assert!(same.contains("You must first log out"), "{same}");
    let clean = shown(
        &home,
        &["--container=master", "--auto-logout", "other"],
        "clean.png",
    );
    assert!(
        clean.contains("<b id=\"account\">333344445555</b>"),
        "{clean}"
    );

    let argv = fs::read_to_string(home.path("argv")).unwrap();
    assert!(
        argv.contains("browsers/chromium/master") && !argv.contains("SigninToken"),
        "{argv}"
    );
}
