//! A descriptor that tells an event loop that something waits.

use std::os::fd::{AsFd, AsRawFd};

use nix::sys::eventfd::EfdFlags;

use crate::error::{Error, Kind, Result};

/// Readable while raised. An eventfd, so that it is one descriptor and cannot fill up.
pub struct EventFd(nix::sys::eventfd::EventFd);

impl EventFd {
    pub fn new() -> Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        nix::sys::eventfd::EventFd::from_value_and_flags(0, flags)
            .map(EventFd)
            .map_err(|e| {
                Error::new(
                    Kind::Internal,
                    format!("no descriptor for completions: {e}"),
                )
            })
    }

    /// Neither can fail but where it is raised, or lowered, already.
    pub fn raise(&self) {
        let _ = self.0.write(1);
    }

    pub fn lower(&self) {
        let _ = self.0.read();
    }

    pub fn descriptor(&self) -> i32 {
        self.0.as_fd().as_raw_fd()
    }
}
