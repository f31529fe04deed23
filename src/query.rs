//! Paths and queries of requests.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};

/// What is encoded in a path segment and in a query value: all but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The service's bound for one page.
pub const LARGEST_LIMIT: u32 = 500;

/// Filters of `GET /events`, all optional and all of them to be met.
#[derive(Debug, Default, Clone)]
pub struct EventQuery<'a> {
    pub since: Option<&'a str>,
    pub until: Option<&'a str>,
    pub limit: Option<u32>,
    pub app_id: Option<&'a str>,
    pub channel_id: Option<&'a str>,
    pub environment_id: Option<&'a str>,
    pub event_type: Option<&'a str>,
    pub source: Option<&'a str>,
    pub status: Option<&'a str>,
    pub trace_id: Option<&'a str>,
    pub agent_id: Option<&'a str>,
    pub agent_name: Option<&'a str>,
    pub tool_name: Option<&'a str>,
    pub semantic_kind: Option<&'a str>,
    pub service_name: Option<&'a str>,
    pub operation_name: Option<&'a str>,
    pub error_type: Option<&'a str>,
    pub q: Option<&'a str>,
    pub attr_key: Option<&'a str>,
    pub attr_value: Option<&'a str>,
}

impl EventQuery<'_> {
    /// The query string, without its `?`.
    pub fn encode(&self) -> Result<String> {
        if self.limit.is_some_and(|limit| limit > LARGEST_LIMIT) {
            return Err(Error::argument(format!(
                "query.limit: {} is more than {LARGEST_LIMIT}, the largest page",
                self.limit.unwrap_or_default()
            )));
        }
        if self.attr_key.is_some() != self.attr_value.is_some() {
            return Err(Error::argument(
                "query.attr_key and query.attr_value go together: give both or neither",
            ));
        }
        let limit = self.limit.map(|limit| limit.to_string());
        let pairs = [
            ("since", self.since),
            ("until", self.until),
            ("limit", limit.as_deref()),
            ("appId", self.app_id),
            ("channelId", self.channel_id),
            ("environmentId", self.environment_id),
            ("eventType", self.event_type),
            ("source", self.source),
            ("status", self.status),
            ("traceId", self.trace_id),
            ("agentId", self.agent_id),
            ("agentName", self.agent_name),
            ("toolName", self.tool_name),
            ("semanticKind", self.semantic_kind),
            ("serviceName", self.service_name),
            ("operationName", self.operation_name),
            ("errorType", self.error_type),
            ("q", self.q),
            ("attrKey", self.attr_key),
            ("attrValue", self.attr_value),
        ];
        let mut out = String::new();
        for (name, value) in pairs {
            if let Some(value) = value {
                if !out.is_empty() {
                    out.push('&');
                }
                out.push_str(name);
                out.push('=');
                out.extend(utf8_percent_encode(value, RESERVED));
            }
        }
        Ok(out)
    }
}

/// Checks a path and query that the caller encoded: they must stay inside the base URL.
pub fn target(path: &str, query: Option<&str>) -> Result<String> {
    let legal = |text: &str| {
        text.bytes()
            .all(|c| c.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&c))
    };
    if !path.starts_with('/') {
        return Err(Error::argument(
            "path: it must start with '/', such as \"/events\"",
        ));
    }
    if !legal(path) || path.contains('?') {
        return Err(Error::argument(
            "path: it has a character that a URL path cannot hold; percent-encode it (a query goes in the argument query)",
        ));
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Error::argument(
            "path: the segments \".\" and \"..\" are not allowed",
        ));
    }
    let Some(query) = query.filter(|q| !q.is_empty()) else {
        return Ok(path.to_owned());
    };
    if !legal(query) {
        return Err(Error::argument(
            "query: it has a character that a URL query cannot hold; percent-encode it",
        ));
    }
    Ok(format!("{path}?{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_percent_encoded() {
        let query = EventQuery {
            channel_id: Some("a/b?c#d&e=f+g é"),
            limit: Some(500),
            q: Some("-._~"),
            ..EventQuery::default()
        };
        assert_eq!(
            query.encode().unwrap(),
            "limit=500&channelId=a%2Fb%3Fc%23d%26e%3Df%2Bg%20%C3%A9&q=-._~"
        );
    }

    #[test]
    fn bad_filters_are_refused() {
        let too_many = EventQuery {
            limit: Some(501),
            ..EventQuery::default()
        };
        assert!(
            too_many
                .encode()
                .unwrap_err()
                .message
                .contains("query.limit")
        );
        let half = EventQuery {
            attr_key: Some("k"),
            ..EventQuery::default()
        };
        assert!(half.encode().unwrap_err().message.contains("attr_value"));
    }

    #[test]
    fn targets_stay_inside_the_base_url() {
        assert_eq!(
            target("/apps/a%2Fb", Some("x=1")).unwrap(),
            "/apps/a%2Fb?x=1"
        );
        assert_eq!(target("/apps", Some("")).unwrap(), "/apps");
        for path in [
            "",
            "apps",
            "//h/../x",
            "/a/..",
            "/./a",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\nb",
            "/é",
            "http://h/",
        ] {
            assert!(target(path, None).is_err(), "{path}");
        }
        for query in ["a b", "a#b", "a\r\nb"] {
            assert!(target("/a", Some(query)).is_err(), "{query}");
        }
    }
}
