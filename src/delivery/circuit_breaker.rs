//! Who decides that the service is down: one circuit breaker for all events of a client.
//!
//! Closed, every event may be sent. Open, all events wait, and after a backoff one of them is sent as a
//! probe (half-open). The probe's outcome closes the breaker or keeps it open for a longer time. Closed
//! again, it lets only few attempts be under way at once at first, one more with each response: the service
//! that is just back meets many clients with a backlog. Should it turn one away meanwhile, the breaker opens
//! at once, and the waits go on where they were. (benches/herd.rs shows what that is worth.)
//!
//! It is pure: it reads no clock, takes no lock and sends nothing, so that its tests and a simulation
//! of many clients need no time.

use std::time::{Duration, Instant};

use crate::error::{Error, Kind};
use crate::http::retry::Backoff;

/// The wait before each probe: 250 ms, doubled at each failed probe, 30 s at most.
const BACKOFF: Backoff = Backoff::up_to(Duration::from_secs(30));
/// After so many failures in an outage it is a long one, and many clients wait for its end.
const LONG_OUTAGE: u32 = 5;

/// So many failed attempts without a final response between them open the breaker.
const FAILURES_IN_A_ROW: u32 = 3;

#[derive(Debug, Default)]
pub struct CircuitBreaker {
    /// What is known about the failing service; `None` while the breaker is closed.
    open: Option<Open>,
    /// Attempts that failed since the service last gave a final response.
    failures: u32,
    /// The service is just back.
    recovery: Option<Recovery>,
    /// How often the breaker has opened, which numbers the times that it was open.
    times_opened: u64,
}

#[derive(Debug)]
struct Open {
    /// Which of the times it is that the breaker is open.
    number: u64,
    /// The next probe is sent then,
    probe_at: Instant,
    /// or sooner where somebody waits, but not before this.
    not_before: Instant,
    /// How often a probe failed, and before that the attempt that opened the breaker.
    failures: u32,
    /// A probe is being sent.
    half_open: bool,
    last_error: Error,
}

#[derive(Debug)]
struct Recovery {
    /// So many attempts may be under way at once.
    allowed: usize,
    /// How many probes had failed before, less one for each response since: where the waits go on.
    failures: u32,
}

/// When so many attempts are allowed at once, the service has recovered.
const RECOVERED: usize = 256;

/// How soon the service is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// After growing waits.
    Normal,
    /// After the first wait each time, because somebody waits for delivery.
    Hurried,
}

/// The attempt that probes while the breaker is open: the number of that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe(u64);

impl CircuitBreaker {
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether an attempt may be made at `now`.
    pub fn permits(&self, now: Instant) -> bool {
        self.open
            .as_ref()
            .is_none_or(|open| !open.half_open && now >= open.probe_at)
    }

    /// Whether one more attempt may be made beside those under way, as far as the recovery of the service is
    /// concerned.
    pub fn has_room(&self, under_way: usize) -> bool {
        self.recovery
            .as_ref()
            .is_none_or(|recovery| under_way < recovery.allowed)
    }

    /// An attempt begins, which is permitted. While the breaker is open it is the probe.
    pub fn begin_attempt(&mut self) -> Option<Probe> {
        let open = self.open.as_mut()?;
        open.half_open = true;
        Some(Probe(open.number))
    }

    /// An attempt has ended. Tells whether it was the probe of the time that lasts now.
    pub fn end_attempt(&mut self, probe: Option<Probe>) -> bool {
        match &mut self.open {
            Some(open) if probe == Some(Probe(open.number)) => {
                open.half_open = false;
                true
            }
            _ => false,
        }
    }

    /// The service gave a final response, be it to say no: it is there.
    pub fn close(&mut self) {
        self.failures = 0;
        if let Some(open) = self.open.take() {
            self.recovery = Some(Recovery {
                allowed: 1,
                failures: open.failures,
            });
        } else if let Some(recovery) = &mut self.recovery {
            recovery.allowed += 1;
            recovery.failures = recovery.failures.saturating_sub(1);
            if recovery.allowed >= RECOVERED {
                self.recovery = None;
            }
        }
    }

    /// An attempt failed in a way that may pass. `was_probe`: as [`Self::end_attempt`] told.
    pub fn note_failure(
        &mut self,
        error: &Error,
        was_probe: bool,
        pace: Pace,
        draw: f64,
        now: Instant,
    ) {
        // One connection that broke is one failure, however many attempts were under way on it.
        self.failures += u32::from(!error.shares_cause);
        let retry_after = error.retry_after.map(|wait| now + wait);
        if let Some(open) = &mut self.open
            && !was_probe
        {
            // It was under way when the breaker opened: the next probe is not put off for it.
            if let Some(at) = retry_after {
                open.probe_at = open.probe_at.max(at);
                open.not_before = open.not_before.max(at);
            }
            return;
        }
        // One failure among successes is its event's own affair. That nobody is there is not, and
        // neither is being asked to wait, or being turned away by a service that is just back.
        let turned_away = matches!(error.kind, Kind::RateLimit | Kind::Server);
        let is_just_back = self.recovery.as_ref().is_some_and(|r| r.failures > 0);
        let overloaded = turned_away && is_just_back;
        let certain = was_probe || retry_after.is_some() || error.nobody_there || overloaded;
        if !certain && self.failures < FAILURES_IN_A_ROW {
            return;
        }
        let (number, failures) = match &self.open {
            Some(open) => (open.number, open.failures),
            None => {
                self.times_opened += 1;
                let recovery = self.recovery.take();
                (self.times_opened, recovery.map_or(0, |r| r.failures))
            }
        };
        let is_long = failures >= LONG_OUTAGE;
        let wait = match pace {
            Pace::Normal => BACKOFF.wait(failures, draw),
            Pace::Hurried => BACKOFF.wait(0, draw),
        };
        // Neither a failure in a hurry nor a wait that the service names makes the later ones longer.
        let grows = pace == Pace::Normal && retry_after.is_none();
        let probe_at = match retry_after {
            // All clients are told the same. That nobody comes sooner is what the service asks for.
            Some(at) if is_long => at.max(now + wait),
            Some(at) => at,
            None => now + wait,
        };
        self.open = Some(Open {
            number,
            probe_at,
            not_before: retry_after.unwrap_or(now + BACKOFF.wait(0, 0.0)),
            failures: failures + u32::from(grows),
            half_open: false,
            last_error: error.clone(),
        });
    }

    /// Somebody waits for delivery: the next probe is sent soon, unless the service named a time. Not
    /// sooner than the first backoff allows, however often somebody waits.
    pub fn probe_now(&mut self) {
        if let Some(open) = &mut self.open {
            open.probe_at = open.probe_at.min(open.not_before);
        }
    }

    /// When an event that is ready at `ready` may be sent; `None`: when the probe that is under way has
    /// ended, which nobody knows.
    pub fn next_attempt(&self, ready: Option<Instant>) -> Option<Instant> {
        match &self.open {
            Some(open) if open.half_open => None,
            Some(open) => Some(ready.map_or(open.probe_at, |at| at.max(open.probe_at))),
            None => ready,
        }
    }

    /// What the service failed with last, while the breaker is open.
    pub fn last_error(&self) -> Option<&Error> {
        self.open.as_ref().map(|open| &open.last_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> Error {
        Error {
            nobody_there: true,
            ..Error::new(Kind::Connection, "unreachable")
        }
    }

    fn broken() -> Error {
        Error::new(Kind::Connection, "the response broke off")
    }

    fn slow_down(wait: Duration) -> Error {
        Error {
            retry_after: Some(wait),
            ..Error::new(Kind::RateLimit, "slow down")
        }
    }

    /// Sends the probe that is permitted at `now` and lets it fail.
    fn fail_probe(breaker: &mut CircuitBreaker, error: &Error, now: Instant) {
        assert!(breaker.permits(now));
        let probe = breaker.begin_attempt();
        assert!(!breaker.permits(now), "one probe at a time");
        assert!(breaker.end_attempt(probe));
        breaker.note_failure(error, true, Pace::Normal, 0.0, now);
    }

    #[test]
    fn an_unreachable_service_is_probed_at_growing_intervals() {
        let mut breaker = CircuitBreaker::default();
        let mut now = Instant::now();
        assert_eq!(breaker.begin_attempt(), None);
        breaker.note_failure(&unreachable(), false, Pace::Normal, 0.0, now);
        for wait in [250, 500, 1000, 2000, 4000, 4000, 8000, 15000, 15000] {
            let wait = Duration::from_millis(wait);
            assert!(!breaker.permits(now + wait - Duration::from_millis(1)));
            assert_eq!(breaker.next_attempt(Some(now)), Some(now + wait));
            now += wait;
            fail_probe(&mut breaker, &unreachable(), now);
        }
        assert!(breaker.last_error().is_some());
        breaker.close();
        assert!(breaker.permits(now) && breaker.last_error().is_none());
    }

    #[test]
    fn a_failure_among_successes_stops_nobody_but_three_in_a_row_do() {
        let mut breaker = CircuitBreaker::default();
        let now = Instant::now();
        for _ in 0..10 {
            breaker.note_failure(&broken(), false, Pace::Normal, 0.0, now);
            breaker.note_failure(&broken(), false, Pace::Normal, 0.0, now);
            assert!(!breaker.is_open());
            breaker.close();
        }
        for _ in 0..3 {
            breaker.note_failure(&broken(), false, Pace::Normal, 0.0, now);
        }
        assert!(breaker.is_open());
    }

    #[test]
    fn the_service_may_name_the_time_and_nobody_hurries_it() {
        let mut breaker = CircuitBreaker::default();
        let now = Instant::now();
        let wait = Duration::from_secs(20);
        breaker.note_failure(&slow_down(wait), false, Pace::Normal, 0.0, now);
        breaker.probe_now();
        assert!(!breaker.permits(now + wait - Duration::from_millis(1)));
        assert!(breaker.permits(now + wait));
    }

    #[test]
    fn whoever_waits_makes_the_probe_come_after_the_first_backoff() {
        let mut breaker = CircuitBreaker::default();
        let mut now = Instant::now();
        breaker.note_failure(&unreachable(), false, Pace::Normal, 0.0, now);
        for _ in 0..6 {
            now += Duration::from_secs(30);
            fail_probe(&mut breaker, &unreachable(), now);
        }
        let soon = now + Duration::from_millis(250);
        breaker.probe_now();
        assert!(!breaker.permits(now) && breaker.permits(soon));
    }

    #[test]
    fn a_hurried_service_is_probed_in_equal_steps_and_spared_again_later() {
        let mut breaker = CircuitBreaker::default();
        let mut now = Instant::now();
        breaker.note_failure(&unreachable(), false, Pace::Normal, 0.0, now);
        for _ in 0..10 {
            now += Duration::from_millis(500);
            let probe = breaker.begin_attempt();
            assert!(breaker.end_attempt(probe));
            breaker.note_failure(&unreachable(), true, Pace::Hurried, 0.0, now);
            assert_eq!(
                breaker.next_attempt(None),
                Some(now + Duration::from_millis(250))
            );
        }
        now += Duration::from_millis(250);
        fail_probe(&mut breaker, &unreachable(), now);
        assert_eq!(
            breaker.next_attempt(None),
            Some(now + Duration::from_millis(500))
        );
    }

    #[test]
    fn a_service_that_is_just_back_is_spared_at_first() {
        let mut breaker = CircuitBreaker::default();
        let mut now = Instant::now();
        assert!(breaker.has_room(1000));
        breaker.note_failure(&unreachable(), false, Pace::Normal, 0.0, now);
        for _ in 0..3 {
            now += Duration::from_secs(30);
            fail_probe(&mut breaker, &unreachable(), now);
        }
        breaker.close();
        assert!(breaker.has_room(0) && !breaker.has_room(1));
        breaker.close();
        assert!(breaker.has_room(1) && !breaker.has_room(2));
        // It turns one away: after four failures and a response the waits go on at the fourth.
        let overloaded = Error::new(Kind::Server, "overloaded");
        breaker.note_failure(&overloaded, false, Pace::Normal, 0.0, now);
        assert_eq!(
            breaker.next_attempt(None),
            Some(now + Duration::from_secs(2))
        );
        for _ in 0..=RECOVERED {
            breaker.close();
        }
        assert!(breaker.has_room(1000));
        breaker.note_failure(&unreachable(), false, Pace::Normal, 0.0, now);
        assert_eq!(
            breaker.next_attempt(None),
            Some(now + Duration::from_millis(250))
        );
    }

    #[test]
    fn responses_end_the_caution_step_by_step() {
        let mut breaker = CircuitBreaker::default();
        let now = Instant::now();
        breaker.note_failure(&unreachable(), false, Pace::Normal, 0.0, now);
        let overloaded = Error::new(Kind::Server, "overloaded");
        breaker.close();
        breaker.close();
        // It has answered as often as it had failed.
        breaker.note_failure(&overloaded, false, Pace::Normal, 0.0, now);
        assert!(!breaker.is_open());
    }

    #[test]
    fn a_service_that_limits_the_rate_is_not_taken_for_one_that_is_down() {
        let mut breaker = CircuitBreaker::default();
        let mut now = Instant::now();
        let wait = Duration::from_secs(1);
        for _ in 0..50 {
            breaker.note_failure(&slow_down(wait), false, Pace::Normal, 1.0, now);
            assert_eq!(breaker.next_attempt(None), Some(now + wait));
            now += wait;
            fail_probe(&mut breaker, &slow_down(wait), now);
            now += wait;
            assert!(breaker.permits(now));
            breaker.close();
        }
    }

    #[test]
    fn a_connection_that_broke_under_many_attempts_is_one_failure() {
        let mut breaker = CircuitBreaker::default();
        let now = Instant::now();
        let shared = Error {
            shares_cause: true,
            ..broken()
        };
        breaker.note_failure(&broken(), false, Pace::Normal, 0.0, now);
        for _ in 0..100 {
            breaker.note_failure(&shared, false, Pace::Normal, 0.0, now);
        }
        assert!(!breaker.is_open());
    }

    #[test]
    fn after_a_long_outage_the_time_that_the_service_names_is_the_least() {
        let named = Duration::from_secs(5);
        for (failures, wait) in [(1, 5), (4, 5), (7, 15)] {
            let mut breaker = CircuitBreaker::default();
            let mut now = Instant::now();
            breaker.note_failure(&unreachable(), false, Pace::Normal, 0.0, now);
            for _ in 1..failures {
                now += Duration::from_secs(30);
                fail_probe(&mut breaker, &unreachable(), now);
            }
            now += Duration::from_secs(30);
            fail_probe(&mut breaker, &slow_down(named), now);
            let next = breaker.next_attempt(None);
            assert_eq!(next, Some(now + Duration::from_secs(wait)), "{failures}");
            breaker.probe_now();
            assert_eq!(breaker.next_attempt(None), Some(now + named), "{failures}");
        }
    }

    #[test]
    fn an_attempt_that_began_before_neither_ends_nor_delays_the_probe() {
        let mut breaker = CircuitBreaker::default();
        let now = Instant::now();
        let before = breaker.begin_attempt();
        breaker.note_failure(&unreachable(), false, Pace::Normal, 0.0, now);
        let soon = now + Duration::from_millis(250);
        let probe = breaker.begin_attempt();
        assert!(!breaker.end_attempt(before));
        breaker.note_failure(
            &unreachable(),
            false,
            Pace::Normal,
            0.0,
            now + Duration::from_millis(100),
        );
        assert_eq!(breaker.next_attempt(None), None, "the probe is under way");
        assert!(breaker.end_attempt(probe));
        assert_eq!(breaker.next_attempt(None), Some(soon));
    }
}
