//! The same commands with a real GNOME Keyring as the store; no store is named, so the tool has to choose.

use crate::support::{DECK, Home, KEY, Keyring, Sim};

#[test]
fn the_desktops_keyring_is_chosen_used_and_not_left_for_another() {
    let sim = Sim::deck();
    let mut home = Home::of(&sim, DECK);
    for name in ["AWS_VAULT_BACKEND", "AWS_VAULT_FILE_PASSPHRASE"] {
        home.unset(name);
    }
    // The collection that is unlocked at login: to make another one asks for a password in a window.
    home.set("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME", "login");
    let keyring = Keyring::start(&mut home);
    home.add("bastion", KEY);
    assert!(!home.keys().exists());
    let code = sim.code();
    home.run(["exec", "-t", &code, "master", "--", "true"]).ok();
    let id = home.env_of(&["master"]).var("AWS_ACCESS_KEY_ID").to_owned();
    assert_eq!(home.env_of(&["master"]).var("AWS_ACCESS_KEY_ID"), id);
    assert_eq!(sim.actions(), ["sts:GetSessionToken", "sts:AssumeRole"]);
    let json = home.run(["list", "--json"]).ok().stdout;
    assert!(json.contains("\"backend\": \"secret-service\""), "{json}");
    home.run(["rotate", "bastion"]).ok();
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "bastion\n");
    let new = home
        .env_of(&["-n", "bastion"])
        .var("AWS_ACCESS_KEY_ID")
        .to_owned();
    assert_eq!(sim.keys(), [format!("{new} Active")]);

    drop(keyring);
    home.run(["exec", "-n", "bastion", "--", "true"])
        .fails("the secret-service keystore is not available")
        .hints("--backend");
    assert!(!home.keys().exists());
}
