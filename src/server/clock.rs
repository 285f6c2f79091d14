//! Time as credentials need it: both the wall clock and the time since boot, because either may fail.
//!
//! The wall clock is what AWS's expiry is written in, and can be set; the time since boot cannot, and unlike the monotonic
//! clock it goes on while the machine sleeps.

use std::time::{Duration, SystemTime};

/// One moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub wall: SystemTime,
    pub boot: Duration,
}

/// A moment in the future that has come as soon as either clock says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    wall: SystemTime,
    boot: Duration,
}

impl Now {
    pub fn read(clock: fn() -> SystemTime) -> Self {
        Self {
            wall: clock(),
            boot: since_boot(),
        }
    }

    #[cfg(test)]
    pub fn test(seconds: u64) -> Self {
        Self {
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds),
            boot: Duration::from_secs(seconds),
        }
    }
}

impl Deadline {
    pub fn after(now: Now, time: Duration) -> Self {
        Self {
            wall: now.wall + time,
            boot: now.boot + time,
        }
    }

    /// The moment when the wall clock, if nobody sets it, shows `wall`.
    pub fn at(wall: SystemTime, now: Now) -> Self {
        let left = wall.duration_since(now.wall).unwrap_or_default();
        Self {
            wall,
            boot: now.boot + left,
        }
    }

    /// How far away it is; zero once it has come.
    pub fn left(&self, now: Now) -> Duration {
        let wall = self.wall.duration_since(now.wall).unwrap_or_default();
        wall.min(self.boot.saturating_sub(now.boot))
    }

    pub fn has_come(&self, now: Now) -> bool {
        self.left(now).is_zero()
    }

    /// Both clocks in milliseconds, for a sealed token.
    pub fn to_millis(self) -> (u64, u64) {
        let wall = self
            .wall
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        (millis(wall), millis(self.boot))
    }

    pub fn from_millis((wall, boot): (u64, u64)) -> Self {
        Self {
            wall: SystemTime::UNIX_EPOCH + Duration::from_millis(wall),
            boot: Duration::from_millis(boot),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Source: clock_gettime(2), `CLOCK_BOOTTIME`.
#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// macOS: the monotonic clock counts sleep. Windows: so does the performance counter on today's hardware.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_clock_ends_it() {
        let start = Now::test(100);
        let deadline = Deadline::after(start, Duration::from_secs(60));
        assert_eq!(deadline.left(Now::test(110)), Duration::from_secs(50));
        // Somebody set the wall clock back: the time since boot goes on.
        let set_back = Now {
            wall: start.wall - Duration::from_secs(36_000),
            boot: Duration::from_secs(161),
        };
        assert!(deadline.has_come(set_back));
        // Somebody set it forward.
        let set_forward = Now {
            wall: start.wall + Duration::from_secs(36_000),
            boot: start.boot,
        };
        assert!(deadline.has_come(set_forward));
        // The machine slept: both went on.
        assert!(deadline.has_come(Now::test(86_400)));
    }

    #[test]
    fn a_deadline_of_the_wall_clock() {
        let now = Now::test(0);
        let deadline = Deadline::at(now.wall + Duration::from_secs(5), now);
        assert_eq!(deadline, Deadline::after(now, Duration::from_secs(5)));
        assert!(Deadline::at(now.wall - Duration::from_secs(5), now).has_come(now));
        assert_eq!(Deadline::from_millis(deadline.to_millis()), deadline);
    }
}
