//! Traces: which one is current on a thread, and how W3C Trace Context writes it in a `traceparent`
//! header.
//!
//! Source: <https://www.w3.org/TR/trace-context/>, 3.2, and docs/wire.md for ids that are not in its form.

use std::cell::RefCell;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::event::ids::{self, hex};
use crate::http::headers::header_value;

/// The longest id, in bytes: the bound that an event has for its fields.
const MAX_ID: usize = 4096;

/// A trace, and the span that is current in it. Immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub trace_id: String,
    pub span_id: String,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Trace>>> = const { RefCell::new(None) };
}

impl Trace {
    /// What is not given is drawn at random.
    pub fn new(trace_id: Option<&str>, span_id: Option<&str>) -> Result<Self> {
        for (name, id) in [("trace_id", trace_id), ("span_id", span_id)] {
            if id.is_some_and(|id| id.len() > MAX_ID) {
                return Err(Error::argument(format!(
                    "{name}: longer than {MAX_ID} bytes"
                )));
            }
            if id.is_some_and(|id| header_value(id).is_err()) {
                return Err(Error::argument(format!(
                    "{name}: it has a control character, which no header can carry"
                )));
            }
        }
        let ids = ids::EventIds::draw()?;
        Ok(Trace {
            trace_id: trace_id.map_or(ids.trace_id, str::to_owned),
            span_id: span_id.map_or(ids.span_id, str::to_owned),
        })
    }

    /// A new span in the same trace.
    pub fn child(&self) -> Result<Self> {
        Trace::new(Some(&self.trace_id), None)
    }

    /// Takes an incoming header, and refuses what the specification calls malformed: nothing is guessed
    /// at. A version later than ours is read as far as version 00 goes (4.3).
    pub fn parse(traceparent: &str) -> Result<Self> {
        let refuse = |what: &str| Err(Error::argument(format!("traceparent: {what}")));
        let hex = |text: &str| text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        let fields: Vec<&str> = traceparent.splitn(5, '-').collect();
        let [version, trace_id, span_id, flags, rest @ ..] = fields.as_slice() else {
            return refuse("expected <version>-<trace id>-<span id>-<flags>");
        };
        if version.len() != 2 || !hex(version) || *version == "ff" {
            return refuse("its version is not two lower-case hex digits other than ff");
        }
        if *version == "00" && !rest.is_empty() {
            return refuse("version 00 has four fields, this has more");
        }
        if trace_id.len() != 32 || !hex(trace_id) || trace_id.bytes().all(|c| c == b'0') {
            return refuse("its trace id is not 32 lower-case hex digits, not all zero");
        }
        if span_id.len() != 16 || !hex(span_id) || span_id.bytes().all(|c| c == b'0') {
            return refuse("its span id is not 16 lower-case hex digits, not all zero");
        }
        if flags.len() != 2 || !hex(flags) {
            return refuse("its flags are not two lower-case hex digits");
        }
        Ok(Trace {
            trace_id: (*trace_id).to_owned(),
            span_id: (*span_id).to_owned(),
        })
    }

    pub fn traceparent(&self) -> String {
        traceparent(&self.trace_id, &self.span_id)
    }
}

/// Makes a trace current on this thread, or none; gives the one that was.
pub fn set_current(trace: Option<Arc<Trace>>) -> Option<Arc<Trace>> {
    // A thread that is ending has no current trace any more.
    CURRENT
        .try_with(|current| current.replace(trace))
        .unwrap_or(None)
}

pub fn current() -> Option<Arc<Trace>> {
    CURRENT
        .try_with(|current| current.borrow().clone())
        .unwrap_or(None)
}

/// `00-<trace id>-<span id>-01`: version 0, sampled.
pub fn traceparent(trace_id: &str, span_id: &str) -> String {
    format!(
        "00-{}-{}-01",
        hex_form::<32>(trace_id),
        hex_form::<16>(span_id)
    )
}

/// The id itself where it is `N` hex digits once `-` is stripped and not all zero; else the first
/// `N` digits of its SHA-256, so that equal ids stay equal in every service that sees them.
///
/// docs/wire.md gives this rule for trace ids. A caller's span id that is not 16 hex digits is treated
/// alike here: the header must be well-formed, or receivers drop the whole of it.
pub(super) fn hex_form<const N: usize>(id: &str) -> String {
    if let Some(compact) = compact::<N>(id) {
        return compact;
    }
    hex(&Sha256::digest(id.as_bytes())[..N / 2])
}

/// The id without `-` and in lower case, if these are `N` hex digits, not all zero.
fn compact<const N: usize>(id: &str) -> Option<String> {
    let mut digits = [0; N];
    let mut length = 0;
    for c in id.bytes().filter(|c| *c != b'-') {
        if !c.is_ascii_hexdigit() {
            return None;
        }
        *digits.get_mut(length)? = c.to_ascii_lowercase();
        length += 1;
    }
    let valid = length == N && digits.iter().any(|c| *c != b'0');
    valid.then(|| digits.iter().map(|c| char::from(*c)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_lose_their_dashes() {
        assert_eq!(
            traceparent("0AF76519-16CD-43DD-8448-EB211C80319C", "b7ad6b7169203331"),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        );
    }

    #[test]
    fn incoming_headers_are_taken_or_refused() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        let good = format!("00-{trace}-{span}-00");
        let parsed = Trace::parse(&good).unwrap();
        assert_eq!(
            (parsed.trace_id.as_str(), parsed.span_id.as_str()),
            (trace, span)
        );
        assert_eq!(parsed.traceparent(), format!("00-{trace}-{span}-01"));
        assert!(Trace::parse(&format!("cc-{trace}-{span}-01-what-comes-later")).is_ok());
        for bad in [
            String::new(),
            "00".to_owned(),
            format!("ff-{trace}-{span}-01"),
            format!("0-{trace}-{span}-01"),
            format!("0G-{trace}-{span}-01"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{trace}-{span}-01-"),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{trace}-{}-01", &span[1..]),
            format!("00-{trace}-{span}-1"),
            format!("00-{trace}-{span}-0x"),
            format!("00-{trace}-{span}"),
            format!(" {good}"),
            format!("{good} "),
            format!("00_{trace}_{span}_01"),
        ] {
            assert!(Trace::parse(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_current_trace_is_the_threads_own() {
        let trace = Arc::new(Trace::new(Some("t"), None).unwrap());
        assert_eq!(trace.span_id.len(), 16);
        assert_eq!(set_current(Some(trace.clone())), None);
        assert_eq!(std::thread::spawn(current).join().unwrap(), None);
        let child = Arc::new(trace.child().unwrap());
        assert_eq!(child.trace_id, "t");
        assert_ne!(child.span_id, trace.span_id);
        assert_eq!(set_current(Some(child)), Some(trace));
        set_current(None);
    }

    #[test]
    fn ids_are_what_an_event_and_a_header_can_carry() {
        let longest = "i".repeat(MAX_ID);
        assert!(Trace::new(Some(&longest), Some(&longest)).is_ok());
        for bad in [format!("{longest}i"), "a\nb".to_owned()] {
            assert!(Trace::new(Some(&bad), None).is_err());
            assert!(Trace::new(None, Some(&bad)).is_err());
        }
    }

    #[test]
    fn other_ids_are_hashed() {
        // printf %s my-trace | sha256sum
        assert_eq!(
            hex_form::<32>("my-trace"),
            "670c0f140bf357e6d99293ad6cf0d246"
        );
        for (id, form) in [
            (
                "0AF76519-16CD-43DD-8448-EB211C80319C-",
                "0af7651916cd43dd8448eb211c80319c",
            ),
            (
                "0af7651916cd43dd8448eb211c80319c",
                "0af7651916cd43dd8448eb211c80319c",
            ),
        ] {
            assert_eq!(hex_form::<32>(id), form);
        }
        let long = "0af7651916cd43dd8448eb211c80319cf";
        for other in [long, &long[..31], "0af7651916cd43dd8448eb211c80319\u{e9}"] {
            assert!(!hex_form::<32>(other).starts_with("0af7"), "{other}");
        }
        let zeros = "0".repeat(32);
        assert_ne!(hex_form::<32>(&zeros), zeros);
        assert_eq!(hex_form::<16>("span-1").len(), 16);
    }
}
