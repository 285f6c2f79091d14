//! What a rotation does next: decided from the journal and from what was found, by nothing else. Every step can be repeated, so
//! a rotation that was stopped anywhere goes on from what is there.
//!
//! What holds at every instant (shared names with docs/rotation.md):
//!
//! * I1: the store holds a key that works, or a journal with one.
//! * I2: after CreateAccessKey has answered, the secret is never only in memory.
//! * I3: running `rotate` again finishes, or goes back.
//! * I4: nothing is deleted that is not known to be the old key, or one that this rotation made.
//! * I5: of a key that IAM made and nobody has the secret of, the user is told.

use super::journal::{Journal, Phase};

/// One step. Its name is what kill tests and transcripts call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// CreateAccessKey, and its answer into the journal.
    CreateKey,
    /// ListAccessKeys: did an earlier run make a key whose secret was lost?
    LookForOrphan,
    /// Such a key is there: only a person may say that it goes.
    OfferOrphan(String),
    /// GetCallerIdentity with the new key, until it has answered several times in a row.
    ProveNew,
    /// ListAccessKeys: is the new key still there at all?
    LookForNew,
    /// The new key into every name that holds the old one.
    StoreNew,
    DropSessions,
    DeactivateOld,
    /// The new key once more: the last proof before the point of no return.
    ProveNewAlone,
    DeleteOld,
    /// The journal stays, with the deactivated key in it.
    KeepOld,
    /// The journal says from now on that the rotation goes back.
    TurnBack,
    /// The journal says that it goes forward after all: there is no old key to go back to.
    TurnForward,
    /// GetCallerIdentity with the old key; if it is refused, it was deactivated.
    ProveOld,
    ReactivateOld,
    RestoreOld,
    DeleteNew,
    DropJournal,
    /// Neither key works.
    Stuck,
}

/// What a name holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    Old,
    New,
    /// A third key: somebody stored it meanwhile, and it stays.
    Other,
    Nothing,
}

/// What is known of a key at AWS, in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    Unknown,
    /// It answered GetCallerIdentity several times.
    Works,
    /// GetCallerIdentity refuses it, and waiting did not help.
    Refused,
    /// We made it active again, which takes as long to be known as a new key.
    Reactivated,
    /// We deactivated it.
    Deactivated,
    /// The same, and the other key was proved afterwards.
    Dispensable,
    Gone,
}

/// What this run has found and done so far.
#[derive(Debug)]
pub struct Found {
    /// What each name of the journal holds.
    pub stored: Vec<Holds>,
    /// The intent is this run's own, and CreateAccessKey has not been sent.
    pub nothing_sent: bool,
    /// Keys that IAM made since the intent; `None` until asked.
    pub orphans: Option<Vec<String>>,
    pub old: KeyState,
    pub new: KeyState,
    pub sessions_dropped: bool,
    /// `--keep-old`
    pub keep_old: bool,
}

pub fn next_step(journal: &Journal, found: &Found) -> Step {
    match (journal.phase, &journal.new) {
        (Phase::Forward, None) => without_new_key(found),
        (Phase::Forward | Phase::OldKeyKept, _) => forward(found),
        (Phase::Back, _) => back(journal, found),
    }
}

fn without_new_key(found: &Found) -> Step {
    if found.nothing_sent {
        return Step::CreateKey;
    }
    match found.orphans.as_deref() {
        None => Step::LookForOrphan,
        Some([]) => Step::DropJournal,
        Some([id, ..]) => Step::OfferOrphan(id.clone()),
    }
}

fn forward(found: &Found) -> Step {
    // Other keys are stored under every name: nobody needs the new one.
    if found.stored.iter().all(|holds| *holds == Holds::Other) {
        return Step::TurnBack;
    }
    match found.new {
        KeyState::Unknown => return Step::ProveNew,
        KeyState::Refused => return Step::LookForNew,
        KeyState::Gone if found.old == KeyState::Gone => return Step::Stuck,
        KeyState::Works => {}
        _ => return Step::TurnBack,
    }
    if found
        .stored
        .iter()
        .any(|holds| matches!(holds, Holds::Old | Holds::Nothing))
    {
        return Step::StoreNew;
    }
    if !found.sessions_dropped {
        return Step::DropSessions;
    }
    match found.old {
        KeyState::Unknown | KeyState::Works | KeyState::Refused | KeyState::Reactivated => {
            Step::DeactivateOld
        }
        KeyState::Deactivated => Step::ProveNewAlone,
        KeyState::Dispensable if found.keep_old => Step::KeepOld,
        KeyState::Dispensable => Step::DeleteOld,
        KeyState::Gone => Step::DropJournal,
    }
}

fn back(journal: &Journal, found: &Found) -> Step {
    let wanted = found.stored.iter().any(|holds| *holds != Holds::Other);
    if wanted {
        match found.old {
            KeyState::Unknown | KeyState::Reactivated => return Step::ProveOld,
            KeyState::Refused | KeyState::Deactivated | KeyState::Dispensable => {
                return Step::ReactivateOld;
            }
            KeyState::Gone if journal.new.is_none() || found.new == KeyState::Gone => {
                return Step::Stuck;
            }
            KeyState::Gone => return Step::TurnForward,
            KeyState::Works => {}
        }
        if found
            .stored
            .iter()
            .any(|holds| matches!(holds, Holds::New | Holds::Nothing))
        {
            return Step::RestoreOld;
        }
        if !found.sessions_dropped {
            return Step::DropSessions;
        }
    }
    if journal.new.is_none() || found.new == KeyState::Gone {
        Step::DropJournal
    } else {
        Step::DeleteNew
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::tests::{journal, key};
    use super::*;

    fn found(stored: &[Holds]) -> Found {
        Found {
            stored: stored.to_vec(),
            nothing_sent: false,
            orphans: None,
            old: KeyState::Unknown,
            new: KeyState::Unknown,
            sessions_dropped: false,
            keep_old: false,
        }
    }

    /// What the step does when all goes well, as far as the decision sees it.
    fn done(step: &Step, journal: &mut Journal, found: &mut Found) {
        let holds = |found: &mut Found, from: &[Holds], to| {
            for held in found.stored.iter_mut().filter(|held| from.contains(held)) {
                *held = to;
            }
        };
        match step {
            Step::CreateKey => {
                journal.new = Some(key("AKIANEW"));
                found.nothing_sent = false;
            }
            Step::LookForOrphan => found.orphans = Some(vec!["AKIAORPHAN".into()]),
            Step::OfferOrphan(_) => found.orphans = Some(vec![]),
            Step::ProveNew => found.new = KeyState::Works,
            Step::LookForNew | Step::DeleteNew => found.new = KeyState::Gone,
            Step::StoreNew => holds(found, &[Holds::Old, Holds::Nothing], Holds::New),
            Step::DropSessions => found.sessions_dropped = true,
            Step::DeactivateOld => found.old = KeyState::Deactivated,
            Step::ProveNewAlone => found.old = KeyState::Dispensable,
            Step::DeleteOld => found.old = KeyState::Gone,
            Step::TurnBack => {
                journal.phase = Phase::Back;
                found.sessions_dropped = false;
            }
            Step::TurnForward => journal.phase = Phase::Forward,
            Step::ProveOld => found.old = KeyState::Works,
            Step::ReactivateOld => found.old = KeyState::Reactivated,
            Step::RestoreOld => holds(found, &[Holds::New, Holds::Nothing], Holds::Old),
            Step::KeepOld | Step::DropJournal | Step::Stuck => {}
        }
    }

    fn walk(mut journal: Journal, mut found: Found) -> Vec<Step> {
        let mut steps = Vec::new();
        loop {
            let step = next_step(&journal, &found);
            steps.push(step.clone());
            if matches!(step, Step::DropJournal | Step::KeepOld | Step::Stuck) {
                return steps;
            }
            assert!(steps.len() < 20, "it goes round in circles: {steps:?}");
            done(&step, &mut journal, &mut found);
        }
    }

    const TO_THE_END: [Step; 7] = [
        Step::ProveNew,
        Step::StoreNew,
        Step::DropSessions,
        Step::DeactivateOld,
        Step::ProveNewAlone,
        Step::DeleteOld,
        Step::DropJournal,
    ];

    #[test]
    fn an_undisturbed_rotation() {
        let fresh = Found {
            nothing_sent: true,
            ..found(&[Holds::Old])
        };
        let mut expected = vec![Step::CreateKey];
        expected.extend(TO_THE_END);
        assert_eq!(walk(journal(Phase::Forward, None), fresh), expected);
    }

    #[test]
    fn an_intent_of_an_earlier_run_never_creates_a_second_key() {
        assert_eq!(
            walk(journal(Phase::Forward, None), found(&[Holds::Old])),
            [
                Step::LookForOrphan,
                Step::OfferOrphan("AKIAORPHAN".into()),
                Step::DropJournal
            ]
        );
        let nothing_there = Found {
            orphans: Some(vec![]),
            ..found(&[Holds::Old])
        };
        assert_eq!(
            walk(journal(Phase::Forward, None), nothing_there),
            [Step::DropJournal]
        );
    }

    #[test]
    fn whatever_is_stored_a_new_key_ends_up_where_the_old_one_was() {
        for stored in [
            vec![Holds::Old],
            vec![Holds::Nothing],
            vec![Holds::Old, Holds::New, Holds::Other],
        ] {
            assert_eq!(
                walk(
                    journal(Phase::Forward, Some(key("AKIANEW"))),
                    found(&stored)
                ),
                TO_THE_END
            );
        }
        let stored = walk(
            journal(Phase::Forward, Some(key("AKIANEW"))),
            found(&[Holds::New]),
        );
        assert!(!stored.contains(&Step::StoreNew), "{stored:?}");
    }

    #[test]
    fn the_old_key_is_not_touched_before_the_new_one_works_and_is_stored() {
        let states = [
            KeyState::Unknown,
            KeyState::Works,
            KeyState::Refused,
            KeyState::Reactivated,
            KeyState::Deactivated,
            KeyState::Dispensable,
            KeyState::Gone,
        ];
        let held = [Holds::Old, Holds::New, Holds::Other, Holds::Nothing];
        for phase in [Phase::Forward, Phase::OldKeyKept, Phase::Back] {
            for (old, new) in states
                .iter()
                .flat_map(|old| states.iter().map(move |new| (*old, *new)))
            {
                for (one, two) in held
                    .iter()
                    .flat_map(|one| held.iter().map(move |two| (*one, *two)))
                {
                    for sessions_dropped in [false, true] {
                        let found = Found {
                            old,
                            new,
                            sessions_dropped,
                            ..found(&[one, two])
                        };
                        let step = next_step(&journal(phase, Some(key("AKIANEW"))), &found);
                        let case = format!("{phase:?} {found:?}: {step:?}");
                        let stored_nowhere = |what| one != what && two != what;
                        if matches!(
                            step,
                            Step::DeactivateOld | Step::ProveNewAlone | Step::DeleteOld
                        ) {
                            assert!(
                                new == KeyState::Works && stored_nowhere(Holds::Old),
                                "{case}"
                            );
                        }
                        if step == Step::DeleteOld {
                            assert_eq!(old, KeyState::Dispensable, "{case}");
                        }
                        if step == Step::DeleteNew {
                            assert!(phase == Phase::Back && stored_nowhere(Holds::New), "{case}");
                            let nobody_needs_one = one == Holds::Other && two == Holds::Other;
                            assert!(old == KeyState::Works || nobody_needs_one, "{case}");
                        }
                        assert_ne!(step, Step::CreateKey, "{case}");
                    }
                }
            }
        }
    }

    #[test]
    fn keeping_the_old_key_stops_after_a_proof() {
        let keep = Found {
            keep_old: true,
            ..found(&[Holds::Old])
        };
        let steps = walk(journal(Phase::Forward, Some(key("AKIANEW"))), keep);
        assert_eq!(
            steps[3..],
            [Step::DeactivateOld, Step::ProveNewAlone, Step::KeepOld]
        );
        // And later it goes.
        let later = Found {
            sessions_dropped: true,
            ..found(&[Holds::New])
        };
        assert_eq!(
            walk(journal(Phase::OldKeyKept, Some(key("AKIANEW"))), later),
            [
                Step::ProveNew,
                Step::DeactivateOld,
                Step::ProveNewAlone,
                Step::DeleteOld,
                Step::DropJournal
            ]
        );
    }

    #[test]
    fn back_to_the_old_key() {
        let refused = Found {
            old: KeyState::Refused,
            ..found(&[Holds::New])
        };
        assert_eq!(
            walk(journal(Phase::Back, Some(key("AKIANEW"))), refused),
            [
                Step::ReactivateOld,
                Step::ProveOld,
                Step::RestoreOld,
                Step::DropSessions,
                Step::DeleteNew,
                Step::DropJournal
            ]
        );
        let new_is_gone = Found {
            new: KeyState::Refused,
            ..found(&[Holds::Old])
        };
        assert_eq!(
            walk(journal(Phase::Forward, Some(key("AKIANEW"))), new_is_gone),
            [
                Step::LookForNew,
                Step::TurnBack,
                Step::ProveOld,
                Step::DropSessions,
                Step::DropJournal
            ]
        );
        let nobody_needs_it = walk(
            journal(Phase::Forward, Some(key("AKIANEW"))),
            found(&[Holds::Other]),
        );
        assert_eq!(
            nobody_needs_it,
            [Step::TurnBack, Step::DeleteNew, Step::DropJournal]
        );
        let old_is_gone = Found {
            old: KeyState::Gone,
            ..found(&[Holds::New])
        };
        assert_eq!(
            walk(journal(Phase::Back, Some(key("AKIANEW"))), old_is_gone),
            [
                Step::TurnForward,
                Step::ProveNew,
                Step::DropSessions,
                Step::DropJournal
            ]
        );
        let both_gone = Found {
            old: KeyState::Gone,
            new: KeyState::Gone,
            ..found(&[Holds::Old])
        };
        assert_eq!(
            walk(journal(Phase::Back, Some(key("AKIANEW"))), both_gone),
            [Step::Stuck]
        );
    }
}
