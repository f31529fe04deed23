//! What a fuzzer feeds the readers of what servers and proxies send (tests/fuzz).

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderValue, Method, Uri};

use super::connect::check_proxy;
use super::exchange::{Ended, Exchange};
use super::fed::Memory;
use super::h1_response::ResponseParser;
use super::h2::{H2, State};
use super::io::Io;
use super::target::Target;
use crate::http::credential::{ApiKey, Secrets};
use crate::http::headers::names;
use crate::http::network::Network;
use crate::http::request::Request;
use crate::http::response::{Expect, HttpResponse};
use crate::http::{HttpSettings, HttpVersion, proxy, retry, url};

const KEY: &str = "ak_0123456789";

/// A response of HTTP/1.1 is read alike in whatever pieces it comes. The first byte is their length.
pub fn http1_response(bytes: &[u8]) {
    let Some((&step, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = read_http1(bytes, bytes.len());
    let pieces = read_http1(bytes, usize::from(step));
    match (whole, pieces) {
        (None, None) => {}
        (Some(whole), Some(pieces)) => {
            assert_eq!((whole.0, whole.1), (pieces.0, pieces.1));
            assert_eq!(whole.2.status, pieces.2.status);
            assert_eq!(whole.2.body, pieces.2.body);
            assert_eq!(whole.2.request_id, pieces.2.request_id);
            use_response(whole.2);
        }
        (whole, pieces) => panic!("{whole:?} in one piece, {pieces:?} in many"),
    }
    // A proxy's head comes whole.
    let _ = check_proxy(bytes);
}

/// `None`: it breaks the rules. Else whether it is complete, whether the connection is kept, and the response.
fn read_http1(bytes: &[u8], step: usize) -> Option<(bool, bool, HttpResponse)> {
    let mut parser = ResponseParser::default();
    let mut complete = false;
    for piece in bytes.chunks(step.max(1)) {
        complete = parser.feed(piece).ok()?;
    }
    let keeps = parser.keeps_alive();
    complete |= parser.end();
    Some((complete, keeps && complete, parser.finish()))
}

fn use_response(response: HttpResponse) {
    static SECRETS: OnceLock<Secrets> = OnceLock::new();
    let secrets = SECRETS.get_or_init(|| Secrets::of_key(ApiKey::new(KEY.to_owned()).as_ref()));
    let copy = HttpResponse {
        status: response.status,
        request_id: response.request_id.clone(),
        retry_after: response.retry_after,
        body: response.body.clone(),
    };
    let error = copy.into_error(secrets);
    for text in [
        Some(&error.message),
        error.code.as_ref(),
        error.hint.as_ref(),
    ] {
        assert!(
            !text.is_some_and(|text| text.contains(KEY)),
            "the key is told"
        );
    }
    if let Ok(response) = response.into_response(Expect::Accepted) {
        assert!(response.document.find("/eventId").is_some());
    }
}

/// Small texts from options, variables and headers.
pub fn http_texts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(base) = url::base_url_of(text, "text") {
        assert!(base.starts_with("http") && !base.ends_with('/'), "{base}");
        let again = url::base_url_of(&base, "its normal form");
        assert_eq!(again.ok().as_deref(), Some(base.as_str()));
        assert!(url::uri(&base, "/event").is_ok(), "{base}");
    }
    if url::check_target(text, None).is_ok() {
        assert!(url::uri("http://h", text).is_ok(), "{text}");
    }
    if let Ok(Some(proxy)) = proxy::choose(Some(text), "https://h", &|_| Ok(None)) {
        if let Some(header) = proxy.authorization() {
            assert!(HeaderValue::from_str(&header).is_ok(), "{header}");
        }
        assert!(proxy.url().parse::<Uri>().is_ok(), "{}", proxy.url());
    }
    let no_proxy = |name: &str| {
        Ok(match name {
            "NO_PROXY" => Some(text.to_owned()),
            _ => Some("http://p".to_owned()),
        })
    };
    let _ = proxy::choose(None, "https://api.example:444", &no_proxy);
    let _ = retry::retry_after(text, SystemTime::UNIX_EPOCH);
}

/// What a server of HTTP/2 sends, mixed with what this side does meanwhile. However it goes, every exchange ends
/// exactly once.
pub fn http2_connection(mut bytes: &[u8]) {
    let (target, network) = surroundings();
    let mut now = Instant::now();
    let Ok(mut h2) = H2::new(Io::Memory(Memory::default()), now) else {
        panic!("the preface is not the server's affair");
    };
    let (mut begun, mut ended) = (0, Vec::new());
    while let [what, length, rest @ ..] = bytes {
        bytes = rest;
        match what % 8 {
            0..5 => {
                let piece;
                (piece, bytes) = rest.split_at(rest.len().min(usize::from(*length)));
                memory(&mut h2, |memory| memory.feed(piece));
            }
            5 | 6 if h2.room() > 0 => {
                // Most bodies fit into one frame, a few do not.
                let body = usize::from(*length) * if what % 8 == 6 { 300 } else { 1 };
                let exchange = Exchange::new(begun, begun as u64, request(body), now + LIMIT);
                if h2.begin(exchange, target, network, now).is_ok() {
                    begun += 1;
                }
            }
            5 | 6 => {}
            _ => {
                now += Duration::from_millis(u64::from(*length) * 20);
                if h2.timer().is_some_and(|at| at <= now) {
                    h2.tick(now, &mut ended);
                }
            }
        }
        h2.advance(now, &mut ended);
        let _ = (h2.load(), h2.processed(), h2.has_goaway());
        if h2.state() == State::Closed {
            break;
        }
    }
    memory(&mut h2, |memory| memory.ended = true);
    h2.advance(now, &mut ended);
    assert!(h2.state() == State::Closed && h2.open() == 0);
    let mut ids = HashSet::new();
    for ended in ended {
        let exchange = match ended {
            Ended::Done {
                exchange, outcome, ..
            } => {
                outcome.map(use_response).unwrap_or_default();
                exchange
            }
            Ended::Moved(exchange) | Ended::NeedsHttp1(exchange) => exchange,
            Ended::AgainFresh(_) => panic!("that is for HTTP/1.1"),
        };
        assert!(ids.insert(exchange.id), "{} has ended twice", exchange.id);
    }
    assert_eq!(ids.len(), begun);
}

const LIMIT: Duration = Duration::from_secs(10);

fn memory(h2: &mut H2, act: impl FnOnce(&mut Memory)) {
    if let Io::Memory(memory) = &mut *h2.io() {
        act(memory);
    }
}

fn surroundings() -> &'static (Target, Network) {
    static SURROUNDINGS: OnceLock<(Target, Network)> = OnceLock::new();
    SURROUNDINGS.get_or_init(|| {
        let uri = Uri::from_static("https://api.example/event");
        let network = Network::new(&HttpSettings {
            api_key: ApiKey::new(KEY.to_owned()),
            tenant_id: None,
            environment: None,
            user_agent: HeaderValue::from_static("axonpush-c/fuzz"),
            timeout: LIMIT,
            ca_pem: None,
            proxy: None,
            version: HttpVersion::Auto,
        });
        (Target::new(&uri, None), network)
    })
}

fn request(body: usize) -> Arc<Request> {
    Arc::new(Request {
        method: Method::POST,
        uri: Uri::from_static("https://api.example/event"),
        headers: vec![(names::IDEMPOTENCY_KEY, HeaderValue::from_static("key"))],
        body: Some(vec![b' '; body]),
        repeatable: true,
    })
}

#[cfg(test)]
mod tests {
    use crate::sys::testing::replay;

    #[test]
    fn what_the_fuzzer_found_is_read() {
        replay("http1_response", super::http1_response);
        replay("http_texts", super::http_texts);
        replay("http2_connection", super::http2_connection);
    }
}
