//! JSON that is validated once and then read in place.
//!
//! [`check`] decides what is JSON, on the thread of whoever publishes. What is left is reading text
//! that is known to be valid: [`Cursor`] steps over it without allocating, which the redaction rules use
//! to copy a payload byte for byte but for the values they replace, and [`Document`] indexes it for
//! RFC 6901 pointers.

pub mod cursor;
pub mod document;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
pub mod validate;
pub mod writer;

pub use cursor::{Cursor, elements, kind_of_member, unescape};
pub use document::{Document, Found};
pub use validate::check;
pub use writer::write_string;
