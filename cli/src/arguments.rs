//! The command line. Help, completions and man pages are made of what stands here.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Where `axonpush dev` listens, as the examples of this project have it.
pub const DEV_ADDRESS: &str = "127.0.0.1:8787";
/// Where `axonpush webhook listen` listens: beside the former.
pub const WEBHOOK_ADDRESS: &str = "127.0.0.1:8788";

const ENVIRONMENT: &str = "\
Environment:
  AXONPUSH_API_KEY          the key (ak_...), or a public token (pt_...) that may only publish
  AXONPUSH_BASE_URL         the service; default https://api.axonpush.xyz
  AXONPUSH_TENANT_ID        the organization
  AXONPUSH_ENVIRONMENT      the environment that events belong to
  AXONPUSH_CHANNEL_ID       the channel of events that name none
  AXONPUSH_CONTENT_CAPTURE  metadata_only (default), redacted or full: how much of prompts,
                            messages and other content leaves this machine
  AXONPUSH_LOG              off, error, warn (default), info or debug: the library's log on stderr
  NO_COLOR                  no colours, whatever its value
The README of libaxonpush has the others; all of the library's variables apply.

Exit codes:
  0  done    1  not done, or not wholly    2  the command line cannot be used
  exec and dev pass on the exit code of the command that they run.";

/// See what your agents do: a local workbench, and AxonPush from the shell.
#[derive(Parser)]
#[command(name = "axonpush", version, after_help = ENVIRONMENT)]
#[command(disable_help_subcommand = true)]
pub struct Arguments {
    /// URL of the service, in place of AXONPUSH_BASE_URL
    #[arg(long, global = true, value_name = "URL", display_order = 100)]
    pub base_url: Option<String>,
    /// JSON for programs: results on stdout, failures on stderr
    #[arg(long, global = true, display_order = 101)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    Dev(Dev),
    Publish(Publish),
    Tail(Tail),
    Trace(Trace),
    Exec(Exec),
    /// Receives deliveries of webhooks
    #[command(subcommand)]
    Webhook(Webhook),
    /// Looks for what keeps you from the service, and says what to do
    #[command(after_help = DOCTOR)]
    Doctor,
    /// Prints completions for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Writes the man pages into a folder
    Man {
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

const DOCTOR: &str = "\
It looks at the configuration, the proxy, the name, the connection, TLS, the version of HTTP, the
service, the clock and the key, in the way in which the library goes about them.
It stores nothing. The exit code is 1 if something is wrong.";

const COMPLETIONS: &str = "\
Examples:
  bash:  axonpush completions bash > ~/.local/share/bash-completion/completions/axonpush
  zsh:   axonpush completions zsh > ~/.zfunc/_axonpush     (with ~/.zfunc in fpath)
  fish:  axonpush completions fish > ~/.config/fish/completions/axonpush.fish";

/// Runs a local service with a page that shows what your program does
///
/// No account, no network. With a command, the command is run with AXONPUSH_BASE_URL and
/// AXONPUSH_API_KEY set, so that what it publishes appears on the page; the service stops with
/// it, and the exit code is the command's.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  axonpush dev
  axonpush dev -- python3 agent.py
  axonpush dev --db events.sqlite --keep-open -- make test"
)]
pub struct Dev {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = DEV_ADDRESS)]
    pub listen: SocketAddr,
    /// Keep all events in this SQLite file; without it they are in memory
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Keep the newest N events [default: 200000 in memory, all in a file; 0: all]
    #[arg(long, value_name = "N")]
    pub event_limit: Option<u64>,
    /// After the command has ended, keep the page until Ctrl-C
    #[arg(long, requires = "command")]
    pub keep_open: bool,
    /// A command to run against the service, after --
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Publishes one event, or a stream of them from stdin
///
/// With an IDENTIFIER, one event: key=value adds text to its payload, key:=value adds JSON (a
/// number, true, null, a list).
///
/// Without one, every line of stdin is an event: a JSON object with the members of POST /event
/// (identifier, payload, channel_id, eventType, agentId, traceId, spanId, parentSpanId, dedupKey,
/// occurredAt, metadata), or what `axonpush tail --json` prints. They are delivered in the
/// background; while the service cannot be reached, each is tried again for five minutes. The
/// exit code says whether all were delivered.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  axonpush publish order.shipped order:=4711 carrier=dhl express:=true
  axonpush publish deploy --channel releases --type app.log --payload '{\"version\": \"1.2\"}'
  axonpush publish < events.ndjson

Values under names of content (message, prompt, output, ...) are replaced by \"[REDACTED]\" unless
AXONPUSH_CONTENT_CAPTURE=full, and those under names of secrets always are."
)]
pub struct Publish {
    /// What happened, such as order.shipped
    #[arg(value_name = "IDENTIFIER")]
    pub identifier: Option<String>,
    /// A member of the payload: key=text or key:=JSON
    #[arg(value_name = "KEY=VALUE", requires = "identifier")]
    pub fields: Vec<String>,
    /// The whole payload, a JSON object
    #[arg(
        long,
        value_name = "JSON",
        conflicts_with = "fields",
        requires = "identifier"
    )]
    pub payload: Option<String>,
    /// The channel to publish to
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// The type, such as agent.message or app.log
    #[arg(long = "type", value_name = "TYPE")]
    pub event_type: Option<String>,
    /// The agent that the event is about
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// The trace that the event belongs to
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// The event's span
    #[arg(long, value_name = "ID", requires = "identifier")]
    pub span: Option<String>,
    /// The span in which the event happened
    #[arg(long, value_name = "ID", requires = "identifier")]
    pub parent: Option<String>,
    /// The service stores an event once per key
    #[arg(long, value_name = "KEY", requires = "identifier")]
    pub dedup_key: Option<String>,
    /// When it happened, such as 2026-11-24T05:57:22.123Z
    #[arg(long, value_name = "TIME", requires = "identifier")]
    pub occurred_at: Option<String>,
    /// Further members beside the payload, a JSON object
    #[arg(long, value_name = "JSON", requires = "identifier")]
    pub metadata: Option<String>,
}

/// Prints events as they come
///
/// It asks the service again and again, and prints every event once, whatever happens to the
/// service in between. Times are in UTC. It ends with Ctrl-C, after --count events, or when the
/// service refuses for good.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  axonpush tail --errors
  axonpush tail --since 10m --channel orders
  axonpush tail --json | jq -r .identifier"
)]
pub struct Tail {
    /// Only events of this channel
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub event_type: Option<String>,
    /// Only events of this trace
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// Only events whose status is an error
    #[arg(long)]
    pub errors: bool,
    /// Begin with what happened since then: a time, or how long ago, such as 10m or 2h
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// End after N events
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// How often to ask
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub interval: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.05..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds from 0.05 to 3600".into()),
    }
}

/// Shows a trace as a waterfall
#[derive(Args)]
pub struct Trace {
    /// The trace's id, as `axonpush tail --json` shows it (traceId)
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Runs a command and publishes when it started and how it ended
///
/// The events agent.start, and agent.end or agent.error, tell the program's name, its exit code
/// and how long it took. Its arguments are not sent unless --arguments says so. The command gets
/// TRACEPARENT, so that what it publishes is in the same trace.
///
/// Its input, output, signals and exit code are its own: nothing that happens to the service
/// changes them, and at the end at most two seconds are spent on delivery. Without
/// AXONPUSH_API_KEY the command is just run.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  axonpush exec -- ./nightly-report.sh
  axonpush exec --name backup --channel cron -- restic backup /srv

The library's log is off here, so that stderr is the command's alone; AXONPUSH_LOG=warn shows it."
)]
pub struct Exec {
    /// What the events are called [default: the program's name]
    #[arg(long, value_name = "IDENTIFIER")]
    pub name: Option<String>,
    /// The channel to publish to
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// Send the command's arguments, too; they may have secrets in them
    #[arg(long)]
    pub arguments: bool,
    /// The command, after --
    #[arg(last = true, value_name = "COMMAND", required = true)]
    pub command: Vec<OsString>,
}

#[derive(Subcommand)]
pub enum Webhook {
    Listen(Listen),
}

/// Receives deliveries, verifies their signatures and prints them
///
/// With --channel it asks the service to deliver the events of that channel here, and takes that
/// back at the end. The local service (axonpush dev) delivers to this machine; to the hosted one,
/// --url gives a URL that leads here. Without --channel, AXONPUSH_WEBHOOK_SECRET is the secret of
/// an endpoint that exists.
///
/// A delivery is answered with 200, and with 401 if its signature is wrong.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  axonpush webhook listen --channel orders
  AXONPUSH_WEBHOOK_SECRET=whsec_... axonpush webhook listen --listen 0.0.0.0:8788"
)]
pub struct Listen {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = WEBHOOK_ADDRESS)]
    pub listen: SocketAddr,
    /// Have the events of this channel delivered here
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// The URL by which the service reaches this machine [default: where it listens]
    #[arg(long, value_name = "URL", requires = "channel")]
    pub url: Option<String>,
    /// End after N deliveries
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
}
