//! RFC 3339 timestamps in UTC.

use std::time::SystemTime;

/// `2026-11-24T05:57:22.123456Z`.
pub fn format(time: SystemTime) -> String {
    humantime::format_rfc3339_micros(time).to_string()
}

/// `text` as RFC 3339 with the offset `Z`, or `None` where it is no such time in UTC, or before 1970.
pub fn normalise(text: &str) -> Option<String> {
    let bare = ["+00:00", "-00:00", "Z", "z"]
        .iter()
        .find_map(|offset| text.strip_suffix(offset))?;
    // humantime takes an empty fraction and one of any length.
    if let Some((_, fraction)) = bare.split_once('.')
        && !(1..=9).contains(&fraction.len())
    {
        return None;
    }
    let normal = format!("{}Z", bare.replace('t', "T"));
    humantime::parse_rfc3339(&normal).ok()?;
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_times_are_accepted_in_any_spelling() {
        for text in [
            "2026-11-24T05:57:22Z",
            "2026-11-24t05:57:22.5z",
            "2026-11-24T05:57:22.123456789+00:00",
        ] {
            assert!(normalise(text).is_some_and(|t| t.ends_with('Z')), "{text}");
        }
        for text in [
            "",
            "now",
            "2026-11-24",
            "2026-11-24T05:57:22",
            "2026-13-24T05:57:22Z",
            "2026-11-24T05:57:22+02:00",
            "2026-02-30T00:00:00Z",
            "2026-11-24T05:57:22.Z",
            "2026-11-24T05:57:22.1234567890Z",
        ] {
            assert!(normalise(text).is_none(), "{text}");
        }
        let now = format(SystemTime::now());
        assert_eq!(normalise(&now).as_deref(), Some(now.as_str()));
    }
}
