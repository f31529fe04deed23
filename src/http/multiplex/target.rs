//! Where the requests of a client go, and by which proxy.

use http::Uri;
use http::uri::Scheme;

use crate::http::network::Network;
use crate::http::proxy::Proxy;
use crate::http::url;

pub struct Target {
    pub tls: bool,
    pub host: String,
    pub port: u16,
    /// Host and port as they stand in the URL, for the header `Host`.
    pub authority: String,
    pub proxy: Option<Proxy>,
}

impl Target {
    pub fn new(uri: &Uri, proxy: Option<Proxy>) -> Self {
        Target {
            tls: uri.scheme() != Some(&Scheme::HTTP),
            host: uri.host().unwrap_or_default().to_owned(),
            port: url::port(uri),
            authority: uri.authority().map_or("", |a| a.as_str()).to_owned(),
            proxy,
        }
    }

    /// What is connected to: the proxy, if there is one.
    pub fn first_hop(&self) -> (&str, u16) {
        match &self.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&self.host, self.port),
        }
    }

    /// What the proxy is told. No header of the service's is among it.
    pub fn connect_request(&self, network: &Network) -> String {
        let (host, port) = (&self.host, self.port);
        let agent = network.headers.user_agent();
        let credentials = self.proxy.as_ref().and_then(Proxy::authorization);
        let authorization = credentials.map_or(String::new(), |value| {
            format!("Proxy-Authorization: {value}\r\n")
        });
        format!(
            "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {agent}\r\n{authorization}\r\n"
        )
    }
}
