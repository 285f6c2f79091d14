//! Many writers at once: nothing is lost, nothing is torn.

use std::collections::BTreeMap;

use aws_vault_keystore::{Keystore, Secret};

use super::item;

/// How many write at once.
pub const WRITERS: usize = 16;

/// What every writer does in the stores that bear it.
pub const OPERATIONS: usize = 500;

/// An item that all write.
const SHARED: &str = "shared";

/// How many items each writer has for itself.
const OWN: usize = 4;

/// Sixteen writers, each with a store that it has opened itself, and so many operations of every one.
pub fn check<K: Keystore>(operations: usize, open: impl Fn() -> K + Sync) {
    begin(&open());
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let open = &open;
            scope.spawn(move || one_of_many(&open(), writer, operations));
        }
    });
    end(&open(), operations);
}

/// Before the writers begin.
pub fn begin(store: &impl Keystore) {
    store.write(&item(SHARED, text(0, 0))).unwrap();
}

/// The work of one writer. It writes, reads and removes items of its own, which nobody else may change, and writes and reads
/// the one of all, which must always be there, and be what somebody wrote, whole.
pub fn one_of_many(store: &impl Keystore, writer: usize, operations: usize) {
    let mut own = BTreeMap::new();
    for operation in 0..operations {
        step(store, writer, operation, &mut own);
    }
}

/// After the writers have ended: each one's items are as it left them.
pub fn end(store: &impl Keystore, operations: usize) {
    let mut names = vec![SHARED.to_owned()];
    for writer in 0..WRITERS {
        let expected = left_behind(writer, operations);
        for (name, text) in &expected {
            let read = store.read(name).unwrap();
            let read = read.unwrap_or_else(|| panic!("{name} is lost"));
            assert_eq!(read.data.expose(), text.as_bytes(), "{name}");
        }
        names.extend(expected.into_keys());
    }
    check_whole(&store.read(SHARED).unwrap().expect(SHARED).data);
    names.sort_unstable();
    assert_eq!(store.names().unwrap(), names);
}

/// What is written follows from the numbers alone, so that anybody can tell what must be there.
fn step(
    store: &impl Keystore,
    writer: usize,
    operation: usize,
    own: &mut BTreeMap<String, String>,
) {
    let name = own_name(writer, operation);
    match operation % 5 {
        0 => {
            let text = text(writer, operation);
            store.write(&item(&name, text.clone())).unwrap();
            own.insert(name, text);
        }
        1 => {
            // The one that was written longest ago, or is not there.
            let name = own_name(writer, operation + 5);
            let read = store.read(&name).unwrap();
            let read = read.map(|item| item.data.expose().to_vec());
            let expected = own.get(&name).map(|text| text.clone().into_bytes());
            assert_eq!(read, expected, "{name}, operation {operation}");
        }
        2 => store.write(&item(SHARED, text(writer, operation))).unwrap(),
        3 => check_whole(&store.read(SHARED).unwrap().expect("never absent").data),
        _ if is_removal(operation) => {
            let existed = own.remove(&name).is_some();
            assert_eq!(store.remove(&name).unwrap(), existed, "{name}");
        }
        _ => {
            let names = store.names().unwrap();
            for name in own.keys() {
                assert!(names.contains(name), "{name} is not listed");
            }
            let is_ours = |name: &String| name == SHARED || name.starts_with('w');
            assert!(names.iter().all(is_ours), "{names:?}");
        }
    }
}

/// Removed is what was written four operations before.
fn is_removal(operation: usize) -> bool {
    operation % 10 == 9
}

fn own_name(writer: usize, operation: usize) -> String {
    format!("w{writer}-{}", operation / 5 % OWN)
}

/// The items of a writer after so many operations.
fn left_behind(writer: usize, operations: usize) -> BTreeMap<String, String> {
    let mut left = BTreeMap::new();
    for operation in 0..operations {
        let name = own_name(writer, operation);
        if operation % 5 == 0 {
            left.insert(name, text(writer, operation));
        } else if is_removal(operation) {
            left.remove(&name);
        }
    }
    left
}

/// Up to some 500 bytes, of which every part tells what the whole is: the kernel lets a user have 20,000 in all.
fn text(writer: usize, operation: usize) -> String {
    format!("{writer}-{operation};").repeat(repetitions(writer))
}

fn repetitions(writer: usize) -> usize {
    1 + writer * 4
}

fn check_whole(data: &Secret) {
    let text = String::from_utf8(data.expose().to_vec()).unwrap();
    let (first, _) = text.split_once(';').expect("torn");
    let (writer, _) = first.split_once('-').expect("torn");
    let whole = format!("{first};").repeat(repetitions(writer.parse().unwrap()));
    assert_eq!(text, whole, "torn");
}
