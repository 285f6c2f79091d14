//! `verify` for administrators who live in the bastion account themselves.

use serde_json::json;

use super::support::Stage;
use crate::support::Key;

const BOSS: Key<'static> = Key {
    id: "AKIABOSSOFTHEBASTION",
    secret: "M42Rv7NqKp1sHnT7bKcFdGmRj5zEXAMPLEKEYboss",
};

#[test]
fn an_administrator_of_the_bastion_account_proves_the_fence_with_the_key_itself() {
    let stage = Stage::with(|world| {
        world["accounts"]["111122223333"]["users"]["boss"] = json!({
            "attached": ["arn:aws:iam::aws:policy/AdministratorAccess"],
            "access_keys": [{ "id": BOSS.id, "secret": BOSS.secret }]
        });
    });
    stage
        .home
        .configure("[profile martin]\nregion = eu-west-1\n[profile boss]\nregion = eu-central-1\n");
    stage.home.add("boss", BOSS);
    let account = "Master=222233334444=martin";
    let words = ["init", "--bastion", "111122223333", "--account", account];
    let words = words
        .iter()
        .chain(&["--admin-profile", "boss", "--user", "elmerfudd"]);
    stage.bastion(words.copied()).ok();
    let file = std::fs::read_to_string(stage.file()).unwrap();
    assert!(
        file.contains("region = \"eu-central-1\""),
        "the administrator's: {file}"
    );
    stage.bastion(["apply", "--yes"]).ok();

    // The administrator has neither a device nor a place in the file, and policies of his own.
    let ran = stage.bastion(["verify"]).exits(1, "");
    assert!(
        !ran.stderr.contains("is not proved by calls"),
        "{}",
        ran.stderr
    );
    for (what, message) in [
        ("role DeveloperRole", "refuses without MFA"),
        ("user boss", "has no MFA device"),
        (
            "user boss",
            "has policies of its own beside its groups': AdministratorAccess",
        ),
    ] {
        let mut lines = ran.stdout.lines();
        let told = lines.any(|line| line.contains(what) && line.contains(message));
        assert!(told, "{what} {message}: {}", ran.stdout);
    }
}
