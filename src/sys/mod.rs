//! What the operating system gives: threads, locks with deadlines, event descriptors, random bytes,
//! files, stderr. The only home of `libc` and `nix` outside of `ffi`.

pub mod cancel;
pub mod event_fd;
pub mod files;
pub mod host;
pub mod random;
pub mod socket;
pub mod stderr;
pub mod sync;
#[cfg(test)]
pub mod testing;
pub mod threads;
pub mod tsan;
