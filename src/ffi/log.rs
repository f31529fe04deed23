//! The log.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::boundary::{c_string, value};
use crate::log::{self, Level, Sink};

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
/// the library. It may call any function of this library, but that call may log again, and
/// axonpush_close() waits its whole `shutdown_timeout_ms` for the call that is logging.
/// Lifetime: `message` is borrowed and lives until the function returns. `user_data` is the pointer
/// that axonpush_log_set() was given.
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
        let reached = LEVELS
            .iter()
            .take_while(|(number, _)| *number <= max_level)
            .last();
        let level = reached.map_or(Level::Off, |(_, level)| *level);
        let sink = r#fn.map(|function| -> Sink {
            Arc::new(move |level, message| {
                let known = LEVELS.iter().find(|(_, l)| *l == level);
                let number = known.map_or(LogLevel::AXONPUSH_LOG_OFF as i32, |(number, _)| *number);
                function(number, c_string(message).as_ptr(), user_data.get());
            })
        });
        log::set(level, sink);
    });
}
