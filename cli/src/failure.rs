//! How a command ends when it cannot do what it should.
//!
//! | exit code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | not done, or not wholly; stderr says what |
//! | 2 | the command line cannot be used |
//! | another | that of the command that was run (`exec`, `dev --`) |

use std::io;
use std::process::ExitCode;

use serde_json::json;

use crate::library;
use crate::terminal::{self, Colour};

pub enum Failure {
    /// The command line cannot be used.
    Usage(String),
    Library(Box<library::Error>),
    Other(String),
    /// Not wholly done, and said already.
    Incomplete,
    /// Whoever read our output has left.
    NobodyReads,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl From<Box<library::Error>> for Failure {
    fn from(error: Box<library::Error>) -> Self {
        Self::Library(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Other(error.to_string()),
        }
    }
}

impl Failure {
    /// Says it on stderr, and gives the exit code.
    pub fn report(&self, as_json: bool) -> ExitCode {
        let (message, advice) = match self {
            Self::Usage(message) | Self::Other(message) => (message.clone(), None),
            Self::Library(error) => (error.message.clone(), advice(error)),
            Self::Incomplete => return ExitCode::FAILURE,
            Self::NobodyReads => return ExitCode::SUCCESS,
        };
        if as_json {
            let error = match self {
                Self::Library(error) => json!(error),
                _ => json!({ "message": message }),
            };
            terminal::say(&terminal::one_line(&json!({ "error": error }).to_string()));
        } else {
            let paint = terminal::on_stderr();
            let title = paint.colour(Colour::Red, "error:");
            terminal::say(&format!("{title} {}", terminal::plain(&message)));
            if let Some(advice) = advice {
                terminal::say(&format!("       {}", terminal::plain(&advice)));
            }
        }
        match self {
            Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

/// What the service suggests, else what we know.
fn advice(error: &library::Error) -> Option<String> {
    if let Some(hint) = &error.hint {
        return Some(hint.clone());
    }
    (error.is_unreachable() || error.is_refused_key() || error.is_config())
        .then(|| "`axonpush doctor` looks for the reason.".to_owned())
}
