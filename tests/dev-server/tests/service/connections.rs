use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axonpush_dev_server::{Config, Tls};
use serde_json::json;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::{Connection, connect, eventually, start, start_with};

#[test]
fn connections_are_kept_alive() {
    let server = start();
    let mut connection = connect(&server);
    for _ in 0..3 {
        assert_eq!(
            connection
                .send("GET", "/healthz", &[], b"")
                .expect("a response")
                .status,
            200
        );
    }
    assert_eq!(server.stats()["connectionsAccepted"], 1);
}

#[test]
fn idle_connections_are_closed_in_time_but_slow_responses_are_not() {
    let timeout = Duration::from_millis(400);
    let delay = 2 * timeout;
    let server = start_with(Config {
        idle_timeout: Some(timeout),
        ..Config::default()
    });
    server.add_faults(json!({ "delayMs": delay.as_millis() as u64 }));
    let mut connection = connect(&server);
    let start = Instant::now();
    let response = connection.send("GET", "/healthz", &[], b"");
    assert_eq!(response.expect("a response").status, 200);
    let (rest, end) = connection.read_to_end();
    assert_eq!((rest.as_str(), end.expect("a clean end")), ("", 0));
    assert!(
        start.elapsed() >= delay + timeout,
        "not before it has been idle"
    );
}

#[test]
fn dropping_the_server_closes_its_connections() {
    let server = start();
    server.add_faults(json!({ "silent": true }));
    let (mut idle, mut waiting) = (connect(&server), connect(&server));
    waiting
        .write("GET", "/healthz", &[], b"")
        .expect("a request");
    eventually("both connections", || {
        (server.stats()["connectionsOpen"] == 2).then_some(())
    });
    eventually("the silent request", || {
        (server.requests().len() == 1).then_some(())
    });
    let port = server.port();
    let start = Instant::now();
    drop(server);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(idle.read_to_end().0, "");
    assert_eq!(waiting.read_to_end().0, "");
    let refused = std::net::TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_request_in_progress_gets_its_response_before_the_server_stops() {
    let server = start();
    server.add_faults(json!({ "delayMs": 50 }));
    let mut connection = connect(&server);
    connection
        .write("GET", "/healthz", &[], b"")
        .expect("a request");
    eventually("the request", || {
        (server.requests().len() == 1).then_some(())
    });
    drop(server);
    assert_eq!(connection.read().expect("a response").status, 200);
}

#[tokio::test]
async fn the_server_can_be_started_and_stopped_inside_a_runtime() {
    let server = start();
    assert!(server.url().starts_with("http://127.0.0.1:"));
    drop(server);
}

#[test]
fn tls_serves_the_same_and_fails_the_same() {
    let certified =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let server = start_with(Config {
        tls: Some(Tls {
            cert_pem: certified.cert.pem().into_bytes(),
            key_pem: certified.signing_key.serialize_pem().into_bytes(),
        }),
        ..Config::default()
    });
    assert!(server.url().starts_with("https://"));
    let mut roots = RootCertStore::empty();
    roots
        .add(
            CertificateDer::from_pem_slice(certified.cert.pem().as_bytes()).expect("a certificate"),
        )
        .expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let open = || {
        let name = "localhost".try_into().expect("a name");
        let tls = ClientConnection::new(Arc::clone(&config), name).expect("a TLS client");
        Connection(StreamOwned::new(tls, connect(&server).0))
    };
    assert_eq!(
        open()
            .send("GET", "/healthz", &[], b"")
            .expect("a response")
            .status,
        200
    );

    server.add_faults(json!([
        { "truncate": 5 }, { "drip": { "bytes": 20, "intervalMs": 1 } }, { "reset": true },
    ]));
    let mut truncated = open();
    truncated
        .write("GET", "/healthz", &[], b"")
        .expect("a request");
    let (text, end) = truncated.read_to_end();
    assert!(text.ends_with("\r\n\r\n{\"ser"), "{text}");
    end.expect_err("TLS notices that it was cut off");
    assert_eq!(
        open()
            .send("GET", "/healthz", &[], b"")
            .expect("a response")
            .status,
        200
    );
    let reset = open()
        .send("GET", "/healthz", &[], b"")
        .expect_err("a reset");
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn unusable_tls_files_are_refused() {
    let tls = Some(Tls {
        cert_pem: b"nothing".to_vec(),
        key_pem: b"nothing".to_vec(),
    });
    assert!(
        axonpush_dev_server::Server::start(Config {
            tls,
            ..Config::default()
        })
        .is_err()
    );
}
