//! The C interface. One file a noun, in the order of the header; `boundary` is what they share.
//!
//! cbindgen reads this folder and writes `include/axonpush.h`: the comments here are the header's.
//! A name here is the name in C, so that a search crosses the boundary.

#![allow(non_camel_case_types)]

pub mod apps;
pub mod boundary;
pub mod channels;
pub mod client;
pub mod environments;
pub mod error;
pub mod event;
pub mod events_iter;
pub mod json;
pub mod log;
pub mod log_event;
pub mod options;
pub mod organizations;
pub mod response;
pub mod service;
pub mod stats;
pub mod status;
pub mod trace;
pub mod version;
pub mod webhooks;

mod handle;
mod operation;
mod process;
