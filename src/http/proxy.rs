//! Which proxy, if any, stands between us and the service.
//!
//! ureq reads the variables too, but takes `HTTPS_PROXY` for `http://` targets and matches
//! `NO_PROXY` by the exact host only. A client has one target, so the choice is made once.

use http::Uri;
use percent_encoding::percent_decode_str;

use super::url;
use crate::error::{Error, Result};

type Variables<'v> = &'v dyn Fn(&str) -> Result<Option<String>>;

/// An HTTP proxy, used by CONNECT.
#[derive(Clone)]
pub struct Proxy {
    /// Whether the connection to the proxy itself is TLS.
    pub tls: bool,
    pub host: String,
    pub port: u16,
    /// User name and password. `Debug` does not show them.
    pub credentials: Option<(String, Option<String>)>,
}

impl Proxy {
    /// Its URL without the credentials.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// The value of the header `Proxy-Authorization`, where there are credentials.
    pub fn authorization(&self) -> Option<String> {
        let (user, password) = self.credentials.as_ref()?;
        let both = format!("{user}:{}", password.as_deref().unwrap_or_default());
        Some(format!("Basic {}", base64(both.as_bytes())))
    }
}

/// RFC 4648. For one short header; not worth a dependency.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            out.push(match digit <= group.len() {
                true => char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]),
                false => '=',
            });
        }
    }
    out
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy")
            .field("tls", &self.tls)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// The proxy for `base_url`: the option where given (`""`: none), else the variable of its scheme,
/// unless `NO_PROXY` names its host.
pub fn choose(option: Option<&str>, base_url: &str, variables: Variables) -> Result<Option<Proxy>> {
    if let Some(url) = option {
        return if url.is_empty() {
            Ok(None)
        } else {
            parse(url, "option proxy").map(Some)
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
        Some((name, url)) => parse(&url, &format!("variable {name}")).map(Some),
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
fn parse(text: &str, origin: &str) -> Result<Proxy> {
    read(text).ok_or_else(|| {
        Error::config(format!(
            "{origin}: not an HTTP proxy; expected http://[user:password@]host[:port]"
        ))
    })
}

/// The scheme may be left out.
fn read(text: &str) -> Option<Proxy> {
    let text = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    let uri: Uri = text.parse().ok()?;
    let usable = matches!(uri.scheme_str(), Some("http" | "https"))
        && url::has_usable_host(&uri)
        && uri
            .path_and_query()
            .is_none_or(|rest| matches!(rest.as_str(), "" | "/"));
    if !usable {
        return None;
    }
    let decode = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
    let credentials = match uri.authority()?.as_str().rsplit_once('@') {
        None => None,
        Some((user_info, _)) => Some(match user_info.split_once(':') {
            Some((user, password)) => (decode(user)?, Some(decode(password)?)),
            None => (decode(user_info)?, None),
        }),
    };
    Some(Proxy {
        tls: uri.scheme_str() == Some("https"),
        host: uri.host()?.to_owned(),
        port: url::port(&uri),
        credentials,
    })
}

/// Whether a `NO_PROXY` list names the target's host: `*`, the host itself, or a domain it is in
/// (with or without a leading dot), each with an optional port.
fn excludes(list: &str, target: &Uri) -> bool {
    let host = target
        .host()
        .unwrap_or("")
        .trim_matches(['[', ']'])
        .to_ascii_lowercase();
    let port = url::port(target);
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
    use crate::error::Kind;

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
    fn the_parts_of_a_proxy_are_read() {
        let read = |text| read(text).unwrap();
        let plain = read("proxy.example");
        assert_eq!(
            (plain.tls, plain.host.as_str(), plain.port),
            (false, "proxy.example", 80)
        );
        assert_eq!(plain.credentials, None);
        let full = read("https://us%65r:p%40ss:word@[::1]:8443/");
        assert_eq!(
            (full.tls, full.host.as_str(), full.port),
            (true, "[::1]", 8443)
        );
        let credentials = ("user".to_owned(), Some("p@ss:word".to_owned()));
        assert_eq!(full.credentials, Some(credentials));
        assert!(!format!("{full:?}").contains("ss:word"));
        assert_eq!(
            read("token@h:1").credentials,
            Some(("token".to_owned(), None))
        );
    }

    #[test]
    fn credentials_become_a_header() {
        let proxy = |text: &str| read(text).unwrap().authorization();
        assert_eq!(proxy("h:1"), None);
        for (url, expected) in [
            ("u:p@h:1", "Basic dTpw"),
            ("user:p%40ss@h:1", "Basic dXNlcjpwQHNz"),
            ("token@h:1", "Basic dG9rZW46"),
            ("ab:cd@h:1", "Basic YWI6Y2Q="),
        ] {
            assert_eq!(proxy(url).as_deref(), Some(expected), "{url}");
        }
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
