//! The log.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use super::boundary::{c_string, text_lossy, value};
use crate::log::{self, Level, Sink, WaitingLines};
use crate::sys::tsan::{self, HandOver};

pub type axonpush_log_level = i32;

/// How much the library logs. Each level includes the ones before it.
#[repr(i32)]
pub enum LogLevel {
    AXONPUSH_LOG_OFF = 0,
    AXONPUSH_LOG_ERROR = 1,
    /// The default. During an outage the library logs a line every few seconds, not one per event.
    AXONPUSH_LOG_WARN = 2,
    AXONPUSH_LOG_INFO = 3,
    AXONPUSH_LOG_DEBUG = 4,
}

const LEVELS: &[(axonpush_log_level, Level)] = &[
    (LogLevel::AXONPUSH_LOG_OFF as i32, Level::Off),
    (LogLevel::AXONPUSH_LOG_ERROR as i32, Level::Error),
    (LogLevel::AXONPUSH_LOG_WARN as i32, Level::Warn),
    (LogLevel::AXONPUSH_LOG_INFO as i32, Level::Info),
    (LogLevel::AXONPUSH_LOG_DEBUG as i32, Level::Debug),
];

/// A function that receives one line of the library's log, without a newline.
///
/// Threads: it runs on whichever thread logs, on several at once if need be, and under no lock of
/// the library; from axonpush_log_poll(), on the thread that polls. It may call any function of this library, but that call may log again, and
/// axonpush_close() waits its whole `shutdown_timeout_ms` for the call that is logging.
/// Lifetime: `message` is borrowed and lives until the function returns. `user_data` is the pointer
/// that axonpush_log_set() or axonpush_log_poll() was given.
/// It must return normally, not by an exception or longjmp.
pub type axonpush_log_fn = Option<
    extern "C" fn(level: axonpush_log_level, message: *const c_char, user_data: *mut c_void),
>;

/// The application's pointer, which we only hand back.
struct UserData(*mut c_void);

// SAFETY: we never read through it; that it may be used from any thread is documented.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    // A method, so that a closure captures the whole of it and not just the pointer inside.
    fn get(&self) -> *mut c_void {
        self.0
    }
}

/// Sets what the library logs, and where to, for the whole process. The last call wins. It takes
/// precedence over the environment variable AXONPUSH_LOG (off, error, warn, info, debug).
///
/// If `fn` is NULL, lines go to stderr as "axonpush: warning: ...". A `max_level` that is out of
/// range is replaced by the nearest level. A thread that is inside the previous `fn` may still be
/// there when this function returns.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_log_set(
    max_level: axonpush_log_level,
    r#fn: axonpush_log_fn,
    user_data: *mut c_void,
) {
    let user_data = UserData(user_data);
    value((), move || {
        let sink = match r#fn {
            None => Sink::Stderr,
            Some(function) => {
                let handed = HandOver::release();
                Sink::Function(Arc::new(move |level, message| {
                    handed.acquire();
                    call_function(function, level, message, user_data.get());
                }))
            }
        };
        log::set(level_of(max_level), sink);
    });
}

/// Lets the lines of the log wait until axonpush_log_poll() asks for them, for programs into which no
/// foreign thread may call (Python, Node, Go). For the whole process, in place of axonpush_log_set().
///
/// At most `capacity` lines wait (0: 256). When one more comes, the oldest is lost, and counted in
/// `log_lines_lost` of axonpush_stats. Lines that wait when the log is set anew are lost.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_log_set_polled(max_level: axonpush_log_level, capacity: usize) {
    value((), || {
        let capacity = if capacity == 0 { 256 } else { capacity };
        let lines = Arc::new(WaitingLines::new(capacity));
        log::set(level_of(max_level), Sink::Polled(lines));
    });
}

/// Calls `fn` on this thread for each line that waits, oldest first. If none waits, it waits for up to
/// `timeout_ms` until one does. Returns how many there were; 0 at once if the log is not polled.
///
/// Any thread may call it; each line goes to one caller. With NULL for `fn` it only waits, and the
/// lines stay for a later call.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_log_poll(
    r#fn: axonpush_log_fn,
    user_data: *mut c_void,
    timeout_ms: u32,
) -> usize {
    value(0, || {
        let timeout = Duration::from_millis(u64::from(timeout_ms));
        let Some(function) = r#fn else {
            return log::poll(timeout, None);
        };
        log::poll(
            timeout,
            Some(&|level, message| call_function(function, level, message, user_data)),
        )
    })
}

/// Writes one line to the library's log, as the library itself would: to wherever axonpush_log_set() or
/// axonpush_log_set_polled() said, if the level is in force. For bindings that have something to say.
/// `message` NULL is ignored; what is not UTF-8 in it is replaced.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_log_write(level: axonpush_log_level, message: *const c_char) {
    value((), || {
        let level = level_of(level);
        if level != Level::Off
            && let Some(message) = text_lossy(message)
        {
            log::write(level, &message);
        }
    });
}

/// The nearest level.
fn level_of(number: axonpush_log_level) -> Level {
    let reached = LEVELS.iter().take_while(|(level, _)| *level <= number);
    reached.last().map_or(Level::Off, |(_, level)| *level)
}

fn call_function(
    function: extern "C" fn(axonpush_log_level, *const c_char, *mut c_void),
    level: Level,
    message: &str,
    user_data: *mut c_void,
) {
    let known = LEVELS.iter().find(|(_, l)| *l == level);
    let number = known.map_or(LogLevel::AXONPUSH_LOG_OFF as i32, |(number, _)| *number);
    let message = c_string(message);
    tsan::outside(|| function(number, message.as_ptr(), user_data));
}
