//! A herd of clients goes through an outage: what does it do to a service of limited capacity when that is back?
//!
//!     cargo run --release --example herd
//!
//! Each client has the circuit breaker and the waits of the library itself, and a model of its queue. The service
//! processes so many requests a second; what would wait longer than a second it turns away with 503. Time is
//! simulated, so that a hundred thousand clients take seconds. The findings are in docs/scaling.md.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use axonpush::simulation::{Backoff, CircuitBreaker, Error, Kind, Pace, Probe};

const CLIENTS: usize = 100_000;
/// Each client publishes an event in this time, on average.
const EVENT_EVERY: Duration = Duration::from_secs(10);
/// Requests a second that the service processes: twice what the clients need.
const CAPACITY: f64 = 20_000.0;
const LONGEST_QUEUE: Duration = Duration::from_secs(1);
const DOWN_FROM: Duration = Duration::from_secs(30);
const UP_AGAIN: Duration = Duration::from_secs(90);
const END: Duration = Duration::from_secs(600);
/// A client has so many requests under way, at most: the connections of HTTP/1.1.
const IN_FLIGHT: u32 = 32;
const LATENCY: Duration = Duration::from_millis(50);
/// Requests are counted in steps of this.
const BIN: Duration = Duration::from_millis(100);
/// The wait of one event between its attempts, as in `src/delivery/queue.rs`.
const BACKOFF: Backoff = Backoff::up_to(Duration::from_secs(30));

#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    jitter: bool,
    /// What the overloaded service says with its 503.
    retry_after: Option<Duration>,
}

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[derive(Default)]
struct Client {
    breaker: CircuitBreaker,
    fresh: u32,
    /// Events that failed: when they may be tried again, and how often they failed.
    retry: VecDeque<(Instant, u32)>,
    in_flight: u32,
    /// It is woken then already.
    wakes_at: Option<Instant>,
}

enum What {
    Publish,
    Wake,
    Done {
        attempts: u32,
        probe: Option<Probe>,
        outcome: Outcome,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Delivered,
    Refused,
    TurnedAway,
}

struct Service {
    start: Instant,
    next_free: Instant,
    /// Requests in each step.
    bins: Vec<u32>,
}

impl Service {
    fn request(&mut self, now: Instant) -> (Instant, Outcome) {
        let since = now - self.start;
        self.bins[(since.as_millis() / BIN.as_millis()) as usize] += 1;
        if (DOWN_FROM..UP_AGAIN).contains(&since) {
            return (now + LATENCY, Outcome::Refused);
        }
        self.next_free = self.next_free.max(now);
        if self.next_free - now > LONGEST_QUEUE {
            return (now + LATENCY, Outcome::TurnedAway);
        }
        self.next_free += Duration::from_secs_f64(1.0 / CAPACITY);
        (self.next_free + LATENCY, Outcome::Delivered)
    }
}

struct Herd {
    scenario: Scenario,
    random: Random,
    clients: Vec<Client>,
    service: Service,
    agenda: BinaryHeap<Reverse<(Instant, u64)>>,
    entries: Vec<Option<(usize, What)>>,
    vacant: Vec<usize>,
    delivered: u64,
    /// When the last client had nothing left from the outage.
    drained_at: Option<Duration>,
    backlog: i64,
}

impl Herd {
    fn at(&mut self, when: Instant, client: usize, what: What) {
        let entry = Some((client, what));
        let number = match self.vacant.pop() {
            Some(number) => {
                self.entries[number] = entry;
                number
            }
            None => {
                self.entries.push(entry);
                self.entries.len() - 1
            }
        };
        self.agenda.push(Reverse((when, number as u64)));
    }

    fn draw(&mut self) -> f64 {
        match self.scenario.jitter {
            true => self.random.unit(),
            false => 0.5,
        }
    }

    /// Sends what the client may send, and sees to it that it is woken for the rest.
    fn drive(&mut self, number: usize, now: Instant) {
        loop {
            let client = &mut self.clients[number];
            let room =
                client.in_flight < IN_FLIGHT && client.breaker.has_room(client.in_flight as usize);
            if !room || !client.breaker.permits(now) {
                break;
            }
            let ready = client.retry.iter().position(|(at, _)| *at <= now);
            let attempts = match ready {
                Some(at) => client.retry.remove(at).expect("it is there").1,
                None if client.fresh > 0 => {
                    client.fresh -= 1;
                    0
                }
                None => break,
            };
            client.in_flight += 1;
            let probe = client.breaker.begin_attempt();
            let (when, outcome) = self.service.request(now);
            self.at(
                when,
                number,
                What::Done {
                    attempts,
                    probe,
                    outcome,
                },
            );
        }
        let client = &mut self.clients[number];
        let retry = client.retry.iter().map(|(at, _)| *at).min();
        let ready = if client.fresh > 0 { Some(now) } else { retry };
        let wanted = ready.and_then(|ready| client.breaker.next_attempt(Some(ready)));
        if let Some(at) = wanted.filter(|at| *at > now && client.in_flight < IN_FLIGHT)
            && client
                .wakes_at
                .is_none_or(|before| at < before || before <= now)
        {
            client.wakes_at = Some(at);
            self.at(at, number, What::Wake);
        }
    }

    fn done(
        &mut self,
        number: usize,
        attempts: u32,
        probe: Option<Probe>,
        outcome: Outcome,
        now: Instant,
    ) {
        let draw = self.draw();
        let client = &mut self.clients[number];
        client.in_flight -= 1;
        let was_probe = client.breaker.end_attempt(probe);
        let error = match outcome {
            Outcome::Delivered => {
                client.breaker.close();
                self.delivered += 1;
                self.backlog -= 1;
                return;
            }
            Outcome::Refused => Error {
                nobody_there: true,
                ..Error::new(Kind::Connection, "refused")
            },
            Outcome::TurnedAway => Error {
                http_status: 503,
                retry_after: self.scenario.retry_after,
                ..Error::new(Kind::Server, "overloaded")
            },
        };
        client
            .breaker
            .note_failure(&error, was_probe, Pace::Normal, draw, now);
        let wait = error
            .retry_after
            .unwrap_or_else(|| BACKOFF.wait(attempts, draw));
        client.retry.push_back((now + wait, attempts + 1));
    }

    fn run(&mut self) {
        let start = self.service.start;
        for number in 0..CLIENTS {
            let first = start + EVENT_EVERY.mul_f64(self.random.unit());
            self.at(first, number, What::Publish);
        }
        while let Some(Reverse((now, entry))) = self.agenda.pop() {
            if now - start >= END {
                break;
            }
            let entry = entry as usize;
            let (number, what) = self.entries[entry].take().expect("an entry of the agenda");
            self.vacant.push(entry);
            match what {
                What::Publish => {
                    self.clients[number].fresh += 1;
                    self.backlog += 1;
                    let next = now + EVENT_EVERY.mul_f64(0.5 + self.random.unit());
                    self.at(next, number, What::Publish);
                }
                What::Wake => self.clients[number].wakes_at = None,
                What::Done {
                    attempts,
                    probe,
                    outcome,
                } => self.done(number, attempts, probe, outcome, now),
            }
            self.drive(number, now);
            // What is under way in quiet times is a second's worth at most.
            let since = now - start;
            if self.drained_at.is_none() && since > UP_AGAIN && self.backlog < 10_000 {
                self.drained_at = Some(since - UP_AGAIN);
            }
        }
    }
}

fn main() {
    let second = |n| Some(Duration::from_secs(n));
    println!(
        "{CLIENTS} clients, an event each {} s; the service is down for {} s and has {CAPACITY} requests/s\n",
        EVENT_EVERY.as_secs(),
        (UP_AGAIN - DOWN_FROM).as_secs()
    );
    println!(
        "| scenario | requests/s while down, of capacity | peak after, of capacity | seconds above capacity | all delivered after |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for scenario in [
        Scenario {
            name: "as it is",
            jitter: true,
            retry_after: None,
        },
        Scenario {
            name: "without jitter",
            jitter: false,
            retry_after: None,
        },
        Scenario {
            name: "503 says Retry-After: 5",
            jitter: true,
            retry_after: second(5),
        },
        Scenario {
            name: "the same without jitter",
            jitter: false,
            retry_after: second(5),
        },
    ] {
        let start = Instant::now();
        let mut herd = Herd {
            scenario,
            random: Random(0x9e37_79b9_7f4a_7c15),
            clients: (0..CLIENTS).map(|_| Client::default()).collect(),
            service: Service {
                start,
                next_free: start,
                bins: vec![0; (END.as_millis() / BIN.as_millis()) as usize + 1],
            },
            agenda: BinaryHeap::new(),
            entries: Vec::new(),
            vacant: Vec::new(),
            delivered: 0,
            drained_at: None,
            backlog: 0,
        };
        herd.run();
        let bin = |at: Duration| (at.as_millis() / BIN.as_millis()) as usize;
        let share = |count: u32| f64::from(count) / (CAPACITY * BIN.as_secs_f64());
        let most = |bins: &[u32]| bins.iter().copied().map(share).fold(0.0, f64::max);
        // The first second of the outage is what was under way.
        let down = &herd.service.bins[bin(DOWN_FROM) + 10..bin(UP_AGAIN)];
        let after = &herd.service.bins[bin(UP_AGAIN)..];
        let above =
            after.iter().filter(|count| share(**count) > 1.0).count() as f64 * BIN.as_secs_f64();
        let drained = herd.drained_at.map_or("never".to_owned(), |at| {
            format!("{:.0} s", at.as_secs_f64())
        });
        println!(
            "| {} | {:.2} | {:.2} | {above:.1} | {drained} |",
            scenario.name,
            most(down),
            most(after)
        );
    }
}
