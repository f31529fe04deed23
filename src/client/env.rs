//! Where the value of a setting comes from: the caller's option first, then an environment variable.

use std::ffi::OsString;

use http::HeaderValue;

use super::settings::Setting;
use crate::error::{Error, Kind, Result};
use crate::http::headers::header_value;

/// A value and where it came from, for messages.
pub struct Source {
    pub value: String,
    /// `option base_url` or `variable AXONPUSH_BASE_URL`.
    pub origin: String,
    kind: Kind,
}

impl Source {
    pub fn refuse(&self, problem: &str) -> Error {
        Error::new(self.kind, format!("{}: {problem}", self.origin))
    }

    /// For values that are not secret. A URL's user information is.
    pub fn refuse_value(&self, expected: &str) -> Error {
        self.refuse(&format!("{:?} is not {expected}", self.value))
    }
}

/// The process's environment, or a test's.
pub struct Environment<'e> {
    /// The value of a variable, by its name.
    pub variable: &'e dyn Fn(&str) -> Option<OsString>,
}

impl Environment<'_> {
    /// The option, else the first variable that is set and not empty.
    pub fn text(&self, setting: &Setting, option: Option<String>) -> Result<Option<Source>> {
        if let Some(value) = option.filter(|v| !v.is_empty()) {
            return Ok(Some(Source {
                value,
                origin: format!("option {}", setting.name),
                kind: Kind::InvalidArgument,
            }));
        }
        self.variable(setting.variables)
    }

    /// The first of the variables that is set and not empty.
    pub fn variable(&self, variables: &[&str]) -> Result<Option<Source>> {
        for name in variables {
            let Some(value) = (self.variable)(name).filter(|v| !v.is_empty()) else {
                continue;
            };
            let origin = format!("variable {name}");
            let value = value
                .into_string()
                .map_err(|_| Error::config(format!("{origin}: its value is not valid UTF-8")))?;
            return Ok(Some(Source {
                value,
                origin,
                kind: Kind::Config,
            }));
        }
        Ok(None)
    }

    /// The option, else the variable as `parse` reads it, else the default as `parse` reads it.
    pub fn parsed<T>(
        &self,
        setting: &Setting,
        option: Option<T>,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        if let Some(value) = option {
            return Ok(value);
        }
        match self.variable(setting.variables)? {
            Some(given) => parse(given.value.trim()).ok_or_else(|| given.refuse_value(expected)),
            None => Ok(parse(setting.default).expect("the table's defaults parse")),
        }
    }

    /// As [`Self::text`], for what is sent as a header.
    pub fn header(&self, setting: &Setting, option: Option<String>) -> Result<Option<HeaderValue>> {
        self.text(setting, option)?
            .map(|given| header_value(&given.value).map_err(|e| given.refuse(&e.to_string())))
            .transpose()
    }
}
