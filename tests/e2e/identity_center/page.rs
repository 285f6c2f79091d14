//! The last page of the sign-in in a real browser, Debian's Chromium.

use std::fs;
use std::time::{Duration, Instant};

use aws_sim::SsoUser;

use super::{home, instance, user};
use crate::support::{Home, Sim};

/// What the person sees when the page's scripts have run.
fn seen(sim: &Sim, home: &mut Home, words: &[&str]) -> (Option<i32>, String) {
    let browser = home.script(
        "chromium-once",
        "chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
         --user-data-dir=\"$HOME/chromium\" --virtual-time-budget=1000 --dump-dom \"$1\" \
         > \"$HOME/dom.part\" 2> \"$HOME/chromium.log\" && mv \"$HOME/dom.part\" \"$HOME/dom\"",
    );
    home.set("BROWSER", browser);
    let ran = home.run(words);
    let start = Instant::now();
    while !home.path("dom").exists() && start.elapsed() < Duration::from_secs(90) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = || fs::read_to_string(home.path("chromium.log")).unwrap_or_default();
    let dom = fs::read_to_string(home.path("dom"));
    let dom =
        dom.unwrap_or_else(|_| panic!("chromium showed nothing: {} {:?}", log(), sim.actions()));
    assert!(
        !log().contains("Content Security Policy"),
        "the page breaks its own policy: {}",
        log()
    );
    (ran.status.code(), dom)
}

#[test]
fn it_says_how_the_sign_in_ended() {
    let sim = instance();
    let mut home = home(&sim);
    let (code, dom) = seen(&sim, &mut home, &["exec", "dev", "--", "true"]);
    assert_eq!(code, Some(0));
    assert!(dom.contains("You are signed in"), "{dom}");
    assert!(!dom.contains("code="), "{dom}");
}

#[test]
fn a_refusal_is_told_in_the_page_too() {
    let sim = instance();
    let mut home = home(&sim);
    user(&sim, SsoUser::Denies);
    let (code, dom) = seen(&sim, &mut home, &["exec", "dev", "--", "true"]);
    assert_eq!(code, Some(1));
    assert!(dom.contains("Access was not allowed"), "{dom}");
}
