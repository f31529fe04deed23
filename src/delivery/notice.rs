//! What the log is told of deliveries.
//!
//! The network thread only notes it: the log's sink may be the application's, whose code never runs there.

use std::time::Duration;

use http::Uri;

use crate::error::{Error, Kind};

pub enum Notice {
    /// Noted only where somebody reads debug lines.
    Delivered { http_status: u16, took: Duration },
    /// An attempt failed; the event is tried again.
    Retrying(Error),
    /// An event was not delivered, and why.
    GivenUp { error: Error, suppressed: bool },
    /// A batch was taken, but the receiver has something to say.
    Warning(String),
}

impl Notice {
    /// `uri` is where events are published, `patience` for how long each is tried.
    pub fn text(&self, uri: &Uri, patience: Duration) -> String {
        let path = uri.path();
        match self {
            Notice::Delivered { http_status, took } => {
                format!("POST {uri}: HTTP {http_status} in {} ms", took.as_millis())
            }
            Notice::Retrying(error) => format!(
                "POST {path} failed: {error}; events wait and are tried again for up to {} s each",
                patience.as_secs_f64()
            ),
            Notice::GivenUp { error, suppressed } => {
                let consequence = match error.kind {
                    _ if *suppressed => "suppressed because fail-open is on, the event is lost",
                    // The service reported success.
                    Kind::Decode => "the event has probably arrived",
                    _ => "the event is lost",
                };
                format!("POST {path} failed: {error}; {consequence}")
            }
            Notice::Warning(text) => format!("POST {path}: {text}"),
        }
    }
}

/// Notices that wait to be written, at most: the log lets one line through every few seconds.
const MOST: usize = 256;

#[derive(Default)]
pub struct Notices(Vec<Notice>);

impl Notices {
    pub fn push(&mut self, notice: Notice) {
        if self.0.len() < MOST {
            self.0.push(notice);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn take(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.0)
    }
}
