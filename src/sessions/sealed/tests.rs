use super::*;
use crate::config::chain::{Base, Chain, GetSessionToken, Lifetime, Link, Service};
use crate::config::profile::{Endpoints, Origin};

fn step(profile: &str) -> Fingerprint {
    let chain = Chain {
        profile: profile.into(),
        region: None,
        endpoint_url: None,
        base: Base::Stored {
            profile: profile.into(),
        },
        links: vec![Link::GetSessionToken(GetSessionToken {
            profile: profile.into(),
            duration: Lifetime {
                seconds: 3600,
                origin: Origin::Default("GetSessionToken's default"),
                cap: None,
            },
            mfa: None,
            service: Service {
                region: None,
                endpoints: Endpoints::default(),
            },
        })],
        notes: vec![],
    };
    Fingerprint::after(&chain, 1, "memory")
}

fn session() -> SessionCredentials {
    SessionCredentials {
        access_key_id: "ASIAIOSFODNN7EXAMPLE".into(),
        secret_access_key: "CANARY-secret".into(),
        session_token: "CANARY-token".into(),
        expiration: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
    }
}

fn key(byte: u8) -> SessionKey {
    SessionKey::from_bytes(&[byte; 32]).unwrap()
}

fn sealed() -> Vec<u8> {
    let header = Header::new(
        "jon",
        "sts.GetSessionToken",
        &session(),
        Some("jon"),
        "memory",
    );
    seal(&header, &session(), &step("jon"), &key(1)).unwrap()
}

#[test]
fn opens_what_it_sealed() {
    let opened = SealedSession(sealed()).open(&step("jon"), &key(1)).unwrap();
    assert_eq!(opened.access_key_id, session().access_key_id);
    assert_eq!(opened.session_token.expose_secret(), "CANARY-token");
    assert_eq!(opened.expiration, session().expiration);
}

#[test]
fn no_secret_is_in_the_file() {
    let file = sealed();
    assert!(!file.windows(6).any(|window| window == b"CANARY"));
}

#[test]
fn another_key_another_step_or_any_flipped_byte_is_a_miss() {
    let file = sealed();
    let opens = |file: &[u8], step: &Fingerprint, key: &SessionKey| {
        SealedSession(file.to_vec()).open(step, key).is_some()
    };
    assert!(!opens(&file, &step("jon"), &key(2)));
    assert!(!opens(&file, &step("other"), &key(1)));
    for index in 0..file.len() {
        let mut damaged = file.clone();
        damaged[index] ^= 1;
        assert!(!opens(&damaged, &step("jon"), &key(1)), "byte {index}");
        assert!(
            !opens(&file[..index], &step("jon"), &key(1)),
            "cut at {index}"
        );
    }
}
