//! One point: hit, look, resume, look again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aws_vault::credentials::masked;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::points::{Blow, Point};
use crate::store::{self, Store};
use crate::support::{KEY, Ran, Sim, run};

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
    let sim = store::world();
    store.reset(&sim);
    let strace = point.strace();
    let strace: Vec<&str> = strace.iter().map(String::as_str).collect();
    let ran = run(&mut store.home.through(&strace, ["rotate", "bastion"]));
    let halt = Halt::of(store, &sim);
    halt.check(point, &ran)?;
    if halt.journal {
        let told = run(&mut store.home.command(["list", "--credentials"])).ok();
        let noticed = told.stderr.contains("the rotation of 'bastion'")
            && told.stdout == "bastion\nbystander\n";
        ensure(noticed, "I3: a command says so", || format!("{told:?}"))?;
    }

    let resumed = run(&mut store.home.command(["rotate", "--resume"]));
    match (&halt.lost, resumed.status.code()) {
        (None, Some(0)) => {}
        (Some(lost), Some(1)) => {
            // Who was killed before the answer came, or could not keep it, learns which key it is.
            ensure(resumed.stderr.contains(&masked(lost)), "I5", || {
                format!("{resumed:?}")
            })?;
            let delete = ["rotate", "--resume", "--delete-orphan"];
            run(&mut store.home.command(delete)).ok();
        }
        _ => return Err(format!("I3: {resumed:?} with {halt:?} after {ran:?}")),
    }

    let after = keys(&sim);
    let main = store
        .item("bastion")
        .ok_or("I1: no key is stored in the end")?;
    let only = after.len() == 1 && after[0].active && after[0].is(&main);
    ensure(only, "I3: one key in the end", || {
        format!("{after:?} {resumed:?} {ran:?}")
    })?;
    // A new key whose secret was kept is never thrown away, and nothing else takes the old one's place.
    let expected = halt.kept.as_deref().unwrap_or(KEY.id);
    ensure(
        after[0].id == expected,
        "I3: the right key in the end",
        || format!("{expected} of {halt:?}: {after:?} {resumed:?} {ran:?}"),
    )?;
    ensure(store.bystander_is_untouched(&sim), "I4", || {
        format!("{:?} {ran:?}", sim.actions())
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
    Ok(match (&halt.lost, &halt.kept, ran.status.success()) {
        (Some(_), ..) => End::OrphanTold,
        (_, None, _) => End::Back,
        (_, Some(_), true) => End::Unharmed,
        (_, Some(_), false) => End::Forward,
    })
}

/// What is there when the blow has fallen.
#[derive(Debug)]
struct Halt {
    /// Keys of the user at IAM.
    keys: Vec<Key>,
    /// One of them works and is in the store, with its secret.
    works: bool,
    journal: bool,
    /// The id of a new key, with its secret in the store.
    kept: Option<String>,
    /// The id of a new key whose secret nobody has.
    lost: Option<String>,
    /// The last change that IAM was asked for.
    last: Option<String>,
}

impl Halt {
    fn of(store: &Store, sim: &Sim) -> Self {
        let keys = keys(sim);
        let (main, journal) = (store.item("bastion"), store.journal());
        let stored: Vec<&Value> = main.iter().chain(&journal).collect();
        let is_stored = |key: &&Key| stored.iter().any(|item| key.is_anywhere_in(item));
        let new = keys.iter().find(|key| key.id != KEY.id);
        Self {
            works: stored
                .iter()
                .any(|item| keys.iter().any(|key| key.active && key.is(item))),
            journal: journal.is_some(),
            kept: new.filter(is_stored).map(|key| key.id.clone()),
            lost: new.filter(|key| !is_stored(key)).map(|key| key.id.clone()),
            last: sim.writes().pop(),
            keys,
        }
    }

    /// I1, I2 and I4 at the moment of the blow.
    fn check(&self, point: &Point, ran: &Ran) -> Result<(), String> {
        let details = || format!("{self:?}, {ran:?}");
        ensure(self.works, "I1", details)?;
        // The old key is touched when a new one is kept and not before.
        let old = self.keys.iter().any(|key| key.id == KEY.id && key.active);
        ensure(old || self.kept.is_some(), "I4", details)?;
        let Some(lost) = &self.lost else {
            return Ok(());
        };
        // The gap between IAM's answer and the journal cannot be closed; whoever falls into it leaves the intent, has not asked
        // IAM for more, and lives to say so unless it was killed.
        ensure(self.journal, "I2: the intent is there", details)?;
        // No disk fails the write that wakes tokio's own thread (an eventfd); where it does fail, that ends the program.
        let killed = point.blow == Blow::Kill || ran.stderr.contains("failed to wake I/O driver");
        if killed {
            let asked_no_more = self.last.as_deref() == Some("iam:CreateAccessKey");
            return ensure(
                asked_no_more,
                "I2: killed between answer and journal",
                details,
            );
        }
        let unheard = ran.stderr.contains("may have created a key");
        let unkept = ran.stderr.contains("did not take it") && ran.stderr.contains(&masked(lost));
        ensure(unheard || unkept, "I2: told", details)
    }
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
