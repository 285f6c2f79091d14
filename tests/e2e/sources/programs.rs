//! The pages about programs of others, as they are written: their configuration is run, with stand-ins that print what the real
//! programs print (`aws_signing_helper` 1.4.0 was run, `saml2aws` 2.36.19 was read).

use std::fs;

use super::{Helper, ROLE, SAML_PROVIDER, saml_response, sim};
use crate::support::{Home, Sim};

/// The indented lines of a page that are configuration.
fn config(page: &str) -> String {
    let path = format!("{}/docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    lines
        .filter(|line| !line.starts_with('$'))
        .fold(String::new(), |config, line| config + line + "\n")
}

/// The second profile `staff` of the page about SAML is a page's other half.
fn halves(config: &str) -> (String, String) {
    let second = config.rfind("[profile staff]").unwrap();
    let (first, second) = config.split_at(second);
    (first.to_owned(), second.to_owned())
}

/// A home with the configuration and a program of this name in its `PATH`.
fn with_program(sim: &Sim, config: &str, name: &str, script: &str) -> Home {
    let mut home = Home::of(sim, config);
    fs::create_dir(home.path("bin")).unwrap();
    home.script(&format!("bin/{name}"), script);
    let path = format!(
        "{}:{}",
        home.path("bin").display(),
        home.vars[std::ffi::OsStr::new("PATH")].display()
    );
    home.set("PATH", path);
    home
}

#[test]
fn roles_anywhere() {
    let sim = sim();
    let helper = Helper::of(&sim, "bastion");
    let config = config("roles-anywhere.md").replace("arn:aws:iam::222233334444:role/Deploy", ROLE);
    // One line of JSON and no end of line.
    let script = format!(
        "test \"$1 $2 $4\" = 'credential-process --certificate --private-key' || exit 2\n{} | tr -d ' \\n'",
        helper.program
    );
    let home = with_program(&sim, &config, "aws_signing_helper", &script);
    home.env_of(&["machine"]);
    home.env_of(&["machine"]);
    home.env_of(&["deploy"]);
    assert_eq!((helper.runs(), sim.count("AssumeRole")), (1, 1));

    // It answers a missing certificate with exit status 1 and a line of its log.
    let script = "echo '2026/11/25 00:27:28 could not parse PEM data' >&2; exit 1";
    with_program(&sim, &config, "aws_signing_helper", script)
        .run(["exec", "machine", "--", "true"])
        .fails("credential_process of profile 'machine' (line 3 [profile machine]) failed (exit status: 1)")
        .exits(1, "could not parse PEM data");
}

#[test]
fn saml2aws() {
    let sim = sim();
    let helper = Helper::of(&sim, "bastion");
    let (_, config) = halves(&config("saml.md"));
    let config = config.replace("arn:aws:iam::222233334444:role/Dev", ROLE);
    // It writes the time with the offset of the time zone. A secret may end with a Z, too.
    let script = format!(
        "test \"$1 $2\" = 'login --skip-prompt' || exit 2\n{} | tr -d ' \\n' | sed 's/\\(:[0-9][0-9]\\)Z\"/\\1+00:00\"/'",
        helper.program
    );
    let home = with_program(&sim, &config, "saml2aws", &script);
    home.env_of(&["staff"]);
    home.env_of(&["dev"]);
    assert_eq!((helper.runs(), sim.count("AssumeRole")), (1, 1));
}

#[test]
fn an_assertion_of_ones_own() {
    let sim = sim();
    let (config, _) = halves(&config("saml.md"));
    let config = config
        .replace("/usr/local/bin/assertion", "assertion")
        .replace(
            "arn:aws:iam::111122223333:saml-provider/Example",
            SAML_PROVIDER,
        )
        .replace("111122223333", "222233334444");
    let script = format!("echo '{}'", saml_response("2099-01-01T00:00:00Z"));
    let home = with_program(&sim, &config, "assertion", &script);
    home.env_of(&["staff"]);
    assert_eq!(sim.count("AssumeRoleWithSAML"), 1);
}
