//! When credentials are had anew: a state machine without sockets, threads or a clock of its own.
//!
//! The rules: one refresh at a time, everybody else waits for it or is served what is still good; shortly before the end a
//! refresh runs while the old credentials are served; expired ones never leave; a failure is remembered for a while, because
//! SDKs repeat what failed and a person must not be asked by each repetition.

use std::time::Duration;

use super::clock::{Deadline, Now};

/// The window of botocore and of the SDK for Java: within it they ask again, so within it there should be something new.
const LONGEST_WINDOW: Duration = Duration::from_mins(15);
/// With less left a request signed now may arrive too late.
const LAST_MINUTE: Duration = Duration::from_mins(1);
/// An SDK tries three to five times in about three seconds.
const QUIET_AFTER_FAILURE: Duration = Duration::from_secs(4);
/// As long as one code of an MFA device lasts.
const QUIET_AFTER_PROMPT: Duration = Duration::from_secs(30);

/// The credentials of one subject, and what is being done about them.
#[derive(Debug)]
pub struct Slot<T, E> {
    held: Option<Held<T>>,
    failed: Option<(E, Deadline)>,
    refreshing: bool,
}

#[derive(Debug)]
struct Held<T> {
    value: T,
    expires: Deadline,
    /// With less left than this a refresh is due.
    window: Duration,
    /// With less left than this they are not served.
    least: Duration,
    /// Not before this moment is another refresh due, however little is left.
    rest: Deadline,
}

/// What a request for credentials shall get.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<'a, T, E> {
    Serve(&'a T),
    /// Serve, and refresh meanwhile. The slot counts as refreshing from now on.
    ServeAndRefresh(&'a T),
    /// Refresh, then ask again. The slot counts as refreshing from now on.
    Refresh,
    /// Somebody else is refreshing: ask again when that is done.
    Wait,
    Refuse(&'a E),
}

impl<T, E> Default for Slot<T, E> {
    fn default() -> Self {
        Self {
            held: None,
            failed: None,
            refreshing: false,
        }
    }
}

impl<T, E> Slot<T, E> {
    pub fn ask(&mut self, now: Now) -> Verdict<'_, T, E> {
        let good = self.held.as_ref().filter(|held| held.is_good(now));
        let due = good.is_none_or(|held| held.is_due(now));
        let failure = self.failed.as_ref().filter(|(_, end)| !end.has_come(now));
        match (good, failure) {
            (Some(held), None) if due && !self.refreshing => {
                self.refreshing = true;
                Verdict::ServeAndRefresh(&held.value)
            }
            (Some(held), _) => Verdict::Serve(&held.value),
            (None, _) if self.refreshing => Verdict::Wait,
            (None, Some((failure, _))) => Verdict::Refuse(failure),
            (None, None) => {
                self.refreshing = true;
                Verdict::Refresh
            }
        }
    }

    /// A refresh yielded credentials that expire at `expires`.
    pub fn succeeded(&mut self, value: T, expires: Deadline, now: Now) {
        let lifetime = expires.left(now);
        self.refreshing = false;
        self.failed = None;
        self.held = Some(Held {
            value,
            expires,
            window: window(lifetime),
            least: LAST_MINUTE.min(lifetime / 10),
            rest: Deadline::after(now, lifetime / 10),
        });
    }

    /// A refresh failed. `asked`: a person was asked, and is left alone for longer.
    pub fn failed(&mut self, failure: E, asked: bool, now: Now) {
        let quiet = if asked {
            QUIET_AFTER_PROMPT
        } else {
            QUIET_AFTER_FAILURE
        };
        self.refreshing = false;
        self.failed = Some((failure, Deadline::after(now, quiet)));
    }

    pub fn is_refreshing(&self) -> bool {
        self.refreshing
    }

    /// What a refresh that starts now must at least yield: credentials that outlast the window of those we have.
    pub fn wanted(&self) -> Duration {
        self.held
            .as_ref()
            .map_or(LAST_MINUTE, |held| held.window + held.least)
    }
}

impl<T> Held<T> {
    fn is_good(&self, now: Now) -> bool {
        self.expires.left(now) > self.least
    }

    fn is_due(&self, now: Now) -> bool {
        self.expires.left(now) <= self.window && self.rest.has_come(now)
    }
}

/// A quarter of the lifetime: a session of 15 minutes must not be due at once.
fn window(lifetime: Duration) -> Duration {
    LONGEST_WINDOW.min(lifetime / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Tested = Slot<&'static str, &'static str>;

    fn holding(lifetime: u64) -> Tested {
        let mut slot = Tested::default();
        assert_eq!(slot.ask(Now::test(0)), Verdict::Refresh);
        let now = Now::test(0);
        slot.succeeded(
            "first",
            Deadline::after(now, Duration::from_secs(lifetime)),
            now,
        );
        slot
    }

    #[test]
    fn one_refresh_and_the_others_wait() {
        let mut slot = Tested::default();
        assert_eq!(slot.ask(Now::test(0)), Verdict::Refresh);
        assert_eq!(slot.ask(Now::test(0)), Verdict::Wait);
        assert_eq!(slot.ask(Now::test(59)), Verdict::Wait);
        let now = Now::test(60);
        slot.succeeded("first", Deadline::after(now, Duration::from_hours(1)), now);
        assert_eq!(slot.ask(now), Verdict::Serve(&"first"));
    }

    #[test]
    fn the_window_of_each_lifetime() {
        for (lifetime, due_at) in [(3600, 2700), (900, 675), (43_200, 42_300), (60, 45)] {
            let mut slot = holding(lifetime);
            let before = slot.ask(Now::test(due_at - 1));
            assert_eq!(before, Verdict::Serve(&"first"), "{lifetime}");
            let due = slot.ask(Now::test(due_at));
            assert_eq!(due, Verdict::ServeAndRefresh(&"first"), "{lifetime}");
            let again = slot.ask(Now::test(due_at));
            assert_eq!(again, Verdict::Serve(&"first"), "one refresh at a time");
        }
    }

    #[test]
    fn the_last_minute_is_not_served() {
        let mut slot = holding(3600);
        assert_eq!(
            slot.ask(Now::test(3539)),
            Verdict::ServeAndRefresh(&"first")
        );
        slot.failed("throttled", false, Now::test(3539));
        assert_eq!(slot.ask(Now::test(3539)), Verdict::Serve(&"first"));
        assert_eq!(slot.ask(Now::test(3540)), Verdict::Refuse(&"throttled"));
        assert_eq!(slot.ask(Now::test(3544)), Verdict::Refresh);
        slot.failed("throttled", false, Now::test(3544));
        assert_eq!(slot.ask(Now::test(9999)), Verdict::Refresh);
    }

    #[test]
    fn a_person_is_left_alone_for_30_seconds() {
        let mut slot = Tested::default();
        slot.ask(Now::test(0));
        slot.failed("wrong code", true, Now::test(10));
        for second in [10, 20, 39] {
            assert_eq!(slot.ask(Now::test(second)), Verdict::Refuse(&"wrong code"));
        }
        assert_eq!(slot.ask(Now::test(40)), Verdict::Refresh);
    }

    #[test]
    fn credentials_that_cannot_be_renewed_are_not_renewed_all_the_time() {
        // A credential_process that prints the same credentials each time.
        let mut slot = holding(3600);
        assert_eq!(
            slot.ask(Now::test(3000)),
            Verdict::ServeAndRefresh(&"first")
        );
        let expires = Deadline::after(Now::test(0), Duration::from_secs(3600));
        slot.succeeded("same", expires, Now::test(3000));
        assert_eq!(slot.ask(Now::test(3001)), Verdict::Serve(&"same"));
        assert_eq!(slot.ask(Now::test(3450)), Verdict::ServeAndRefresh(&"same"));
    }

    #[test]
    fn a_clock_that_jumps_never_serves_what_expired() {
        let mut slot = holding(3600);
        let mut set_back = Now::test(3600);
        set_back.wall -= Duration::from_hours(10);
        assert_eq!(slot.ask(set_back), Verdict::Refresh);
        let mut slot = holding(3600);
        let mut set_forward = Now::test(1);
        set_forward.wall += Duration::from_hours(10);
        assert_eq!(slot.ask(set_forward), Verdict::Refresh);
    }

    #[test]
    fn a_refresh_asks_for_more_than_is_left() {
        assert_eq!(Tested::default().wanted(), Duration::from_mins(1));
        assert_eq!(holding(3600).wanted(), Duration::from_mins(16));
        assert_eq!(holding(60).wanted(), Duration::from_secs(21));
    }
}
