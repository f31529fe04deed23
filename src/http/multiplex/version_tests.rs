//! Which version of HTTP is spoken, where the server has a say in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::client_tests::{Answered, Client, LIMIT, answer_all, answer_http1};
use super::scripted_tests::*;
use crate::error::{Error, Kind};
use crate::http::HttpVersion;

const BOTH: &[&str] = &["h2", "http/1.1"];

#[test]
fn the_version_that_tls_agrees_on_is_spoken() {
    for (offered, version, expected) in [
        (BOTH, HttpVersion::Auto, "h2"),
        (&["http/1.1"], HttpVersion::Auto, "http/1.1"),
        (BOTH, HttpVersion::Http1, "http/1.1"),
        (BOTH, HttpVersion::Http2, "h2"),
    ] {
        let answered = Answered::default();
        let noted = answered.clone();
        let server = serve_wires(Some(offered), move |wire| {
            assert_eq!(wire.protocol.as_deref(), Some(expected.as_bytes()));
            match expected {
                "h2" => answer_all(Peer::new(wire).unwrap(), &noted),
                _ => answer_http1(wire, &noted),
            }
        });
        let mut client = Client::speaking(version, &server, None);
        client.submit_all(0..50);
        client.run_until(50);
        assert!(
            client.all_delivered() && answered.each_once(50),
            "{expected}"
        );
    }
}

/// Refuses HTTP/2, by a reset of each stream or by the end of the connection.
fn require_http1(mut peer: Peer, goaway: bool) {
    peer.settings(&[(MAX_CONCURRENT_STREAMS, 100)]);
    while let Some((stream, _)) = peer.request() {
        match goaway {
            true => peer.goaway(0, HTTP_1_1_REQUIRED),
            false => peer.reset(stream, HTTP_1_1_REQUIRED),
        }
    }
}

#[test]
fn a_server_that_requires_http1_gets_it_from_then_on() {
    for goaway in [false, true] {
        let answered = Answered::default();
        let noted = answered.clone();
        let refusals = Arc::new(AtomicUsize::new(0));
        let counted = refusals.clone();
        let server = serve_wires(Some(BOTH), move |wire| {
            if wire.protocol.as_deref() == Some(b"h2") {
                counted.fetch_add(1, Ordering::SeqCst);
                return require_http1(Peer::new(wire).unwrap(), goaway);
            }
            answer_http1(wire, &noted);
        });
        let mut client = Client::speaking(HttpVersion::Auto, &server, None);
        client.submit_all(0..30);
        client.run_until(30);
        assert!(client.all_delivered() && answered.each_once(30));
        let so_far = refusals.load(Ordering::SeqCst);
        client.submit_all(30..60);
        client.run_until(60);
        assert!(client.all_delivered() && answered.each_once(60));
        assert_eq!(
            refusals.load(Ordering::SeqCst),
            so_far,
            "by GOAWAY: {goaway}"
        );
    }
}

fn says_what_to_set(error: &Error) -> bool {
    error.kind == Kind::Connection
        && error.nobody_there
        && error.message.contains("speaks HTTP/1.1 only")
        && error.message.contains("AXONPUSH_HTTP_AUTO")
}

#[test]
fn where_http2_is_asked_for_and_http1_required_the_error_says_so() {
    for goaway in [false, true] {
        let server = serve(move |peer| require_http1(peer, goaway));
        let mut client = Client::new(&server);
        client.submit_all(0..1);
        client.run_until(1);
        assert!(says_what_to_set(client.error(0)), "{}", client.error(0));
        assert_eq!(client.network.opened(), 1);
    }
}

#[test]
fn a_server_without_http2_is_told_from_a_broken_one() {
    let refuses_the_protocol = serve_wires(Some(&["http/1.1"]), |_| {});
    let knows_no_protocols = serve_wires(Some(&[]), |_| {});
    let speaks_http1 = serve_wires(None, |mut wire| {
        wire.read_head();
        wire.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    for server in [refuses_the_protocol, knows_no_protocols, speaks_http1] {
        let mut client = Client::speaking(HttpVersion::Http2, &server, None);
        client.submit(0, "0".into(), LIMIT);
        client.run_until(1);
        assert!(says_what_to_set(client.error(0)), "{}", client.error(0));
    }
}
