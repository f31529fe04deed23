//! Which proxy, if any, stands between us and the service.
//!
//! ureq reads the variables too, but takes `HTTPS_PROXY` for `http://` targets and matches
//! `NO_PROXY` by the exact host only. A client has one target, so the choice is made once.

use crate::client::config::has_usable_host;
use crate::error::{Error, Kind, Result};
use ureq::http::Uri;

type Variables<'v> = &'v dyn Fn(&str) -> Result<Option<String>>;

/// The proxy for `base_url`: the option where given (`""`: none), else the variable of its scheme,
/// unless `NO_PROXY` names its host.
pub fn choose(
    option: Option<&str>,
    base_url: &str,
    variables: Variables,
) -> Result<Option<ureq::Proxy>> {
    if let Some(url) = option {
        return if url.is_empty() {
            Ok(None)
        } else {
            parse(url, "option proxy", Kind::Config).map(Some)
        };
    }
    let target: Uri = base_url.parse().unwrap_or_default();
    let names = match target.scheme_str() {
        Some("http") => ["HTTP_PROXY", "http_proxy"],
        _ => ["HTTPS_PROXY", "https_proxy"],
    };
    if first(variables, &["NO_PROXY", "no_proxy"])?
        .is_some_and(|(_, list)| excludes(&list, &target))
    {
        return Ok(None);
    }
    match first(variables, &names)? {
        Some((name, url)) => parse(&url, &format!("variable {name}"), Kind::Config).map(Some),
        None => Ok(None),
    }
}

fn first<'n>(variables: Variables, names: &[&'n str]) -> Result<Option<(&'n str, String)>> {
    for name in names {
        if let Some(value) = variables(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// The URL may hold a password, so no message shows it.
fn parse(url: &str, origin: &str, kind: Kind) -> Result<ureq::Proxy> {
    let refuse = || {
        Error::new(
            kind,
            format!("{origin}: not an HTTP proxy; expected http://[user:password@]host[:port]"),
        )
    };
    let proxy = ureq::Proxy::new(url).map_err(|_| refuse())?;
    match proxy.protocol() {
        ureq::ProxyProtocol::Http | ureq::ProxyProtocol::Https
            if has_usable_host(proxy.uri()) && matches!(proxy.uri().path(), "" | "/") =>
        {
            Ok(proxy)
        }
        _ => Err(refuse()),
    }
}

/// Whether a `NO_PROXY` list names the target's host: `*`, the host itself, or a domain it is in
/// (with or without a leading dot), each with an optional port.
fn excludes(list: &str, target: &Uri) -> bool {
    let host = target
        .host()
        .unwrap_or("")
        .trim_matches(['[', ']'])
        .to_ascii_lowercase();
    let default_port = if target.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    let port = target.port_u16().unwrap_or(default_port);
    list.split(',')
        .map(|entry| entry.trim().to_ascii_lowercase())
        .any(|entry| {
            if entry == "*" {
                return true;
            }
            let (name, wanted) = match entry.rsplit_once(':') {
                Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
                    (name, digits.parse().ok())
                }
                _ => (entry.as_str(), None),
            };
            let domain = name
                .trim_start_matches("*.")
                .trim_start_matches('.')
                .trim_matches(['[', ']']);
            let inside = host
                .strip_suffix(domain)
                .is_some_and(|head| head.is_empty() || head.ends_with('.'));
            !domain.is_empty() && inside && wanted.is_none_or(|wanted: u16| wanted == port)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(option: Option<&str>, base: &str, variables: &[(&str, &str)]) -> bool {
        choose(option, base, &|name| {
            Ok(variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned()))
        })
        .unwrap()
        .is_some()
    }

    #[test]
    fn the_variable_of_the_scheme_is_used() {
        assert!(chosen(None, "https://h", &[("HTTPS_PROXY", "http://p:1")]));
        assert!(chosen(None, "http://h", &[("http_proxy", "p:1")]));
        assert!(!chosen(None, "http://h", &[("HTTPS_PROXY", "http://p:1")]));
        assert!(!chosen(
            Some(""),
            "https://h",
            &[("HTTPS_PROXY", "http://p:1")]
        ));
        assert!(chosen(Some("http://p"), "https://h", &[("NO_PROXY", "*")]));
    }

    #[test]
    fn no_proxy_names_hosts_and_domains() {
        for (list, excluded) in [
            ("*", true),
            ("x.y, api.example.com", true),
            ("example.com", true),
            (".example.com", true),
            ("*.EXAMPLE.com", true),
            ("ample.com", false),
            ("api.example.com:443", true),
            ("api.example.com:444", false),
            ("", false),
        ] {
            let variables = [("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", list)];
            assert_eq!(
                !chosen(None, "https://api.example.com", &variables),
                excluded,
                "{list}"
            );
        }
        assert!(!chosen(
            None,
            "http://[::1]:9",
            &[("HTTP_PROXY", "p:1"), ("no_proxy", "[::1]:9")]
        ));
        assert!(!chosen(
            None,
            "http://127.0.0.1:9",
            &[("HTTP_PROXY", "p:1"), ("no_proxy", "127.0.0.1")]
        ));
    }

    #[test]
    fn a_bad_proxy_is_refused_without_its_password() {
        for url in [
            "socks5://u:hunter2@h",
            "http://u:hunter2@",
            "::hunter2",
            "http://u:hunter2@h:99999",
            "http://h/hunter2",
        ] {
            let error = choose(Some(url), "https://h", &|_| Ok(None)).unwrap_err();
            assert_eq!(error.kind, Kind::Config);
            assert!(!error.message.contains("hunter2"), "{error}");
        }
    }
}
