//! Whether a text is JSON.
//!
//! Rejected: serde_json. Its skipping of a value has no depth limit and lets lone surrogates pass, so
//! that two more passes would be needed, on the path that is to be cheaper than librdkafka's. A test
//! holds [`check`] to serde_json's verdict on a hundred thousand mutated strings.

/// The deepest nesting accepted: the bound that serde_json has for its own recursion.
pub const MAX_DEPTH: usize = 127;

/// Why a text is not acceptable JSON.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    Syntax(String),
    TooDeep,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Syntax(what) => write!(f, "not valid JSON: {what}"),
            Error::TooDeep => write!(f, "nested deeper than {MAX_DEPTH} levels"),
        }
    }
}

/// Checks that `text` is one JSON document (RFC 8259), no deeper than [`MAX_DEPTH`], without lone
/// surrogates (which no UTF-8 text can hold, so that receivers refuse them).
pub fn check(text: &str) -> Result<(), Error> {
    check_within(text, MAX_DEPTH)
}

/// The same for a text that goes inside another one, with `max_depth` levels left for it.
pub fn check_within(text: &str, max_depth: usize) -> Result<(), Error> {
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
    fn document(&mut self) -> Result<(), Error> {
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
                        return Err(Error::TooDeep);
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
                _ => return Err(self.error("expected a value")),
            }
            // A value, or the inside of a container, ends here.
            loop {
                if depth == 0 {
                    return match self.next() {
                        None => Ok(()),
                        Some(_) => Err(self.error("expected the end")),
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
                    _ if is_object => return Err(self.error("expected ',' or '}'")),
                    _ => return Err(self.error("expected ',' or ']'")),
                }
                open >>= 1;
                depth -= 1;
            }
        }
    }

    #[inline(always)]
    fn error(&self, what: &'static str) -> Error {
        error_at(what, self.at)
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
    fn key(&mut self) -> Result<(), Error> {
        if self.next() != Some(b'"') {
            return Err(self.error("expected a member's name"));
        }
        self.string()?;
        if self.next() != Some(b':') {
            return Err(self.error("expected ':'"));
        }
        self.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn literal(&mut self, word: &[u8]) -> Result<(), Error> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.error("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    #[inline(always)]
    fn number(&mut self) -> Result<(), Error> {
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
    fn digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.error("expected a digit"));
        }
        Ok(())
    }

    #[inline(always)]
    fn string(&mut self) -> Result<(), Error> {
        self.at += 1;
        loop {
            self.at += plain(&self.bytes[self.at..]);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.error("a control character that is not escaped")),
                None => return Err(self.error("a string that does not end")),
            }
        }
    }

    #[inline(always)]
    fn escape(&mut self) -> Result<(), Error> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match hex_escape(self.bytes, self.at) {
                None => return Err(self.error("expected \\u and four hex digits")),
                Some(0xD800..=0xDBFF)
                    if matches!(hex_escape(self.bytes, self.at + 6), Some(0xDC00..=0xDFFF)) =>
                {
                    self.at += 12;
                }
                Some(0xD800..=0xDFFF) => return Err(self.error("half of a surrogate pair")),
                Some(_) => self.at += 6,
            },
            _ => return Err(self.error("an escape that does not exist")),
        }
        Ok(())
    }
}

/// Apart, and by value, so that the checker itself stays in registers.
#[cold]
fn error_at(what: &'static str, at: usize) -> Error {
    Error::Syntax(format!("{what} at byte {at}"))
}

/// How many bytes at the start are plain inside a string: no quote, backslash or control character.
#[inline(always)]
fn plain(bytes: &[u8]) -> usize {
    // Most strings end within the first words; only in a longer one does a step of 32 bytes pay.
    let Some((first, rest)) = bytes.split_at_checked(16) else {
        return plain_words(bytes);
    };
    let found = plain_words(first);
    if found < first.len() {
        return found;
    }
    let (blocks, _) = rest.as_chunks::<32>();
    let plain_blocks = blocks.iter().take_while(|block| !has_special(block));
    let at = first.len() + 32 * plain_blocks.count();
    at + plain_words(&bytes[at..])
}

/// Without a branch inside, so that the compiler makes vector instructions of it.
#[inline(always)]
fn has_special(block: &[u8; 32]) -> bool {
    let special = |c: u8| u8::from(c < 0x20) | u8::from(c == b'"') | u8::from(c == b'\\');
    block.iter().fold(0, |any, c| any | special(*c)) != 0
}

/// Eight bytes at a time, by the usual trick on the bytes of a word.
#[inline(always)]
fn plain_words(bytes: &[u8]) -> usize {
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
pub(super) fn hex_escape(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    // Not from_str_radix, which takes a sign as well.
    digits.iter().try_fold(0, |unit: u16, digit| {
        let digit = (*digit as char).to_digit(16)?;
        Some(unit << 4 | digit as u16)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_bounded_outside_strings_only() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err(Error::TooDeep));
        assert_eq!(check(&nested(1_000_000)), Err(Error::TooDeep));
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
            assert!(matches!(check(text), Err(Error::Syntax(_))), "{text}");
        }
        for text in [r#""\ud800""#, r#""\udc00x""#, r#"["\ud83dA"]"#] {
            assert!(matches!(check(text), Err(Error::Syntax(_))), "{text}");
        }
        for text in [r#""\ud83d\ude00""#, r#""\\ud800""#, "\"\\u0000\""] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    /// Mutates strings at random and compares with serde_json, which stands in for RFC 8259.
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
            // A string is what serde_json reads in full: lone surrogates are refused then. Numbers are
            // compared by grammar alone: one that is too large for it is JSON all the same.
            let verdict = serde_json::from_str::<serde_json::Value>(&text);
            let expected = match &verdict {
                Err(e) if e.to_string().contains("number out of range") => true,
                other => other.is_ok(),
            };
            assert_eq!(check(&text).is_ok(), expected, "{text:?}: {verdict:?}");
            if expected { valid += 1 } else { invalid += 1 }
        }
        assert!(
            valid > 10_000 && invalid > 10_000,
            "{valid} valid, {invalid} invalid"
        );
    }
}
