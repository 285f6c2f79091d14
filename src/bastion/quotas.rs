//! IAM's limits, checked before any call.
//!
//! Source: IAM User Guide, "IAM and AWS STS quotas": sizes count every character but white space.

/// Groups that one user can be in.
pub const GROUPS_PER_USER: usize = 10;
/// Managed policies that can be attached to one role or group (the default; AWS raises it on request).
pub const MANAGED_POLICIES: usize = 10;
/// Characters of a managed policy.
pub const MANAGED_POLICY_CHARS: usize = 6_144;
/// Characters of a role's trust policy.
pub const TRUST_POLICY_CHARS: usize = 2_048;
/// Characters of all inline policies of one role together.
pub const ROLE_INLINE_CHARS: usize = 10_240;
/// Versions that AWS keeps of one managed policy.
pub const POLICY_VERSIONS: usize = 5;
/// Tags of a role or user, the owner's one included.
pub const TAGS: usize = 50;
/// Characters of the name of a role or a user.
pub const NAME_CHARS: usize = 64;
/// Characters of the name of a group or a policy.
pub const LONG_NAME_CHARS: usize = 128;
/// Characters of a role's description.
pub const DESCRIPTION_CHARS: usize = 1_000;
/// Seconds a role's sessions may last.
pub const SESSION_SECONDS: std::ops::RangeInclusive<u32> = 3_600..=43_200;

/// The size of a document as AWS counts it.
pub fn policy_chars(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// Why a name is none, in words that follow "the name …".
pub fn name_problem(name: &str, most: usize) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if name.is_empty() {
        Some("is empty".to_owned())
    } else if name.chars().count() > most {
        Some(format!("is longer than {most} characters"))
    } else {
        let odd = name.chars().find(|c| !fits(*c));
        odd.map(|c| format!("has {c:?} in it; IAM allows letters, digits and +=,.@_-"))
    }
}
