//! The rules of HTTP/2 (docs/background.md), each against a server that puts it to the test.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::client_tests::{Answered, Client, LIMIT, answer_all};
use super::scripted_tests::*;
use crate::error::Kind;
use crate::sys::sync::Mutex;

#[test]
fn many_exchanges_share_one_connection() {
    let answered = Answered::default();
    let noted = answered.clone();
    let server = serve(move |peer| answer_all(peer, &noted));
    let mut client = Client::new(&server);
    client.submit_all(0..500);
    client.run_until(500);
    assert!(client.all_delivered() && answered.each_once(500));
    assert!(client.network.opened() <= 4);
}

#[test]
fn after_goaway_the_rest_goes_out_again_on_another_connection() {
    let answered = Answered::default();
    let noted = answered.clone();
    let server = serve(move |mut peer| {
        if peer.number > 0 {
            return answer_all(peer, &noted);
        }
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 100)]);
        let requests: Vec<_> = (0..10).map(|_| peer.request().unwrap()).collect();
        peer.goaway(requests[4].0, 0);
        // What it has taken on ends here, a little later.
        thread::sleep(Duration::from_millis(100));
        for (stream, body) in &requests[..5] {
            noted.note(body.clone());
            peer.respond(*stream);
        }
        while peer.read().is_some() {}
    });
    let mut client = Client::new(&server);
    client.submit_all(0..10);
    client.run_until(10);
    assert!(client.all_delivered() && answered.each_once(10));
    // The successor, and perhaps one in case that five requests are the server's limit.
    assert!((2..=3).contains(&client.network.opened()));
}

#[test]
fn connections_that_end_after_seven_requests_lose_none_and_send_none_twice() {
    for streams in [1, 3, 128] {
        let answered = Answered::default();
        let noted = answered.clone();
        let server = serve(move |mut peer| {
            peer.settings(&[(MAX_CONCURRENT_STREAMS, streams)]);
            let mut last = 0;
            for _ in 0..7 {
                let Some((stream, body)) = peer.request() else {
                    return;
                };
                noted.note(body);
                last = stream;
                peer.respond(stream);
            }
            peer.goaway(last, 0);
            while peer.read().is_some() {}
        });
        let mut client = Client::new(&server);
        client.submit_all(0..200);
        client.run_until(200);
        assert!(client.all_delivered(), "{streams} streams");
        assert!(answered.each_once(200), "{streams} streams");
    }
}

#[test]
fn a_refused_stream_goes_out_again_at_once_but_not_for_ever() {
    let refused = Mutex::new(HashSet::new());
    let refusals = Arc::new(AtomicUsize::new(0));
    let count = refusals.clone();
    let server = serve(move |mut peer| {
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 100)]);
        while let Some((stream, body)) = peer.request() {
            let never = body == "never";
            count.fetch_add(usize::from(never), Ordering::SeqCst);
            if never || refused.lock().insert(body) {
                peer.reset(stream, REFUSED_STREAM);
            } else {
                peer.respond(stream);
            }
        }
    });
    let mut client = Client::new(&server);
    client.submit_all(0..20);
    client.run_until(20);
    assert!(client.all_delivered());
    client.submit(20, "never".into(), LIMIT);
    client.run_until(21);
    let error = client.error(20);
    assert_eq!(error.kind, Kind::Connection);
    assert!(error.message.contains("refused"), "{error}");
    assert_eq!(
        refusals.load(Ordering::SeqCst),
        4,
        "once, and three times again"
    );
}

#[test]
fn one_stream_is_open_until_the_settings_are_there_and_then_as_many_as_they_allow() {
    let most = Arc::new(AtomicUsize::new(0));
    let seen = most.clone();
    let server = serve(move |mut peer| {
        let early = peer.read_until_quiet();
        let streams = early.iter().filter(|frame| frame.kind == HEADERS);
        assert_eq!(streams.count(), 1, "before SETTINGS");
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 3)]);
        peer.respond(early[0].stream);
        let mut open = Vec::new();
        loop {
            let frames = peer.read_until_quiet();
            if frames.is_empty() {
                return;
            }
            open.extend(frames.iter().filter(|f| f.kind == DATA).map(|f| f.stream));
            seen.fetch_max(open.len(), Ordering::SeqCst);
            open.drain(..).for_each(|stream| peer.respond(stream));
        }
    });
    let mut client = Client::new(&server);
    client.submit_all(0..10);
    // Those that the one connection has no stream for may open others, which are held to the same.
    client.run_until(10);
    assert!(client.all_delivered());
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[test]
fn a_limit_that_shrinks_in_mid_flight_is_kept() {
    let broken = Arc::new(AtomicBool::new(false));
    let noted = broken.clone();
    let server = serve(move |mut peer| {
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 20)]);
        let mut first: Vec<_> = (0..5).map_while(|_| peer.request()).collect();
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 1)]);
        first.extend(
            peer.read_until_quiet()
                .iter()
                .filter(|frame| frame.kind == DATA)
                .map(|frame| (frame.stream, String::new())),
        );
        first.iter().for_each(|(stream, _)| peer.respond(*stream));
        loop {
            let frames = peer.read_until_quiet();
            let open: Vec<_> = frames.iter().filter(|f| f.kind == DATA).collect();
            if open.len() > 1 {
                noted.store(true, Ordering::SeqCst);
            }
            if open.is_empty() {
                return;
            }
            open.iter().for_each(|frame| peer.respond(frame.stream));
        }
    });
    let mut client = Client::new(&server);
    client.submit_all(0..30);
    client.run_until(30);
    assert!(client.all_delivered());
    assert!(!broken.load(Ordering::SeqCst), "more than one stream");
}

#[test]
fn few_streams_are_reset_and_then_the_connection_is_replaced() {
    let resets = Arc::new(Mutex::new(HashMap::<usize, usize>::new()));
    let counted = resets.clone();
    let server = serve(move |mut peer| {
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 100)]);
        while let Some(frame) = peer.read() {
            match frame.kind {
                DATA if frame.payload != b"slow" => peer.respond(frame.stream),
                RST_STREAM => {
                    *counted.lock().entry(peer.number).or_default() += 1;
                }
                _ => {}
            }
        }
    });
    let mut client = Client::new(&server);
    for id in 0..20 {
        client.submit(id, "slow".into(), Duration::from_millis(150));
    }
    client.run_until(20);
    for id in 0..20 {
        let error = client.error(id);
        assert!(error.nobody_there && error.may_have_arrived, "{error}");
        assert!(error.message.contains("no complete response"), "{error}");
    }
    client.submit_all(20..30);
    client.run_until(30);
    assert!((20..30).all(|id| client.done[&id].is_ok()));
    let resets = resets.lock();
    assert!(resets.values().all(|count| *count <= 3), "{resets:?}");
    assert!(client.network.opened() >= 2);
}

#[test]
fn a_silent_connection_is_pinged_and_given_up_if_that_stays_unanswered() {
    for answers in [true, false] {
        let pings = Arc::new(AtomicUsize::new(0));
        let count = pings.clone();
        let server = serve(move |mut peer| {
            peer.settings(&[]);
            while let Some(frame) = peer.read() {
                if frame.kind == PING {
                    count.fetch_add(1, Ordering::SeqCst);
                    if answers {
                        peer.send(PING, ACK, 0, &frame.payload);
                    }
                }
            }
        });
        let mut client = Client::new(&server);
        let start = Instant::now();
        client.submit(0, "0".into(), Duration::from_secs(3));
        client.run_until(1);
        assert!(client.error(0).nobody_there);
        assert!(pings.load(Ordering::SeqCst) >= 1);
        let took = start.elapsed();
        // An answered ping keeps the connection, and the request has its whole time.
        assert_eq!(took > Duration::from_millis(2900), answers, "{took:?}");
    }
}

#[test]
fn what_is_cut_may_have_arrived() {
    let server = serve(|mut peer| {
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 100)]);
        for _ in 0..5 {
            peer.request();
        }
    });
    let mut client = Client::new(&server);
    client.submit_all(0..5);
    client.run_until(5);
    for id in 0..5 {
        let error = client.error(id);
        assert!(error.may_have_arrived && error.retryable(), "{error}");
        assert!(!error.nobody_there, "{error}");
    }
}

#[test]
fn a_closed_window_holds_up_its_own_body_only_and_large_bodies_pass_in_pieces() {
    let server = serve(|mut peer| {
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 100), (INITIAL_WINDOW_SIZE, 0)]);
        let mut bodies: HashMap<u32, usize> = HashMap::new();
        while let Some(frame) = peer.read() {
            match frame.kind {
                HEADERS => peer.window(frame.stream, 10_000),
                DATA => {
                    let length = frame.payload.len() as u32;
                    *bodies.entry(frame.stream).or_default() += frame.payload.len();
                    if frame.flags & END_STREAM != 0 {
                        peer.respond(frame.stream);
                    }
                    if length > 0 {
                        peer.window(0, length);
                        peer.window(frame.stream, length);
                    }
                }
                _ => {}
            }
        }
    });
    let mut client = Client::new(&server);
    client.submit(0, "x".repeat(1_000_000), LIMIT);
    client.submit_all(1..50);
    client.run_until(50);
    assert!(client.all_delivered());
}

#[test]
fn nonsense_ends_the_connection_and_nothing_else() {
    let http1 = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let data_on_zero = [0, 0, 1, DATA, 0, 0, 0, 0, 0, 7].to_vec();
    let huge_frame = [0xff, 0xff, 0xff, HEADERS, 0, 0, 0, 0, 1].to_vec();
    let bad_hpack = [0, 0, 3, HEADERS, END_HEADERS, 0, 0, 0, 1, 0xff, 0xff, 0xff].to_vec();
    let bad_settings = [0, 0, 5, SETTINGS, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5].to_vec();
    let unknown_stream = [0, 0, 1, HEADERS, END_HEADERS, 0, 0, 0, 99, 0x88].to_vec();
    for bytes in [
        http1,
        data_on_zero,
        huge_frame,
        bad_hpack,
        bad_settings,
        unknown_stream,
    ] {
        let answered = Answered::default();
        let noted = answered.clone();
        let sent = bytes.clone();
        let server = serve(move |mut peer| {
            if peer.number > 0 {
                return answer_all(peer, &noted);
            }
            peer.settings(&[]);
            peer.request();
            peer.raw(&sent);
            while peer.read().is_some() {}
        });
        let mut client = Client::new(&server);
        client.submit(0, "0".into(), Duration::from_secs(10));
        client.run_until(1);
        let error = client.error(0);
        assert!(
            error.kind == Kind::Connection && error.retryable(),
            "{error}"
        );
        client.submit_all(1..3);
        client.run_until(3);
        assert!(answered.each_once(2), "after {bytes:?}");
    }
}

#[test]
fn a_header_bomb_is_refused() {
    let server = serve(|mut peer| {
        peer.settings(&[]);
        let (stream, _) = peer.request().unwrap();
        peer.send(HEADERS, 0, stream, &[0x88]);
        // A literal header of 10,000 bytes, again and again.
        let mut header = vec![0x40, 1, b'x', 0x7f, 0x91, 0x4d];
        header.extend(vec![b'y'; 10_000]);
        for _ in 0..10_000 {
            peer.send(CONTINUATION, 0, stream, &header);
        }
    });
    let mut client = Client::new(&server);
    client.submit_all(0..1);
    client.run_until(1);
    assert_eq!(client.error(0).kind, Kind::Connection);
}

#[test]
fn a_reset_is_told_and_concerns_its_own_stream() {
    let server = serve(|mut peer| {
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 100)]);
        while let Some((stream, body)) = peer.request() {
            match body.as_str() {
                "3" => peer.reset(stream, 2),
                _ => peer.respond(stream),
            }
        }
    });
    let mut client = Client::new(&server);
    client.submit_all(0..10);
    client.run_until(10);
    let error = client.error(3);
    assert!(error.message.contains("INTERNAL_ERROR"), "{error}");
    assert!(error.retryable() && !error.nobody_there);
    assert_eq!(client.done.values().filter(|done| done.is_ok()).count(), 9);
    // Its connection goes on.
    let opened = client.network.opened();
    client.submit_all(10..11);
    client.run_until(11);
    assert_eq!(client.network.opened(), opened);
}

/// What kinds of entries an encoded head has (RFC 7541, 6): indexed, literals that go into the table, and
/// literals that never may.
#[derive(Debug, Default, PartialEq)]
struct HeadEntries {
    indexed: usize,
    added: usize,
    /// Literals that stay out of our table; others may index them.
    not_added: usize,
    never_indexed: usize,
}

fn head_entries(mut head: &[u8]) -> HeadEntries {
    /// An integer with a prefix of so many bits, and what follows it.
    fn integer(bytes: &[u8], bits: u32) -> (usize, &[u8]) {
        let most = (1 << bits) - 1;
        let first = usize::from(bytes[0]) & most;
        let mut rest = &bytes[1..];
        if first < most {
            return (first, rest);
        }
        let (mut value, mut shift) = (most, 0);
        loop {
            let byte = rest[0];
            rest = &rest[1..];
            value += usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return (value, rest);
            }
        }
    }
    fn skip_string(bytes: &[u8]) -> &[u8] {
        let (length, rest) = integer(bytes, 7);
        &rest[length..]
    }
    fn skip_literal(bytes: &[u8], bits: u32) -> &[u8] {
        let (name, mut rest) = integer(bytes, bits);
        if name == 0 {
            rest = skip_string(rest);
        }
        skip_string(rest)
    }
    let mut entries = HeadEntries::default();
    while let Some(first) = head.first() {
        head = match first {
            0x80.. => {
                entries.indexed += 1;
                integer(head, 7).1
            }
            0x40.. => {
                entries.added += 1;
                skip_literal(head, 6)
            }
            0x20.. => integer(head, 5).1,
            0x10.. => {
                entries.never_indexed += 1;
                skip_literal(head, 4)
            }
            _ => {
                entries.not_added += 1;
                skip_literal(head, 4)
            }
        };
    }
    entries
}

#[test]
fn the_key_and_what_differs_from_event_to_event_are_never_indexed() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = heads.clone();
    let server = serve(move |mut peer| {
        peer.settings(&[(MAX_CONCURRENT_STREAMS, 1)]);
        while let Some(frame) = peer.read() {
            match frame.kind {
                HEADERS => noted.lock().push(head_entries(&frame.payload)),
                DATA => peer.respond(frame.stream),
                _ => {}
            }
        }
    });
    let mut client = Client::new(&server);
    for id in 0..3 {
        client.submit_all(id..id + 1);
        client.run_until(id + 1);
    }
    let heads = heads.lock();
    // The two headers of the key, the event's own one, and the length.
    assert!(
        heads.iter().all(|head| head.never_indexed == 4),
        "{heads:?}"
    );
    let path = |head: &HeadEntries| head.not_added <= 1;
    assert!(heads.iter().all(path), "{heads:?}");
    assert!(heads[0].added > 0, "what all requests share is added once");
    assert!(heads[1..].iter().all(|head| head.added == 0), "{heads:?}");
}
