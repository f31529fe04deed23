//! `axonpush exec`: a command, with events around it. First, do no harm: whatever happens here, the command runs, and its
//! exit code is ours.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Instant, SystemTime};

use serde_json::{Map, Value, json};

use crate::Context;
use crate::arguments::Exec;
use crate::child::{self, Ended};
use crate::failure::{Failure, Result};
use crate::library::{self, Client, Event, Settings, Span};
use crate::terminal;

pub fn run(arguments: &Exec, context: &Context) -> Result<ExitCode> {
    let has_key = std::env::var_os("AXONPUSH_API_KEY").is_some_and(|key| !key.is_empty());
    if !has_key {
        return become_it(&arguments.command);
    }
    library::quiet();
    let settings = Settings {
        base_url: context.base_url.clone(),
        fail_open: true,
        ..Settings::default()
    };
    let client = match Client::new(&settings) {
        Ok(client) => client,
        Err(error) => {
            let message = terminal::plain(&error.message);
            terminal::say(&format!("axonpush: the command is not recorded: {message}"));
            return become_it(&arguments.command);
        }
    };
    let record = Record::new(arguments, client);
    let variables: &[(&str, &str)] = match &record.span {
        Some(span) => &[("TRACEPARENT", &span.traceparent)],
        None => &[],
    };
    let ended = child::run(&arguments.command, variables, |id| record.started(id))?;
    record.ended(ended);
    // Delivers what waits, for up to two seconds.
    drop(record);
    Ok(ended.pass_on())
}

/// Replaces this process by the command: nothing of ours is left.
fn become_it(command: &[OsString]) -> Result<ExitCode> {
    let [program, arguments @ ..] = command else {
        return Err(Failure::Usage("a command is needed, after --".into()));
    };
    let error = Command::new(program).args(arguments).exec();
    Ok(child::not_started(program, &error).pass_on())
}

struct Record<'a> {
    arguments: &'a Exec,
    client: Client,
    span: Option<Span>,
    name: String,
    started_at: SystemTime,
    clock: Instant,
}

impl<'a> Record<'a> {
    fn new(arguments: &'a Exec, client: Client) -> Self {
        let outer = std::env::var("TRACEPARENT").ok();
        let name = arguments
            .name
            .clone()
            .unwrap_or_else(|| program_name(arguments));
        Self {
            arguments,
            client,
            span: Span::continuing(outer.as_deref()),
            name,
            started_at: SystemTime::now(),
            clock: Instant::now(),
        }
    }

    fn started(&self, id: u32) {
        self.publish("agent.start", [("process.pid".to_owned(), json!(id))]);
    }

    /// Either the end or the error: whoever waits for the end of a run sees one of the two.
    fn ended(&self, ended: Ended) {
        let took = self.clock.elapsed().as_secs_f64() * 1_000.0;
        let mut facts = vec![(
            "duration_ms".to_owned(),
            json!((took * 1_000.0).round() / 1_000.0),
        )];
        if let Ended::Code(code) = ended {
            facts.push(("process.exit.code".to_owned(), json!(code)));
        }
        if ended.is_success() {
            return self.publish("agent.end", facts);
        }
        let kind = match ended {
            Ended::Code(_) => "exit".to_owned(),
            Ended::NotStarted(_) => "not started".to_owned(),
            Ended::Signal(_) => ended.describe(),
        };
        facts.push(("error.type".to_owned(), json!(kind)));
        facts.push(("error.message".to_owned(), json!(ended.describe())));
        self.publish("agent.error", facts);
    }

    /// All events of a command share its span. What has a duration happened when it began, as everywhere in AxonPush: so
    /// a timeline can draw it.
    fn publish(&self, event_type: &str, facts: impl IntoIterator<Item = (String, Value)>) {
        let mut payload = Map::new();
        let program = program_name(self.arguments);
        payload.insert("process.executable.name".to_owned(), json!(program));
        if self.arguments.arguments {
            let all = self.arguments.command.iter().map(|it| it.to_string_lossy());
            payload.insert(
                "process.command_args".to_owned(),
                json!(all.collect::<Vec<_>>()),
            );
        }
        payload.extend(facts);
        let span = self.span.as_ref();
        let event = Event {
            identifier: self.name.clone(),
            payload: Value::Object(payload).to_string(),
            channel_id: self.arguments.channel.clone(),
            event_type: Some(event_type.to_owned()),
            trace_id: span.map(|it| it.trace_id.clone()),
            span_id: span.map(|it| it.span_id.clone()),
            parent_span_id: span.and_then(|it| it.parent_span_id.clone()),
            occurred_at: jiff::Timestamp::try_from(self.started_at)
                .ok()
                .map(|time| format!("{time:.6}")),
            ..Event::default()
        };
        // Nobody is to be bothered with it: the library's log has it, for whoever asks for that.
        let _ = self.client.publish_async(&event, Box::new(|_| {}));
    }
}

/// The program's name without its folder.
fn program_name(arguments: &Exec) -> String {
    let program = arguments
        .command
        .first()
        .map(OsString::as_os_str)
        .unwrap_or_default();
    let name = Path::new(program).file_name().unwrap_or(program);
    name.to_string_lossy().into_owned()
}
