//! The C interface. One file a noun, in the order of the header; `boundary` is what they share.
//!
//! cbindgen reads this folder and writes `include/axonpush.h`: the comments here are the header's.
//! A name here is the name in C, so that a search crosses the boundary.

#![allow(non_camel_case_types)]

pub mod boundary;
pub mod client;
pub mod error;
pub mod event;
pub mod json;
pub mod log;
pub mod options;
pub mod response;
pub mod stats;
pub mod status;
pub mod version;

mod process;
mod ticket;
