//! From a resolved profile to its chain. Which step is there follows the Go tool, whose users know what to expect.

use super::arn::Arn;
use super::base;
use super::chain::{
    AssumeRole, Base, Chain, GetSessionToken, Link, Mfa, Purpose, Request, Service, SessionPolicies,
};
use super::error::{Error, Place, shown};
use super::lifetime::{self, SignedBy};
use super::profile::{Origin, Profile, Setting};
use super::recursion;

/// Decides every step for `profile`. `stored` says for which names the keystore holds an access key.
///
/// * A stored key of a profile wins over its `source_profile`, that over IAM Identity Center, that over a web identity, that
///   over a SAML assertion, that over `credential_process`, `credential_source`, `login_session` and a key in clear text.
/// * Keys get a session (GetSessionToken) unless a step after it does better without; see `no_session`.
/// * Each `role_arn` on the way from the base to the profile is assumed in turn; an MFA device is asked once.
pub fn plan(
    profile: &Profile,
    stored: &dyn Fn(&str) -> bool,
    request: &Request,
) -> Result<Chain, Error> {
    let whole: Vec<&Profile> = profile.lineage().collect();
    let keys = whole
        .iter()
        .enumerate()
        .find_map(|(index, profile)| Some((index, stored_name(profile, stored)?)));
    let last = keys.as_ref().map_or(whole.len() - 1, |(index, _)| *index);
    let lineage = Lineage {
        profiles: &whole[..=last],
        request,
    };
    let has_static_key = || request.static_keys.of_profile(&whole[last].name).is_some();
    must_exist(&whole[..=last], keys.is_some() || has_static_key())?;
    let mut notes = configuration_notes(&lineage, whole.len());
    let base = match keys {
        Some((_, profile)) => Base::Stored { profile },
        None => base::own(lineage.base(), profile, request)?,
    };
    let links = lineage.links(&base, &mut notes)?;
    policies_need_a_role(profile, &base, &links, request)?;
    Ok(Chain {
        profile: profile.name.clone(),
        region: profile.region.clone(),
        endpoint_url: profile.endpoints.all.clone(),
        base,
        links,
        notes,
    })
}

/// A policy that nothing carries would promise what is not kept.
fn policies_need_a_role(
    profile: &Profile,
    base: &Base,
    links: &[Link],
    request: &Request,
) -> Result<(), Error> {
    let last = match (links.last(), base) {
        (Some(Link::AssumeRole(role)), _)
        | (None, Base::WebIdentity { role, .. } | Base::Saml { role, .. }) => Some(&role.profile),
        _ => None,
    };
    if request.policies.is_empty() || last == Some(&profile.name) {
        return Ok(());
    }
    Err(Error::PolicyWithoutRole {
        profile: profile.name.clone(),
    })
}

/// The profiles that take part: the one asked for first, the one with the base last.
struct Lineage<'a> {
    profiles: &'a [&'a Profile],
    request: &'a Request,
}

impl Lineage<'_> {
    fn base(&self) -> &Profile {
        self.profiles[self.profiles.len() - 1]
    }

    /// The profile that starts from the base.
    fn user_of_base(&self) -> Option<&Profile> {
        self.profiles.iter().rev().nth(1).copied()
    }

    fn links(&self, base: &Base, notes: &mut Vec<String>) -> Result<Vec<Link>, Error> {
        let mut links = Vec::new();
        let mut signed_by = base::signed_by(base);
        let mut proved: Vec<&str> = Vec::new();
        if base.is_access_key()
            && let Some(session) = self.session(notes)?
        {
            proved.extend(
                self.base()
                    .mfa_serial
                    .as_ref()
                    .map(|serial| serial.value.as_str()),
            );
            signed_by = SignedBy::Session;
            links.push(Link::GetSessionToken(session));
        }
        for (index, profile) in self.profiles.iter().enumerate().rev() {
            let is_base = index == self.profiles.len() - 1;
            let Some(role_arn) = &profile.role_arn else {
                continue;
            };
            if is_base && !base::role_follows(base, profile) {
                notes.extend(base::ignored_role(base, profile));
                continue;
            }
            let serial = profile
                .mfa_serial
                .as_ref()
                .map(|serial| serial.value.as_str());
            let mfa = serial
                .filter(|serial| !proved.contains(serial))
                .and_then(|_| mfa(profile));
            if mfa.is_some() && signed_by == SignedBy::Role {
                notes.push(format!(
                    "profile '{}' has an MFA device, but its role is assumed with a role's credentials: AWS checks codes only \
                     for the user who owns the device",
                    shown(&profile.name)
                ));
            }
            proved.extend(serial);
            let duration = lifetime::of_role(profile, signed_by, self.request)?;
            if base::is_unknown(base) && links.is_empty() && duration.seconds > 3_600 {
                notes.push(format!(
                    "profile '{}': AWS limits the role to 1 hour if the credentials it is assumed with are a role's",
                    shown(&profile.name)
                ));
            }
            links.push(Link::AssumeRole(AssumeRole {
                profile: profile.name.clone(),
                role_arn: role_arn.clone(),
                session_name: profile.role_session_name.clone(),
                duration,
                mfa,
                external_id: profile.external_id.clone(),
                tags: profile
                    .session_tags
                    .as_ref()
                    .map_or_else(Vec::new, |tags| tags.value.clone()),
                transitive_tags: profile
                    .transitive_session_tags
                    .as_ref()
                    .map_or_else(Vec::new, |keys| keys.value.clone()),
                source_identity: profile.source_identity.clone(),
                policies: SessionPolicies::of_role(
                    profile,
                    (index == 0).then_some(&self.request.policies),
                    &role_arn.value,
                )?,
                service: self.service(profile),
            }));
            signed_by = SignedBy::Role;
        }
        Ok(links)
    }

    /// GetSessionToken for the stored key, if it is of use.
    fn session(&self, notes: &mut Vec<String>) -> Result<Option<GetSessionToken>, Error> {
        let base = self.base();
        if let Some(why) = self.no_session() {
            notes.push(format!(
                "no GetSessionToken for '{}': {why}",
                shown(&base.name)
            ));
            return Ok(None);
        }
        Ok(Some(GetSessionToken {
            profile: base.name.clone(),
            duration: lifetime::of_session(base, self.profiles.len() == 1, self.request)?,
            mfa: mfa(base),
            service: self.service(base),
        }))
    }

    fn no_session(&self) -> Option<&'static str> {
        let base = self.base();
        let user = self.user_of_base();
        let mut roles = self
            .profiles
            .iter()
            .filter(|profile| profile.role_arn.is_some());
        let single_role = roles.next().filter(|_| roles.next().is_none());
        if self.request.no_session {
            return Some("--no-session");
        }
        if base.role_arn.is_some() && user.is_none_or(|user| user.role_arn.is_none()) {
            return Some("its role is assumed with the access key directly");
        }
        if single_role.is_some_and(|role| {
            lifetime::exceeds_chaining(&lifetime::role_wish(role, self.request))
        }) {
            return Some(
                "the role is wanted for more than 1 hour, which AWS gives to access keys only",
            );
        }
        match user {
            None if self.request.purpose == Purpose::Login => Some(
                "the console is opened with the access key, because AWS refuses GetFederationToken to sessions",
            ),
            None if self.request.purpose == Purpose::Rotate && base.mfa_serial.is_none() => {
                Some("AWS refuses IAM to sessions without MFA")
            }
            None => None,
            Some(user) => match (&user.mfa_serial, &base.mfa_serial) {
                (Some(user), Some(base)) if user.value == base.value => None,
                (Some(_), Some(_)) => {
                    Some("the profile that starts from it has another MFA device")
                }
                (None, _) => Some("the profile that starts from it has no mfa_serial"),
                (_, None) => Some("it has no mfa_serial"),
            },
        }
    }

    fn service(&self, profile: &Profile) -> Service {
        service(profile, self.profiles[0])
    }
}

/// Region and endpoints of calls made for `profile`, one of those that `target` starts from.
pub fn service(profile: &Profile, target: &Profile) -> Service {
    Service {
        region: profile
            .region
            .clone()
            .or_else(|| partition_region(profile, target)),
        endpoints: profile.endpoints.clone(),
    }
}

/// From the partition of the profile's ARNs, else of those of its relatives: a chain cannot leave its partition.
fn partition_region(profile: &Profile, target: &Profile) -> Option<Setting<String>> {
    let region = std::iter::once(profile)
        .chain(target.lineage())
        .flat_map(|profile| {
            [
                &profile.role_arn,
                &profile.mfa_serial,
                &profile.login_session,
            ]
        })
        .flatten()
        .find_map(|arn| Arn::parse(&arn.value)?.partition())?
        .default_region();
    let origin = Origin::Default("STS endpoint of the ARN's partition");
    Some(Setting::new(region.to_owned(), origin))
}

/// The name of the stored key. The Go tool keeps the quotes of `[profile "a b"]`, so its key may be called `"a b"`.
fn stored_name(profile: &Profile, stored: &dyn Fn(&str) -> bool) -> Option<String> {
    let quoted = format!("\"{}\"", profile.name);
    [profile.name.clone(), quoted]
        .into_iter()
        .find(|name| stored(name))
}

/// A name without section and without key is a typing mistake, even where `[default]` would make something of it.
fn must_exist(profiles: &[&Profile], last_has_keys: bool) -> Result<(), Error> {
    let last = profiles.len() - 1;
    let missing = |index: usize| {
        profiles[index].line.is_none()
            && !profiles[index].ad_hoc
            && !(last_has_keys && index == last)
    };
    if missing(0) {
        return Err(Error::ProfileNotFound {
            profile: profiles[0].name.clone(),
            path: profiles[0].file.clone(),
        });
    }
    for (user, index) in profiles.iter().zip(1..profiles.len()) {
        if missing(index)
            && let Some(source) = &user.source_profile
        {
            return Err(Error::SourceNotFound {
                profile: user.name.clone(),
                source_profile: profiles[index].name.clone(),
                place: Place::new(&user.file, &source.origin),
            });
        }
    }
    Ok(())
}

fn mfa(profile: &Profile) -> Option<Mfa> {
    profile.mfa_serial.clone().map(|serial| Mfa {
        serial,
        process: profile.mfa_process.clone(),
    })
}

fn configuration_notes(lineage: &Lineage<'_>, whole: usize) -> Vec<String> {
    let mut notes = lineage.request.ttl.notes.clone();
    let base = lineage.base();
    if lineage.profiles.len() < whole {
        notes.push(format!(
            "source_profile of '{}' is not used, because an access key is stored for it",
            shown(&base.name)
        ));
    }
    if let Some(command) = &base.credential_process
        && recursion::calls_for(&command.value, &base.name)
    {
        notes.push(format!(
            "credential_process of '{}' ({}) calls aws-vault for the profile itself; it is for other programs and not used here",
            shown(&base.name),
            command.origin
        ));
    }
    for profile in lineage.profiles {
        let clear_text = profile
            .clear_text_key
            .as_ref()
            .map(|origin| format!("{origin} holds an access key in clear text, which is not used"));
        for note in profile.notes.iter().cloned().chain(clear_text) {
            // What is odd about [default] is odd about every profile.
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    notes
}
