//! The development server, seen through a socket.

mod auth;
mod client;
mod connections;
mod control;
mod faults;
mod feed;
mod hosts;
mod otlp;
mod program;
mod publish;
mod resources;
mod search;
mod traces;
mod webhooks;
