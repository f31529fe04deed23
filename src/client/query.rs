//! Filters of events and of traces.

use crate::error::{Error, Result};
use crate::http::url::encode_query;

/// The service's bound for one page.
pub const LARGEST_LIMIT: u32 = 500;

/// Filters of `GET /events`, all optional: an event must match every filter that is set.
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

impl<'a> EventQuery<'a> {
    pub fn check(&self) -> Result<()> {
        if let Some(limit) = self.limit.filter(|limit| *limit > LARGEST_LIMIT) {
            return Err(Error::argument(format!(
                "query.limit: {limit} is more than {LARGEST_LIMIT}, the largest page"
            )));
        }
        if self.attr_key.is_some() != self.attr_value.is_some() {
            return Err(Error::argument(
                "query.attr_key and query.attr_value go together: give both or neither",
            ));
        }
        Ok(())
    }

    /// The filters of text, by their names in the query; `limit` is apart.
    pub fn pairs(&self) -> [(&'static str, Option<&'a str>); 19] {
        [
            ("since", self.since),
            ("until", self.until),
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
        ]
    }

    /// The query string, without its `?`.
    pub fn encode(&self) -> Result<String> {
        self.check()?;
        let limit = self.limit.map(|limit| limit.to_string());
        let pairs = self
            .pairs()
            .into_iter()
            .chain([("limit", limit.as_deref())]);
        Ok(encode_query(
            pairs.filter_map(|(name, value)| Some((name, value?))),
        ))
    }
}

/// Filters of `GET /traces`: those of events, and more. A list is repeated in the query.
#[derive(Debug, Default, Clone)]
pub struct TraceQuery<'a> {
    pub events: EventQuery<'a>,
    pub offset: Option<u32>,
    /// By name in the query: `service`, `operation`, `model`, `provider`, `agent`, `tool`, `release`,
    /// `session`, `user`.
    pub lists: Vec<(&'static str, Vec<&'a str>)>,
    pub errors_only: Option<bool>,
    pub min_duration_ms: Option<u64>,
    pub sort: Option<&'a str>,
}

impl TraceQuery<'_> {
    pub fn encode(&self) -> Result<String> {
        let numbers = [
            ("offset", self.offset.map(|n| n.to_string())),
            ("errorsOnly", self.errors_only.map(|b| b.to_string())),
            ("minDurationMs", self.min_duration_ms.map(|n| n.to_string())),
        ];
        let lists = self
            .lists
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |v| (*name, *v)));
        let numbers = numbers
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let rest = encode_query(
            lists
                .chain(numbers)
                .chain(self.sort.map(|sort| ("sort", sort))),
        );
        let events = self.events.encode()?;
        let both = [events, rest];
        let parts: Vec<&str> = both
            .iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        Ok(parts.join("&"))
    }
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
            "channelId=a%2Fb%3Fc%23d%26e%3Df%2Bg%20%C3%A9&q=-._~&limit=500"
        );
    }

    #[test]
    fn lists_are_repeated() {
        let query = TraceQuery {
            events: EventQuery {
                since: Some("t"),
                ..EventQuery::default()
            },
            offset: Some(10),
            lists: vec![("service", vec!["a b", "c"])],
            errors_only: Some(true),
            sort: Some("-duration"),
            ..TraceQuery::default()
        };
        assert_eq!(
            query.encode().unwrap(),
            "since=t&service=a%20b&service=c&offset=10&errorsOnly=true&sort=-duration"
        );
        assert_eq!(TraceQuery::default().encode().unwrap(), "");
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
}
