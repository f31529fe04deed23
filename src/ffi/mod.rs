//! The C interface. One file a noun, in the order of the header; `boundary` and `call` are what they share.
//!
//! cbindgen reads this folder and writes `include/axonpush.h`: the comments here are the header's.
//! A name here is the name in C, so that a search crosses the boundary.

#![allow(non_camel_case_types)]

mod apps;
mod boundary;
mod call;
mod call_handle;
mod channels;
mod client;
mod environments;
mod error;
mod event;
mod events_iter;
mod genai;
mod handle;
mod json;
mod log;
mod log_event;
mod operation;
mod options;
mod organizations;
mod process;
mod response;
mod service;
mod stats;
mod status;
mod trace;
mod version;
mod webhooks;
