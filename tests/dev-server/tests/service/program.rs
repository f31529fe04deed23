//! The program: its one line, its options, its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_axonpush-dev-server"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn spawn(arguments: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = program(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    (child, stdout, line)
}

fn signal(child: &Child, name: &str) {
    // Through the shell, which has kill built in: not every machine has the program.
    let status = Command::new("sh")
        .args(["-c", &format!("kill {name} {}", child.id())])
        .status()
        .expect("sh runs");
    assert!(status.success());
}

#[test]
fn it_says_where_it_listens_and_stops_cleanly_with_connections_open() {
    for name in ["-INT", "-TERM"] {
        let (mut child, mut stdout, line) = spawn(&["--listen", "127.0.0.1:0"]);
        let address = line
            .strip_prefix("listening on http://")
            .and_then(|rest| rest.strip_suffix('\n'))
            .unwrap_or_else(|| panic!("{line:?}"))
            .to_owned();
        let mut idle = TcpStream::connect(&address).expect("a connection");
        let mut waiting = TcpStream::connect(&address).expect("a connection");
        let fault = r#"{"silent":true}"#;
        write!(
            idle,
            "POST /_dev/faults HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{fault}",
            fault.len()
        )
        .expect("a request");
        let mut status = [0; 15];
        idle.read_exact(&mut status).expect("a response");
        assert_eq!(&status, b"HTTP/1.1 200 OK");
        write!(waiting, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request");

        signal(&child, name);
        assert_eq!(child.wait().expect("an end").code(), Some(0), "{name}");
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).expect("the rest");
        assert_eq!(rest, "", "nothing but the one line");
    }
}

#[test]
fn wrong_arguments_are_explained() {
    for arguments in [
        &["--what"][..],
        &["--listen", "nowhere"],
        &["--listen"],
        &["--idle-timeout-ms", "soon"],
        &["--tls-cert", "only.pem"],
        &["--key-header", "Authorization"],
        &["--created", "204"],
        &["extra"],
    ] {
        let output = program(arguments).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("usage:"),
            "{arguments:?}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_port_in_use_is_an_error() {
    let (mut child, _stdout, line) = spawn(&[]);
    let address = line.trim().rsplit('/').next().expect("an address");
    let output = program(&["--listen", address])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stderr.is_empty() && output.stdout.is_empty());
    signal(&child, "-TERM");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
}

#[test]
fn help_and_version_are_told() {
    let output = program(&["--help"]).output().expect("the program runs");
    assert!(output.status.success() && output.stdout.starts_with(b"usage:"));
    let output = program(&["-V"]).output().expect("the program runs");
    assert!(output.status.success() && output.stdout.starts_with(b"axonpush-dev-server "));
}
