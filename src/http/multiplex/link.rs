//! One connection in whatever state it is.

use std::time::Instant;

use mio::Registry;
use mio::event::Event;

use super::connect::Connecting;
use super::h1::H1;
use super::h2::{H2, Load, State};

pub enum Link {
    /// `opener`: the exchange for which it is made.
    Connecting {
        connecting: Connecting,
        opener: Option<usize>,
    },
    H1(Box<H1>),
    H2(Box<H2>),
}

impl Link {
    pub fn note(&mut self, event: &Event) {
        match self {
            Link::Connecting { connecting, .. } => connecting.note(event),
            Link::H1(h1) => h1.io.socket().note(event),
            Link::H2(h2) => h2.io().socket().note(event),
        }
    }

    /// Whether exchanges may begin on it, now or later.
    pub fn is_usable(&self) -> bool {
        match self {
            Link::Connecting { .. } | Link::H1(_) => true,
            Link::H2(h2) => h2.state() == State::Open,
        }
    }

    /// What is under way on a connection of HTTP/2.
    pub fn load(&self) -> Option<Load> {
        match self {
            Link::H2(h2) if h2.state() == State::Open => Some(h2.load()),
            _ => None,
        }
    }

    pub fn timer(&self) -> Option<Instant> {
        match self {
            Link::Connecting { connecting, .. } => Some(connecting.timer()),
            Link::H1(h1) => Some(h1.timer()),
            Link::H2(h2) => h2.timer(),
        }
    }

    pub fn shut_down(&mut self, registry: &Registry) {
        match self {
            Link::Connecting { connecting, .. } => connecting.shut_down(registry),
            Link::H1(h1) => h1.shut_down(registry),
            Link::H2(h2) => h2.shut_down(registry),
        }
    }
}
