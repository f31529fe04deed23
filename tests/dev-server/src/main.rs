//! `axonpush-dev-server`: reads the command line, starts the server, waits for a signal.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use axonpush_dev_server::{Config, Server, Tls};
use axum::http::StatusCode;
use lexopt::prelude::*;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
usage: axonpush-dev-server [options]

  --listen ADDRESS:PORT       where to listen (default 127.0.0.1:0; port 0 picks a free one)
  --db FILE                   keep everything in this SQLite file (default: in memory)
  --api-key KEY               accept only this credential (may be given several times)
  --key-header NAME           take the key from this header only, X-API-Key or x-axonpush-api-key (default: either)
  --created STATUS            200 or 201 for whatever is created or published (default: as the service does)
  --allow-host NAME           a further name by which this server is reached (may be given several times)
  --legacy-errors             errors as {code, message, hint, requestId}
  --require-idempotency-key   refuse POST /event without an Idempotency-Key header
  --tls-cert FILE             serve HTTPS with this certificate chain (PEM) …
  --tls-key FILE              … and this private key (PEM)
  --idle-timeout-ms N         close connections that have been idle for N ms
  --event-limit N             keep the newest N events (default: 200000 in memory, all in a file; 0: all)
  --record-limit N            how many requests GET /_dev/requests remembers (default 10000)
  -h, --help                  this text
  -V, --version               the version
";

enum Command {
    Serve(Config),
    Say(String),
}

fn main() -> ExitCode {
    let config = match command_line() {
        Ok(Command::Serve(config)) => config,
        Ok(Command::Say(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprint!("axonpush-dev-server: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("axonpush-dev-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Listened to before anybody is told that the server is ready: whoever reads the line may signal at once.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let server = Server::start(config)?;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "listening on {}", server.url())?;
        stdout.flush()?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}

fn command_line() -> Result<Command, Box<dyn std::error::Error>> {
    let mut config = Config::default();
    let mut event_limit = None::<u64>;
    let (mut cert, mut key) = (None::<PathBuf>, None::<PathBuf>);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("listen") => config.listen = arguments.value()?.parse()?,
            Long("db") => config.db = Some(arguments.value()?.into()),
            Long("api-key") => config.api_keys.push(arguments.value()?.string()?),
            Long("key-header") => {
                config.key_header = Some(arguments.value()?.string()?.parse()?);
            }
            Long("created") => config.created = Some(created(&arguments.value()?.string()?)?),
            Long("allow-host") => config.allowed_hosts.push(arguments.value()?.string()?),
            Long("legacy-errors") => config.legacy_errors = true,
            Long("require-idempotency-key") => config.require_idempotency_key = true,
            Long("tls-cert") => cert = Some(arguments.value()?.into()),
            Long("tls-key") => key = Some(arguments.value()?.into()),
            Long("idle-timeout-ms") => {
                config.idle_timeout = Some(Duration::from_millis(arguments.value()?.parse()?));
            }
            Long("event-limit") => event_limit = Some(arguments.value()?.parse()?),
            Long("record-limit") => config.record_limit = arguments.value()?.parse()?,
            Short('h') | Long("help") => return Ok(Command::Say(USAGE.into())),
            Short('V') | Long("version") => {
                return Ok(Command::Say(format!(
                    "axonpush-dev-server {}\n",
                    env!("CARGO_PKG_VERSION")
                )));
            }
            _ => return Err(argument.unexpected().into()),
        }
    }
    config.tls = match (cert, key) {
        (None, None) => None,
        (Some(cert), Some(key)) => Some(Tls {
            cert_pem: read(cert)?,
            key_pem: read(key)?,
        }),
        _ => return Err("--tls-cert and --tls-key belong together".into()),
    };
    Ok(Command::Serve(config.with_event_limit(event_limit)))
}

fn created(status: &str) -> Result<StatusCode, String> {
    match status {
        "200" => Ok(StatusCode::OK),
        "201" => Ok(StatusCode::CREATED),
        _ => Err(format!("--created: `{status}` is neither 200 nor 201")),
    }
}

fn read(file: PathBuf) -> Result<Vec<u8>, String> {
    std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))
}
