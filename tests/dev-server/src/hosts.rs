//! Which names this server goes by, and which web pages may change it.
//!
//! Every page that a developer visits can send requests to loopback. A page that has its own name point to 127.0.0.1
//! (DNS rebinding) shows that name in `Host`; any other page shows itself in `Origin` when it sends something. Both are
//! refused before a request is recorded or meets a fault.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, StatusCode, header};

use crate::problem::Problem;

/// Names that are ours beside those of loopback, in lower case and without a port: whoever forwards a port chooses it.
pub struct Hosts(Vec<String>);

impl Hosts {
    pub fn new(listen: IpAddr, allowed: &[String]) -> Self {
        let names = allowed.iter().map(|name| name.to_ascii_lowercase());
        Self(names.chain([listen.to_string()]).collect())
    }

    pub fn check(&self, head: &Parts) -> Result<(), Problem> {
        // A request without `Host` does not come from a browser.
        let hosts = head.headers.get_all(header::HOST).iter();
        if !hosts.map(text).all(|host| self.knows(host))
            || !head
                .uri
                .authority()
                .is_none_or(|it| self.knows(it.as_str()))
        {
            return Err(Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "Host: not a name of this server; use localhost, or start it with --allow-host NAME",
            ));
        }
        let reads = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let origins = head.headers.get_all(header::ORIGIN).iter();
        if !reads && !origins.map(text).all(|origin| self.is_own_origin(origin)) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "Origin: a page of another site may not change anything here; if it is yours, start the server with \
                 --allow-host NAME",
            ));
        }
        Ok(())
    }

    /// `scheme://host[:port]`. The `null` of a sandboxed or local page is nobody's.
    fn is_own_origin(&self, origin: &str) -> bool {
        origin
            .split_once("://")
            .is_some_and(|(_, authority)| self.knows(authority))
    }

    fn knows(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        let host = authority.host().to_ascii_lowercase();
        let is_ours = is_loopback(&host) || self.0.iter().any(|name| *name == bare(&host));
        is_ours && !authority.as_str().contains('@')
    }
}

/// Whether a host, as a URL writes it, is this machine and no other.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || bare(host).parse().is_ok_and(|it: IpAddr| it.is_loopback())
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}

/// A header that is not text is no name.
fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_known() {
        let hosts = Hosts::new([192, 0, 2, 7].into(), &["Dev.Example".to_owned()]);
        for known in [
            "localhost",
            "LocalHost:8787",
            "127.0.0.1",
            "127.0.0.1:1",
            "127.1.2.3",
            "[::1]",
            "[::1]:8787",
            "192.0.2.7:80",
            "dev.example:443",
            "DEV.EXAMPLE",
        ] {
            assert!(hosts.knows(known), "{known}");
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:8787",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example@localhost",
            "localhost@evil.example",
            "192.0.2.8",
            "[::2]",
            "sub.dev.example",
            "example",
            "0.0.0.0",
            "localhost:x:y",
            "local host",
        ] {
            assert!(!hosts.knows(foreign), "{foreign}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_and_one_of_our_names() {
        let hosts = Hosts::new([127, 0, 0, 1].into(), &[]);
        for own in [
            "http://localhost:3000",
            "https://127.0.0.1",
            "http://[::1]:1",
        ] {
            assert!(hosts.is_own_origin(own), "{own}");
        }
        for foreign in [
            "null",
            "",
            "localhost",
            "https://evil.example",
            "http://localhost.evil",
        ] {
            assert!(!hosts.is_own_origin(foreign), "{foreign}");
        }
    }
}
