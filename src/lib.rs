//! libaxonpush: the native client of AxonPush.
//!
//! The C interface is `ffi`; nothing outside of it knows C. An event's way is a straight line:
//!
//! | question | file |
//! | --- | --- |
//! | what does a C caller see? | `ffi/`, one file a noun, in the header's order |
//! | what was the client told? | [`config`], [`proxy`] |
//! | what is an event, and what may leave the process? | [`event`], [`privacy`], [`json`], [`ids`], [`trace`], [`time`] |
//! | when is a call repeated, suppressed, logged? | [`client`], [`log`] |
//! | how does a line of the host's log become an event? | [`log_record`] |
//! | how does one request go out and its answer come back? | [`http`], [`attempt`], [`transport`], [`dns`] |
//! | what did the service say? | [`answer`], [`error`] |
//! | which events to read, and how to walk back through all of them? | [`query`], [`pages`] |
//! | what else does the service do? | [`operations`], [`webhook`] |
//! | what waits for background delivery, and who delivers it? | [`queue`], [`background`], [`signal`], [`threads`], [`sync`] |

pub mod answer;
pub mod attempt;
pub mod background;
pub mod client;
pub mod config;
pub mod dns;
pub mod error;
pub mod event;
mod ffi;
pub mod http;
pub mod ids;
pub mod json;
pub mod json_writer;
pub mod log;
pub mod log_record;
pub mod operations;
pub mod pages;
pub mod privacy;
pub mod proxy;
pub mod query;
pub mod queue;
pub mod signal;
pub mod sync;
pub mod threads;
pub mod time;
pub mod trace;
pub mod transport;
pub mod webhook;

/// The version of this library, from Cargo.toml.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
