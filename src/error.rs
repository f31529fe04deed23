//! What can go wrong, in one type.
//!
//! The core says *what kind* of failure it was; `ffi/status.rs` alone turns a kind into a number for C.

use std::time::Duration;

/// The class of a failure. One class, one `AXONPUSH_ERR_…` code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The caller passed something that cannot be used.
    InvalidArgument,
    /// The client handle is closed or was never one.
    InvalidHandle,
    /// An option or a variable is missing or unusable.
    Config,
    /// The service could not be reached, or its response broke off.
    Connection,
    Authentication,
    Forbidden,
    NotFound,
    Validation,
    RateLimit,
    Server,
    /// Any other HTTP failure.
    Api,
    /// A 2xx response that is not the JSON expected.
    Decode,
    /// Refused or dropped by the overflow policy.
    QueueFull,
    /// A flush, a shutdown or a delivery ran out of time.
    Timeout,
    /// The client was closed first.
    Closed,
    /// A defect of this library.
    Internal,
    /// Another thread cancelled the call.
    Cancelled,
}

/// A failure with everything the service said about it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    /// The service's machine-readable code, such as `validation_error`.
    pub code: Option<String>,
    /// What the service suggests to do.
    pub hint: Option<String>,
    pub request_id: Option<String>,
    /// 0: the failure did not come as an HTTP response.
    pub http_status: u16,
    pub retry_after: Option<Duration>,
    /// Whether the request may have reached the service. Only a request that surely did not, or that
    /// the service stores once however often it comes, may be repeated.
    pub may_have_arrived: bool,
    /// Nobody was there: the request could not be sent, or nothing responded in time. A response that broke
    /// off is not that.
    pub nobody_there: bool,
    /// Another attempt failed by the same cause, a connection that broke under both, and has been told of:
    /// together they are one failure of the service.
    pub shares_cause: bool,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            code: None,
            hint: None,
            request_id: None,
            http_status: 0,
            retry_after: None,
            may_have_arrived: false,
            nobody_there: false,
            shares_cause: false,
        }
    }

    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidArgument, message)
    }

    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    pub fn closed() -> Self {
        Self::new(
            Kind::Closed,
            "the client was shut down before the call could finish",
        )
    }

    pub fn cancelled() -> Self {
        Self::new(
            Kind::Cancelled,
            "the call was cancelled before it could finish",
        )
    }

    /// Whether the same call may succeed later (the table in docs/wire.md, "Errors"; and once there is room).
    pub fn retryable(&self) -> bool {
        matches!(
            self.kind,
            Kind::Connection | Kind::RateLimit | Kind::Server | Kind::QueueFull
        )
    }
}
