//! Keys in clear text in `~/.aws/credentials`.

use std::fs;

use super::{role_behind, sim};
use crate::support::{Home, KEY};

#[test]
fn the_last_resort_with_a_warning() {
    let sim = sim();
    let home = Home::of(&sim, &role_behind("old"));
    fs::write(
        home.path(".aws/credentials"),
        format!(
            "[old]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            KEY.id, KEY.secret
        ),
    )
    .unwrap();
    let ran = home
        .run(["exec", "--region", "eu-west-1", "old", "--", "env"])
        .ok();
    assert!(ran.var("AWS_ACCESS_KEY_ID").starts_with("ASIA"), "{ran:#?}");
    assert!(
        ran.stderr
            .contains(".aws/credentials:2; `aws-vault import`"),
        "{ran:#?}"
    );
    let again = home
        .run(["exec", "--region", "eu-west-1", "old", "--", "env"])
        .ok();
    assert_eq!(again.stderr, "");
    home.env_of(&["dev"]);
    assert_eq!(sim.actions(), ["sts:GetSessionToken", "sts:AssumeRole"]);
    let steps = home.run(["explain", "dev"]).ok().stdout;
    assert!(
        steps.contains("access key of 'old' in clear text"),
        "{steps}"
    );
    assert!(
        !steps.contains(KEY.secret) && !steps.contains(KEY.id),
        "{steps}"
    );

    home.run(["import", "--scrub"]).ok();
    let imported = home.run(["explain", "dev"]).ok().stdout;
    assert!(imported.contains("access key of 'old'\n"), "{imported}");
}

#[test]
fn anything_else_comes_first() {
    let sim = sim();
    let home = Home::of(&sim, "[profile old]\ncredential_process = false\n");
    fs::write(
        home.path(".aws/credentials"),
        "[old]\naws_access_key_id = AKIA\naws_secret_access_key = x\n",
    )
    .unwrap();
    home.run(["exec", "old", "--", "true"])
        .fails("credential_process of profile 'old' (line 2 [profile old]) failed");
    home.run(["exec", "nobody", "--", "true"])
        .fails("profile 'nobody' not found");
}
