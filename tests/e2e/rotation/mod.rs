//! Rotation that can be stopped anywhere: what the next run makes of it.

mod all;
mod interrupted;
mod old_key;
mod several;
mod status;

use crate::support::{Home, KEY, Ran, Sim};

/// A profile without MFA.
const PLAIN: &str = "[profile bastion]\nregion = eu-west-1\n";
/// The places of the journal.
const JOURNAL: [&str; 2] = [
    "aws-vault rotation (bastion)",
    "aws-vault rotation (bastion) +",
];

/// A member of the journal.
fn journal(home: &Home) -> Option<serde_json::Value> {
    let item = JOURNAL.iter().find_map(|name| home.item(name))?;
    serde_json::from_slice(&item).unwrap()
}

/// The store holds the user's only key, a new one, and no trace of a rotation is left. Returns its id.
#[track_caller]
fn rotated(sim: &Sim, home: &Home) -> String {
    let id = home.stored_id("bastion").unwrap();
    assert_ne!(id, KEY.id);
    assert_eq!(sim.keys(), [format!("{id} Active")]);
    settled(home);
    id
}

/// The store holds the old key, the user's only one, and no trace of a rotation is left.
#[track_caller]
fn as_before(sim: &Sim, home: &Home) {
    assert_eq!(home.stored_id("bastion").as_deref(), Some(KEY.id));
    assert_eq!(sim.keys(), [format!("{} Active", KEY.id)]);
    settled(home);
}

#[track_caller]
fn settled(home: &Home) {
    assert_eq!(journal(home), None);
    assert!(!is_noticed(&home.run(["list"]).ok()));
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "bastion\n");
    home.env_of(&["-n", "bastion"]);
    assert!(home.leftovers().is_empty(), "{:?}", home.leftovers());
}

/// Whether the command said that a rotation is unfinished.
fn is_noticed(ran: &Ran) -> bool {
    ran.stderr
        .contains("the rotation of 'bastion' (file store) was interrupted: `aws-vault rotate --resume` finishes it\n")
}
