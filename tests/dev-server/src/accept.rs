//! How a connection comes in, and how it is ended.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::connection::{Connection, Registered};
use crate::exchange::Service;
use crate::server::Tls;
use crate::wire::{Stream, Wire};

/// What a stop grants to requests in progress.
const STOP_PATIENCE: Duration = Duration::from_millis(500);

/// Accepts connections until `stopped`, then closes them all.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    idle_timeout: Option<Duration>,
    service: Arc<Service>,
    mut stopped: oneshot::Receiver<()>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((tcp, _)) => {
                let registered = service.shared.connections.accept();
                tokio::spawn(converse(
                    tcp,
                    tls.clone(),
                    idle_timeout,
                    Arc::clone(&service),
                    registered,
                ));
            }
            // Out of descriptors, or the peer left already: neither is a reason to stop, nor to spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    drop(listener);
    service.shared.stopping.send_replace(true);
    service.shared.connections.close_all(STOP_PATIENCE).await;
}

/// One connection, from accept to close.
async fn converse(
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    idle_timeout: Option<Duration>,
    service: Arc<Service>,
    registered: Registered,
) {
    let connection = &registered.connection;
    let idle = async {
        match idle_timeout {
            Some(timeout) => connection.wait_for_idleness(timeout).await,
            None => std::future::pending().await,
        }
    };
    // Dropping the conversation closes the socket, which is all that an ending needs.
    tokio::select! {
        () = speak_http(tcp, tls, &service, connection) => {}
        () = connection.wait_for_ending() => {}
        () = idle => {}
    }
}

async fn speak_http(
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    service: &Arc<Service>,
    connection: &Arc<Connection>,
) {
    // Without this a dripped response would arrive in lumps. A socket that refuses is about to fail anyway.
    let _ = tcp.set_nodelay(true);
    let stream = match tls {
        None => Stream::Plain(tcp),
        Some(acceptor) => match acceptor.accept(tcp).await {
            Ok(stream) => Stream::Tls(Box::new(stream)),
            Err(_) => return,
        },
    };
    let io = TokioIo::new(Wire::new(stream, Arc::clone(connection)));
    let respond = service_fn(|request| {
        let exchange = Arc::clone(service).exchange(Arc::clone(connection), request);
        async move { Ok::<_, Infallible>(exchange.await) }
    });
    // Errors here are the peer's doing (it left, or it does not speak HTTP): nobody needs to be told.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(io, respond)
        .await;
}

pub fn tls_acceptor(tls: &Tls) -> io::Result<TlsAcceptor> {
    let invalid = |what: &str, error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{what}: {error}"))
    };
    let chain = CertificateDer::pem_slice_iter(&tls.cert_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| invalid("TLS certificate", &error))?;
    let key = PrivateKeyDer::from_pem_slice(&tls.key_pem)
        .map_err(|error| invalid("TLS private key", &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| invalid("TLS", &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
