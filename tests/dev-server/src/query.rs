//! Query strings and the filters they carry.

use percent_encoding::percent_decode_str;
use rusqlite::types::Value as Sql;

use crate::clock;
use crate::problem::Problem;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 500;

/// Query member → the columns in which a match counts. A repeated member matches any of its values.
pub type Filters = &'static [(&'static str, &'static [&'static str])];

/// The decoded query. Members that nobody asks for are ignored.
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(query: Option<&str>) -> Result<Self, Problem> {
        query
            .unwrap_or("")
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?, decode(value)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(member, _)| member == name)
            .map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(member, _)| member == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.text(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Problem::invalid(&format!("query.{name}"), "not a valid number"))
            })
            .transpose()
    }

    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::invalid(
                &format!("query.{name}"),
                "expected true or false",
            )),
        }
    }

    fn time(&self, name: &str) -> Result<Option<i64>, Problem> {
        self.text(name)
            .map(|text| {
                clock::parse(text).ok_or_else(|| {
                    Problem::invalid(&format!("query.{name}"), "not an RFC 3339 time")
                })
            })
            .transpose()
    }

    pub fn limit(&self) -> Result<u64, Problem> {
        match self.number("limit")?.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(limit),
            _ => Err(Problem::invalid(
                "query.limit",
                format!("expected 1 to {MAX_LIMIT}"),
            )),
        }
    }

    /// Everything that selects events: time window, filters, attribute, free text.
    pub fn conditions(
        &self,
        org: &str,
        now: i64,
        filters: &[Filters],
    ) -> Result<Conditions, Problem> {
        let mut conditions = Conditions::default();
        conditions.and("org_id = ?", org);
        let since = self.time("since")?.unwrap_or(now.saturating_sub(DAY));
        conditions.and("created_at >= ?", since);
        if let Some(until) = self.time("until")? {
            conditions.and("created_at < ?", until);
        }
        self.filter(&mut conditions, filters);
        match (self.text("attrKey"), self.text("attrValue")) {
            (None, None) => {}
            (Some(key), Some(value)) => conditions.and_attribute(key, &[value]),
            _ => {
                return Err(Problem::invalid(
                    "query.attrKey",
                    "attrKey and attrValue belong together",
                ));
            }
        }
        self.search(&mut conditions);
        Ok(conditions)
    }

    /// What the page selects events by: any organization, any time, and `attr.<name>` for any attribute.
    pub fn page_conditions(&self, filters: &[Filters]) -> Conditions {
        let mut conditions = Conditions::default();
        self.filter(&mut conditions, filters);
        let mut attributes: Vec<&str> = self
            .0
            .iter()
            .filter_map(|(member, _)| member.strip_prefix("attr."))
            .collect();
        attributes.sort_unstable();
        attributes.dedup();
        for name in attributes {
            conditions.and_attribute(name, &self.all(&format!("attr.{name}")));
        }
        self.search(&mut conditions);
        conditions
    }

    fn filter(&self, conditions: &mut Conditions, filters: &[Filters]) {
        for (name, columns) in filters.iter().copied().flatten() {
            let values = self.all(name);
            if !values.is_empty() {
                conditions.and_any_of(columns, &values);
            }
        }
    }

    /// Free text.
    fn search(&self, conditions: &mut Conditions) {
        if let Some(needle) = self.text("q").filter(|needle| !needle.is_empty()) {
            conditions.and("instr(search_text, ?) > 0", needle.to_lowercase());
        }
    }
}

fn decode(text: &str) -> Result<String, Problem> {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .map(|decoded| decoded.into_owned())
        .map_err(|_| Problem::invalid("query", "not UTF-8 after percent-decoding"))
}

/// What a `WHERE` clause demands, and the values for its question marks.
#[derive(Clone, Default)]
pub struct Conditions {
    demands: Vec<String>,
    pub values: Vec<Sql>,
}

impl Conditions {
    pub fn sql(&self) -> String {
        match self.demands.is_empty() {
            true => "TRUE".into(),
            false => self.demands.join(" AND "),
        }
    }

    pub fn and(&mut self, condition: &str, value: impl Into<OwnedSql>) {
        self.demands.push(condition.into());
        self.values.push(value.into().0);
    }

    fn and_any_of(&mut self, columns: &[&str], values: &[&str]) {
        let marks = marks(values.len());
        let alternatives: Vec<_> = columns
            .iter()
            .map(|column| format!("{column} IN ({marks})"))
            .collect();
        self.demands
            .push(format!("({})", alternatives.join(" OR ")));
        for _ in columns {
            self.values
                .extend(values.iter().map(|&value| Sql::from(value.to_owned())));
        }
    }

    fn and_attribute(&mut self, name: &str, values: &[&str]) {
        self.demands.push(format!(
            "EXISTS (SELECT 1 FROM json_each(attributes) WHERE key = ? AND value IN ({}))",
            marks(values.len())
        ));
        let texts = [&[name], values].concat();
        self.values
            .extend(texts.into_iter().map(|text| Sql::from(text.to_owned())));
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Lets `and` take borrowed text as well as owned values.
pub struct OwnedSql(Sql);

impl From<&str> for OwnedSql {
    fn from(text: &str) -> Self {
        Self(Sql::from(text.to_owned()))
    }
}

impl From<String> for OwnedSql {
    fn from(text: String) -> Self {
        Self(Sql::from(text))
    }
}

impl From<i64> for OwnedSql {
    fn from(number: i64) -> Self {
        Self(Sql::from(number))
    }
}
