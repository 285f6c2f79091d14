//! MFA codes: RFC 6238 appendix B (SHA-1, cut to the six digits that AWS uses), and the rule that a code works once.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aws_sim::{Device, Leniency, step_at, token_code};

/// Base32 of the RFC's seed `12345678901234567890`.
const RFC_SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const NOW: u64 = 1_234_567_890;

fn device() -> Device {
    serde_json::from_value(
        serde_json::json!({ "serial": "arn:aws:iam::111122223333:mfa/a", "seed": RFC_SEED }),
    )
    .unwrap()
}

fn code(steps_from_now: i64) -> String {
    token_code(RFC_SEED, step_at(NOW).saturating_add_signed(steps_from_now)).unwrap()
}

#[test]
fn codes_are_those_of_the_rfc() {
    let vectors = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];
    for (unix, expected) in vectors {
        assert_eq!(
            token_code(RFC_SEED, step_at(unix)).unwrap(),
            expected,
            "{unix}"
        );
    }
}

#[test]
fn seeds_are_read_as_people_paste_them() {
    let expected = token_code(RFC_SEED, 1).unwrap();
    for seed in [
        "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
        "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====",
    ] {
        assert_eq!(token_code(seed, 1).unwrap(), expected, "{seed}");
    }
    assert!(token_code("not base32!", 1).is_err());
}

#[test]
fn the_window_is_one_step_either_side() {
    for (steps, accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
        assert_eq!(
            device().accept(&code(steps), NOW, Leniency::default()),
            Ok(accepted),
            "{steps}"
        );
    }
}

#[test]
fn a_code_works_once_and_no_older_one_after_it() {
    let mut device = device();
    assert_eq!(device.accept(&code(0), NOW, Leniency::default()), Ok(true));
    assert_eq!(device.accept(&code(0), NOW, Leniency::default()), Ok(false));
    assert_eq!(
        device.accept(&code(-1), NOW, Leniency::default()),
        Ok(false)
    );
    assert_eq!(device.accept(&code(1), NOW, Leniency::default()), Ok(true));
    assert_eq!(device.next_code(NOW), Ok(None));
    assert_eq!(
        device.accept(
            &code(1),
            NOW,
            Leniency {
                reuse: true,
                extra_steps: 0
            }
        ),
        Ok(true),
        "reuse is allowed when asked for"
    );
    assert_eq!(device.next_code(NOW + 30), Ok(Some(code(2))));
}
