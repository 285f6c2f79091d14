//! docs/stores.md names the tests that hold what it says; they are there.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_table_of_faults_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("../docs/stores.md")).unwrap();
    let (_, table) = page.split_once("## Faults").unwrap();
    let sources: String = ["tests", "src"]
        .iter()
        .flat_map(|dir| fs::read_dir(root.join(dir)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let quoted = table.split('`').skip(1).step_by(2);
    let names: Vec<_> = quoted
        .map(|text| text.rsplit("::").next().unwrap())
        .filter(|name| name.matches('_').count() > 2)
        .collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        assert!(
            sources.contains(&format!("fn {name}(")),
            "there is no test {name}"
        );
    }
}
