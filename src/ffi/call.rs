//! How every function that can fail ends: with a status, and an error for whoever wants one.

use super::boundary::{contained, set};
use super::error::axonpush_error;
use super::status::{AXONPUSH_OK, axonpush_status, status_of};
use crate::error::Result;

/// Runs a function that can fail: gives its status, and its error where the caller wants one.
pub(super) fn call(
    error: *mut *mut axonpush_error,
    body: impl FnOnce() -> Result<()>,
) -> axonpush_status {
    set(error, std::ptr::null_mut());
    match contained(body).and_then(|outcome| outcome) {
        Ok(()) => AXONPUSH_OK,
        Err(failure) => {
            let status = status_of(failure.kind);
            if !error.is_null() {
                set(
                    error,
                    Box::into_raw(Box::new(axonpush_error::new(&failure))),
                );
            }
            status
        }
    }
}

/// Starts a call that gives an object: `*out` is NULL until it succeeds.
pub(super) fn clear<T>(out: *mut *mut T) {
    set(out, std::ptr::null_mut());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::boundary::{text, value};
    use crate::ffi::error::{axonpush_error_free, axonpush_error_message, axonpush_error_status};
    use crate::ffi::status::AXONPUSH_ERR_INTERNAL;

    #[test]
    fn a_panic_becomes_an_error_with_a_message() {
        let mut error = std::ptr::null_mut();
        let status = call(&mut error, || panic!("the queue has {} heads", 2));
        assert_eq!(status, AXONPUSH_ERR_INTERNAL);
        assert_eq!(axonpush_error_status(error), AXONPUSH_ERR_INTERNAL);
        let message = text("message", axonpush_error_message(error))
            .unwrap()
            .unwrap();
        assert!(message.ends_with("the queue has 2 heads"), "{message}");
        axonpush_error_free(error);
        assert_eq!(value(7, || panic!("no")), 7);
        assert_eq!(
            call(std::ptr::null_mut(), || panic!("no")),
            AXONPUSH_ERR_INTERNAL
        );
    }
}
