//! Eventual consistency handled by proof, not by sleeping: IAM answers from many places, and a new key is known to them one
//! after the other.
//!
//! Source: IAM User Guide, "Changes that I make are not always immediately visible".

use std::time::{Duration, SystemTime};

use crate::aws::Error;

/// A new key that does not work after this long is not late, but wrong.
pub const PROPAGATION_LIMIT: Duration = Duration::from_mins(1);
/// Answers in a row that count as a proof: one alone may come from the first place that knows.
const ANSWERS: u32 = 3;
const BETWEEN_ANSWERS: Duration = Duration::from_millis(150);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How to wait.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    pub clock: &'a dyn Fn() -> SystemTime,
    pub sleep: &'a dyn Fn(Duration),
    /// Called before each pause with how long it has been.
    pub waiting: &'a dyn Fn(Duration),
    pub limit: Duration,
}

impl Patience<'_> {
    /// Repeats `call` until it has succeeded several times in a row.
    pub fn prove(&self, call: impl Fn() -> Result<(), Error>) -> Result<(), Error> {
        let start = (self.clock)();
        let mut answers = 0;
        let mut pause = FIRST_PAUSE;
        loop {
            match call() {
                Ok(()) => {
                    answers += 1;
                    if answers == ANSWERS {
                        return Ok(());
                    }
                    (self.sleep)(BETWEEN_ANSWERS);
                }
                Err(error) => {
                    answers = 0;
                    pause = self.after(error, start, pause)?;
                }
            }
        }
    }

    /// Repeats `call` until it succeeds.
    pub fn until_known<T>(&self, call: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        let start = (self.clock)();
        let mut pause = FIRST_PAUSE;
        loop {
            match call() {
                Err(error) => pause = self.after(error, start, pause)?,
                result => return result,
            }
        }
    }

    /// Waits, and says how long to wait next time; or gives up.
    fn after(&self, error: Error, start: SystemTime, pause: Duration) -> Result<Duration, Error> {
        let waited = (self.clock)().duration_since(start).unwrap_or_default();
        if !may_pass(&error) || waited >= self.limit {
            return Err(error);
        }
        (self.waiting)(waited);
        (self.sleep)(pause);
        // Short pauses while most keys are still expected: waiting longer than IAM needs is what people see.
        let longest = LONGEST_PAUSE.min(FIRST_PAUSE + waited / 8);
        Ok((pause * 2).min(longest))
    }
}

/// Whether a refusal may be that of a place which does not know yet, or is busy.
fn may_pass(error: &Error) -> bool {
    error.is_dead_credentials()
        || matches!(
            error.code(),
            Some("Throttling" | "ThrottlingException" | "RequestLimitExceeded")
        )
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::time::UNIX_EPOCH;

    use super::*;

    fn refused(code: &str) -> Error {
        Error::Refused {
            operation: "sts:GetCallerIdentity",
            host: "sts".into(),
            code: code.into(),
            message: String::new(),
            skew_seconds: None,
        }
    }

    /// A key that `answers` after so much time; the result, and how long it took.
    fn with(
        limit: Duration,
        answers: impl Fn(Duration) -> Result<(), Error>,
    ) -> (Result<(), Error>, Duration) {
        let elapsed = Cell::new(Duration::ZERO);
        let patience = Patience {
            clock: &|| UNIX_EPOCH + elapsed.get(),
            sleep: &|pause| elapsed.set(elapsed.get() + pause),
            waiting: &|_| (),
            limit,
        };
        (patience.prove(|| answers(elapsed.get())), elapsed.get())
    }

    #[test]
    fn a_late_key_costs_little_more_than_its_delay() {
        for millis in (0..20_000).step_by(97) {
            let delay = Duration::from_millis(millis);
            let (result, took) = with(PROPAGATION_LIMIT, |elapsed| {
                if elapsed < delay {
                    Err(refused("InvalidClientTokenId"))
                } else {
                    Ok(())
                }
            });
            assert!(result.is_ok());
            assert!(
                took <= delay + delay / 8 + Duration::from_millis(700),
                "{delay:?} took {took:?}"
            );
        }
    }

    #[test]
    fn one_answer_is_no_proof() {
        let answers = RefCell::new(vec![true, true, false, true, true, true]);
        let (result, _) = with(PROPAGATION_LIMIT, |_| {
            if answers.borrow_mut().remove(0) {
                Ok(())
            } else {
                Err(refused("InvalidClientTokenId"))
            }
        });
        assert!(result.is_ok() && answers.borrow().is_empty());
    }

    #[test]
    fn it_gives_up_at_the_limit_and_at_once_when_waiting_is_no_use() {
        let (result, took) = with(PROPAGATION_LIMIT, |_| Err(refused("InvalidClientTokenId")));
        assert!(
            result.is_err()
                && took >= PROPAGATION_LIMIT
                && took < PROPAGATION_LIMIT + LONGEST_PAUSE
        );
        let (result, took) = with(PROPAGATION_LIMIT, |_| Err(refused("AccessDenied")));
        assert!(result.is_err() && took == Duration::ZERO);
    }
}
