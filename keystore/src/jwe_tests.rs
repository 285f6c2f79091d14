use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const CREATED: &str = "2026-08-21 20:19:02.123456789 +0100 BST m=+0.012345678";

/// Made by the JOSE library of earlier aws-vault releases with the numbers of [`vector_randomness`].
const VECTOR: &str = include_str!("../tests/fixtures/vector.jwe");

fn vector_randomness() -> Randomness {
    Randomness {
        salt: counting_from(0),
        content_key: Zeroizing::new(counting_from(0)),
        nonce: counting_from(0x64),
    }
}

fn counting_from<const N: usize>(first: u8) -> [u8; N] {
    let mut next = first;
    [(); N].map(|()| {
        next += 1;
        next - 1
    })
}

fn sealed_with(header: &str) -> String {
    let rest = VECTOR.split_once('.').unwrap().1;
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

fn vector_header() -> String {
    header_json(CREATED, &vector_randomness().salt)
}

#[test]
fn key_derivation_of_the_vector() {
    let kek = key_encryption_key(b"password", &vector_randomness().salt, 8192);
    assert_eq!(
        u128::from_be_bytes(*kek),
        0xe0b9_0561_acb4_a145_3535_b0ad_a91e_fe14
    );
}

#[test]
fn opens_and_reproduces_the_vector() {
    let plaintext = open(VECTOR.as_bytes(), b"password").unwrap();
    assert!(plaintext.starts_with(b"{\"Key\":\"jon\",\"Data\":\""));
    assert_eq!(
        seal(&plaintext, b"password", CREATED, &vector_randomness()),
        VECTOR
    );
    let with_space = format!("\n {VECTOR}\r\n");
    assert_eq!(open(with_space.as_bytes(), b"password").unwrap(), plaintext);
}

#[test]
fn wrong_passphrase_is_told_apart_from_damage() {
    assert_eq!(
        open(VECTOR.as_bytes(), b"Password").unwrap_err(),
        Unreadable::Passphrase
    );
    let mut damaged = VECTOR.as_bytes().to_vec();
    let middle = VECTOR.len() - 100;
    damaged[middle] = if damaged[middle] == b'A' { b'B' } else { b'A' };
    assert!(matches!(
        open(&damaged, b"password").unwrap_err(),
        Unreadable::Malformed(_)
    ));
}

#[test]
fn bad_headers_and_parts_fail_fast() {
    let header = vector_header();
    let parts: Vec<&str> = VECTOR.split('.').collect();
    let with = |from: &str, to: &str| {
        assert!(header.contains(from), "{from}");
        sealed_with(&header.replace(from, to))
    };
    let without_part = |index: usize| {
        let mut parts = parts.clone();
        parts[index] = "";
        parts.join(".")
    };
    let table = [
        with("8192", "0"),
        with("8192", "-1"),
        with("8192", "1300001"),
        with("8192", "2147483648"),
        with("8192", "1e9"),
        with("8192", "1000000000"),
        with("8192", "18446744073709551616"),
        with("8192", "\"8192\""),
        with("\"p2c\":8192,", ""),
        with("\"p2c\":8192,", "\"p2c\":8192,\"p2c\":8192,"),
        with("PBES2-HS256+A128KW", "dir"),
        with("PBES2-HS256+A128KW", "PBES2-HS512+A256KW"),
        with("PBES2-HS256+A128KW", "none"),
        with("A256GCM", "A128GCM"),
        with("A256GCM", "A256CBC-HS512"),
        with("AAECAwQFBgcICQoL", ""),
        with("AAECAwQFBgcICQoL", "AAECAwQ"),
        with("AAECAwQFBgcICQoL", "***"),
        with("{", "{\"zip\":\"DEF\","),
        with("{", "{\"crit\":[\"exp\"],"),
        with("{", "["),
        sealed_with("null"),
        without_part(0),
        without_part(1),
        without_part(2),
        without_part(3),
        without_part(4),
        parts[..4].join("."),
        format!("{VECTOR}.AAAA"),
        VECTOR[..VECTOR.len() - 2].to_owned(),
        String::new(),
        "....".to_owned(),
        ".".repeat(1_000_000),
    ];
    for (row, jwe) in table.iter().enumerate() {
        let start = Instant::now();
        let error = open(jwe.as_bytes(), b"password").expect_err(&format!("row {row}"));
        assert!(
            matches!(error, Unreadable::Malformed(_)),
            "row {row}: {error}"
        );
        assert!(start.elapsed() < Duration::from_millis(100), "row {row}");
    }
}

#[test]
fn the_highest_iteration_count_is_accepted() {
    let header = vector_header().replace("8192", "1300000");
    assert_eq!(
        open(sealed_with(&header).as_bytes(), b"password").unwrap_err(),
        Unreadable::Passphrase
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn round_trip(
        plaintext in proptest::collection::vec(any::<u8>(), 0..300),
        passphrase in ".*",
        created in ".*",
    ) {
        let random = Randomness::from_system().unwrap();
        let sealed = seal(&plaintext, passphrase.as_bytes(), &created, &random);
        prop_assert!(check_form(sealed.as_bytes()).is_ok());
        let opened = open(sealed.as_bytes(), passphrase.as_bytes());
        prop_assert_eq!(&**opened.as_ref().unwrap(), &plaintext[..]);
    }

    #[test]
    fn any_changed_character_is_noticed(position in any::<prop::sample::Index>(), replacement in "[A-Za-z0-9_.-]") {
        let mut changed = VECTOR.as_bytes().to_vec();
        let position = position.index(changed.len());
        prop_assume!(changed[position] != replacement.as_bytes()[0]);
        changed[position] = replacement.as_bytes()[0];
        prop_assert!(open(&changed, b"password").is_err());
    }

    #[test]
    fn random_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&bytes, b"x").is_err());
    }
}
