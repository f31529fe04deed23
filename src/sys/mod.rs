//! What the operating system gives: threads, locks, event descriptors.

pub mod event_fd;
pub mod sync;
pub mod threads;
