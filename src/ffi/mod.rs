//! The C interface. One file a noun, in the order of the header; `boundary` and `call` are what they share.
//!
//! cbindgen reads this folder and writes `include/axonpush.h`: the comments here are the header's.
//! A name here is the name in C, so that a search crosses the boundary.

#![allow(non_camel_case_types)]
// What a caller has to promise of a pointer stands in the header. The only caller in Rust is `cli/` (see `crate::c`).
#![allow(clippy::not_unsafe_ptr_arg_deref)]

mod apps;
mod boundary;
mod call;
mod call_handle;
mod channels;
pub mod client;
mod environments;
pub mod error;
pub mod event;
pub mod events_iter;
mod genai;
pub mod handle;
mod json;
pub mod log;
mod log_event;
mod operation;
pub mod options;
mod organizations;
mod process;
pub mod response;
mod service;
mod stats;
pub mod status;
pub mod trace;
mod version;
pub mod webhooks;
