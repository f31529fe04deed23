//! Through a proxy: CONNECT, and TLS and ALPN inside.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::client_tests::{API_KEY, Answered, Client, LIMIT, answer_all, answer_http1};
use super::scripted_tests::*;
use crate::error::Kind;
use crate::http::HttpVersion;
use crate::http::proxy::Proxy;
use crate::sys::sync::Mutex;

/// A proxy that shows what it was asked, and then does as the script says.
fn proxy(
    tls: Option<&[&str]>,
    script: impl Fn(Wire) + Send + Sync + 'static,
) -> (Proxy, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = heads.clone();
    let server = serve_wires(tls, move |mut wire| {
        if let Some(head) = wire.read_head() {
            noted.lock().push(head);
            script(wire);
        }
    });
    let proxy = Proxy {
        tls: tls.is_some(),
        host: "127.0.0.1".to_owned(),
        port: server.address.port(),
        credentials: Some(("user".to_owned(), Some("p@ss".to_owned()))),
    };
    (proxy, heads)
}

fn answer(wire: Wire, answered: &Answered) {
    match wire.protocol.as_deref() {
        Some(b"h2") => answer_all(Peer::new(wire).unwrap(), answered),
        _ => answer_http1(wire, answered),
    }
}

#[test]
fn both_versions_go_through_a_tunnel_and_the_proxy_learns_no_key() {
    for (protocols, version) in [
        (Some(&["h2", "http/1.1"][..]), HttpVersion::Auto),
        (Some(&["http/1.1"][..]), HttpVersion::Auto),
        (None, HttpVersion::Auto),
    ] {
        let answered = Answered::default();
        let noted = answered.clone();
        let server = serve_wires(protocols, move |wire| answer(wire, &noted));
        let address = server.address;
        let (proxy, heads) = proxy(None, move |mut wire| {
            wire.write(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n");
            wire.join_to(address);
        });
        let mut client = Client::speaking(version, &server, Some(proxy));
        client.submit_all(0..100);
        client.run_until(100);
        assert!(client.all_delivered() && answered.each_once(100));
        let heads = heads.lock();
        for head in heads.iter() {
            assert!(
                head.starts_with(&format!("connect {address} http/1.1\r\n")),
                "{head}"
            );
            assert!(head.contains(&format!("\r\nhost: {address}\r\n")), "{head}");
            assert!(
                head.contains("proxy-authorization: basic dxnlcjpwqhnz\r\n"),
                "{head}"
            );
            assert!(
                !head.contains(API_KEY) && !head.contains("axonpush-api-key"),
                "{head}"
            );
        }
        assert_eq!(heads.len() as u64, client.network.opened());
    }
}

#[test]
fn a_proxy_may_be_reached_by_tls_itself() {
    let answered = Answered::default();
    let noted = answered.clone();
    let server = serve_wires(Some(&["h2"]), move |wire| answer(wire, &noted));
    let address = server.address;
    // Inside the proxy's TLS there is HTTP/1.1, which needs no ALPN.
    let (proxy, _) = proxy(Some(&[]), move |mut wire| {
        wire.write(b"HTTP/1.1 200 OK\r\n\r\n");
        wire.join_to(address);
    });
    let mut client = Client::speaking(HttpVersion::Auto, &server, Some(proxy));
    client.submit_all(0..30);
    client.run_until(30);
    assert!(client.all_delivered() && answered.each_once(30));
}

#[test]
fn a_proxy_that_refuses_is_named_and_nothing_was_sent() {
    let server = serve_wires(Some(&["h2"]), |_| panic!("the proxy connects to nobody"));
    for (response, said) in [
        (
            &b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"[..],
            "the proxy responded 407 to CONNECT",
        ),
        (
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!",
            "the proxy responded 502 to CONNECT",
        ),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "the proxy does not speak HTTP"),
        (b"", "the proxy closed the connection"),
    ] {
        let (proxy, _) = proxy(None, move |mut wire| wire.write(response));
        let url = proxy.url();
        let mut client = Client::speaking(HttpVersion::Auto, &server, Some(proxy));
        client.submit_all(0..1);
        client.run_until(1);
        let error = client.error(0);
        assert!(error.message.contains(said) && error.message.contains(&url), "{error}");
        assert!(error.kind == Kind::Connection && error.nobody_there, "{error}");
        assert!(!error.may_have_arrived, "{error}");
        assert!(!error.message.contains("p@ss"), "{error}");
    }
}

#[test]
fn a_silent_proxy_costs_no_more_than_the_deadline_or_the_time_to_connect() {
    let server = serve_wires(Some(&["h2"]), |_| panic!("the proxy connects to nobody"));
    let (proxy, _) = proxy(None, |_| thread::sleep(LIMIT));
    for (limit, most) in [(500, 1500), (60_000, 6500)] {
        let mut client = Client::speaking(HttpVersion::Auto, &server, Some(proxy.clone()));
        let start = Instant::now();
        client.submit(0, "0".into(), Duration::from_millis(limit));
        client.run_until(1);
        let (error, took) = (client.error(0), start.elapsed());
        assert!(took < Duration::from_millis(most), "{took:?}");
        assert!(error.nobody_there && !error.may_have_arrived, "{error}");
        assert!(error.message.contains("the proxy"), "{error}");
    }
}

#[test]
fn what_is_cut_inside_a_tunnel_may_have_arrived_and_goes_again_through_another() {
    let answered = Answered::default();
    let noted = answered.clone();
    let server = serve_wires(Some(&["h2"]), move |wire| {
        if wire.number > 0 {
            return answer(wire, &noted);
        }
        let mut peer = Peer::new(wire).unwrap();
        peer.settings(&[]);
        peer.request();
    });
    let address = server.address;
    let (proxy, _) = proxy(None, move |mut wire| {
        wire.write(b"HTTP/1.1 200 OK\r\n\r\n");
        wire.join_to(address);
    });
    let mut client = Client::speaking(HttpVersion::Auto, &server, Some(proxy));
    client.submit_all(0..1);
    client.run_until(1);
    let error = client.error(0);
    assert!(error.may_have_arrived && !error.nobody_there, "{error}");
    client.submit_all(1..10);
    client.run_until(10);
    assert!(answered.each_once(9));
}
