//! The version.

use std::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL"),
    };

/// The version of the library that is running, such as "1.2.3"; AXONPUSH_VERSION is the header's. The
/// text is static.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_version() -> *const c_char {
    VERSION.as_ptr()
}
