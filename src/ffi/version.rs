//! The version.

use std::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL"),
    };

/// Returns the version of the running library, such as "1.2.3"; AXONPUSH_VERSION is the version of
/// the header. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_version() -> *const c_char {
    VERSION.as_ptr()
}
