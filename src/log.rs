//! The library's own log: warnings and errors to stderr, unless the application says otherwise.
//!
//! One level and one sink for the process. The rate limit ([`RateLimiter`]) is each client's own, so
//! that an outage costs a line every few seconds and a second client is still heard.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::sys::stderr;
use crate::sys::sync::{Condvar, Mutex};

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

/// Where lines go.
#[derive(Clone)]
pub enum Sink {
    Stderr,
    Function(Function),
    /// They wait until the application asks for them.
    Polled(Arc<WaitingLines>),
}

pub type Function = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// What one call of [`poll`] runs for each line.
pub type PollFunction<'f> = &'f dyn Fn(Level, &str);

pub const VARIABLE: &str = "AXONPUSH_LOG";

/// The level in force; [`UNSET`] until the variable was read or the application chose.
static LEVEL: AtomicI32 = AtomicI32::new(UNSET);
const UNSET: i32 = -1;
static SINK: RwLock<Sink> = RwLock::new(Sink::Stderr);
/// Lines that were lost because nobody asked for them in time.
static LINES_LOST: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static IN_SINK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in the application's sink: what it publishes from there would log again.
pub fn is_in_sink() -> bool {
    IN_SINK.get()
}

/// Chooses level and sink for the whole process. The last call wins, over the variable too.
pub fn set(level: Level, sink: Sink) {
    let before = std::mem::replace(&mut *write_sink(), sink);
    LEVEL.store(level as i32, Ordering::Release);
    if let Sink::Polled(lines) = before {
        // Whoever waits for lines learns that none will come. The lock is taken so that nobody is between
        // looking and waiting.
        drop(lines.lines.lock());
        lines.added.notify_all();
    }
}

/// How many lines were lost because nobody asked for them in time.
pub fn lines_lost() -> u64 {
    LINES_LOST.load(Ordering::Relaxed)
}

/// Lines that wait to be asked for: the newest `capacity` of them.
pub struct WaitingLines {
    capacity: usize,
    lines: Mutex<VecDeque<(Level, String)>>,
    added: Condvar,
}

impl WaitingLines {
    pub fn new(capacity: usize) -> Self {
        WaitingLines {
            capacity: capacity.max(1),
            lines: Mutex::default(),
            added: Condvar::new(),
        }
    }

    fn push(&self, level: Level, message: &str) {
        let mut lines = self.lines.lock();
        if lines.len() == self.capacity {
            lines.pop_front();
            LINES_LOST.fetch_add(1, Ordering::Relaxed);
        }
        lines.push_back((level, message.to_owned()));
        // Some of those who wait take nothing.
        self.added.notify_all();
    }
}

/// Hands every line that waits to `function`, on this thread; waits up to `timeout` for the first. Gives
/// how many there were. Without a function the lines stay.
pub fn poll(timeout: Duration, function: Option<PollFunction>) -> usize {
    let Sink::Polled(waiting) = sink() else {
        return 0;
    };
    let still_polled = || matches!(sink(), Sink::Polled(now) if Arc::ptr_eq(&now, &waiting));
    let ready = |lines: &mut VecDeque<_>| !lines.is_empty() || !still_polled();
    let deadline = Instant::now() + timeout;
    let lines = waiting.lines.lock();
    let (mut lines, _) = waiting.added.wait_until(lines, deadline, ready);
    let Some(function) = function else {
        return lines.len();
    };
    let taken = std::mem::take(&mut *lines);
    drop(lines);
    for (level, line) in &taken {
        in_sink(|| function(*level, line));
    }
    taken.len()
}

fn in_sink(run: impl FnOnce()) {
    let before = IN_SINK.replace(true);
    run();
    IN_SINK.set(before);
}

fn sink() -> Sink {
    SINK.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn write_sink() -> RwLockWriteGuard<'static, Sink> {
    SINK.write().unwrap_or_else(PoisonError::into_inner)
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
    // Where the application chose meanwhile, its choice stays.
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
    match sink() {
        Sink::Function(function) => in_sink(|| function(level, message)),
        Sink::Polled(lines) => lines.push(level, message),
        Sink::Stderr => stderr::write(&format!("axonpush: {}: {message}\n", level.word())),
    }
}

/// A line for whoever looks into a problem; made only where somebody reads it.
pub fn debug(message: impl FnOnce() -> String) {
    if enabled(Level::Debug) {
        write(Level::Debug, &message());
    }
}

/// Held across `fork()`, so that the child does not inherit a lock that nobody will release.
pub fn lock_for_fork() -> RwLockWriteGuard<'static, Sink> {
    write_sink()
}

/// In a forked child, the lines that wait are its parent's, and their lock may be held for ever.
pub fn start_anew_in_child(sink: &mut Sink) {
    if let Sink::Polled(lines) = sink {
        let anew = Arc::new(WaitingLines::new(lines.capacity));
        std::mem::forget(std::mem::replace(lines, anew));
    }
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
    fn the_oldest_of_the_waiting_lines_makes_room() {
        let lines = WaitingLines::new(2);
        let before = lines_lost();
        for line in ["a", "b", "c"] {
            lines.push(Level::Warn, line);
        }
        let kept: Vec<String> = lines.lines.lock().iter().map(|(_, l)| l.clone()).collect();
        assert_eq!(kept, ["b", "c"]);
        assert!(lines_lost() > before);
    }

    #[test]
    fn levels_have_names() {
        assert_eq!(Level::from_name(" WARN "), Some(Level::Warn));
        assert_eq!(Level::from_name("verbose"), None);
    }
}
