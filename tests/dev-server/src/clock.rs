//! What time it is, and how time is written. Inside the server a time is a number of microseconds since 1970.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Strictly increasing, so that paging by `until` can be tested, unless a test freezes it to get equal times.
pub struct Clock(Mutex<State>);

struct State {
    frozen: Option<i64>,
    last: i64,
}

impl Clock {
    /// `last` is the newest time already handed out (by an earlier run on the same database).
    pub fn new(last: i64) -> Self {
        Self(Mutex::new(State { frozen: None, last }))
    }

    pub fn now(&self) -> i64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frozen) = state.frozen {
            return frozen;
        }
        // Increasing even where the system's clock goes back.
        state.last = micros(SystemTime::now()).max(state.last + 1);
        state.last
    }

    /// `None` lets time run again.
    pub fn freeze(&self, time: Option<i64>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).frozen = time;
    }
}

/// A time before 1970 counts as 1970.
pub fn micros(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros() as i64)
}

/// `2026-01-31T12:00:00.000001Z`: always six digits, so that text order is time order.
pub fn format(micros: i64) -> String {
    match Timestamp::from_microsecond(micros) {
        Ok(time) => format!("{time:.6}"),
        Err(_) => format!("{:.6}", Timestamp::UNIX_EPOCH),
    }
}

/// RFC 3339 and nothing wider. A finer fraction is rounded up, which keeps both "not before" and "before" exact
/// for times that are whole microseconds.
pub fn parse(text: &str) -> Option<i64> {
    if !is_rfc3339(text) {
        return None;
    }
    let nanos = text.parse::<Timestamp>().ok()?.as_nanosecond();
    let up = i128::from(nanos.rem_euclid(1000) != 0);
    i64::try_from(nanos.div_euclid(1000) + up).ok()
}

/// The parser behind `parse` also takes ISO 8601's other forms and `[Zone]` suffixes; the contract does not.
fn is_rfc3339(text: &str) -> bool {
    let Some((head, rest)) = text.as_bytes().split_at_checked(19) else {
        return false;
    };
    let head_fits = head
        .iter()
        .zip(b"dddd-dd-ddTdd:dd:dd")
        .all(|(&byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'T' => byte.eq_ignore_ascii_case(&b'T'),
            _ => byte == *shape,
        });
    let zone = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
    };
    head_fits && is_zone(zone)
}

fn is_zone(zone: &[u8]) -> bool {
    match zone {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// Whether an RFC 3339 time is written as UTC.
pub fn is_utc(text: &str) -> bool {
    text.ends_with(['Z', 'z']) || text.ends_with("+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_round_trip_with_six_digits() {
        for text in ["2026-01-31T12:00:00.000001Z", "1969-12-31T23:59:59.999999Z"] {
            assert_eq!(parse(text).map(format).as_deref(), Some(text));
        }
        assert_eq!(
            parse("2026-01-31T14:00:00+02:00"),
            parse("2026-01-31T12:00:00Z")
        );
        assert_eq!(
            parse("2026-01-31T12:00:00.0000011Z"),
            parse("2026-01-31T12:00:00.000002Z")
        );
    }

    #[test]
    fn only_rfc3339_is_a_time() {
        for text in [
            "",
            "yesterday",
            "2026-01-31",
            "2026-01-31 12:00:00Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00Z",
            "2026-13-31T12:00:00Z",
            "2026-02-30T12:00:00Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00Z[UTC]",
            "2026-01-31T12:00:00+0200",
            "２026-01-31T12:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn time_increases_unless_frozen() {
        let clock = Clock::new(i64::MAX / 2);
        assert!(clock.now() < clock.now());
        clock.freeze(Some(7));
        assert_eq!((clock.now(), clock.now()), (7, 7));
        clock.freeze(None);
        assert!(clock.now() > i64::MAX / 2);
    }
}
