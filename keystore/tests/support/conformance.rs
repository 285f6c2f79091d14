//! What every store must do, whatever it is.

use aws_vault_keystore::{Item, Keystore};

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

/// Runs the whole suite; `open` opens the same, initially empty, store again.
pub fn check<K: Keystore>(open: impl Fn() -> K) {
    an_empty_store_has_nothing(&open());
    items_come_back_as_written(&open());
    writing_replaces(&open());
    removing_tells_whether_it_existed(&open());
    any_name_works(&open());
    any_data_works(&open());
    bad_names_are_refused(&open());
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

fn items_come_back_as_written(store: &impl Keystore) {
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
    assert_eq!(read.label, written.label);
    assert_eq!(read.description, written.description);
    assert!(!read.not_trust_application && read.not_synchronizable);
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

fn any_name_works(store: &impl Keystore) {
    for name in NAMES {
        store
            .write(&item(name, format!("secret of {name}")))
            .unwrap();
    }
    let mut sorted: Vec<_> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    sorted.sort_unstable();
    assert_eq!(store.names().unwrap(), sorted);
    for name in NAMES {
        let read = store
            .read(name)
            .unwrap()
            .unwrap_or_else(|| panic!("{name:?} is missing"));
        assert_eq!(read.data.expose(), format!("secret of {name}").as_bytes());
        assert_eq!(read.name, *name);
    }
    for name in NAMES {
        assert!(store.remove(name).unwrap(), "{name:?}");
    }
    assert_eq!(store.names().unwrap(), Vec::<String>::new());
}

fn any_data_works(store: &impl Keystore) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = every_byte.iter().cycle().take(100_000).copied().collect();
    for data in [Vec::new(), every_byte, large] {
        store.write(&item("data", data.clone())).unwrap();
        assert_eq!(store.read("data").unwrap().unwrap().data.expose(), data);
    }
    assert!(store.remove("data").unwrap());
}

fn bad_names_are_refused(store: &impl Keystore) {
    for name in ["", "nul\0inside"] {
        assert!(store.write(&item(name, "x")).is_err(), "{name:?}");
    }
    assert_eq!(store.names().unwrap(), Vec::<String>::new());
}
