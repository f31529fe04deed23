//! `axonpush dev`: the local service with its page, in this process.

use std::io;
use std::process::ExitCode;

use axonpush_dev_server::{Config, Server};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Context;
use crate::arguments::Dev;
use crate::child;
use crate::failure::{Failure, Result};
use crate::terminal::{self, Colour};

/// The server takes any; this one is on its page, too.
const KEY: &str = "ak_dev";

pub fn run(arguments: &Dev, context: &Context) -> Result<ExitCode> {
    let server = start(arguments)?;
    let url = server.url();
    if arguments.command.is_empty() {
        // Listened to before anybody is told: whoever reads the line may signal at once.
        let end = TheEnd::listen()?;
        introduce(&url, context, Output::Stdout)?;
        end.wait();
        return Ok(ExitCode::SUCCESS);
    }
    introduce(&url, context, Output::Stderr)?;
    let variables = [
        ("AXONPUSH_BASE_URL", url.as_str()),
        ("AXONPUSH_API_KEY", KEY),
    ];
    let ended = child::run(&arguments.command, &variables, |_| {})?;
    if arguments.keep_open {
        let end = TheEnd::listen()?;
        terminal::say(&format!(
            "The command has ended ({}). The page is still at {url}/; Ctrl-C ends it.",
            ended.describe()
        ));
        end.wait();
    }
    drop(server);
    Ok(ended.pass_on())
}

fn start(arguments: &Dev) -> Result<Server> {
    let config = Config {
        listen: arguments.listen,
        db: arguments.db.clone(),
        ..Config::default()
    };
    let config = config.with_event_limit(arguments.event_limit);
    Server::start(config).map_err(|error| {
        let listen = arguments.listen;
        Failure::Other(match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "{listen} is taken, perhaps by another `axonpush dev`: open http://{listen}/ to see; --listen \
                 127.0.0.1:0 takes a free port"
            ),
            _ => format!("the service cannot be started on {listen}: {error}"),
        })
    })
}

/// Where the introduction goes: stdout belongs to the command, if there is one.
#[derive(Clone, Copy)]
enum Output {
    Stdout,
    Stderr,
}

fn introduce(url: &str, context: &Context, output: Output) -> Result<()> {
    let paint = match output {
        Output::Stdout => terminal::on_stdout(),
        Output::Stderr => terminal::on_stderr(),
    };
    let page = format!("{url}/");
    let text = match (context.json, output) {
        (true, _) => json!({ "url": url, "page": page, "apiKey": KEY }).to_string(),
        (false, Output::Stderr) => format!(
            "axonpush: what this does is at {}",
            paint.colour(Colour::Bold, &page)
        ),
        (false, Output::Stdout) => format!(
            "AxonPush is on this machine. Open {}\n\n  \
             export AXONPUSH_BASE_URL={url} AXONPUSH_API_KEY={KEY}\n\n\
             is what a program or a shell needs to publish there. Ctrl-C ends it.",
            paint.colour(Colour::Bold, &page)
        ),
    };
    match output {
        Output::Stdout => terminal::print(&text)?,
        Output::Stderr => terminal::say(&text),
    }
    Ok(())
}

/// SIGINT, SIGTERM and SIGHUP, listened to from now on.
struct TheEnd {
    runtime: Runtime,
    signals: [Signal; 3],
}

impl TheEnd {
    fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let signals = {
            let _context = runtime.enter();
            [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            ]
        };
        Ok(Self { runtime, signals })
    }

    fn wait(mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        self.runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        });
    }
}
