//! One request out, one response in.

pub mod blocking;
pub mod dns;
pub mod proxy;
pub mod response;
