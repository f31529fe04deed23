//! JSON that is checked once and then read in place.
//!
//! [`check`] decides what is JSON, on the thread of whoever publishes. What is left is walking text
//! that is known to be valid: [`Walker`] steps over it without allocating, which the privacy rules use
//! to copy a payload byte for byte but for the values they replace, and [`Document`] indexes it for
//! RFC 6901 pointers.
//!
//! Rejected: serde_json for the check. Its skipping of a value has no depth limit and lets lone
//! surrogates pass, so that two more passes would be needed, on the path that is to be cheaper than
//! librdkafka's. A test holds `check` to serde_json's verdict on a hundred thousand mutated texts.
//!
//! Rejected: `serde_json::Value`. It rewrites numbers (a 25-digit integer comes back as a float) and
//! takes 32 bytes and more per value, so that a hostile 32 MiB answer would grow to a gigabyte.
//! `Walker` never reads out of bounds on text that is not valid either; it then stops early.

pub mod writer;

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
    check_within(text, MAX_DEPTH)
}

/// The same for a text that goes inside another one, with `max_depth` levels left for it.
pub fn check_within(text: &str, max_depth: usize) -> Result<(), Flaw> {
    let bytes = text.as_bytes();
    Checker {
        bytes,
        at: 0,
        max_depth,
    }
    .document()
}

/// Reads over a text that may be anything.
struct Checker<'a> {
    bytes: &'a [u8],
    at: usize,
    max_depth: usize,
}

impl Checker<'_> {
    #[inline(always)]
    fn document(&mut self) -> Result<(), Flaw> {
        // The containers that are open, the innermost in the lowest bit: 1 for an object.
        let mut open: u128 = 0;
        let mut depth = 0;
        loop {
            // A value starts here.
            match self.next() {
                Some(c @ (b'{' | b'[')) => {
                    let is_object = c == b'{';
                    self.at += 1;
                    depth += 1;
                    if depth > self.max_depth {
                        return Err(Flaw::TooDeep);
                    }
                    open = open << 1 | u128::from(is_object);
                    let end = if is_object { b'}' } else { b']' };
                    if self.next() != Some(end) {
                        if is_object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                _ => return Err(self.flaw("expected a value")),
            }
            // A value, or the inside of a container, ends here.
            loop {
                if depth == 0 {
                    return match self.next() {
                        None => Ok(()),
                        Some(_) => Err(self.flaw("expected the end")),
                    };
                }
                let is_object = open & 1 == 1;
                match self.next() {
                    Some(b',') => {
                        self.at += 1;
                        if is_object {
                            self.key()?;
                        }
                        break;
                    }
                    Some(b'}') if is_object => self.at += 1,
                    Some(b']') if !is_object => self.at += 1,
                    _ if is_object => return Err(self.flaw("expected ',' or '}'")),
                    _ => return Err(self.flaw("expected ',' or ']'")),
                }
                open >>= 1;
                depth -= 1;
            }
        }
    }

    #[inline(always)]
    fn flaw(&self, what: &'static str) -> Flaw {
        flaw_at(what, self.at)
    }

    /// The next byte that is not white space.
    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        loop {
            let c = *self.bytes.get(self.at)?;
            // One comparison for all bytes that begin or end anything.
            if c > b' ' || !matches!(c, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(c);
            }
            self.at += 1;
        }
    }

    /// A member's name and the colon after it.
    #[inline(always)]
    fn key(&mut self) -> Result<(), Flaw> {
        if self.next() != Some(b'"') {
            return Err(self.flaw("expected a member's name"));
        }
        self.string()?;
        if self.next() != Some(b':') {
            return Err(self.flaw("expected ':'"));
        }
        self.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn literal(&mut self, word: &[u8]) -> Result<(), Flaw> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.flaw("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    #[inline(always)]
    fn number(&mut self) -> Result<(), Flaw> {
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        // No digits follow a leading zero.
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    #[inline(always)]
    fn digits(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.flaw("expected a digit"));
        }
        Ok(())
    }

    #[inline(always)]
    fn string(&mut self) -> Result<(), Flaw> {
        self.at += 1;
        loop {
            self.at += plain(&self.bytes[self.at..]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.flaw("a control character that is not escaped")),
                None => return Err(self.flaw("a string that does not end")),
            }
        }
    }

    #[inline(always)]
    fn escape(&mut self) -> Result<(), Flaw> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match hex_escape(self.bytes, self.at) {
                None => return Err(self.flaw("expected \\u and four hex digits")),
                Some(0xD800..=0xDBFF)
                    if matches!(hex_escape(self.bytes, self.at + 6), Some(0xDC00..=0xDFFF)) =>
                {
                    self.at += 12;
                }
                Some(0xD800..=0xDFFF) => return Err(self.flaw("half of a surrogate pair")),
                Some(_) => self.at += 6,
            },
            _ => return Err(self.flaw("an escape that does not exist")),
        }
        Ok(())
    }
}

/// Apart, and by value, so that the checker itself stays in registers.
#[cold]
fn flaw_at(what: &'static str, at: usize) -> Flaw {
    Flaw::Syntax(format!("{what} at byte {at}"))
}

/// How many bytes at the start are plain inside a string: no quote, backslash or control character.
/// Eight at a time, by the usual trick on the bytes of a word.
#[inline(always)]
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    /// The high bit of each byte that is below `limit` (128 at most), exact up to the first.
    fn below(word: u64, limit: u64) -> u64 {
        word.wrapping_sub(ONES * limit) & !word & HIGHS
    }
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = below(word, 0x20)
            | below(word ^ (ONES * u64::from(b'"')), 1)
            | below(word ^ (ONES * u64::from(b'\\')), 1);
        if found != 0 {
            return i * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let special = rest
        .iter()
        .position(|c| matches!(c, b'"' | b'\\' | 0..0x20));
    words.len() * 8 + special.unwrap_or(rest.len())
}

/// The code unit of a `\uXXXX` escape that starts at `at`.
fn hex_escape(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    // Not from_str_radix, which takes a sign as well.
    digits.iter().try_fold(0, |unit: u16, digit| {
        let digit = (*digit as char).to_digit(16)?;
        Some(unit << 4 | digit as u16)
    })
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
    if memchr::memchr(b'\\', raw.as_bytes()).is_some() {
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
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
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
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\\', rest) {
                Some(at) if rest[at] == b'\\' => end += at + 2,
                Some(at) => break end += at,
                None => break end = bytes.len(),
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

/// The first byte of the value of a member of a checked JSON object, the last of that name; `None` if
/// there is none. For a single look, which is not worth an index.
pub fn kind_of_member(object: &str, name: &str) -> Option<u8> {
    let mut walker = Walker::new(object);
    let mut kind = None;
    if !walker.eat(b'{') {
        return None;
    }
    while walker.peek() == Some(b'"') {
        let wanted = unescape(walker.string()) == name;
        walker.eat(b':');
        let value = walker.peek();
        if wanted {
            kind = value;
        }
        walker.skip();
        walker.eat(b',');
    }
    kind
}

/// The texts of the elements of an array that is a member of a checked JSON object; none where there is
/// no such array.
pub fn elements<'a>(object: &'a str, name: &str) -> Vec<&'a str> {
    let mut walker = Walker::new(object);
    let mut found = Vec::new();
    if !walker.eat(b'{') {
        return found;
    }
    while walker.peek() == Some(b'"') {
        let wanted = unescape(walker.string()) == name;
        walker.eat(b':');
        if wanted && walker.peek() == Some(b'[') {
            walker.at += 1;
            found.clear();
            while !matches!(walker.peek(), Some(b']') | None) {
                let start = walker.at;
                walker.skip();
                found.extend(object.get(start..walker.at));
                walker.eat(b',');
            }
            walker.eat(b']');
        } else {
            walker.skip();
        }
        walker.eat(b',');
    }
    found
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
                let wanted = unescape_token(token)?;
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

/// The name that a reference token stands for; `None` where a `~` escapes nothing (RFC 6901, 3).
fn unescape_token(token: &str) -> Option<String> {
    let mut pieces = token.split('~');
    let mut name = pieces.next()?.to_owned();
    for piece in pieces {
        name.push(match piece.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        name.push_str(&piece[1..]);
    }
    Some(name)
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
    fn elements_are_cut_out_as_they_stand() {
        let text = r#" { "n" : null, "events" : [ {"a":[1,2]} , "x,]" ,3 ] , "z":{} } "#;
        assert_eq!(
            elements(text, "events"),
            [r#"{"a":[1,2]}"#, r#""x,]""#, "3"]
        );
        assert!(elements(text, "n").is_empty() && elements(text, "none").is_empty());
        assert_eq!(kind_of_member(text, "events"), Some(b'['));
        assert_eq!(kind_of_member(text, "n"), Some(b'n'));
        assert_eq!(kind_of_member(text, "a"), None);
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

    /// Mutates texts at random and compares with serde_json, which stands in for RFC 8259.
    #[test]
    fn the_check_agrees_with_serde_json() {
        const SEEDS: &[&str] = &[
            r#"{"a":[1,-0.5e+3,true,false,null,"x\n\u00e9"],"b":{"c":{}},"d":[]}"#,
            r#" [ "a long string, longer than eight bytes é", 0 , 10.25E-2 , { } ] "#,
            r#""\ud83d\ude00\"\\\/\b\f\n\r\t""#,
            "-12.5e10",
            "{\"k\":\"\u{7f}\u{80}\u{1F600}\"}",
        ];
        const PIECES: &[&str] = &[
            "\"", "\\", "{", "}", "[", "]", ":", ",", "0", "1", "-", "+", ".", "e", "\\u",
            "\\ud800", "\\udc00", "\n", "\t", "\u{0}", "\u{1f}", " ", "true", "nul", "é",
            "\u{2028}", "",
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % bound as u64) as usize
        };
        let (mut valid, mut invalid) = (0, 0);
        for round in 0..100_000 {
            let mut text: Vec<char> = SEEDS[round % SEEDS.len()].chars().collect();
            for _ in 0..random(4) {
                let at = random(text.len() + 1);
                let end = (at + random(3)).min(text.len());
                text.splice(at..end, PIECES[random(PIECES.len())].chars());
            }
            let text: String = text.into_iter().collect();
            // A string is what serde_json reads in full: surrogates are judged then. Numbers are
            // compared by grammar alone: one that is too large for it is JSON all the same.
            let judged = serde_json::from_str::<serde_json::Value>(&text);
            let expected = match &judged {
                Err(e) if e.to_string().contains("number out of range") => true,
                other => other.is_ok(),
            };
            assert_eq!(check(&text).is_ok(), expected, "{text:?}: {judged:?}");
            if expected { valid += 1 } else { invalid += 1 }
        }
        assert!(
            valid > 10_000 && invalid > 10_000,
            "{valid} valid, {invalid} invalid"
        );
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
