//! libaxonpush: the native client of AxonPush.
//!
//! Each room answers one question, and may import only the rooms above it in this table
//! (`tests/layers.rs` holds that). An event's way is a straight line, `ffi → client → delivery → event →
//! http`.
//!
//! | room | the question it answers |
//! | --- | --- |
//! | [`error`] | what can fail? |
//! | [`sys`] | what does the operating system give: threads, locks with deadlines, event descriptors, random bytes? |
//! | [`log`] | what does the library say of itself? |
//! | [`json`] | is a text JSON, what is in it, and how is it written? |
//! | [`http`] | how does one request go out, and one response come in? |
//! | [`event`] | what is an event, what of it may leave the process, and how is it encoded? |
//! | [`delivery`] | what waits for delivery in the background, and who delivers it? |
//! | [`client`] | what was a client told, and what can it be called for? |
//! | `ffi` | what does a C caller see? One file a noun, in the order of the header. |

mod client;
mod delivery;
mod error;
mod event;
mod ffi;
mod http;
mod json;
mod log;
mod sys;

/// The version of this library, from Cargo.toml.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The tables that are the truth about options, operations and attributes, for the tests that hold the pages and
/// the bindings to them.
pub mod tables {
    pub use crate::client::operations::OPERATIONS;
    pub use crate::client::settings::{SETTINGS, Setting};
    pub use crate::event::genai_names::{ATTRIBUTES, Attribute, Carries};
}

/// The C interface, for `axonpush`, the program in `cli/`: it links this crate, and is an application of the header like
/// any other. No interface for Rust programs: the functions trust pointers as C's do.
///
/// Rejected: declaring the functions anew in the program (layouts and constants would be written down twice, and nobody
/// would notice a difference); loading libaxonpush.so (the program is to be one file); a Rust interface of its own (a
/// second one to document and to keep, of which this program would be the only user).
#[doc(hidden)]
pub mod c {
    pub use crate::ffi::{
        client::*, error::*, event::*, events_iter::*, handle::*, log::*, options::*, response::*,
        status::*, trace::*, webhooks::*,
    };
}

/// How a client would connect, for `axonpush doctor`, which looks at each step by itself. No interface for programs: it
/// may change at any time.
#[doc(hidden)]
pub mod diagnosis {
    pub use crate::client::config::{Config, Options};
    pub use crate::http::proxy::Proxy;
    pub use crate::http::tls::Tls;
    pub use crate::http::url::port;
    pub use crate::http::{CONNECT_LIMIT, HttpVersion};
}

/// What the fuzzers of tests/fuzz feed. Not there in a build.
#[doc(hidden)]
#[cfg(fuzzing)]
pub mod fuzz {
    pub use crate::delivery::spool::fuzz::spool_segment;
    pub use crate::event::fuzz::redaction;
    pub use crate::http::multiplex::fuzz::{http_texts, http1_response, http2_connection};
    pub use crate::json::fuzz::json;
}

/// What a simulation of many clients is made of (benches/herd.rs). No interface for programs: it may change at any
/// time.
#[doc(hidden)]
pub mod simulation {
    pub use crate::delivery::circuit_breaker::{CircuitBreaker, Pace, Probe};
    pub use crate::error::{Error, Kind};
    pub use crate::http::retry::Backoff;
}
