//! What every store must do, whatever it is.

use std::ops::RangeInclusive;

use aws_vault_keystore::{Error, Item, Keystore};

use super::item;

const NAMES: &[&str] = &[
    "jon",
    "oidc:https://d-1234567890.awsapps.com/start#/",
    "sts.GetSessionToken,am9u,YXJuOmF3czppYW06OjEyMzQ1Njc4OTAxMjptZmEvam9u,1700003600",
    "100%",
    "%2F",
    "%41 is not A",
    "with space",
    " leading and trailing ",
    "UPPER",
    "upper",
    "Köln 東京 🔑",
    "comma, semicolon; 'quote' \"double\" \\ | $HOME `x` * ?",
    "a/b/../c",
    "-n",
    "tab\tnewline\n",
    "session (12)",
];

/// What a store's format makes impossible.
#[derive(Default)]
pub struct Limits {
    /// It has no place for anything but the data.
    pub data_only: bool,
    /// The sizes of data that it can hold, if not all.
    pub sizes: Option<RangeInclusive<usize>>,
    /// Names that it refuses, of those that others hold.
    pub refused_names: &'static [&'static str],
    /// It does not tell capitals from small letters.
    pub one_case: bool,
}

/// Runs the whole suite; `open` opens the same, initially empty, store again.
pub fn check<K: Keystore>(open: impl Fn() -> K) {
    check_within(&Limits::default(), open);
}

/// Runs the whole suite on a store that cannot do everything.
pub fn check_within<K: Keystore>(limits: &Limits, open: impl Fn() -> K) {
    an_empty_store_has_nothing(&open());
    items_come_back_as_written(&open(), limits);
    writing_replaces(&open());
    removing_tells_whether_it_existed(&open());
    any_name_works(&open(), limits);
    any_data_works(&open(), limits);
    bad_names_are_refused(&open(), limits);
}

/// For stores that outlive the process.
pub fn check_persistence<K: Keystore>(open: impl Fn() -> K) {
    open().write(&item("kept", "kept secret")).unwrap();
    let read = open().read("kept").unwrap().unwrap();
    assert_eq!(read.data.expose(), b"kept secret");
    assert!(open().names().unwrap().contains(&"kept".to_owned()));
    assert!(open().remove("kept").unwrap());
    assert!(open().read("kept").unwrap().is_none());
}

fn an_empty_store_has_nothing(store: &impl Keystore) {
    assert_eq!(store.names().unwrap(), Vec::<String>::new());
    assert!(store.read("nobody").unwrap().is_none());
    assert!(!store.remove("nobody").unwrap());
}

fn items_come_back_as_written(store: &impl Keystore, limits: &Limits) {
    let written = Item {
        label: "a label with <html> & \u{2028}".to_owned(),
        description: "aws-vault session".to_owned(),
        not_trust_application: false,
        not_synchronizable: true,
        ..item("full", "the data")
    };
    store.write(&written).unwrap();
    let read = store.read("full").unwrap().unwrap();
    assert_eq!(read.name, "full");
    assert_eq!(read.data.expose(), b"the data");
    if !limits.data_only {
        assert_eq!(read.label, written.label);
        assert_eq!(read.description, written.description);
        assert!(!read.not_trust_application && read.not_synchronizable);
    }
    assert!(store.remove("full").unwrap());
}

fn writing_replaces(store: &impl Keystore) {
    store
        .write(&item("twice", "old, and longer than the new one"))
        .unwrap();
    store.write(&item("twice", "new")).unwrap();
    assert_eq!(store.read("twice").unwrap().unwrap().data.expose(), b"new");
    assert_eq!(store.names().unwrap(), ["twice"]);
    assert!(store.remove("twice").unwrap());
}

fn removing_tells_whether_it_existed(store: &impl Keystore) {
    store.write(&item("here", "x")).unwrap();
    store.write(&item("hereafter", "y")).unwrap();
    assert!(!store.remove("her").unwrap());
    assert!(store.remove("here").unwrap());
    assert!(!store.remove("here").unwrap());
    assert!(store.read("here").unwrap().is_none());
    assert_eq!(
        store.read("hereafter").unwrap().unwrap().data.expose(),
        b"y"
    );
    assert!(store.remove("hereafter").unwrap());
}

fn any_name_works(store: &impl Keystore, limits: &Limits) {
    let names = || {
        NAMES
            .iter()
            .filter(|name| !limits.refused_names.contains(name))
            .filter(|name| !(limits.one_case && **name == "upper"))
    };
    for name in names() {
        store
            .write(&item(name, format!("secret of {name}")))
            .unwrap();
    }
    let mut sorted: Vec<_> = names().map(|name| (*name).to_owned()).collect();
    sorted.sort_unstable();
    assert_eq!(store.names().unwrap(), sorted);
    for name in names() {
        let read = store
            .read(name)
            .unwrap()
            .unwrap_or_else(|| panic!("{name:?} is missing"));
        assert_eq!(read.data.expose(), format!("secret of {name}").as_bytes());
        assert_eq!(read.name, *name);
    }
    for name in names() {
        assert!(store.remove(name).unwrap(), "{name:?}");
    }
    assert_eq!(store.names().unwrap(), Vec::<String>::new());
}

fn any_data_works(store: &impl Keystore, limits: &Limits) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = every_byte.iter().cycle().take(100_000).copied().collect();
    for data in [every_byte, Vec::new(), large] {
        let fits = |sizes: &RangeInclusive<usize>| sizes.contains(&data.len());
        if !limits.sizes.as_ref().is_none_or(fits) {
            let before = store.read("data").unwrap().unwrap();
            store.write(&item("data", data)).unwrap_err();
            let after = store.read("data").unwrap().unwrap();
            assert_eq!(before.data.expose(), after.data.expose());
            continue;
        }
        store.write(&item("data", data.clone())).unwrap();
        assert_eq!(store.read("data").unwrap().unwrap().data.expose(), data);
    }
    assert!(store.remove("data").unwrap());
}

fn bad_names_are_refused(store: &impl Keystore, limits: &Limits) {
    for name in ["", "nul\0inside"].iter().chain(limits.refused_names) {
        let error = store.write(&item(name, "x")).expect_err(name);
        assert!(matches!(error, Error::InvalidName { .. }), "{error}");
        assert!(!store.read(name).is_ok_and(|read| read.is_some()));
        assert!(!store.remove(name).unwrap_or(false));
    }
    assert_eq!(store.names().unwrap(), Vec::<String>::new());
}
