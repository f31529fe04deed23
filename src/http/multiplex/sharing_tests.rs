//! What exchanges that share connections do to each other.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::client_tests::{Answered, Client, LIMIT, answer_http1};
use super::scripted_tests::*;
use crate::http::HttpVersion;

const LARGE: usize = 300_000;
/// Of a connection at first (RFC 9113, 6.9.2).
const WINDOW: u32 = 65_535;

/// Answers bodies of any length. `open`: what belongs to a long one is not taken out of the connection's window
/// before, as by a service that is slow to read it.
fn answer_any(mut peer: Peer, streams: u32, open: &AtomicBool, answered: &Answered) {
    peer.settings(&[(MAX_CONCURRENT_STREAMS, streams)]);
    let mut bodies: HashMap<u32, Vec<u8>> = HashMap::new();
    let mut taken = 0;
    while let Some(frame) = peer.read() {
        peer.answer_ping(&frame);
        if frame.kind != DATA {
            continue;
        }
        let body = bodies.entry(frame.stream).or_default();
        body.extend(&frame.payload);
        taken += frame.payload.len() as u32;
        if frame.flags & END_STREAM != 0 {
            answered.note(format!("{} {}", body.len(), body[0]));
            bodies.remove(&frame.stream);
            peer.respond(frame.stream);
        }
        while taken == WINDOW && !open.load(Ordering::SeqCst) {
            // No body can come any more.
            for frame in peer.read_until_quiet() {
                peer.answer_ping(&frame);
            }
        }
        if open.load(Ordering::SeqCst) {
            peer.window(0, taken);
            taken = 0;
            if bodies.contains_key(&frame.stream) {
                peer.window(frame.stream, frame.payload.len() as u32);
            }
        }
    }
}

#[test]
fn large_bodies_that_the_server_does_not_read_hold_up_no_short_ones() {
    let open = Arc::new(AtomicBool::new(false));
    let may_open = open.clone();
    let answered = Answered::default();
    let noted = answered.clone();
    let server = serve(move |peer| answer_any(peer, 100, &may_open, &noted));
    let mut client = Client::new(&server);
    for id in 0..200 {
        let length = if id % 20 == 7 { LARGE + id } else { 1 + id };
        client.submit(id, "x".repeat(length), LIMIT);
    }
    client.run_until(190);
    let large = |id: &usize| id % 20 == 7;
    assert!(client.done.keys().all(|id| !large(id)));
    assert!(client.all_delivered());
    open.store(true, Ordering::SeqCst);
    client.run_until(200);
    assert!(client.all_delivered() && answered.each_once(200));
    assert!(client.network.opened() <= 5);
}

#[test]
fn bodies_of_all_sizes_pass_and_each_once() {
    for streams in [1, 3, 100] {
        let answered = Answered::default();
        let noted = answered.clone();
        let server = serve(move |peer| answer_any(peer, streams, &AtomicBool::new(true), &noted));
        let mut client = Client::new(&server);
        let lengths = [
            1,
            100,
            16 * 1024,
            16 * 1024 + 1,
            70_000,
            256 * 1024,
            LARGE,
            1 << 20,
        ];
        for id in 0..64 {
            let letter = (b'A' + (id / lengths.len()) as u8) as char;
            let body = letter.to_string().repeat(lengths[id % lengths.len()]);
            client.submit(id, body, LIMIT);
        }
        client.run_until(64);
        assert!(client.all_delivered(), "{streams} streams");
        assert!(answered.each_once(64), "{streams} streams");
    }
}

/// Waits until the one connection that the server takes is there, and further ones are refused.
fn have_one_connection(client: &mut Client) {
    client.submit(0, "0".into(), LIMIT);
    client.run_until(1);
    thread::sleep(Duration::from_millis(100));
}

#[test]
fn where_one_connection_is_all_there_is_everything_shares_it() {
    let answered = Answered::default();
    let noted = answered.clone();
    let server = serve_some(1, None, move |wire| {
        let peer = Peer::new(wire).unwrap();
        answer_any(peer, 100, &AtomicBool::new(true), &noted);
    });
    let mut client = Client::new(&server);
    have_one_connection(&mut client);
    for id in 1..40 {
        let length = if id % 10 == 3 { LARGE + id } else { 1 + id };
        client.submit(id, "x".repeat(length), LIMIT);
    }
    client.run_until(40);
    assert!(client.all_delivered() && answered.each_once(40));
}

#[test]
fn a_connection_that_cannot_be_had_fails_nothing_while_others_serve() {
    let answered = Answered::default();
    let noted = answered.clone();
    let server = serve_some(1, None, move |wire| answer_http1(wire, &noted));
    let mut client = Client::speaking(HttpVersion::Auto, &server, None);
    have_one_connection(&mut client);
    client.submit_all(1..100);
    client.run_until(100);
    assert!(client.all_delivered() && answered.each_once(100));
    assert_eq!(client.network.opened(), 1);
}

#[test]
fn a_connection_that_is_cut_is_one_failure_whatever_was_under_way_on_it() {
    let server = serve(|mut peer| {
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 100)]);
        (0..20).for_each(|_| drop(peer.request()));
    });
    let mut client = Client::new(&server);
    client.submit_all(0..1);
    // One stream before the settings are there, and then the others beside it.
    while client.multiplexer.room().ready < 50 {
        client.turn();
    }
    client.submit_all(1..20);
    client.run_until(20);
    let errors = (0..20).map(|id| client.error(id));
    let counted = errors.filter(|error| !error.shares_cause);
    assert_eq!(counted.count(), 1);
}
