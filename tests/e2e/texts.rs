//! What each command says, word for word: texts/*.txt are transcripts, in which `#` begins a home of its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{BASTION, DECK, Home, KEY, Ran, Sim, run};

/// One command line and what it must say and leave.
///
/// ```text
/// $ AWS_VAULT=x exec bastion -- true
/// ! aws-vault: error: exec: … ! starts a line of stderr, | one of stdout; … stands for any text within it
/// ? 1
/// ```
#[derive(Debug)]
struct Step<'a> {
    line: usize,
    command: &'a str,
    stdout: Vec<&'a str>,
    stderr: Vec<&'a str>,
    code: i32,
}

/// The home of a section: `no config`, `config`, `key`, `deck` for two profiles of which one has the key, or `passage` for a key
/// and a second store.
fn home(sim: &Sim, what: &str) -> Home {
    match what {
        "no config" => {
            let mut home = Home::new();
            home.set("AWS_ENDPOINT_URL", &sim.endpoint);
            home
        }
        "config" => Home::of(sim, BASTION),
        "key" => Home::with_key(sim, BASTION),
        "deck" => Home::with_key(sim, DECK),
        "passage" => with_passage(Home::with_key(sim, BASTION)),
        other => panic!("no such home: {other}"),
    }
}

/// With a second store beside the files, which needs neither a daemon nor a person.
fn with_passage(mut home: Home) -> Home {
    let identities = home.path("identities");
    let made = Command::new("age-keygen")
        .arg("-o")
        .arg(&identities)
        .stderr(Stdio::null())
        .status();
    let made = made.expect("cannot start age-keygen (Debian package age)");
    assert!(made.success());
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("keystore/tests/support/passage.sh");
    home.set("AWS_VAULT_PASS_CMD", stand_in);
    home.set("PASSAGE_IDENTITIES_FILE", identities);
    home
}

fn steps(text: &str) -> Vec<(&str, Vec<Step<'_>>)> {
    let mut sections: Vec<(&str, Vec<Step<'_>>)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((mark, rest)) = line.split_at_checked(1) else {
            continue;
        };
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        if mark == "#" {
            sections.push((rest.split(':').next().unwrap(), Vec::new()));
            continue;
        }
        let steps = &mut sections.last_mut().expect("a # line comes first").1;
        if mark == "$" {
            steps.push(Step {
                line: index + 1,
                command: rest,
                stdout: Vec::new(),
                stderr: Vec::new(),
                code: 0,
            });
            continue;
        }
        let step = steps.last_mut().expect("a $ line comes first");
        match mark {
            "|" => step.stdout.push(rest),
            "!" => step.stderr.push(rest),
            "?" => step.code = rest.parse().unwrap(),
            _ => panic!("line {}: {line}", index + 1),
        }
    }
    sections
}

fn run_step(home: &Home, sim: &Sim, step: &Step<'_>) -> Ran {
    let line = step.command.replace("{code}", &sim.code());
    let mut words = line.split_whitespace().peekable();
    let mut variables = Vec::new();
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('='))
        && name.starts_with(|c: char| c.is_ascii_uppercase())
    {
        variables.push((name, value));
        words.next();
    }
    run(home.command(words).envs(variables))
}

/// `…` stands for any text, also none; one alone in its line also for any number of lines.
fn says(expected: &[&str], text: &str) -> bool {
    let lines: Vec<&str> = text.split_terminator('\n').collect();
    matches(expected, &lines)
}

fn matches(expected: &[&str], lines: &[&str]) -> bool {
    match (expected.split_first(), lines.split_first()) {
        (None, first) => first.is_none(),
        (Some((&"…", rest)), _) => (0..=lines.len()).any(|skip| matches(rest, &lines[skip..])),
        (Some(_), None) => false,
        (Some((pattern, expected)), Some((line, lines))) => {
            fits(pattern, line) && matches(expected, lines)
        }
    }
}

fn fits(pattern: &str, line: &str) -> bool {
    match pattern.split_once('…') {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|skip| rest.is_char_boundary(skip) && fits(after, &rest[skip..]))
        }),
    }
}

fn check(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/e2e/texts")
        .join(file);
    let version = env!("CARGO_PKG_VERSION");
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("{version}", version)
        .replace("{id}", KEY.id)
        .replace("{secret}", KEY.secret);
    let mut wrong = Vec::new();
    for (what, steps) in steps(&text) {
        let sim = Sim::deck();
        let home = home(&sim, what);
        for step in &steps {
            let ran = run_step(&home, &sim, step);
            if ran.status.code() != Some(step.code)
                || !says(&step.stdout, &ran.stdout)
                || !says(&step.stderr, &ran.stderr)
            {
                wrong.push(format!(
                    "{file}:{}: $ {}\n{}{}? {:?}",
                    step.line,
                    step.command,
                    marked('|', &ran.stdout),
                    marked('!', &ran.stderr),
                    ran.status.code()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "what they really say:\n\n{}",
        wrong.join("\n\n")
    );
}

fn marked(mark: char, text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .map(|line| format!("{mark} {line}\n"))
        .collect();
    lines.concat()
}

#[test]
fn built_ins_and_the_parser() {
    check("command_line.txt");
}

#[test]
fn commands_that_keep_keys() {
    check("keys.txt");
}

#[test]
fn commands_that_hand_out_credentials() {
    check("credentials.txt");
}

#[test]
fn migrate_backend() {
    check("migrate_backend.txt");
}
