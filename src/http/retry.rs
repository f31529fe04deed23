//! Whether and when a failed request is sent again: what may be repeated, the backoff, and what
//! `Retry-After` says.

use std::time::{Duration, SystemTime};

use super::request::Request;
use crate::error::Error;

/// The first wait after a failure; each further one is twice as long, up to the longest.
const FIRST: Duration = Duration::from_millis(250);

/// The longest wait of the ladder in docs/wire.md. Longer ones are for the background, where many clients wait at once.
const LADDER: Duration = Duration::from_secs(4);

/// Waits between attempts (docs/wire.md, "Retry").
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    longest: Duration,
}

impl Backoff {
    pub const fn up_to(longest: Duration) -> Self {
        Backoff { longest }
    }

    /// The wait before retry number `retry`, counted from 0. `draw`, from 0 to 1, is drawn at random: a short
    /// wait is lengthened by up to a fifth; a long one is anything from its half to its double, within the
    /// longest. Clients whose waits began at the same moment are then spread over all of a wait.
    pub fn wait(self, retry: u32, draw: f64) -> Duration {
        let step = FIRST.saturating_mul(1 << retry.min(20)).min(self.longest);
        if step <= LADDER {
            return step.mul_f64(1.0 + 0.2 * draw);
        }
        let (least, most) = (step / 2, (step * 2).min(self.longest));
        least + (most - least).mul_f64(draw)
    }
}

/// The header `Retry-After`: seconds (fractions allowed) or an HTTP date (RFC 9110, 10.2.3).
pub fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<f64>() {
        // Not `max(0.0)`, which would turn a NaN into 0.
        let seconds = if seconds < 0.0 { 0.0 } else { seconds };
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(header).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

/// A request that may have arrived is only repeated where the service takes it once. That it was
/// turned away at the door (429, 503) counts as not arrived.
pub fn may_repeat(request: &Request, error: &Error) -> bool {
    request.repeatable || !error.may_have_arrived || matches!(error.http_status, 429 | 503)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_the_longest() {
        let backoff = Backoff::up_to(Duration::from_secs(4));
        let steps: Vec<u128> = (0..7).map(|n| backoff.wait(n, 0.0).as_millis()).collect();
        assert_eq!(steps, [250, 500, 1000, 2000, 4000, 4000, 4000]);
        assert_eq!(backoff.wait(u32::MAX, 1.0).as_millis(), 4800);
    }

    #[test]
    fn long_waits_are_spread_widely_and_short_ones_by_a_fifth() {
        let backoff = Backoff::up_to(Duration::from_secs(30));
        let seconds = |draw| {
            let steps = [0, 3, 4, 5, 6, 7, 8, u32::MAX];
            steps.map(|n| backoff.wait(n, draw).as_secs_f64())
        };
        assert_eq!(seconds(0.0), [0.25, 2.0, 4.0, 4.0, 8.0, 15.0, 15.0, 15.0]);
        assert_eq!(seconds(1.0), [0.3, 2.4, 4.8, 16.0, 30.0, 30.0, 30.0, 30.0]);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after("2", now), Some(Duration::from_secs(2)));
        assert_eq!(retry_after(" 0.25 ", now), Some(Duration::from_millis(250)));
        assert_eq!(retry_after("-3", now), Some(Duration::ZERO));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now),
            Some(Duration::ZERO)
        );
        for bad in ["", "soon", "NaN", "inf", "1e300"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }
}
