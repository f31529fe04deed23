//! A local AxonPush service: real HTTP, a real embedded database, and failures on request.
//!
//! Which file answers which question:
//!
//! | file | question |
//! | --- | --- |
//! | `accept` | how a connection comes in (TCP, TLS, HTTP/1.1) and how it is ended |
//! | `connection` | what state a connection is in, and who may end it |
//! | `wire` | what happens to the bytes: dripping, cutting off, resetting |
//! | `exchange` | the way of one request: host, record, fault, body, credential, handler, response |
//! | `hosts` | which names are ours, and which web pages may change something |
//! | `auth` | who is calling, and may they |
//! | `faults`, `record`, `dev` | scripted failures, the request log, the `/_dev/` control endpoints |
//! | `body`, `query`, `path` | what a request may contain, strictly |
//! | `response`, `problem` | what responses and errors look like |
//! | `clock` | what time it is, and how time is written |
//! | `store`, `schema.sql` | where everything is kept |
//! | `derive` | which event members are read out of payload and metadata |
//! | `page` | the page at `/`, whose files are in `page/` |
//! | `feed` | what the page reads: events by number, live and backwards |
//! | `transfer` | export and import |
//! | `ingest` | what becomes of an event that came in |
//! | `otlp/` | how OpenTelemetry's spans and log records become events |
//! | `events`, `traces`, `webhooks`, `resources/` | the service itself |

mod accept;
mod auth;
mod body;
mod clock;
mod connection;
mod derive;
mod dev;
mod events;
mod exchange;
mod faults;
mod feed;
mod hosts;
mod ingest;
mod otlp;
mod page;
mod path;
mod problem;
mod query;
mod record;
mod resources;
mod response;
mod server;
mod shared;
mod store;
mod traces;
mod transfer;
mod webhooks;
mod wire;

pub use server::{Config, KeyHeader, Server, Tls};

/// The code in the README, for `cargo test` to run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
