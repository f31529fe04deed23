//! Whom to trust: the TLS configuration that all connections of a client share.

use std::sync::Arc;

use once_cell::sync::OnceCell;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ALL_VERSIONS, ClientConfig, RootCertStore};

use super::HttpVersion;

/// Made when the first connection needs it, since reading the platform's roots takes milliseconds.
#[derive(Debug)]
pub struct Tls {
    /// PEM text of the roots to trust in place of the platform's.
    ca_pem: Option<String>,
    config: OnceCell<Arc<ClientConfig>>,
    /// The same, offering the protocols of each [`HttpVersion`].
    offering: [OnceCell<Arc<ClientConfig>>; 3],
}

impl Tls {
    pub fn new(ca_pem: Option<String>) -> Self {
        Tls {
            ca_pem,
            config: OnceCell::new(),
            offering: Default::default(),
        }
    }

    pub fn config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        self.config.get_or_try_init(|| self.build()).cloned()
    }

    /// The same configuration, and the same sessions to resume, for connections that agree on a version of
    /// HTTP (ALPN).
    pub fn config_for(&self, version: HttpVersion) -> Result<Arc<ClientConfig>, rustls::Error> {
        let build = || {
            let mut config = ClientConfig::clone(&*self.config()?);
            let protocols: &[&[u8]] = match version {
                HttpVersion::Auto => &[b"h2", b"http/1.1"],
                HttpVersion::Http1 => &[b"http/1.1"],
                HttpVersion::Http2 => &[b"h2"],
            };
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Ok(Arc::new(config))
        };
        self.offering[version as usize]
            .get_or_try_init(build)
            .cloned()
    }

    fn build(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        // Named, and not the process's default, which the application may have set to anything.
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(ALL_VERSIONS)?;
        let builder = match &self.ca_pem {
            Some(pem) => builder.with_root_certificates(roots(pem)),
            // "Dangerous" are verifiers that accept anything. This one asks the platform's roots.
            None => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(
                    rustls_platform_verifier::Verifier::new(provider)?,
                )),
        };
        Ok(Arc::new(builder.with_no_client_auth()))
    }
}

/// Whether a PEM text has at least one certificate that can be used to trust something.
pub fn has_certificate(pem: &str) -> bool {
    !roots(pem).is_empty()
}

fn roots(pem: &str) -> RootCertStore {
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    store.add_parsable_certificates(certificates.filter_map(Result::ok));
    store
}
