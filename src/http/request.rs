//! One request, complete but for what every request carries.

use http::{HeaderName, HeaderValue, Method, Uri};

#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Option<Vec<u8>>,
    /// Whether the service takes it once, however often it arrives.
    pub repeatable: bool,
}
