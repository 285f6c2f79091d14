//! Who asks for the MFA code: drivers as the programs they start, and which one is chosen.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::pty::Pty;
use crate::support::{BASTION, Home, Sim, must_start, run};

const QUESTION: &str = "Enter MFA code for arn:aws:iam::111122223333:mfa/elmerfudd: ";

/// A home in which programs of these names are the only ones beside the system's that can ask, each answering with `script`.
fn home_with(sim: &Sim, programs: &[&str], script: &str) -> Home {
    let mut home = Home::with_key(sim, BASTION);
    fs::create_dir(home.path("bin")).unwrap();
    for program in programs {
        let log = "printf '<%s>' \"$0\" \"$@\" > \"$HOME/told\"; env > \"$HOME/environment\"";
        home.script(&format!("bin/{program}"), &format!("{log}\n{script}"));
    }
    // The system's own dialogs must not be found.
    for program in ["env", "cat", "sh", "printf", "setsid"] {
        std::os::unix::fs::symlink(
            format!("/usr/bin/{program}"),
            home.path(&format!("bin/{program}")),
        )
        .unwrap();
    }
    home.set("PATH", home.path("bin"));
    home
}

fn told(home: &Home) -> String {
    let told = fs::read_to_string(home.path("told")).unwrap_or_default();
    told.replace(home.path("bin").to_str().unwrap(), "bin")
}

fn key_of(home: &Home, words: &[&str]) -> String {
    let ran = home.run(words.iter().chain(&["exec", "bastion", "--", "env"]));
    ran.ok().var("AWS_ACCESS_KEY_ID").to_owned()
}

#[test]
fn each_driver_starts_its_program_and_takes_what_it_prints() {
    let serial = "arn:aws:iam::111122223333:mfa/elmerfudd";
    for (driver, arguments) in [
        (
            "kdialog",
            format!("<--inputbox><{QUESTION}><--title><aws-vault>"),
        ),
        (
            "zenity",
            format!("<--entry><--title><aws-vault><--text><{QUESTION}>"),
        ),
        (
            "ykman",
            format!("<oath><accounts><code><--single><{serial}>"),
        ),
        (
            "osascript",
            format!(
                "<-e><display dialog \"{QUESTION}\" default answer \"\" buttons {{\"OK\", \"Cancel\"}} default button 1\n\
                 text returned of the result\nreturn result>"
            ),
        ),
    ] {
        let sim = Sim::deck();
        let home = home_with(&sim, &[driver], &format!("echo ' {} '", sim.code()));
        assert!(key_of(&home, &["--prompt", driver]).starts_with("ASIA"));
        assert_eq!(told(&home), format!("<bin/{driver}>{arguments}"));
        let environment = fs::read_to_string(home.path("environment")).unwrap();
        assert!(
            !environment.contains("CANARY") && !environment.contains("AWS_"),
            "{environment}"
        );
    }
}

#[test]
fn pinentry_is_spoken_to_in_its_own_protocol() {
    let sim = Sim::deck();
    let conversation = format!(
        "echo OK hello\nwhile read -r line; do printf '%s\\n' \"$line\" >> \"$HOME/heard\"\n\
         case $line in OPTION*) echo 'ERR 83886254 Unknown option';; GETPIN) echo 'D {}'; echo OK;;\n\
         BYE) echo OK closing; exit;; *) echo OK;; esac; done",
        sim.code()
    );
    let mut home = home_with(&sim, &["pinentry", "my-pinentry"], &conversation);
    assert!(key_of(&home, &["--prompt=pinentry"]).starts_with("ASIA"));
    assert_eq!(told(&home), "<bin/pinentry>");
    let heard = fs::read_to_string(home.path("heard")).unwrap();
    assert!(
        heard.ends_with("SETTITLE aws-vault\nSETDESC Enter MFA code for arn:aws:iam::111122223333:mfa/elmerfudd\nSETPROMPT Code:\nGETPIN\nBYE\n"),
        "{heard}"
    );
    home.run(["clear"]).ok();
    home.set("PINENTRY_PROGRAM", home.path("bin/my-pinentry"));
    home.run(["--prompt=pinentry", "exec", "bastion", "--", "env"]);
    assert_eq!(told(&home), "<bin/my-pinentry>");
}

#[test]
fn what_is_cancelled_or_fails_says_so() {
    for (driver, script, code, says) in [
        (
            "zenity",
            "exit 1",
            130,
            "the question for the MFA code was cancelled in zenity",
        ),
        ("kdialog", "exit 1", 130, "cancelled in kdialog"),
        ("kdialog", "echo; exit 0", 130, "cancelled in kdialog"),
        (
            "osascript",
            "echo 'execution error: User canceled. (-128)' >&2; exit 1",
            130,
            "cancelled in osascript",
        ),
        (
            "zenity",
            "echo 'cannot open display: ' >&2; exit 1",
            1,
            "zenity could not ask for the MFA code: cannot open display:",
        ),
        (
            "zenity",
            "printf '\\033]0;x\\007' >&2; exit 3",
            1,
            "\\u{1b}]0;x\\u{7} (exit status: 3)",
        ),
        (
            "kdialog",
            "kill -9 $$",
            1,
            "kdialog could not ask for the MFA code: signal: 9",
        ),
        (
            "ykman",
            "exit 1",
            1,
            "ykman could not ask for the MFA code: exit status: 1",
        ),
        (
            "ykman",
            "echo no accounts",
            1,
            "the MFA code that ykman printed is not six digits",
        ),
        (
            "zenity",
            "echo 12345",
            1,
            "the MFA code typed is not six digits",
        ),
        (
            "pinentry",
            "echo OK; echo OK; echo 'ERR 83886179 Operation cancelled <Pinentry>'",
            1,
            "pinentry could not ask",
        ),
        (
            "pinentry",
            "echo OK; while read -r l; do case $l in GETPIN) echo 'ERR 83886179 Operation cancelled';; *) echo OK;; esac; done",
            130,
            "cancelled in pinentry",
        ),
    ] {
        let sim = Sim::deck();
        let home = home_with(&sim, &[driver], script);
        let ran = home.run(["--prompt", driver, "exec", "bastion", "--", "env"]);
        ran.exits(code, says);
        assert_eq!(sim.actions(), [] as [&str; 0], "{driver}: {script}");
    }
}

#[test]
fn a_driver_is_needed_only_when_a_code_is() {
    let sim = Sim::deck();
    let mut home = home_with(&sim, &[], "");
    for driver in ["zenity", "ykman", "pinentry", "wincredui"] {
        let words = ["--prompt", driver, "exec", "bastion", "--", "env"];
        home.run(words)
            .fails(&format!("{driver} cannot ask for the MFA code: "))
            .hints("choose another --prompt");
    }
    home.set("AWS_VAULT_PROMPT", "zenity");
    home.run(["exec", "-t", &sim.code(), "bastion", "--", "env"])
        .ok();
    home.run(["exec", "bastion", "--", "env"]).ok();
    home.run(["exec", "--no-session", "bastion", "--", "env"])
        .ok();
    // A program of the folder we happen to be in is not the user's.
    home.run(["clear"]).ok();
    home.script("zenity", "touch \"$HOME/trapped\"");
    home.set("PATH", format!(".:{}", home.path("bin").display()));
    let mut command = home.command(["export", "bastion"]);
    super::support::run(command.current_dir(home.path(""))).fails("zenity was not found");
    assert!(!home.path("trapped").exists());
}

#[test]
fn without_a_terminal_the_first_that_works_here_asks() {
    const ALL: [&str; 4] = ["kdialog", "zenity", "ykman", "pinentry"];
    const X: (&str, &str) = ("DISPLAY", ":99");
    const YUBIKEY: (&str, &str) = ("YKMAN_OATH_CREDENTIAL_NAME", "work");
    for (installed, variables, asked) in [
        (ALL.as_slice(), vec![X], "<bin/kdialog>"),
        (&["zenity", "ykman"], vec![X, YUBIKEY], "<bin/zenity>"),
        (
            &["zenity"],
            vec![("WAYLAND_DISPLAY", "wayland-0")],
            "<bin/zenity>",
        ),
        (
            &ALL,
            vec![YUBIKEY],
            "<bin/ykman><oath><accounts><code><--single><work>",
        ),
        (&ALL, vec![], ""),
        (&["ykman"], vec![X], ""),
    ] {
        let sim = Sim::deck();
        let mut home = home_with(&sim, installed, &format!("echo {}", sim.code()));
        for (name, value) in variables {
            home.set(name, value);
        }
        let ran = home.run(["exec", "bastion", "--", "env"]);
        if asked.is_empty() {
            ran.fails("is needed, and there is no terminal to ask on")
                .hints("--prompt");
        } else {
            ran.ok();
        }
        assert!(told(&home).starts_with(asked), "{}", told(&home));
    }
}

#[test]
fn a_redirected_output_does_not_move_the_question_from_the_terminal() {
    let sim = Sim::deck();
    let mut home = home_with(&sim, &["kdialog", "zenity"], "exit 1");
    home.set("DISPLAY", ":99");
    let mut pty = Pty::open();
    let mut command = pty.command(env!("CARGO_BIN_EXE_aws-vault"));
    command
        .args(["export", "bastion"])
        .env_clear()
        .envs(&home.vars);
    command.env("PATH", crate::support::path_variable());
    let child = must_start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    pty.wait_for(QUESTION);
    pty.send(format!("{}\r", sim.code()));
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert_eq!(told(&home), "");
}

#[test]
fn a_real_pinentry_asks_on_the_terminal() {
    let sim = Sim::deck();
    let mut home = Home::with_key(&sim, BASTION);
    let pinentry = "/usr/bin/pinentry-curses";
    assert!(
        fs::exists(pinentry).unwrap(),
        "install the Debian package pinentry-curses"
    );
    home.set("PINENTRY_PROGRAM", pinentry);
    home.set("TERM", "xterm");
    let words = ["--prompt=pinentry", "exec", "bastion", "--", "env"];
    let (mut pty, child) = home.on_terminal(words);
    pty.wait_for("Enter MFA code for");
    pty.wait_for("Cancel");
    pty.send(format!("{}\r", sim.code()));
    assert_eq!(pty.finish(child).code(), Some(0), "{}", pty.shown);
    assert!(pty.is_as_found());
}

#[test]
fn a_real_dialog_asks_on_the_screen() {
    let screen = Screen::start();
    let ask = |answer: Option<&str>, sim: &Sim| {
        let mut home = Home::with_key(sim, BASTION);
        home.set("DISPLAY", &screen.display);
        let exec = home.start(["--prompt=zenity", "exec", "bastion", "--", "env"]);
        screen.answer("^aws-vault$", answer);
        exec.finish()
    };
    let sim = Sim::deck();
    let ran = ask(Some(&sim.code()), &sim).ok();
    assert!(ran.var("AWS_ACCESS_KEY_ID").starts_with("ASIA"));
    ask(None, &sim).exits(130, "cancelled in zenity");
}

/// An X server of our own.
struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    fn start() -> Self {
        let mut command = Command::new("Xvfb");
        command
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "800x600x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = must_start(&mut command);
        let mut number = String::new();
        let mut output = std::io::BufReader::new(server.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut output, &mut number).unwrap();
        Self {
            server,
            display: format!(":{}", number.trim()),
        }
    }

    /// Types into the window and presses Return, or Escape if there is nothing to type.
    fn answer(&self, title: &str, text: Option<&str>) {
        let window = self.xdotool(&["search", "--sync", "--onlyvisible", "--name", title]);
        let window = window.lines().next().unwrap();
        self.xdotool(&["windowfocus", "--sync", window]);
        if let Some(text) = text {
            self.xdotool(&["type", text]);
        }
        let end = text.map_or("Escape", |_| "Return");
        self.xdotool(&["key", end]);
    }

    fn xdotool(&self, words: &[&str]) -> String {
        let mut command = Command::new("timeout");
        command.args(["80", "xdotool"]).args(words);
        run(command.env("DISPLAY", &self.display)).ok().stdout
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
