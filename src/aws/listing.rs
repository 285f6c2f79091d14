//! Many calls of one kind at the same time, at the pace that the service allows.
//!
//! The portal's limit is not documented and differs between instances, so it is found: calls start faster until the service says
//! 429, then further apart.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::sso::{Account, Portal};
use super::{Aws, Error};

/// Calls in flight. Listing is mostly waiting.
const WORKERS: usize = 16;
/// How often one call is made at most.
const ATTEMPTS: u32 = 12;
/// How often one that got no answer, or none that can be read.
const AMBIGUOUS_ATTEMPTS: u32 = 4;
const FIRST_GAP: Duration = Duration::from_millis(20);
const LONGEST_GAP: Duration = Duration::from_secs(2);
/// Everybody's rest after a refusal.
const REST: Duration = Duration::from_secs(1);

impl Aws {
    /// Every account of the person.
    pub fn accounts(&self, portal: &Portal) -> Result<Vec<Account>, Error> {
        let pace = Pace::default();
        self.wait(async {
            let mut all = Vec::new();
            let mut next = None;
            loop {
                let (found, more) = pace.call(|| portal.accounts(next.clone())).await?;
                all.extend(found);
                match more {
                    Some(more) if next.as_ref() != Some(&more) => next = Some(more),
                    _ => return Ok(all),
                }
            }
        })?
    }

    /// The roles in each account; `found` hears of each account once, in no order.
    pub fn roles(
        &self,
        portal: &Portal,
        accounts: Vec<Account>,
        mut found: impl FnMut(&Account, Vec<String>),
    ) -> Result<(), Error> {
        let pace = Arc::new(Pace::default());
        self.wait(async {
            let mut queue = accounts.into_iter();
            let mut running = JoinSet::new();
            loop {
                while running.len() < WORKERS
                    && let Some(account) = queue.next()
                {
                    running.spawn(roles_of(portal.clone(), Arc::clone(&pace), account));
                }
                match running.join_next().await {
                    None => return Ok(()),
                    Some(Ok(answer)) => {
                        let (account, roles) = answer?;
                        found(&account, roles);
                    }
                    // No task is cancelled, and none panics.
                    Some(Err(_)) => return Err(Error::no_runtime()),
                }
            }
        })?
    }
}

async fn roles_of(
    portal: Portal,
    pace: Arc<Pace>,
    account: Account,
) -> Result<(Account, Vec<String>), Error> {
    let mut all = Vec::new();
    let mut next = None;
    loop {
        let (found, more) = pace
            .call(|| portal.roles(&account.id, next.clone()))
            .await?;
        all.extend(found);
        match more {
            Some(more) if next.as_ref() != Some(&more) => next = Some(more),
            _ => return Ok((account, all)),
        }
    }
}

/// When the next call may start.
#[derive(Debug)]
struct Pace(Mutex<Slots>);

#[derive(Debug, Clone, Copy)]
struct Slots {
    next: Instant,
    /// Between two starts; zero until the service complains.
    gap: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(Slots {
            next: Instant::now(),
            gap: Duration::ZERO,
        }))
    }
}

impl Pace {
    async fn call<T, F: Future<Output = Result<T, Error>>>(
        &self,
        send: impl Fn() -> F,
    ) -> Result<T, Error> {
        let mut attempts = 0;
        loop {
            sleep_until(self.slot()).await;
            attempts += 1;
            match send().await {
                Err(error) if error.is_throttling() && attempts < ATTEMPTS => self.slower(),
                Err(error) if error.is_ambiguous() && attempts < AMBIGUOUS_ATTEMPTS => {
                    self.slower();
                }
                Ok(answer) => {
                    self.faster();
                    return Ok(answer);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn slot(&self) -> Instant {
        self.change(|slots| {
            let now = Instant::now().max(slots.next);
            slots.next = now + slots.gap;
            now
        })
    }

    fn slower(&self) {
        self.change(|slots| {
            let rested = Instant::now() + REST;
            // Those who were refused together count once.
            if slots.next < rested {
                slots.gap = (slots.gap * 2).clamp(FIRST_GAP, LONGEST_GAP);
                slots.next = rested;
            }
        });
    }

    fn faster(&self) {
        self.change(|slots| slots.gap = slots.gap.mul_f64(0.97));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Slots) -> T) -> T {
        let mut slots = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut slots)
    }
}
