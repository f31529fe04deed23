//! JSON that is checked once and then read in place.
//!
//! serde_json decides what is JSON ([`check`]). What is left is walking text that is known to be
//! valid: [`Walker`] steps over it without allocating, which the privacy rules use to copy a payload
//! byte for byte but for the values they replace, and [`Document`] indexes it for RFC 6901 pointers.
//!
//! Rejected: `serde_json::Value`. It rewrites numbers (a 25-digit integer comes back as a float) and
//! takes 32 bytes and more per value, so that a hostile 32 MiB answer would grow to a gigabyte.
//! `Walker` never reads out of bounds on text that is not valid either; it then stops early.

use serde::de::IgnoredAny;

/// The deepest nesting accepted: the bound that serde_json has for its own recursion.
pub const MAX_DEPTH: usize = 127;

/// Why a text is not acceptable JSON.
#[derive(Debug, PartialEq, Eq)]
pub enum Flaw {
    Syntax(String),
    TooDeep,
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Flaw::Syntax(what) => write!(f, "not valid JSON: {what}"),
            Flaw::TooDeep => write!(f, "nested deeper than {MAX_DEPTH} levels"),
        }
    }
}

/// Checks that `text` is one JSON document (RFC 8259), no deeper than [`MAX_DEPTH`], without lone
/// surrogates (which no UTF-8 text can hold, so that receivers refuse them).
pub fn check(text: &str) -> Result<(), Flaw> {
    // serde_json skips values without recursion and so without a depth limit; this finds a deep text.
    // Hardly any text has that many brackets, and counting them is far cheaper than tracking them.
    let brackets = text
        .bytes()
        .map(|c| u32::from(matches!(c, b'{' | b'[')))
        .sum::<u32>();
    if brackets as usize > MAX_DEPTH && depth(text) > MAX_DEPTH {
        return Err(Flaw::TooDeep);
    }
    serde_json::from_str::<IgnoredAny>(text).map_err(|e| Flaw::Syntax(e.to_string()))?;
    match lone_surrogate(text) {
        Some(at) => Err(Flaw::Syntax(format!(
            "a lone surrogate escape at byte {at} is no Unicode character"
        ))),
        None => Ok(()),
    }
}

/// The deepest nesting of brackets outside strings, in text that may be invalid.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for c in text.bytes() {
        match c {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The place of a `\uD800`–`\uDFFF` escape without its other half, in valid JSON.
fn lone_surrogate(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    // A backslash occurs only inside strings of valid JSON.
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        match hex_escape(bytes, at) {
            Some(0xD800..=0xDBFF) => match hex_escape(bytes, at + 6) {
                Some(0xDC00..=0xDFFF) => at += 12,
                _ => return Some(at),
            },
            Some(0xDC00..=0xDFFF) => return Some(at),
            Some(_) => at += 6,
            None => at += 2,
        }
    }
    None
}

/// The code unit of a `\uXXXX` escape that starts at `at`.
fn hex_escape(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The characters of a string's raw content (between its quotes), each with the byte where it ends.
pub fn characters(raw: &str) -> impl Iterator<Item = (char, usize)> + '_ {
    let bytes = raw.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let c = raw.get(at..)?.chars().next()?;
        if c != '\\' {
            at += c.len_utf8();
            return Some((c, at));
        }
        if let Some(unit) = hex_escape(bytes, at) {
            let pair = hex_escape(bytes, at + 6);
            let mut units = [Some(unit), pair].into_iter().flatten();
            let c = match unit {
                0xD800..=0xDBFF => char::decode_utf16(&mut units).next()?.ok()?,
                _ => char::from_u32(u32::from(unit))?,
            };
            at += 6 * c.len_utf16();
            return Some((c, at));
        }
        let c = match bytes.get(at + 1)? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            &other => other as char,
        };
        at += 2;
        Some((c, at))
    })
}

/// The text that a string's raw content stands for.
pub fn unescape(raw: &str) -> std::borrow::Cow<'_, str> {
    if raw.contains('\\') {
        characters(raw).map(|(c, _)| c).collect::<String>().into()
    } else {
        raw.into()
    }
}

/// Appends `text` as a JSON string with its quotes.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a string always serialises into memory");
}

/// A place in valid JSON text.
#[derive(Clone, Copy)]
pub struct Walker<'a> {
    text: &'a str,
    pub at: usize,
}

impl<'a> Walker<'a> {
    pub fn new(text: &'a str) -> Self {
        Walker { text, at: 0 }
    }

    /// The next byte that is not white space.
    pub fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blank = rest
            .iter()
            .take_while(|c| matches!(c, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.at += blank;
        rest.get(blank).copied()
    }

    /// Steps over `c` where it is next.
    pub fn eat(&mut self, c: u8) -> bool {
        let next = self.peek() == Some(c);
        self.at += usize::from(next);
        next
    }

    /// Steps over a string; gives its raw content, between the quotes.
    pub fn string(&mut self) -> &'a str {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        while let Some(&c) = bytes.get(end) {
            match c {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.at = end + 1;
        self.text.get(start..end).unwrap_or("")
    }

    /// Steps over a number, `true`, `false` or `null`; gives its text.
    pub fn scalar(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or("");
        let end = rest
            .find([',', '}', ']', ' ', '\t', '\n', '\r'])
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Steps over any value.
    pub fn skip(&mut self) {
        let mut depth = 0usize;
        loop {
            match self.peek() {
                None => return,
                Some(b'"') => {
                    self.string();
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                Some(b',' | b':') => self.at += 1,
                Some(_) => {
                    self.scalar();
                }
            }
            if depth == 0 {
                return;
            }
        }
    }
}

/// JSON text with an index of its values: eight bytes a value, whatever the text.
#[derive(Debug)]
pub struct Document {
    text: String,
    nodes: once_cell::sync::OnceCell<Vec<Node>>,
}

/// A value: where its text starts, and the index of the node after everything inside it. The members
/// of an object are pairs of nodes, key then value.
#[derive(Debug, Clone, Copy)]
struct Node {
    start: u32,
    next: u32,
}

/// A value found in a [`Document`].
pub enum Found<'a> {
    /// The text it stands for.
    String(std::borrow::Cow<'a, str>),
    /// The text of a number, `true`, `false` or `null`.
    Scalar(&'a str),
    /// How many members it has.
    Array(usize),
    Object(usize),
}

impl Document {
    /// `text` must be smaller than 4 GiB; answers are bounded far below.
    pub fn parse(text: String) -> Result<Self, Flaw> {
        check(&text)?;
        Ok(Self::from_checked(text))
    }

    /// For text that [`check`] has passed.
    pub fn from_checked(text: String) -> Self {
        Document {
            text,
            nodes: once_cell::sync::OnceCell::new(),
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value at an RFC 6901 pointer (`""` is the whole document).
    pub fn find(&self, pointer: &str) -> Option<Found<'_>> {
        let nodes = self.nodes.get_or_init(|| index(&self.text));
        let mut at = 0;
        if !pointer.is_empty() {
            for token in pointer.strip_prefix('/')?.split('/') {
                at = self.member(nodes, at, token)?;
            }
        }
        self.value(nodes, at)
    }

    fn first_byte(&self, nodes: &[Node], at: usize) -> Option<u8> {
        let start = nodes.get(at)?.start as usize;
        self.text.as_bytes().get(start).copied()
    }

    /// The indices of the nodes directly inside the one at `parent`.
    fn children<'n>(&self, nodes: &'n [Node], parent: usize) -> impl Iterator<Item = usize> + 'n {
        let end = nodes.get(parent).map_or(0, |n| n.next as usize);
        let mut at = parent + 1;
        std::iter::from_fn(move || {
            let here = at;
            (here < end).then(|| {
                at = nodes[here].next as usize;
                here
            })
        })
    }

    fn member(&self, nodes: &[Node], parent: usize, token: &str) -> Option<usize> {
        match self.first_byte(nodes, parent)? {
            b'{' => {
                let wanted = token.replace("~1", "/").replace("~0", "~");
                let mut found = None;
                let mut children = self.children(nodes, parent);
                // The last member of a name wins, as in every common JSON library.
                while let (Some(key), Some(value)) = (children.next(), children.next()) {
                    if unescape(self.string_at(nodes, key)) == wanted {
                        found = Some(value);
                    }
                }
                found
            }
            b'[' => {
                let canonical = token == "0" || !token.starts_with(['0', '+']);
                let position: usize = token.parse().ok().filter(|_| canonical)?;
                self.children(nodes, parent).nth(position)
            }
            _ => None,
        }
    }

    fn walker(&self, nodes: &[Node], at: usize) -> Walker<'_> {
        Walker {
            text: &self.text,
            at: nodes[at].start as usize,
        }
    }

    fn string_at(&self, nodes: &[Node], at: usize) -> &str {
        self.walker(nodes, at).string()
    }

    fn value(&self, nodes: &[Node], at: usize) -> Option<Found<'_>> {
        Some(match self.first_byte(nodes, at)? {
            b'"' => Found::String(unescape(self.string_at(nodes, at))),
            b'[' => Found::Array(self.children(nodes, at).count()),
            b'{' => Found::Object(self.children(nodes, at).count() / 2),
            _ => Found::Scalar(self.walker(nodes, at).scalar()),
        })
    }
}

/// The nodes of valid JSON, in the order of their text. Without recursion, for any depth.
fn index(text: &str) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut walker = Walker::new(text);
    while let Some(c) = walker.peek() {
        let here = nodes.len();
        match c {
            b',' | b':' => {
                walker.at += 1;
                continue;
            }
            b'}' | b']' => {
                walker.at += 1;
                if let Some(parent) = open.pop() {
                    nodes[parent].next = here as u32;
                }
                continue;
            }
            _ => nodes.push(Node {
                start: walker.at as u32,
                next: here as u32 + 1,
            }),
        }
        match c {
            b'{' | b'[' => {
                open.push(here);
                walker.at += 1;
            }
            b'"' => {
                walker.string();
            }
            _ => {
                walker.scalar();
            }
        }
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(doc: &Document, pointer: &str) -> Option<String> {
        match doc.find(pointer)? {
            Found::String(s) => Some(s.into_owned()),
            _ => None,
        }
    }

    #[test]
    fn rfc_6901_examples_resolve() {
        // The document of RFC 6901, section 5.
        let doc = Document::parse(
            r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4,
                "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#
                .into(),
        )
        .unwrap();
        assert!(matches!(doc.find(""), Some(Found::Object(10))));
        assert!(matches!(doc.find("/foo"), Some(Found::Array(2))));
        assert_eq!(string(&doc, "/foo/0").as_deref(), Some("bar"));
        for (pointer, value) in [
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ] {
            match doc.find(pointer) {
                Some(Found::Scalar(text)) => assert_eq!(text, value, "{pointer}"),
                _ => panic!("{pointer} not found"),
            }
        }
        for absent in [
            "foo", "/foo/2", "/foo/00", "/foo/-", "/foo/+1", "/foo/x", "/foo/0/0", "/q",
        ] {
            assert!(doc.find(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn nested_values_are_indexed() {
        let doc = Document::parse(
            r#" { "events" : [ {"id":"a","n":[[],[1,[2]]]}, {"id":"b\u00e9\ud83d\ude00"} ], "z": -1.5e3 } "#.into(),
        )
        .unwrap();
        assert_eq!(string(&doc, "/events/0/id").as_deref(), Some("a"));
        assert_eq!(string(&doc, "/events/1/id").as_deref(), Some("bé😀"));
        assert!(matches!(
            doc.find("/events/0/n/1/1/0"),
            Some(Found::Scalar("2"))
        ));
        assert!(matches!(doc.find("/z"), Some(Found::Scalar("-1.5e3"))));
        assert!(matches!(doc.find("/events/0/n/0"), Some(Found::Array(0))));
    }

    #[test]
    fn the_last_of_equal_names_wins() {
        let doc = Document::parse(r#"{"a":1,"a":2}"#.into()).unwrap();
        assert!(matches!(doc.find("/a"), Some(Found::Scalar("2"))));
    }

    #[test]
    fn depth_is_bounded_outside_strings_only() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err(Flaw::TooDeep));
        assert_eq!(check(&nested(1_000_000)), Err(Flaw::TooDeep));
        assert_eq!(check(&format!("[\"\\\"{}\"]", "[".repeat(1000))), Ok(()));
        assert_eq!(check(&format!("[{}[]]", "[],".repeat(1000))), Ok(()));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "{",
            "{}x",
            "nul",
            "NaN",
            "[1,]",
            "{'a':1}",
            "\"\u{1}\"",
            "01",
            "{\"a\" 1}",
        ] {
            assert!(matches!(check(text), Err(Flaw::Syntax(_))), "{text}");
        }
        for text in [r#""\ud800""#, r#""\udc00x""#, r#"["\ud83dA"]"#] {
            assert!(matches!(check(text), Err(Flaw::Syntax(_))), "{text}");
        }
        for text in [r#""\ud83d\ude00""#, r#""\\ud800""#, "\"\\u0000\""] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn strings_are_unescaped_as_serde_json_does() {
        for text in [
            r#""plain é""#,
            r#""\b\f\n\r\t\/\\\"""#,
            r#""\u0041\ud83d\ude00 \u00e9 end""#,
        ] {
            let ours = unescape(Walker::new(text).string()).into_owned();
            assert_eq!(ours, serde_json::from_str::<String>(text).unwrap());
        }
    }

    #[test]
    fn text_that_was_not_checked_cannot_crash_the_walker() {
        let text = r#"{"a":["b\u00e9\",{"c":12}],"d"#;
        for end in 0..text.len() {
            let Some(cut) = text.get(..end) else { continue };
            Walker::new(cut).skip();
            index(cut);
            characters(cut).count();
            let doc = Document::from_checked(cut.into());
            doc.find("/a/0");
        }
    }
}
