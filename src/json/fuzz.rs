//! What a fuzzer feeds the JSON reader (tests/fuzz).

use serde_json::Value;

use super::{Document, Found, check, cursor};

/// So many values of one text are looked at.
const MOST_VALUES: usize = 300;

/// The check agrees with serde_json, and pointers find in the text what serde_json finds.
pub fn json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let valid = check(text).is_ok();
    let value = serde_json::from_str::<Value>(text);
    match &value {
        // It is JSON all the same.
        Err(e) if e.to_string().contains("number out of range") => {}
        other => assert_eq!(valid, other.is_ok(), "{other:?}"),
    }
    if !valid {
        return;
    }
    let document = Document::from_checked(text.to_owned());
    assert_eq!(document.raw(""), Some(text.trim_ascii()));
    if let Ok(value) = value {
        compare(&document, &value, String::new(), &mut 0);
    }
    for member in ["eventId", "events", ""] {
        cursor::kind_of_member(text, member);
    }
}

fn compare(document: &Document, value: &Value, pointer: String, seen: &mut usize) {
    *seen += 1;
    if *seen > MOST_VALUES {
        return;
    }
    let raw = document.raw(&pointer).expect("the text of a value");
    assert_eq!(check(raw), Ok(()));
    match (document.find(&pointer).expect("a value"), value) {
        (Found::String(text), Value::String(other)) => assert_eq!(&text, other),
        (Found::Scalar(text), Value::Null) => assert_eq!(text, "null"),
        (Found::Scalar(text), Value::Bool(other)) => assert_eq!(text, other.to_string()),
        (Found::Scalar(text), Value::Number(other)) => {
            // serde_json takes a short way, which misses the nearest number by a little.
            let (number, other): (f64, f64) = (text.parse().unwrap(), other.as_f64().unwrap());
            assert!((number - other).abs() <= number.abs() * 1e-15, "{text}");
        }
        (Found::Array(count), Value::Array(values)) => {
            assert_eq!(count, values.len());
            assert!(document.find(&format!("{pointer}/{count}")).is_none());
            for (n, value) in values.iter().enumerate() {
                compare(document, value, format!("{pointer}/{n}"), seen);
            }
        }
        (Found::Object(count), Value::Object(members)) => {
            // Of several members with one name it keeps the last.
            assert!(count >= members.len());
            for (name, value) in members {
                let token = name.replace('~', "~0").replace('/', "~1");
                compare(document, value, format!("{pointer}/{token}"), seen);
            }
        }
        _ => panic!("another kind of value at {pointer:?}"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_the_fuzzer_found_is_read() {
        crate::sys::testing::replay("json", super::json);
    }
}
