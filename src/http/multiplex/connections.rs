//! The connections to one host: which there are, which exchange goes over which, and when another one is
//! opened.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Uri;
use mio::event::Event;
use mio::{Registry, Token, Waker};

use super::connect::{Connecting, Means, Progress};
use super::exchange::{Done, Ended, Exchange, Room, Sent};
use super::h1::{After, H1};
use super::h2::{H2, Load, SILENCE, State};
use super::io::Io;
use super::link::Link;
use super::memory::{HostMemory, Protocol};
use super::target::Target;
use crate::http::failure::{Attempt, Failure, Peers, Stage};
use crate::http::network::Network;
use crate::http::response::HttpResponse;
use crate::http::{CONNECT_LIMIT, HttpVersion};

/// Connections of HTTP/2, at most.
const MOST_H2: usize = 4;
/// The token of the waker.
pub const WAKE: Token = Token(usize::MAX);
/// A token is a slot, and how often the slot was used before: events of a connection that is gone are not
/// mistaken for those of its successor.
const SLOT_BITS: u32 = 16;
/// After a connection could not be made, no other one is opened before, unless there is none at all.
const OPEN_PAUSE: Duration = Duration::from_secs(1);

pub struct Connections {
    network: Arc<Network>,
    target: Target,
    peers: Peers,
    max_h1: usize,
    memory: HostMemory,
    registry: Registry,
    waker: Arc<Waker>,
    slots: Vec<Slot>,
    /// Slots in which something may have happened.
    touched: Vec<usize>,
    /// Connections of HTTP/1.1 without an exchange; the one used last is used first.
    idle: Vec<usize>,
    /// Connections that could not be made, and for which exchange.
    failed: Vec<(Option<usize>, Failure, Stage)>,
    next_timer: Instant,
    /// Until then what waits shares the connections that there are.
    next_open: Instant,
    scratch: Vec<u8>,
}

#[derive(Default)]
struct Slot {
    link: Option<Link>,
    uses: usize,
    touched: bool,
}

impl Connections {
    pub fn new(
        network: Arc<Network>,
        uri: &Uri,
        max_h1: usize,
        memory: HostMemory,
        registry: Registry,
        waker: Arc<Waker>,
    ) -> Self {
        let now = Instant::now();
        Connections {
            peers: Peers::new(uri, network.proxy.as_ref()),
            target: Target::new(uri, network.proxy.clone()),
            network,
            max_h1,
            memory,
            registry,
            waker,
            slots: Vec::new(),
            touched: Vec::new(),
            idle: Vec::new(),
            failed: Vec::new(),
            next_timer: now,
            next_open: now,
            scratch: Vec::new(),
        }
    }

    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    pub fn memory(&self) -> HostMemory {
        self.memory
    }

    pub fn next_timer(&self) -> Instant {
        self.next_timer
    }

    /// The result of an exchange, as its submitter gets it.
    pub fn judge(
        &self,
        exchange: &Exchange,
        outcome: Result<HttpResponse, Failure>,
        sent: Sent,
    ) -> Done {
        if outcome.is_ok() {
            self.network.note_heard();
        }
        let outcome = match outcome {
            Ok(response) if response.is_success() => Ok(response),
            Ok(response) => Err(response.into_error(&self.network.secrets)),
            Err(failure) => {
                let (sent, stage) = match sent {
                    Sent::Maybe => (true, Stage::Exchange),
                    Sent::No(stage) => (false, stage),
                };
                let attempt = Attempt {
                    stage,
                    sent,
                    limit: exchange
                        .deadline
                        .saturating_duration_since(exchange.started),
                    heard: self.network.was_heard(),
                };
                Err(self.peers.error(&failure, &attempt))
            }
        };
        (exchange.id, outcome)
    }

    /// How far the connection has come that is being made, for messages.
    pub fn stage(&self) -> Stage {
        let stages = self.links().filter_map(|link| match link {
            Link::Connecting { connecting, .. } => Some(connecting.stage()),
            _ => None,
        });
        stages.last().unwrap_or(Stage::Exchange)
    }

    fn links(&self) -> impl Iterator<Item = &Link> {
        self.slots.iter().filter_map(|slot| slot.link.as_ref())
    }

    pub fn any_usable(&self) -> bool {
        self.links().any(Link::is_usable)
    }

    pub fn room(&self) -> Room {
        let now = Instant::now();
        let (mut connecting, mut h1, mut h2, mut ready) = (0, 0, 0, self.idle.len());
        for link in self.links() {
            match link {
                Link::Connecting { .. } => connecting += 1,
                Link::H1(_) => h1 += 1,
                Link::H2(connection) if connection.state() == State::Open => {
                    h2 += 1;
                    if self.suits(connection, false) || now < self.next_open {
                        ready += self.h2_room(connection, now);
                    }
                }
                Link::H2(_) => {}
            }
        }
        if connecting + h1 + h2 == 0 {
            // The first one is opened for the first exchange.
            return Room {
                ready: 1,
                may_open: false,
            };
        }
        let may_open = match self.expected(now) {
            // Until one stands, one exchange finds out whether anybody is there.
            _ if h1 + h2 == 0 || now < self.next_open => false,
            Some(Protocol::Http1) => h1 + connecting < self.max_h1,
            _ => ready == 0 && connecting == 0 && h1 + h2 < MOST_H2,
        };
        Room { ready, may_open }
    }

    /// How many exchanges may begin on a connection, as far as the host is known.
    fn h2_room(&self, h2: &H2, now: Instant) -> usize {
        h2.room().min(self.memory.requests_left(h2.started(), now))
    }

    /// What a new connection is to speak.
    fn version(&self, now: Instant) -> HttpVersion {
        match self.network.version {
            HttpVersion::Auto if self.memory.is_http1_required(now) => HttpVersion::Http1,
            version => version,
        }
    }

    pub fn must_be_http2(&self) -> bool {
        self.network.version == HttpVersion::Http2
    }

    /// What it will probably speak.
    fn expected(&self, now: Instant) -> Option<Protocol> {
        match self.version(now) {
            HttpVersion::Http1 => Some(Protocol::Http1),
            HttpVersion::Http2 => Some(Protocol::Http2),
            HttpVersion::Auto if !self.target.tls => Some(Protocol::Http1),
            HttpVersion::Auto => self.memory.spoken(now),
        }
    }

    /// Begins to make a connection.
    pub fn open(&mut self, opener: Option<usize>, now: Instant) {
        let vacant = |slot: &Slot| slot.link.is_none();
        let number = self.slots.iter().position(vacant).unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        self.next_timer = self.next_timer.min(now + CONNECT_LIMIT);
        let progress = Connecting::start(&self.means(number, now), now);
        self.note_progress(number, progress, opener, now);
    }

    fn means(&self, slot: usize, now: Instant) -> Means<'_> {
        Means {
            network: &self.network,
            target: &self.target,
            version: self.version(now),
            registry: &self.registry,
            waker: &self.waker,
            token: Token(self.slots[slot].uses << SLOT_BITS | slot),
        }
    }

    fn note_progress(
        &mut self,
        slot: usize,
        progress: Progress,
        opener: Option<usize>,
        now: Instant,
    ) {
        match progress {
            Progress::Pending(connecting) => {
                self.next_timer = self.next_timer.min(connecting.timer());
                self.slots[slot].link = Some(Link::Connecting { connecting, opener });
            }
            Progress::Failed(failure, stage) => {
                self.slots[slot].uses += 1;
                self.next_open = now + OPEN_PAUSE;
                self.failed.push((opener, failure, stage));
            }
            Progress::Ready(io, protocol) => self.note_ready(slot, io, protocol, opener, now),
        }
    }

    fn note_ready(
        &mut self,
        slot: usize,
        io: Io,
        protocol: Protocol,
        opener: Option<usize>,
        now: Instant,
    ) {
        self.memory.note_spoken(protocol, now);
        let link = match protocol {
            Protocol::Http1 => {
                self.idle.push(slot);
                Link::H1(Box::new(H1::new(io, now)))
            }
            Protocol::Http2 => match H2::new(io, now) {
                Ok(h2) => Link::H2(Box::new(h2)),
                Err(failure) => {
                    self.slots[slot].uses += 1;
                    self.failed.push((opener, failure, Stage::Exchange));
                    return;
                }
            },
        };
        self.slots[slot].link = Some(link);
        self.touch(slot);
    }

    /// A connection that could not be made.
    pub fn take_failed(&mut self) -> Option<(Option<usize>, Failure, Stage)> {
        self.failed.pop()
    }

    fn touch(&mut self, slot: usize) {
        if !std::mem::replace(&mut self.slots[slot].touched, true) {
            self.touched.push(slot);
        }
    }

    /// Something happened on a socket, or the waker was used.
    pub fn note(&mut self, event: &Event) {
        if event.token() == WAKE {
            // A look-up may have ended.
            for slot in 0..self.slots.len() {
                if matches!(self.slots[slot].link, Some(Link::Connecting { .. })) {
                    self.touch(slot);
                }
            }
            return;
        }
        let (slot, uses) = (
            event.token().0 & ((1 << SLOT_BITS) - 1),
            event.token().0 >> SLOT_BITS,
        );
        let Some(here) = self.slots.get_mut(slot).filter(|here| here.uses == uses) else {
            return;
        };
        if let Some(link) = &mut here.link {
            link.note(event);
            self.touch(slot);
        }
    }

    /// Gives exchanges that wait to connections that have room.
    pub fn assign(&mut self, waiting: &mut VecDeque<Exchange>, now: Instant) {
        let mut at = 0;
        while at < waiting.len() {
            match self.find(&waiting[at], now) {
                Some(slot) => {
                    let Some(exchange) = waiting.remove(at) else {
                        break;
                    };
                    if let Err(exchange) = self.begin(slot, exchange, now) {
                        waiting.insert(at, exchange);
                        if self.h2_is_open(slot) {
                            // It will say when it goes on.
                            break;
                        }
                    }
                }
                // One that needs a connection of its own does not hold up the others.
                None if waiting[at].fresh || waiting[at].is_large() => at += 1,
                None => break,
            }
        }
        self.open_for(waiting, now);
    }

    /// Sees to it that what waits has a connection to wait for.
    fn open_for(&mut self, waiting: &VecDeque<Exchange>, now: Instant) {
        let connecting = self
            .links()
            .any(|link| matches!(link, Link::Connecting { .. }));
        let Some(first) = waiting.front().filter(|_| !connecting) else {
            return;
        };
        if !self.failed.is_empty() {
            return;
        }
        if first.fresh || !self.any_usable() {
            return self.open(Some(first.id), now);
        }
        // All connections of HTTP/2 that a large body could have are shared by short ones.
        let http2 = self.expected(now) != Some(Protocol::Http1);
        if let Some(large) = waiting.iter().find(|exchange| exchange.is_large())
            && http2
            && now >= self.next_open
            && self.links().filter(|link| link.is_usable()).count() <= MOST_H2
        {
            self.open(Some(large.id), now);
        }
    }

    /// A connection that can take the exchange now.
    fn find(&mut self, exchange: &Exchange, now: Instant) -> Option<usize> {
        let (fresh, large) = (exchange.fresh, exchange.is_large());
        let is_fresh = |slot: &usize| match &self.slots[*slot].link {
            Some(Link::H1(h1)) => !h1.is_reused(),
            _ => false,
        };
        let idle = self.idle.iter().rposition(|slot| !fresh || is_fresh(slot));
        if let Some(at) = idle {
            return Some(self.idle.remove(at));
        }
        // Large bodies and others share a connection only where no further one can be had. Of several, the
        // one that is nearest to its end, so that the others are there after it.
        let shares = now < self.next_open;
        let numbered = self.slots.iter().enumerate();
        let with_room = numbered.filter_map(|(slot, here)| match &here.link {
            Some(Link::H2(h2)) if self.h2_room(h2, now) > 0 => {
                let suits = self.suits(h2, large);
                (suits || shares).then_some((suits, h2.started(), slot))
            }
            _ => None,
        });
        with_room.max().map(|(_, _, slot)| slot)
    }

    /// Whether an exchange, with a large body or a short one, shares the connection with none of the other
    /// kind. Short ones leave one connection to the large ones.
    fn suits(&self, h2: &H2, large: bool) -> bool {
        match h2.load() {
            Load::Large => large,
            Load::Short => !large,
            Load::Nothing => {
                let loads = self.links().filter_map(Link::load);
                large || loads.filter(|load| *load == Load::Short).count() < MOST_H2
            }
        }
    }

    /// Ends the use of connections on which the server takes no more requests.
    pub fn retire_used_up(&mut self, now: Instant) {
        for slot in 0..self.slots.len() {
            if let Some(Link::H2(h2)) = &mut self.slots[slot].link
                && h2.state() == State::Open
                && (self.memory.is_used_up(h2.started(), h2.open(), now)
                    || self.memory.is_http1_required(now))
            {
                h2.retire();
                self.touch(slot);
            }
        }
    }

    fn h2_is_open(&self, slot: usize) -> bool {
        match &self.slots[slot].link {
            Some(Link::H2(h2)) => h2.state() == State::Open,
            _ => false,
        }
    }

    fn begin(&mut self, slot: usize, exchange: Exchange, now: Instant) -> Result<(), Exchange> {
        self.next_timer = self.next_timer.min(exchange.deadline).min(now + SILENCE);
        self.touch(slot);
        match &mut self.slots[slot].link {
            Some(Link::H1(h1)) => {
                h1.begin(exchange, &self.target, &self.network);
                Ok(())
            }
            Some(Link::H2(h2)) => h2.begin(exchange, &self.target, &self.network, now),
            _ => Err(exchange),
        }
    }

    /// Moves on the connections on which something happened.
    pub fn advance(&mut self, now: Instant, ended: &mut Vec<Ended>) {
        while let Some(slot) = self.touched.pop() {
            self.slots[slot].touched = false;
            match self.slots[slot].link.take() {
                None => {}
                Some(Link::Connecting { connecting, opener }) => {
                    let progress = connecting.advance(&self.means(slot, now), now);
                    self.note_progress(slot, progress, opener, now);
                }
                Some(Link::H1(h1)) => self.advance_h1(slot, h1, now, ended),
                Some(Link::H2(h2)) => self.advance_h2(slot, h2, now, ended),
            }
        }
    }

    fn advance_h1(&mut self, slot: usize, mut h1: Box<H1>, now: Instant, ended: &mut Vec<Ended>) {
        let was_idle = h1.is_idle();
        let after = h1.advance(&mut self.scratch, now, ended);
        if h1.was_heard() {
            self.network.note_heard();
        }
        match after {
            After::Closed => return self.close(slot, Link::H1(h1)),
            After::Idle if !was_idle => self.idle.push(slot),
            After::Idle | After::Busy => {}
        }
        self.slots[slot].link = Some(Link::H1(h1));
    }

    fn advance_h2(&mut self, slot: usize, mut h2: Box<H2>, now: Instant, ended: &mut Vec<Ended>) {
        let was_open = h2.state() == State::Open;
        h2.advance(now, ended);
        if was_open && h2.has_goaway() {
            self.memory.note_goaway(h2.processed(), now);
        }
        if h2.needs_http1() && !self.must_be_http2() {
            self.memory.note_http1_required(now);
        }
        match h2.state() {
            State::Closed => self.close(slot, Link::H2(h2)),
            _ => self.slots[slot].link = Some(Link::H2(h2)),
        }
    }

    fn close(&mut self, slot: usize, mut link: Link) {
        link.shut_down(&self.registry);
        self.slots[slot].uses += 1;
        self.idle.retain(|other| *other != slot);
    }

    /// Does what the clock asks for.
    pub fn tick(&mut self, now: Instant, ended: &mut Vec<Ended>) {
        for slot in 0..self.slots.len() {
            let due = |link: &mut Link| link.timer().is_some_and(|at| at <= now);
            match self.slots[slot].link.take_if(due) {
                None => {}
                Some(Link::H1(mut h1)) => {
                    h1.fail(Failure::Late, ended);
                    self.close(slot, Link::H1(h1));
                }
                Some(Link::H2(mut h2)) => {
                    h2.tick(now, ended);
                    self.slots[slot].link = Some(Link::H2(h2));
                    self.touch(slot);
                }
                Some(connecting) => {
                    self.slots[slot].link = Some(connecting);
                    self.touch(slot);
                }
            }
        }
        let timers = self.links().filter_map(Link::timer);
        // One that is due again is dealt with in the next turn, and not in an endless one.
        let soonest = now + Duration::from_millis(1);
        self.next_timer = timers
            .min()
            .map_or(now + Duration::from_secs(3600), |at| at.max(soonest));
    }

    /// Opens the successor of a connection that the server will end soon.
    pub fn prepare_successors(&mut self, now: Instant) {
        if now < self.next_open {
            return;
        }
        let mut ending = false;
        for link in self.links() {
            match link {
                Link::Connecting { .. } => return,
                Link::H2(h2) if h2.state() == State::Open => {
                    if !self.memory.wants_successor(h2.started(), now) {
                        return;
                    }
                    ending = true;
                }
                _ => {}
            }
        }
        if ending {
            self.open(None, now);
        }
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        for slot in &mut self.slots {
            if let Some(link) = &mut slot.link {
                link.shut_down(&self.registry);
            }
        }
    }
}
