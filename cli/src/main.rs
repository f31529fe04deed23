//! `axonpush`: the workbench and the service from the shell, over the library's own public interface.
//!
//! | file | question |
//! | --- | --- |
//! | `arguments` | what can be asked for, and how is that explained? |
//! | `dev`, `publish`, `tail`, `trace`, `exec`, `webhook`, `doctor`, `pages` | one command each |
//! | `child` | how is a command run as if we were not there? |
//! | `connection` | how does `doctor` reach the service? |
//! | `library` | what of the library is used? |
//! | `event` | what does a person see of an event? |
//! | `terminal` | what is safe and readable on a terminal? |
//! | `failure` | how does a command end that could not do what it should? |

mod arguments;
mod child;
mod connection;
mod dev;
mod doctor;
mod event;
mod exec;
mod failure;
mod library;
mod pages;
mod publish;
mod tail;
mod terminal;
mod trace;
mod webhook;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, Webhook};
use failure::Result;
use library::{Client, Settings};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let context = Context {
        json: arguments.json,
        base_url: arguments.base_url,
    };
    match run(&arguments.command, &context) {
        Ok(code) => code,
        Err(failure) => failure.report(context.json),
    }
}

fn run(command: &Command, context: &Context) -> Result<ExitCode> {
    match command {
        Command::Dev(it) => dev::run(it, context),
        Command::Publish(it) => publish::run(it, context),
        Command::Tail(it) => tail::run(it, context),
        Command::Trace(it) => trace::run(it, context),
        Command::Exec(it) => exec::run(it, context),
        Command::Webhook(Webhook::Listen(it)) => webhook::listen(it, context),
        Command::Doctor => doctor::run(context),
        Command::Completions { shell } => pages::completions(*shell),
        Command::Man { folder } => pages::man(folder),
    }
}

/// What holds for every command.
struct Context {
    json: bool,
    base_url: Option<String>,
}

impl Context {
    /// A client that reports an unreachable service.
    fn client(&self) -> Result<Client> {
        Ok(Client::new(&Settings {
            base_url: self.base_url.clone(),
            ..Settings::default()
        })?)
    }
}
