//! The library's own log: warnings and errors to stderr, unless the application says otherwise.
//!
//! One level and one sink for the process. The rate limit ([`RateLimiter`]) is each client's own, so
//! that an outage costs a line every few seconds and a second client is still heard.

use std::cell::Cell;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::sys::stderr;
use crate::sys::sync::Mutex;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    Off = 0,
    Error = 1,
    Warn = 2,
    Info = 3,
    Debug = 4,
}

impl Level {
    fn from_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "off" => Some(Level::Off),
            "error" => Some(Level::Error),
            "warn" => Some(Level::Warn),
            "info" => Some(Level::Info),
            "debug" => Some(Level::Debug),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Error => "error",
            Level::Warn => "warning",
            Level::Info => "info",
            Level::Debug => "debug",
        }
    }
}

/// Where lines go when the application wants them.
pub type Sink = Arc<dyn Fn(Level, &str) + Send + Sync>;

pub const VARIABLE: &str = "AXONPUSH_LOG";

/// The level in force; [`UNSET`] until the variable was read or the application chose.
static LEVEL: AtomicI32 = AtomicI32::new(UNSET);
const UNSET: i32 = -1;
/// `None`: stderr.
static SINK: RwLock<Option<Sink>> = RwLock::new(None);

thread_local! {
    static IN_SINK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in the application's sink: what it publishes from there would log again.
pub fn is_in_sink() -> bool {
    IN_SINK.get()
}

/// Chooses level and sink for the whole process. The last call wins, over the variable too.
pub fn set(level: Level, sink: Option<Sink>) {
    *SINK.write().unwrap_or_else(PoisonError::into_inner) = sink;
    LEVEL.store(level as i32, Ordering::Release);
}

/// Reads the variable, unless the application has chosen already.
pub fn init_from_environment() -> Result<()> {
    if LEVEL.load(Ordering::Acquire) != UNSET {
        return Ok(());
    }
    let level = match std::env::var_os(VARIABLE).filter(|v| !v.is_empty()) {
        None => Level::Warn,
        Some(value) => Level::from_name(&value.to_string_lossy()).ok_or_else(|| {
            Error::config(format!(
                "variable {VARIABLE}: {value:?} is not one of off, error, warn, info, debug"
            ))
        })?,
    };
    // where the application chose meanwhile, its choice stays.
    let _ = LEVEL.compare_exchange(UNSET, level as i32, Ordering::AcqRel, Ordering::Acquire);
    Ok(())
}

pub fn enabled(level: Level) -> bool {
    let max = LEVEL.load(Ordering::Acquire);
    let max = if max == UNSET {
        Level::Warn as i32
    } else {
        max
    };
    level as i32 <= max
}

/// Writes one line. The sink runs on the calling thread, and under no lock of ours.
pub fn write(level: Level, message: &str) {
    if !enabled(level) {
        return;
    }
    let sink = SINK.read().unwrap_or_else(PoisonError::into_inner).clone();
    match sink {
        Some(sink) => {
            let before = IN_SINK.replace(true);
            sink(level, message);
            IN_SINK.set(before);
        }
        None => stderr::write(&format!("axonpush: {}: {message}\n", level.word())),
    }
}

/// Held across `fork()`, so that the child does not inherit a lock that nobody will release.
pub fn lock_for_fork() -> RwLockWriteGuard<'static, Option<Sink>> {
    SINK.write().unwrap_or_else(PoisonError::into_inner)
}

/// Lets one line through every few seconds and counts the others.
#[derive(Debug, Default)]
pub struct RateLimiter(Mutex<Budget>);

#[derive(Debug, Default)]
struct Budget {
    last: Option<Instant>,
    held_back: u64,
}

const INTERVAL: Duration = Duration::from_secs(5);

impl RateLimiter {
    /// A warning, or a debug line where a warning came a moment ago.
    pub fn warn(&self, message: &str) {
        match self.admit(Instant::now()) {
            None => write(Level::Debug, message),
            Some(0) => write(Level::Warn, message),
            Some(n) => write(
                Level::Warn,
                &format!("{message} ({n} more like it since the last line)"),
            ),
        }
    }

    /// How many lines were held back before this one; `None` where it is to be held back itself.
    fn admit(&self, now: Instant) -> Option<u64> {
        let mut budget = self.0.lock();
        if budget
            .last
            .is_some_and(|last| now.duration_since(last) < INTERVAL)
        {
            budget.held_back += 1;
            return None;
        }
        budget.last = Some(now);
        Some(std::mem::take(&mut budget.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limiter_counts_what_it_holds_back() {
        let limiter = RateLimiter::default();
        let start = Instant::now();
        assert_eq!(limiter.admit(start), Some(0));
        assert_eq!(limiter.admit(start), None);
        assert_eq!(limiter.admit(start + INTERVAL / 2), None);
        assert_eq!(limiter.admit(start + INTERVAL), Some(2));
        assert_eq!(limiter.admit(start + INTERVAL), None);
    }

    #[test]
    fn levels_have_names() {
        assert_eq!(Level::from_name(" WARN "), Some(Level::Warn));
        assert_eq!(Level::from_name("verbose"), None);
    }
}
