//! What the operating system gives: threads, locks with deadlines, event descriptors, random bytes.

pub mod event_fd;
pub mod random;
pub mod sync;
pub mod threads;
