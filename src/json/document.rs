//! JSON text with an index, for RFC 6901 pointers.
//!
//! Rejected: `serde_json::Value`. It rewrites numbers (a 25-digit integer comes back as a float) and
//! takes 32 bytes and more per value, so that a hostile 32 MiB response would grow to a gigabyte.

use super::cursor::{Cursor, unescape};

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
    /// For text that [`check`](super::check) has passed, smaller than 4 GiB (responses are bounded far below).
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
        let (nodes, at) = self.locate(pointer)?;
        self.value(nodes, at)
    }

    /// The text of the value at a pointer, as it stands in the document.
    pub fn raw(&self, pointer: &str) -> Option<&str> {
        let (nodes, at) = self.locate(pointer)?;
        let start = nodes.get(at)?.start as usize;
        let mut cursor = Cursor::at(&self.text, start);
        cursor.skip();
        self.text.get(start..cursor.at)
    }

    fn locate(&self, pointer: &str) -> Option<(&[Node], usize)> {
        let nodes = self.nodes.get_or_init(|| index(&self.text));
        let mut at = 0;
        if !pointer.is_empty() {
            for token in pointer.strip_prefix('/')?.split('/') {
                at = self.member(nodes, at, token)?;
            }
        }
        Some((nodes, at))
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

    fn cursor(&self, nodes: &[Node], at: usize) -> Cursor<'_> {
        Cursor::at(&self.text, nodes[at].start as usize)
    }

    fn string_at(&self, nodes: &[Node], at: usize) -> &str {
        self.cursor(nodes, at).string()
    }

    fn value(&self, nodes: &[Node], at: usize) -> Option<Found<'_>> {
        Some(match self.first_byte(nodes, at)? {
            b'"' => Found::String(unescape(self.string_at(nodes, at))),
            b'[' => Found::Array(self.children(nodes, at).count()),
            b'{' => Found::Object(self.children(nodes, at).count() / 2),
            _ => Found::Scalar(self.cursor(nodes, at).scalar()),
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
    let mut cursor = Cursor::new(text);
    while let Some(c) = cursor.peek() {
        let here = nodes.len();
        match c {
            b',' | b':' => {
                cursor.at += 1;
                continue;
            }
            b'}' | b']' => {
                cursor.at += 1;
                if let Some(parent) = open.pop() {
                    nodes[parent].next = here as u32;
                }
                continue;
            }
            _ => nodes.push(Node {
                start: cursor.at as u32,
                next: here as u32 + 1,
            }),
        }
        match c {
            b'{' | b'[' => {
                open.push(here);
                cursor.at += 1;
            }
            b'"' => {
                cursor.string();
            }
            _ => {
                cursor.scalar();
            }
        }
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document {
        super::super::check(text).unwrap();
        Document::from_checked(text.to_owned())
    }

    fn string(doc: &Document, pointer: &str) -> Option<String> {
        match doc.find(pointer)? {
            Found::String(s) => Some(s.into_owned()),
            _ => None,
        }
    }

    #[test]
    fn rfc_6901_examples_resolve() {
        // The document of RFC 6901, section 5.
        let doc = parse(
            r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4,
                "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#,
        );
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
    fn a_part_is_given_as_it_stands() {
        let doc = parse(r#" { "a" : [ 1 , {"b":"x, ]"} ] , "n" : -1.50e3 , "s":"\u00e9" } "#);
        for (pointer, raw) in [
            ("/a", r#"[ 1 , {"b":"x, ]"} ]"#),
            ("/a/1", r#"{"b":"x, ]"}"#),
            ("/n", "-1.50e3"),
            ("/s", r#""\u00e9""#),
        ] {
            assert_eq!(doc.raw(pointer), Some(raw), "{pointer}");
        }
        assert_eq!(doc.raw("/z"), None);
        assert!(
            doc.raw("")
                .is_some_and(|all| all.starts_with('{') && all.ends_with('}'))
        );
    }

    #[test]
    fn nested_values_are_indexed() {
        let doc = parse(
            r#" { "events" : [ {"id":"a","n":[[],[1,[2]]]}, {"id":"b\u00e9\ud83d\ude00"} ], "z": -1.5e3 } "#,
        );
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
        let doc = parse(r#"{"a":1,"a":2}"#);
        assert!(matches!(doc.find("/a"), Some(Found::Scalar("2"))));
    }

    #[test]
    fn text_that_was_not_checked_cannot_crash_the_index() {
        let text = r#"{"a":["b\u00e9\",{"c":12}],"d"#;
        for end in 0..text.len() {
            let Some(cut) = text.get(..end) else { continue };
            index(cut);
            let doc = Document::from_checked(cut.into());
            doc.find("/a/0");
        }
    }
}
