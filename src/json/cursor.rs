//! Reading JSON in place, without allocating.
//!
//! A [`Cursor`] never reads out of bounds on text that is not valid either; it then stops early.

use super::validate::hex_escape;

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

/// A place in valid JSON text.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    text: &'a str,
    pub at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Cursor { text, at: 0 }
    }

    /// A place that is known to begin a value.
    pub(super) fn at(text: &'a str, at: usize) -> Self {
        Cursor { text, at }
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
        let ends = |c: &u8| matches!(c, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
        self.text.get(start..self.at).unwrap_or("")
    }

    /// Steps over any value.
    pub fn skip(&mut self) {
        match self.peek() {
            None => {}
            Some(b'"') => {
                self.string();
            }
            Some(b'{' | b'[') => self.skip_container(),
            Some(b'}' | b']' | b',' | b':') => self.at += 1,
            Some(_) => {
                self.scalar();
            }
        }
    }

    fn skip_container(&mut self) {
        let mut depth = 0usize;
        while let Some(c) = self.text.as_bytes().get(self.at) {
            match c {
                b'"' => {
                    self.string();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

/// The first byte of the value of a member of a checked JSON object, the last of that name; `None` if
/// there is none. For a single look, which is not worth an index.
pub fn kind_of_member(object: &str, name: &str) -> Option<u8> {
    let mut cursor = Cursor::new(object);
    let mut kind = None;
    if !cursor.eat(b'{') {
        return None;
    }
    while cursor.peek() == Some(b'"') {
        let wanted = unescape(cursor.string()) == name;
        cursor.eat(b':');
        let value = cursor.peek();
        if wanted {
            kind = value;
        }
        cursor.skip();
        cursor.eat(b',');
    }
    kind
}

/// The JSON text of the elements of an array that is a member of a checked JSON object; none where there is
/// no such array.
pub fn elements<'a>(object: &'a str, name: &str) -> Vec<&'a str> {
    let mut cursor = Cursor::new(object);
    let mut found = Vec::new();
    if !cursor.eat(b'{') {
        return found;
    }
    while cursor.peek() == Some(b'"') {
        let wanted = unescape(cursor.string()) == name;
        cursor.eat(b':');
        if wanted && cursor.peek() == Some(b'[') {
            cursor.at += 1;
            found.clear();
            while !matches!(cursor.peek(), Some(b']') | None) {
                let start = cursor.at;
                cursor.skip();
                found.extend(object.get(start..cursor.at));
                cursor.eat(b',');
            }
            cursor.eat(b']');
        } else {
            cursor.skip();
        }
        cursor.eat(b',');
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn strings_are_unescaped_as_serde_json_does() {
        for text in [
            r#""plain é""#,
            r#""\b\f\n\r\t\/\\\"""#,
            r#""\u0041\ud83d\ude00 \u00e9 end""#,
        ] {
            let ours = unescape(Cursor::new(text).string()).into_owned();
            assert_eq!(ours, serde_json::from_str::<String>(text).unwrap());
        }
    }

    #[test]
    fn text_that_was_not_checked_cannot_crash_the_cursor() {
        let text = r#"{"a":["b\u00e9\",{"c":12}],"d"#;
        for end in 0..text.len() {
            let Some(cut) = text.get(..end) else { continue };
            Cursor::new(cut).skip();
            characters(cut).count();
        }
    }
}
