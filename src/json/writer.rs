//! Writing one JSON object piece by piece, for callers without a JSON library.
//!
//! Mistakes do not have to be checked call by call: the first is remembered, what follows is
//! ignored, and [`Writer::text`] reports it.

use super::cursor::{Cursor, unescape};
use super::validate::{MAX_DEPTH, check_within};
use crate::error::{Error, Result};

/// Appends `text` as a JSON string with its quotes.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    // Nothing to escape, as mostly: one copy.
    let is_plain = |c: u8| c >= b' ' && c != b'"' && c != b'\\';
    if text.bytes().fold(true, |plain, c| plain & is_plain(c)) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    serde_json::to_writer(out, text).expect("a string always serialises into memory");
}

#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    /// The containers that are open; the first is the object itself.
    open: Vec<Container>,
    mistake: Option<String>,
}

#[derive(Debug)]
struct Container {
    is_array: bool,
    empty: bool,
}

impl Default for Writer {
    fn default() -> Self {
        Writer {
            out: vec![b'{'],
            open: vec![Container {
                is_array: false,
                empty: true,
            }],
            mistake: None,
        }
    }
}

impl Writer {
    pub fn string(&mut self, key: Option<&str>, value: Option<&str>) {
        self.member(key, |out| match value {
            Some(text) => write_string(out, text),
            None => out.extend_from_slice(b"null"),
        });
    }

    pub fn int(&mut self, key: Option<&str>, value: i64) {
        self.member(key, |out| {
            out.extend_from_slice(value.to_string().as_bytes())
        });
    }

    pub fn double(&mut self, key: Option<&str>, value: f64) {
        if !value.is_finite() {
            return self.mistake(key, &format!("JSON has no number {value}"));
        }
        // serde_json writes the shortest text that reads back as the same number.
        self.member(key, |out| {
            serde_json::to_writer(out, &value).expect("writing to memory")
        });
    }

    pub fn bool(&mut self, key: Option<&str>, value: bool) {
        self.member(key, |out| {
            out.extend_from_slice(value.to_string().as_bytes())
        });
    }

    pub fn raw(&mut self, key: Option<&str>, value: &str) {
        match check_within(value, MAX_DEPTH - self.open.len()) {
            Ok(()) => self.member(key, |out| out.extend_from_slice(value.as_bytes())),
            Err(error) => self.mistake(key, &format!("the raw value is {error}")),
        }
    }

    /// Adds a value that is JSON already, or else is text.
    pub fn raw_or_string(&mut self, key: Option<&str>, value: &str) {
        match check_within(value, MAX_DEPTH - self.open.len()) {
            Ok(()) => self.member(key, |out| out.extend_from_slice(value.as_bytes())),
            Err(_) => self.string(key, Some(value)),
        }
    }

    /// Adds the members of a JSON object to the one that is open.
    pub fn members_of(&mut self, object: &str) {
        if let Err(error) = check_within(object, MAX_DEPTH - self.open.len()) {
            return self.mistake(None, &format!("the object is {error}"));
        }
        let mut cursor = Cursor::new(object);
        if !cursor.eat(b'{') {
            return self.mistake(None, "expected a JSON object");
        }
        while cursor.peek() == Some(b'"') {
            let key = unescape(cursor.string());
            cursor.eat(b':');
            cursor.peek();
            let start = cursor.at;
            cursor.skip();
            let value = &object[start..cursor.at];
            self.member(Some(&key), |out| out.extend_from_slice(value.as_bytes()));
            cursor.eat(b',');
        }
    }

    pub fn begin(&mut self, key: Option<&str>, is_array: bool) {
        if self.open.len() >= MAX_DEPTH {
            return self.mistake(key, &format!("nested deeper than {} levels", MAX_DEPTH));
        }
        self.member(key, |out| out.push(if is_array { b'[' } else { b'{' }));
        if self.mistake.is_none() {
            self.open.push(Container {
                is_array,
                empty: true,
            });
        }
    }

    pub fn end(&mut self) {
        if self.mistake.is_some() {
            return;
        }
        if self.open.len() <= 1 {
            return self.mistake(None, "an end without a begin");
        }
        if let Some(container) = self.open.pop() {
            self.out.push(if container.is_array { b']' } else { b'}' });
        }
    }

    /// For mistakes that the caller found, such as text that is not UTF-8.
    pub fn mistake(&mut self, key: Option<&str>, what: &str) {
        self.mistake.get_or_insert_with(|| match key {
            Some(key) => format!("json: member {key:?}: {what}"),
            None => format!("json: {what}"),
        });
    }

    /// The finished object.
    pub fn text(&self) -> Result<String> {
        if let Some(mistake) = &self.mistake {
            return Err(Error::argument(mistake.clone()));
        }
        let unclosed = self.open.len() - 1;
        if unclosed > 0 {
            return Err(Error::argument(format!(
                "json: {unclosed} begun and not ended; call axonpush_json_end"
            )));
        }
        let mut text = self.out.clone();
        text.push(b'}');
        Ok(String::from_utf8(text).expect("made of UTF-8 pieces"))
    }

    fn member(&mut self, key: Option<&str>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.mistake.is_some() {
            return;
        }
        let container = self
            .open
            .last_mut()
            .expect("the object itself is never closed");
        match (container.is_array, key) {
            (true, Some(_)) => return self.mistake(key, "a key inside an array; pass NULL"),
            (false, None) => {
                return self.mistake(None, "a key is missing; members of an object need one");
            }
            _ => {}
        }
        if !std::mem::take(&mut container.empty) {
            self.out.push(b',');
        }
        if let Some(key) = key {
            write_string(&mut self.out, key);
            self.out.push(b':');
        }
        write(&mut self.out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_written() {
        let mut w = Writer::default();
        assert_eq!(w.text().unwrap(), "{}");
        w.string(Some("s"), Some("a\"\n\u{1}é"));
        w.string(Some("n"), None);
        w.begin(Some("list"), true);
        w.int(None, i64::MIN);
        w.double(None, 0.1);
        w.begin(None, false);
        w.end();
        w.end();
        w.bool(Some("b"), true);
        w.raw(Some("r"), "[1, 2]");
        w.raw_or_string(Some("j"), "{\"a\": 1}");
        w.raw_or_string(Some("t"), "{\"a\": ");
        assert_eq!(
            w.text().unwrap(),
            r#"{"s":"a\"\n\u0001é","n":null,"list":[-9223372036854775808,0.1,{}],"b":true,"r":[1, 2],"j":{"a": 1},"t":"{\"a\": "}"#
        );
    }

    fn mistake(write: impl FnOnce(&mut Writer)) -> String {
        let mut w = Writer::default();
        write(&mut w);
        w.int(Some("later"), 1);
        w.text().unwrap_err().message
    }

    #[test]
    fn the_first_mistake_is_reported() {
        assert!(mistake(|w| w.end()).contains("without a begin"));
        assert!(mistake(|w| w.int(None, 1)).contains("key is missing"));
        assert!(
            mistake(|w| {
                w.begin(Some("a"), true);
                w.int(Some("k"), 1)
            })
            .contains("inside an array")
        );
        assert!(mistake(|w| w.double(Some("d"), f64::NAN)).contains("\"d\""));
        assert!(mistake(|w| w.raw(Some("r"), "{]")).contains("raw"));
        assert!(mistake(|w| w.begin(Some("a"), true)).contains("\"later\""));
        assert!(mistake(|w| (0..200).for_each(|_| w.begin(Some("a"), false))).contains("deeper"));
        let deep = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert!(mistake(|w| w.raw(Some("r"), &deep)).contains("deeper"));
        let mut open = Writer::default();
        open.begin(Some("a"), true);
        assert!(open.text().unwrap_err().message.contains("1 begun"));
        open.end();
        assert_eq!(open.text().unwrap(), r#"{"a":[]}"#);
    }
}
