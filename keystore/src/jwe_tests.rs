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
    header_json(CREATED, 8192, &vector_randomness().salt)
}

fn opened(jwe: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    open(jwe, (passphrase, &mut DerivedKeys::default()))
}

fn sealed(plaintext: &[u8], passphrase: &[u8], created: &str, random: &Randomness) -> String {
    seal(
        plaintext,
        (passphrase, &mut DerivedKeys::default()),
        8192,
        created,
        random,
    )
}

fn salt_and_iterations(jwe: &str) -> (Vec<u8>, u32) {
    let sealed = parse(jwe.as_bytes()).unwrap();
    (sealed.salt, sealed.iterations)
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
    let plaintext = opened(VECTOR.as_bytes(), b"password").unwrap();
    assert!(plaintext.starts_with(b"{\"Key\":\"jon\",\"Data\":\""));
    assert_eq!(
        sealed(&plaintext, b"password", CREATED, &vector_randomness()),
        VECTOR
    );
    let with_space = format!("\n {VECTOR}\r\n");
    assert_eq!(
        opened(with_space.as_bytes(), b"password").unwrap(),
        plaintext
    );
}

#[test]
fn wrong_passphrase_is_told_apart_from_damage() {
    assert_eq!(
        opened(VECTOR.as_bytes(), b"Password").unwrap_err(),
        Unreadable::Passphrase
    );
    let mut damaged = VECTOR.as_bytes().to_vec();
    let middle = VECTOR.len() - 100;
    damaged[middle] = if damaged[middle] == b'A' { b'B' } else { b'A' };
    assert!(matches!(
        opened(&damaged, b"password").unwrap_err(),
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
        let error = opened(jwe.as_bytes(), b"password").expect_err(&format!("row {row}"));
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
        opened(sealed_with(&header).as_bytes(), b"password").unwrap_err(),
        Unreadable::Passphrase
    );
}

#[test]
fn what_is_sealed_takes_the_salt_of_what_was_opened() {
    let mut keys = DerivedKeys::default();
    let mut seal_with = |iterations, passphrase: &[u8]| {
        let random = Randomness::from_system().unwrap();
        seal(b"x", (passphrase, &mut keys), iterations, CREATED, &random)
    };
    let first = seal_with(1000, b"pw");
    assert_eq!(salt_and_iterations(&first).1, 1000);
    assert_eq!(
        salt_and_iterations(&seal_with(1000, b"pw")),
        salt_and_iterations(&first)
    );

    // Opened by another process: one derivation opens the item and seals the next.
    let mut keys = DerivedKeys::default();
    open(first.as_bytes(), (b"pw", &mut keys)).unwrap();
    let mut seal_with = |iterations| {
        let random = Randomness::from_system().unwrap();
        seal(b"x", (b"pw", &mut keys), iterations, CREATED, &random)
    };
    assert_eq!(
        salt_and_iterations(&seal_with(1000)),
        salt_and_iterations(&first)
    );
    // Too few rounds by today's measure: the item that replaces it gets more.
    let stronger = salt_and_iterations(&seal_with(2000));
    assert_eq!(stronger.1, 2000);
    assert_ne!(stronger.0, salt_and_iterations(&first).0);
    assert_eq!(keys.0.len(), 2);
}

#[test]
fn a_salt_that_came_with_an_unopened_item_is_not_taken() {
    let planted = sealed(b"x", b"somebody else's", CREATED, &vector_randomness());
    let mut keys = DerivedKeys::default();
    assert_eq!(
        open(planted.as_bytes(), (b"pw", &mut keys)).unwrap_err(),
        Unreadable::Passphrase
    );
    let random = Randomness::from_system().unwrap();
    let ours = seal(b"x", (b"pw", &mut keys), 8192, CREATED, &random);
    assert_eq!(salt_and_iterations(&ours).0, random.salt);
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
        let jwe = sealed(&plaintext, passphrase.as_bytes(), &created, &random);
        prop_assert!(check_form(jwe.as_bytes()).is_ok());
        let back = opened(jwe.as_bytes(), passphrase.as_bytes());
        prop_assert_eq!(&**back.as_ref().unwrap(), &plaintext[..]);
    }

    #[test]
    fn any_changed_character_is_noticed(position in any::<prop::sample::Index>(), replacement in "[A-Za-z0-9_.-]") {
        let mut changed = VECTOR.as_bytes().to_vec();
        let position = position.index(changed.len());
        prop_assume!(changed[position] != replacement.as_bytes()[0]);
        changed[position] = replacement.as_bytes()[0];
        prop_assert!(opened(&changed, b"password").is_err());
    }

    #[test]
    fn random_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(opened(&bytes, b"x").is_err());
    }
}
