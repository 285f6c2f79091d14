//! `import --undo`: back to the byte, or not at all.

use std::fs;

use super::import::{REST, file, home_with, text};
use crate::support::KEY;

#[test]
fn the_file_is_as_it_was() {
    let (_sim, home) = home_with(&file());
    home.run(["import", "--undo"])
        .fails("nothing that was removed from")
        .hints("aws-vault backends");
    home.run(["import", "--scrub"]).ok();
    assert_eq!(text(&home), REST);
    let ran = home.run(["import", "--undo"]).ok();
    assert!(
        ran.stdout.starts_with("Put back what was removed from "),
        "{ran:#?}"
    );
    assert_eq!(text(&home), file());
    assert_eq!(
        home.stored_id("bastion").as_deref(),
        Some(KEY.id),
        "the key stays stored"
    );
    assert_eq!(home.item_names(), ["bastion"]);
    home.run(["import", "--undo"])
        .fails("nothing that was removed from");
}

#[test]
fn several_imports_are_undone_one_by_one() {
    let (_sim, home) = home_with(&file());
    home.run(["import", "--scrub"]).ok();
    let second = format!(
        "{REST}\n[second]\naws_access_key_id={}\naws_secret_access_key={}",
        KEY.id, KEY.secret
    );
    fs::write(home.path(".aws/credentials"), &second).unwrap();
    home.run(["import", "--scrub"]).ok();
    home.run(["import", "--undo"]).ok();
    assert_eq!(text(&home), second);
    home.run(["import", "--undo"]).fails("was changed since");
    fs::write(home.path(".aws/credentials"), REST).unwrap();
    home.run(["import", "--undo"]).ok();
    assert_eq!(text(&home), file());
}

#[test]
fn a_file_that_was_changed_since_is_left_alone() {
    let (_sim, home) = home_with(&file());
    home.run(["import", "--scrub"]).ok();
    let changed = format!("{REST}\n# more\n");
    fs::write(home.path(".aws/credentials"), &changed).unwrap();
    home.run(["import", "--undo"])
        .fails("was changed since keys were removed from it")
        .hints("aws-vault export");
    assert_eq!(text(&home), changed);
    let ran = home
        .run(["export", "--no-session", "--format=ini", "bastion"])
        .ok();
    assert!(ran.stdout.contains(KEY.secret));
}

#[test]
fn the_way_back_is_neither_listed_nor_cleared_nor_readable() {
    let (_sim, home) = home_with(&file());
    home.run(["import", "--scrub"]).ok();
    assert_eq!(home.run(["list", "--credentials"]).ok().stdout, "bastion\n");
    assert_eq!(home.run(["clear"]).ok().stdout, "Cleared 0 sessions.\n");
    home.run(["remove", "--force", "bastion"]).ok();
    let names = home.item_names();
    let [name] = &names[..] else {
        panic!("{names:?}")
    };
    assert!(
        name.starts_with("aws-vault.ImportUndo,") && name.ends_with(",,4102444800"),
        "{name}"
    );
    home.run(["import", "--undo"]).ok();
    assert_eq!(text(&home), file());
}
