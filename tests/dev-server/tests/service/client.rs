//! A small HTTP client on a raw socket: it shows what really comes over the wire, and never repairs anything.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use axonpush_dev_server::{Config, Server};
use serde_json::{Value, json};

pub const KEY: (&str, &str) = ("X-API-Key", "ak_test");

/// Every wait in these tests ends here, and then the test has failed.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub fn start() -> Server {
    start_with(Config::default())
}

pub fn start_with(config: Config) -> Server {
    Server::start(config).expect("the server starts")
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The locations of a validation error.
    pub fn locations(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{self:?}");
        let errors = self.json()["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        errors
            .iter()
            .filter_map(|error| error["location"].as_str())
            .map(str::to_owned)
            .collect()
    }
}

/// One keep-alive connection.
pub struct Connection<S>(pub S);

pub fn connect(server: &Server) -> Connection<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", server.port())).expect("the server accepts");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout can be set");
    Connection(stream)
}

impl<S: Read + Write> Connection<S> {
    pub fn write(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<()> {
        let mut request = format!("{method} {target} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += "Host: localhost\r\n";
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        self.0.write_all(request.as_bytes())?;
        self.0.write_all(body)
    }

    pub fn read(&mut self) -> io::Result<Response> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.lines();
        let status_line = lines.next().unwrap_or_default();
        let mut response = Response {
            status: status_line
                .split(' ')
                .nth(1)
                .and_then(|code| code.parse().ok())
                .unwrap_or(0),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: String::new(),
        };
        let length = response
            .header("content-length")
            .and_then(|it| it.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        response.body = String::from_utf8_lossy(&body).into_owned();
        Ok(response)
    }

    pub fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Response> {
        self.write(method, target, headers, body)?;
        self.read()
    }

    /// What arrives until the connection ends, and how it ends.
    pub fn read_to_end(&mut self) -> (String, io::Result<usize>) {
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes);
        (String::from_utf8_lossy(&bytes).into_owned(), end)
    }
}

/// One request on its own connection.
pub fn request(
    server: &Server,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    connect(server)
        .send(method, target, headers, body.as_bytes())
        .unwrap_or_else(|error| panic!("{method} {target}: {error}"))
}

pub fn get(server: &Server, target: &str) -> Response {
    request(server, "GET", target, &[KEY], "")
}

pub fn send(server: &Server, method: &str, target: &str, body: Value) -> Response {
    request(
        server,
        method,
        target,
        &[KEY, ("Content-Type", "application/json")],
        &body.to_string(),
    )
}

pub fn post(server: &Server, target: &str, body: Value) -> Response {
    send(server, "POST", target, body)
}

/// Publishes an event and returns its id.
pub fn publish(server: &Server, event: Value) -> String {
    let response = post(server, "/event", event);
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.json()["status"], "accepted");
    response.json()["eventId"]
        .as_str()
        .expect("an event id")
        .to_owned()
}

/// The events that a query finds.
pub fn events(server: &Server, query: &str) -> Vec<Value> {
    let response = get(server, &format!("/events{query}"));
    assert_eq!(response.status, 200, "{response:?}");
    match response.json()["events"].take() {
        Value::Null => Vec::new(),
        Value::Array(events) => events,
        other => panic!("{other}"),
    }
}

pub fn names(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| event["identifier"].as_str())
        .collect()
}

/// The smallest event there is.
pub fn event(identifier: &str) -> Value {
    json!({ "identifier": identifier, "payload": {} })
}

/// Waits for something that another thread brings about.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
