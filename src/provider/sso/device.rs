//! Asks for the token of a device code until the person has answered.
//!
//! Source: RFC 8628, 3.4 and 3.5.

use std::time::Duration;

use crate::aws;

/// Where the service names none.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds to the interval, for good.
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// Why there is no token.
#[derive(Debug)]
pub enum Refusal {
    /// Nobody answered in time.
    Expired,
    Denied,
    Aws(aws::Error),
}

/// Calls `ask` every `interval` until it yields, is refused, or `expires_in` has passed; `pause` sleeps.
pub fn poll<T>(
    interval: Duration,
    expires_in: Duration,
    pause: &dyn Fn(Duration),
    mut ask: impl FnMut() -> Result<T, aws::Error>,
) -> Result<T, Refusal> {
    let mut interval = if interval.is_zero() {
        DEFAULT_INTERVAL
    } else {
        interval
    };
    let mut waited = Duration::ZERO;
    while waited < expires_in {
        pause(interval);
        waited += interval;
        match ask() {
            Ok(token) => return Ok(token),
            Err(error) => match error.code() {
                Some("AuthorizationPendingException") => {}
                Some("SlowDownException") => interval += SLOW_DOWN,
                Some("ExpiredTokenException") => return Err(Refusal::Expired),
                Some("AccessDeniedException") => return Err(Refusal::Denied),
                // RFC 8628: a connection that breaks off is asked again, more slowly.
                _ if error.is_ambiguous() => {
                    interval = interval.saturating_mul(2).min(SLOW_DOWN * 6);
                }
                _ => return Err(Refusal::Aws(error)),
            },
        }
    }
    Err(Refusal::Expired)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn refused(code: &str) -> aws::Error {
        aws::Error::Refused {
            operation: "sso-oidc:CreateToken",
            host: "oidc".into(),
            code: code.into(),
            message: String::new(),
            skew_seconds: None,
        }
    }

    /// The pauses made, and what came of it.
    fn run(script: &[&str], expires_in: u64) -> (Vec<u64>, Result<(), Refusal>) {
        let pauses = RefCell::new(Vec::new());
        let mut answers = script.iter();
        let result = poll(
            Duration::from_secs(1),
            Duration::from_secs(expires_in),
            &|pause| pauses.borrow_mut().push(pause.as_secs()),
            || match answers.next() {
                Some(&"ok") => Ok(()),
                Some(&"broken") => Err(aws::Error::Failed {
                    operation: "x",
                    host: "x".into(),
                    status: 502,
                }),
                Some(code) => Err(refused(code)),
                None => Err(refused("AuthorizationPendingException")),
            },
        );
        (pauses.into_inner(), result)
    }

    #[test]
    fn waits_as_the_rfc_says() {
        const PENDING: &str = "AuthorizationPendingException";
        let (pauses, result) = run(
            &[PENDING, "SlowDownException", PENDING, "broken", "ok"],
            600,
        );
        assert!(result.is_ok());
        assert_eq!(pauses, [1, 1, 6, 6, 12]);
    }

    #[test]
    fn ends() {
        assert!(matches!(run(&[], 3), (pauses, Err(Refusal::Expired)) if pauses == [1, 1, 1]));
        assert!(matches!(
            run(&["ExpiredTokenException"], 600).1,
            Err(Refusal::Expired)
        ));
        assert!(matches!(
            run(&["AccessDeniedException"], 600).1,
            Err(Refusal::Denied)
        ));
        assert!(matches!(
            run(&["InvalidGrantException"], 600).1,
            Err(Refusal::Aws(_))
        ));
    }
}
