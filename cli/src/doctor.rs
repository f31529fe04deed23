//! `axonpush doctor`: each step from the configuration to a response, by itself, in the library's own way: its
//! configuration, its choice of a proxy, its trust.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use axonpush::diagnosis::{Config, HttpVersion, Options, Proxy, Tls};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use rustls::CertificateError;
use serde::Serialize;
use serde_json::json;

use crate::Context;
use crate::connection::{Head, PATIENCE, Stream, Target, connect, handshake, is_loopback, through};
use crate::failure::Result;
use crate::library::{Client, Query, Settings};
use crate::terminal::{self, Colour};

/// A Date header has whole seconds, and a response takes its time.
const CLOCK_TOLERANCE: f64 = 5.0;
#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Failed,
    /// Something before it failed, or it does not apply.
    Skipped,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    state: State,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// What has been looked at.
#[derive(Default)]
struct Report(Vec<Check>);

impl Report {
    fn add(
        &mut self,
        name: &'static str,
        state: State,
        detail: impl Display,
        advice: Option<&str>,
    ) {
        self.0.push(Check {
            name,
            state,
            detail: detail.to_string(),
            advice: advice.map(str::to_owned),
        });
    }

    fn ok(&mut self, name: &'static str, detail: impl Display) {
        self.add(name, State::Ok, detail, None);
    }

    fn warn(&mut self, name: &'static str, detail: impl Display, advice: &str) {
        self.add(name, State::Warning, detail, Some(advice));
    }

    fn fail(&mut self, name: &'static str, detail: impl Display, advice: &str) {
        self.add(name, State::Failed, detail, Some(advice));
    }

    fn skip(&mut self, name: &'static str, detail: impl Display) {
        self.add(name, State::Skipped, detail, None);
    }

    fn has(&self, state: State) -> bool {
        self.0.iter().any(|check| check.state == state)
    }
}

pub fn run(context: &Context) -> Result<ExitCode> {
    let mut report = Report::default();
    let key = std::env::var("AXONPUSH_API_KEY").unwrap_or_default();
    if let Some(config) = configuration(&mut report, context, key.is_empty()) {
        let reached = network(&mut report, &config);
        credential(&mut report, context, &key, reached);
    }
    print(&report, context)?;
    Ok(match report.has(State::Failed) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn print(report: &Report, context: &Context) -> Result<()> {
    if context.json {
        let json = json!({ "ok": !report.has(State::Failed), "checks": report.0 });
        return Ok(terminal::print(&terminal::one_line(&json.to_string()))?);
    }
    let paint = terminal::on_stdout();
    for check in &report.0 {
        let (colour, mark) = match check.state {
            State::Ok => (Colour::Green, "ok     "),
            State::Warning => (Colour::Yellow, "warning"),
            State::Failed => (Colour::Red, "FAILED "),
            State::Skipped => (Colour::Dim, "skipped"),
        };
        let detail = terminal::plain(&check.detail);
        terminal::print(&format!(
            "{}  {:<13}  {detail}",
            paint.colour(colour, mark),
            check.name
        ))?;
        if let Some(advice) = &check.advice {
            terminal::print(&format!("{:24}{}", "", terminal::plain(advice)))?;
        }
    }
    let end = match (report.has(State::Failed), report.has(State::Warning)) {
        (true, _) => "Something is wrong: see above.",
        (false, true) => "Events get through; see the warnings above.",
        (false, false) => "All is well.",
    };
    Ok(terminal::print(end)?)
}

/// The configuration, as a client has it.
fn configuration(report: &mut Report, context: &Context, lacks_key: bool) -> Option<Config> {
    let config = Config::from_process(Options {
        base_url: context.base_url.clone(),
        // For what follows, which sends no key. What a missing one means is said by `credential`.
        api_key: lacks_key.then(|| "ak_none".to_owned()),
        ..Options::default()
    });
    match config {
        Ok(config) => {
            report.ok("configuration", &config.base_url);
            Some(config)
        }
        Err(error) => {
            report.fail(
                "configuration",
                &error.message,
                "Correct that option or variable; the README of libaxonpush lists all.",
            );
            None
        }
    }
}

/// Everything up to a response. Gives whether the service was reached.
fn network(report: &mut Report, config: &Config) -> bool {
    let Some(target) = Target::of(&config.base_url) else {
        report.fail(
            "configuration",
            "the base URL has no host",
            "Set AXONPUSH_BASE_URL to https://host[:port][/path].",
        );
        return false;
    };
    let proxy = config.http.proxy.as_ref();
    match proxy {
        Some(proxy) => report.ok(
            "proxy",
            format!(
                "{}, from the variables HTTPS_PROXY or HTTP_PROXY",
                proxy.url()
            ),
        ),
        None => report.ok("proxy", "none"),
    }
    let Some(stream) = connection(report, &target, proxy) else {
        return false;
    };
    let reached = match target.tls {
        true => secure(report, config, &target, proxy, stream),
        false => {
            match is_loopback(&target.host) {
                true => report.skip("TLS", "none; it stays on this machine"),
                false => report.warn(
                    "TLS",
                    "none: http:// shows the key and the events to everybody on the way",
                    "Use https://.",
                ),
            }
            match config.http.version {
                HttpVersion::Http2 => report.ok(
                    "protocol",
                    "HTTP/2 by prior knowledge in the background, HTTP/1.1 for synchronous calls",
                ),
                _ => report.ok("protocol", "HTTP/1.1; HTTP/2 needs https://"),
            }
            Some(stream)
        }
    };
    reached.is_some_and(|stream| response(report, &target, stream))
}

fn connection(
    report: &mut Report,
    target: &Target,
    proxy: Option<&Proxy>,
) -> Option<Box<dyn Stream>> {
    let (host, port) = match proxy {
        Some(proxy) => (proxy.host.as_str(), proxy.port),
        None => (target.host.as_str(), target.port),
    };
    let addresses = addresses(report, host, port)?;
    let tcp = match connect(&addresses) {
        Ok((tcp, address, took)) => {
            report.ok(
                "connection",
                format!(
                    "{address}, in {}",
                    terminal::duration(took.as_secs_f64() * 1_000.0)
                ),
            );
            tcp
        }
        Err(error) => {
            let advice = match (error.kind(), is_loopback(host)) {
                (io::ErrorKind::ConnectionRefused, true) => {
                    "Nothing listens there. `axonpush dev` starts the local service."
                }
                (io::ErrorKind::ConnectionRefused, false) => {
                    "Nothing listens there: check the port, and whether a proxy is needed (HTTPS_PROXY)."
                }
                _ => {
                    "Check the network and the firewall, and whether a proxy is needed (HTTPS_PROXY)."
                }
            };
            report.fail("connection", format!("{host}:{port}: {error}"), advice);
            return None;
        }
    };
    let Some(proxy) = proxy else {
        return Some(Box::new(tcp));
    };
    match through(tcp, proxy, target) {
        Ok(stream) => {
            report.ok(
                "tunnel",
                format!("the proxy connects to {}", target.authority()),
            );
            Some(stream)
        }
        Err(problem) => {
            let advice = "The proxy has to allow CONNECT to that host and port; NO_PROXY names hosts that need none.";
            report.fail("tunnel", problem, advice);
            None
        }
    }
}

fn addresses(report: &mut Report, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    let bare = host.trim_matches(['[', ']']);
    let begin = Instant::now();
    let found = (bare, port).to_socket_addrs().map(Vec::from_iter);
    match found {
        Ok(addresses) if !addresses.is_empty() => {
            let list: Vec<String> = addresses.iter().map(|it| it.ip().to_string()).collect();
            let took = terminal::duration(begin.elapsed().as_secs_f64() * 1_000.0);
            report.ok("name", format!("{host} is {}, in {took}", list.join(", ")));
            Some(addresses)
        }
        found => {
            let why = found
                .err()
                .map_or("it has no address".to_owned(), |error| error.to_string());
            let advice = "Check the name in AXONPUSH_BASE_URL (or of the proxy), and this machine's DNS (/etc/resolv.conf).";
            report.fail("name", format!("{host}: {why}"), advice);
            None
        }
    }
}

/// TLS, twice: once to see which version of HTTP the server chooses, and once for a request in HTTP/1.1.
fn secure(
    report: &mut Report,
    config: &Config,
    target: &Target,
    proxy: Option<&Proxy>,
    stream: Box<dyn Stream>,
) -> Option<Box<dyn Stream>> {
    // One for each: a value offers what it was first asked for.
    let offering = |version| Tls::new(config.http.ca_pem.clone()).config_for(version);
    let tls = match offering(config.http.version)
        .map_err(io::Error::other)
        .and_then(|tls| handshake(tls, &target.host, stream))
    {
        Ok(tls) => tls,
        Err(error) => {
            report.fail("TLS", &error, tls_advice(&error));
            return None;
        }
    };
    let version = match tls.conn.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    report.ok("TLS", format!("{version}, and the certificate is trusted"));
    match tls.conn.alpn_protocol() {
        Some(b"h2") => report.ok(
            "protocol",
            "HTTP/2 in the background, HTTP/1.1 for synchronous calls",
        ),
        _ => report.ok(
            "protocol",
            "HTTP/1.1: the server, or something before it, does not offer HTTP/2",
        ),
    }
    drop(tls);
    let (host, port) = proxy.map_or((target.host.as_str(), target.port), |it| {
        (it.host.as_str(), it.port)
    });
    let again = (host.trim_matches(['[', ']']), port)
        .to_socket_addrs()
        .and_then(|found| connect(&Vec::from_iter(found)));
    let again = again
        .map_err(|error| error.to_string())
        .and_then(|(tcp, ..)| match proxy {
            Some(proxy) => through(tcp, proxy, target),
            None => Ok(Box::new(tcp) as Box<dyn Stream>),
        });
    let stream = again.and_then(|stream| {
        let tls = offering(HttpVersion::Http1).map_err(|error| error.to_string())?;
        handshake(tls, &target.host, stream).map_err(|error| error.to_string())
    });
    match stream {
        Ok(stream) => Some(Box::new(stream)),
        Err(problem) => {
            report.fail(
                "connection",
                format!("a second one: {problem}"),
                "The network, or the server, takes some connections and not others.",
            );
            None
        }
    }
}

fn tls_advice(error: &io::Error) -> &'static str {
    let inner = error
        .get_ref()
        .and_then(|it| it.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => match problem {
            CertificateError::UnknownIssuer => {
                "This machine does not know who signed it. With a CA of your own, or a proxy that opens TLS, set SSL_CERT_FILE to its PEM file."
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => {
                "Check this machine's clock; if it is right, the certificate has to be renewed."
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "The certificate is for another name: check AXONPUSH_BASE_URL."
            }
            _ => "The server's certificate cannot be used.",
        },
        Some(rustls::Error::InvalidMessage(_)) => {
            "The server does not speak TLS on this port: http:// rather than https://?"
        }
        _ => "Check the port, and whether something between here and the server opens TLS.",
    }
}

/// `GET /healthz`, which needs no key.
fn response(report: &mut Report, target: &Target, mut stream: Box<dyn Stream>) -> bool {
    let authority = target.authority();
    let path = format!("{}/healthz", target.path);
    let begin = Instant::now();
    let head = write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: axonpush-cli/{}\r\nAccept: application/json\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    )
    .and_then(|()| stream.flush())
    .and_then(|()| Head::read(&mut stream));
    let took = begin.elapsed();
    let head = match head {
        Ok(head) => head,
        Err(error) => {
            report.fail(
                "service",
                format!("GET {path}: {error}"),
                "Something else than AxonPush may listen there, or it hangs.",
            );
            return false;
        }
    };
    let took_ms = terminal::duration(took.as_secs_f64() * 1_000.0);
    match head.status {
        200..=299 => report.ok("service", format!("healthy, in {took_ms}")),
        300..=399 => report.fail("service", format!("GET {path}: HTTP status {}, a redirect", head.status), "Redirects are never followed, since the key must not go elsewhere: set AXONPUSH_BASE_URL to where it leads."),
        500.. => report.fail("service", format!("GET {path}: HTTP status {}", head.status), "The service has trouble; events wait and are sent again."),
        status => report.warn("service", format!("GET {path}: HTTP status {status}"), "This may not be AxonPush, or it is below another path: check AXONPUSH_BASE_URL."),
    }
    clock(report, head.date.as_deref(), took);
    true
}

fn clock(report: &mut Report, date: Option<&str>, took: Duration) {
    let parse = |text: &str| rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let Some(theirs) = date.and_then(parse) else {
        return report.skip("clock", "the service does not say what time it has");
    };
    let Ok(ours) = Timestamp::try_from(SystemTime::now() - took / 2) else {
        return report.fail(
            "clock",
            "this machine's clock is not usable",
            "Set it; ntpd or chrony keep it right.",
        );
    };
    // The header's second has passed by half on average.
    let ahead = ours.duration_since(theirs).as_secs_f64() - 0.5;
    if ahead.abs() <= CLOCK_TOLERANCE {
        return report.ok("clock", "as the service's, to within seconds");
    }
    let direction = if ahead > 0.0 { "ahead" } else { "behind" };
    report.warn(
        "clock",
        format!("this machine's clock is {:.0} s {direction} of the service's", ahead.abs()),
        "Events are stored, with wrong times (occurredAt). Set the clock; ntpd or chrony keep it right.",
    );
}

/// Whether the service takes the key. It is never shown.
fn credential(report: &mut Report, context: &Context, key: &str, reached: bool) {
    if key.is_empty() {
        return report.fail("key", "there is none", "Set AXONPUSH_API_KEY. The local service (axonpush dev) takes any that begins with ak_.");
    }
    if key.starts_with("pt_") {
        return report.skip(
            "key",
            "a public token may only publish, and this stores nothing: not tried",
        );
    }
    if !reached {
        return report.skip("key", "not tried: the service was not reached");
    }
    let settings = Settings {
        base_url: context.base_url.clone(),
        retries: Some(0),
        timeout_ms: PATIENCE.as_millis() as u32,
        ..Settings::default()
    };
    let newest = Query {
        limit: 1,
        ..Query::default()
    };
    match Client::new(&settings).and_then(|client| client.search(&newest)) {
        Ok(_) => report.ok("key", "the service takes it"),
        Err(error) if error.is_refused_key() => report.fail(
            "key",
            &error.message,
            "Copy the key anew; it may have been revoked.",
        ),
        Err(error) if error.is_forbidden() => report.warn(
            "key",
            &error.message,
            "The key may not read events; it may still publish.",
        ),
        Err(error) => report.fail(
            "key",
            &error.message,
            error
                .hint
                .as_deref()
                .unwrap_or("Try again; the library's log (AXONPUSH_LOG=debug) has more."),
        ),
    }
}
