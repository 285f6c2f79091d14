//! Credentials that do not start from a stored access key.

mod process;

use serde_json::Value;

use crate::support::{Home, KEY, Sim, account_role};

/// Role that anybody of the bastion account may assume.
const ROLE: &str = "arn:aws:iam::222233334444:role/Open";

/// The deck with that role.
fn sim() -> Sim {
    Sim::with(open_role)
}

fn open_role(world: &mut Value) {
    world["accounts"]["222233334444"]["roles"]["Open"] = account_role("111122223333", &["sts:*"]);
}

/// A profile `dev` that assumes the role with the credentials of another.
fn role_behind(source: &str) -> String {
    format!("\n[profile dev]\nrole_arn = {ROLE}\nsource_profile = {source}\nregion = eu-west-1\n")
}

/// Somebody else's program in a home of its own: it counts how often it ran and prints what `export` prints there.
struct Helper {
    home: Home,
    program: String,
}

impl Helper {
    /// With these words it prints long-term keys or a session of the bastion user.
    fn of(sim: &Sim, words: &str) -> Self {
        let home = Home::of(sim, "[profile bastion]\nregion = eu-west-1\n");
        home.add("bastion", KEY);
        let variables: Vec<String> = home
            .vars
            .iter()
            .map(|(name, value)| format!("'{}={}'", name.display(), value.display()))
            .collect();
        let variables = variables.join(" ");
        let ran = home.path("ran");
        let program = home.script(
            "helper",
            &format!(
                "echo ran >> '{}'\necho 'the helper speaks' >&2\nexec env -i {variables} '{}' export --format=json {words}",
                ran.display(),
                env!("CARGO_BIN_EXE_aws-vault"),
            ),
        );
        Self { home, program }
    }

    fn runs(&self) -> usize {
        std::fs::read_to_string(self.home.path("ran")).map_or(0, |ran| ran.lines().count())
    }
}
