//! `import --scrub` killed at every system call that changes something: the key is in the store or in the file.

use std::fs;

use super::import::{REST, file, home_with};
use crate::support::{KEY, run};

/// What changes files or makes a change last.
const CALLS: &str = "write,fsync,fdatasync,rename,renameat,renameat2,linkat,unlink,unlinkat,fchmod,chmod,mkdir,mkdirat";

#[test]
fn the_key_is_never_in_neither() {
    let mut states = Vec::new();
    for nth in 1.. {
        assert!(nth < 500, "it never gets to its end");
        let (_sim, home) = home_with(&file());
        let inject = format!("--inject={CALLS}:signal=KILL:when={nth}");
        let trace = format!("--trace={CALLS}");
        let strace = [
            "strace",
            "--quiet=all",
            "-o",
            "/dev/null",
            "-f",
            &trace,
            &inject,
        ];
        let ran = run(&mut home.through(&strace, ["import", "--scrub", "--offline"]));

        let text = fs::read_to_string(home.path(".aws/credentials")).unwrap();
        let stored = home.keys().join("bastion").exists()
            && home.stored_id("bastion").as_deref() == Some(KEY.id);
        let intact = text == file();
        assert!(intact || text == REST, "call {nth}: torn: {text:?}");
        assert!(intact || stored, "call {nth}: the key is in neither");
        states.push((intact, stored));

        // Whatever happened, the same again finishes the work, and the way back leads back.
        home.run(["import", "--scrub", "--offline"]).ok();
        assert_eq!(
            fs::read_to_string(home.path(".aws/credentials")).unwrap(),
            REST,
            "call {nth}"
        );
        home.run(["import", "--undo"]).ok();
        assert_eq!(
            fs::read_to_string(home.path(".aws/credentials")).unwrap(),
            file(),
            "call {nth}"
        );
        if ran.status.success() {
            break;
        }
    }
    states.dedup();
    assert_eq!(
        states,
        [(true, false), (true, true), (false, true)],
        "the key goes into the store, then out of the file"
    );
}
