//! One point: hit, look, resume, look again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aws_vault::credentials::masked;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::points::{Blow, Point};
use crate::store::Store;
use crate::support::{KEY, Sim, run};

/// How the rotation ended in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The blow was not noticed, or did not come.
    Unharmed,
    /// Resumed, to the new key.
    Forward,
    /// As it was before.
    Back,
    /// A key whose secret was lost was named, and deleted when that was allowed.
    OrphanTold,
}

pub struct Verdict {
    pub end: End,
    pub violation: Option<String>,
}

pub fn at(store: &mut Store, point: &Point) -> Verdict {
    let result = catch_unwind(AssertUnwindSafe(|| hit(store, point)));
    let result = result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.unwrap_or_else(|| "a command did not end as it should".to_owned()))
    });
    match result {
        Ok(end) => Verdict {
            end,
            violation: None,
        },
        Err(why) => Verdict {
            end: End::Unharmed,
            violation: Some(why),
        },
    }
}

fn hit(store: &mut Store, point: &Point) -> Result<End, String> {
    let sim = Sim::deck();
    store.reset(&sim);
    let strace = point.strace();
    let strace: Vec<&str> = strace.iter().map(String::as_str).collect();
    let ran = run(&mut store.home.through(&strace, ["rotate", "bastion"]));

    let keys = keys(&sim);
    let (main, journal) = (store.item("bastion"), store.journal());
    let kept: Vec<&Value> = main.iter().chain(&journal).collect();
    let works = |item: &&Value| keys.iter().any(|key| key.active && key.is(item));
    // The store has a key that works, or a journal with one.
    ensure(kept.iter().any(works), "I1", || {
        format!("{keys:?}, {ran:?}")
    })?;
    let lost = keys
        .iter()
        .find(|key| !kept.iter().any(|item| key.is_anywhere_in(item)));
    if journal.is_some() {
        let told = run(&mut store.home.command(["list", "--credentials"])).ok();
        let noticed =
            told.stderr.contains("the rotation of 'bastion'") && told.stdout == "bastion\n";
        ensure(noticed, "I3: a command says so", || format!("{told:?}"))?;
    }

    let resumed = run(&mut store.home.command(["rotate", "--resume"]));
    let mut orphan_told = false;
    match (lost, resumed.status.code()) {
        (_, Some(0)) => {}
        (Some(lost), Some(1)) => {
            // Who was killed before the answer came, or could not keep it, learns which key it is.
            ensure(resumed.stderr.contains(&masked(&lost.id)), "I5", || {
                format!("{resumed:?}")
            })?;
            run(&mut store
                .home
                .command(["rotate", "--resume", "--delete-orphan"]))
            .ok();
            orphan_told = true;
        }
        _ => return Err(format!("I3: {resumed:?} after {ran:?}")),
    }
    // Only who is killed before the journal is written, or hears no answer, loses a secret; who lives on deletes the key at
    // once, or says what may be there.
    let told = ["did not take it", "may have created a key"];
    let lost_alive = lost.is_some()
        && matches!(point.blow, Blow::Error(_))
        && !told.iter().any(|text| ran.stderr.contains(text));
    ensure(!lost_alive, "I2", || format!("{lost:?} {ran:?}"))?;

    let after = self::keys(&sim);
    let main = store
        .item("bastion")
        .ok_or("I1: no key is stored in the end")?;
    // I4, too: whatever was deleted, it was not the key in use, and nothing else was there.
    let only = after.len() == 1 && after[0].active && after[0].is(&main);
    ensure(only, "I3: one key in the end", || {
        format!("{after:?} {resumed:?} {ran:?}")
    })?;
    ensure(
        store.journal().is_none(),
        "I3: no journal in the end",
        || format!("{resumed:?}"),
    )?;
    let quiet = run(&mut store.home.command(["list"])).ok();
    ensure(
        !quiet.stderr.contains("interrupted"),
        "I3: nothing to tell",
        || format!("{quiet:?}"),
    )?;
    Ok(
        match (
            orphan_told,
            main["AccessKeyID"] == KEY.id,
            ran.status.success(),
        ) {
            (true, ..) => End::OrphanTold,
            (_, true, _) => End::Back,
            (_, false, true) => End::Unharmed,
            (_, false, false) => End::Forward,
        },
    )
}

fn ensure(holds: bool, what: &str, details: impl FnOnce() -> String) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("{what} does not hold: {}", details()))
    }
}

/// A key at IAM.
struct Key {
    id: String,
    secret: String,
    active: bool,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}",
            self.id,
            if self.active { "active" } else { "inactive" }
        )
    }
}

impl Key {
    /// The item is this key, secret included; of a journal, its newest key.
    fn is(&self, item: &Value) -> bool {
        item["AccessKeyID"] == self.id && item["SecretAccessKey"] == self.secret
    }

    fn is_anywhere_in(&self, item: &Value) -> bool {
        self.is(item) || self.is(&item["Rotation"]["Old"])
    }
}

fn keys(sim: &Sim) -> Vec<Key> {
    let world = sim.world();
    let user = &world.accounts["111122223333"].users["elmerfudd"];
    user.access_keys
        .iter()
        .map(|key| Key {
            id: key.id.clone(),
            secret: key.secret.expose_secret().to_owned(),
            active: key.status == aws_sim::Status::Active,
        })
        .collect()
}
