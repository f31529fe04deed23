//! URLs: the base URL of the service, and what is put behind it.

use std::net::Ipv6Addr;

use http::Uri;
use http::uri::Scheme;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};

/// What is encoded in a path segment and in a query value: all but RFC 3986's unreserved characters.
pub const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The base URL in its normal form, without a trailing `/`, or what is wrong with it.
pub(super) fn base_url(text: &str) -> std::result::Result<String, &'static str> {
    let uri: Uri = text
        .parse()
        .map_err(|_| "not a URL; expected http://host[:port][/path] or https://…")?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("its scheme is not http or https; expected https://host[:port][/path]");
    }
    let authority = uri.authority().map_or("", |a| a.as_str());
    if authority.contains('@') {
        return Err("it has a user or password in it; pass the credential as api_key");
    }
    if !has_usable_host(&uri) {
        return Err("its host or port is not usable; expected https://host[:port][/path]");
    }
    if text.contains(['?', '#']) {
        return Err("it has a query or a fragment; expected https://host[:port][/path]");
    }
    let path = uri.path().trim_end_matches('/');
    let scheme = uri.scheme_str().unwrap_or_default();
    Ok(format!("{scheme}://{authority}{path}"))
}

/// The same, or the error that names where it came from.
pub fn base_url_of(text: &str, origin: &str) -> Result<String> {
    base_url(text).map_err(|problem| {
        // User information is a secret; everything else in a URL helps to find the mistake.
        let shown = match text.contains('@') {
            true => String::new(),
            false => format!("{text:?}: "),
        };
        Error::config(format!("{origin}: {shown}{problem}"))
    })
}

/// Whether there is a host, and the port, if there is one, is a number up to 65535.
pub fn has_usable_host(uri: &Uri) -> bool {
    let authority = uri.authority().map_or("", |a| a.as_str());
    // Behind the user and password.
    let place = authority.rsplit_once('@').map_or(authority, |(_, p)| p);
    let (host_is_usable, port) = match place.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address.parse::<Ipv6Addr>().is_ok(), port),
            None => (false, ""),
        },
        None => {
            let end = place.find(':').unwrap_or(place.len());
            let (host, port) = place.split_at(end);
            (!host.is_empty() && !host.contains(['[', ']']), port)
        }
    };
    let number = port.strip_prefix(':').map(str::parse::<u16>);
    host_is_usable && (port.is_empty() || matches!(number, Some(Ok(_))))
}

/// The port of a URL, or the one that its scheme stands for.
pub fn port(uri: &Uri) -> u16 {
    let default = if uri.scheme() == Some(&Scheme::HTTP) {
        80
    } else {
        443
    };
    uri.port_u16().unwrap_or(default)
}

/// The full URI of a path (and query) below the base URL.
pub fn uri(base_url: &str, target: &str) -> Result<Uri> {
    format!("{base_url}{target}").parse().map_err(|_| {
        Error::argument(format!(
            "path: {target:?} does not make a valid URL with the base URL"
        ))
    })
}

/// A query string of `name=value` pairs, the values percent-encoded.
pub fn encode_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.extend(utf8_percent_encode(value, RESERVED));
    }
    out
}

/// Checks a path and query that the caller encoded: they must stay inside the base URL.
pub fn check_target(path: &str, query: Option<&str>) -> Result<()> {
    let legal = |text: &str| {
        text.bytes()
            .all(|c| c.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&c))
    };
    if !path.starts_with('/') {
        return Err(Error::argument(
            "path: it must start with '/', such as \"/events\"",
        ));
    }
    if !legal(path) || path.contains('?') {
        return Err(Error::argument(
            "path: it has a character that a URL path cannot hold; percent-encode it (a query goes in the argument query)",
        ));
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Error::argument(
            "path: the segments \".\" and \"..\" are not allowed",
        ));
    }
    if !query.is_none_or(legal) {
        return Err(Error::argument(
            "query: it has a character that a URL query cannot hold; percent-encode it",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_in_brackets() {
        for (text, usable) in [
            ("http://api.example", true),
            ("http://api.example:444/x", true),
            ("http://[::1]", true),
            ("http://[::1]:80", true),
            ("http://user:p@h:80", true),
            ("http://h:", false),
            ("http://h:99999", false),
            ("http://:80", false),
            ("http://a[::1]:80", false),
            ("http://![(($$:1$P]x", false),
        ] {
            let uri = text.parse::<Uri>();
            assert_eq!(uri.is_ok_and(|uri| has_usable_host(&uri)), usable, "{text}");
        }
    }

    #[test]
    fn targets_stay_inside_the_base_url() {
        assert!(check_target("/apps/a%2Fb", Some("x=1")).is_ok());
        assert!(check_target("/apps", Some("")).is_ok());
        for path in [
            "",
            "apps",
            "//h/../x",
            "/a/..",
            "/./a",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\nb",
            "/é",
            "http://h/",
        ] {
            assert!(check_target(path, None).is_err(), "{path}");
        }
        for query in ["a b", "a#b", "a\r\nb"] {
            assert!(check_target("/a", Some(query)).is_err(), "{query}");
        }
    }
}
