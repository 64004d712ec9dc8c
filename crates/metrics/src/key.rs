use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::MetricsError;

/// A metric's name with its tags, written as k6 writes it: `http_req_duration{endpoint:list}`.
///
/// As the key of a series it says exactly which samples are in it; as a selector it stands for
/// every series of that name which has at least these tags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricKey {
    name: String,
    tags: BTreeMap<String, String>,
}

impl MetricKey {
    /// A key without tags.
    pub fn new(name: impl Into<String>) -> Self {
        MetricKey { name: name.into(), tags: BTreeMap::new() }
    }

    /// The same key with one more tag.
    #[must_use]
    pub fn with(mut self, tag: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(tag.into(), value.into());
        self
    }

    /// The metric's name, without tags.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of one tag.
    pub fn tag(&self, tag: &str) -> Option<&str> {
        self.tags.get(tag).map(String::as_str)
    }

    /// All tags with their values, in the order of the tags.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(tag, value)| (tag.as_str(), value.as_str()))
    }

    /// Whether this key, read as a selector, takes in the series `series`.
    pub fn selects(&self, series: &MetricKey) -> bool {
        self.name == series.name
            && self.tags.iter().all(|(tag, value)| series.tag(tag) == Some(value))
    }
}

impl FromStr for MetricKey {
    type Err = MetricsError;

    fn from_str(text: &str) -> Result<Self, MetricsError> {
        let invalid = || MetricsError::Key(text.to_owned());
        let (name, tags) = match text.trim().split_once('{') {
            None => (text.trim(), ""),
            Some((name, rest)) => (name, rest.strip_suffix('}').ok_or_else(invalid)?),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(invalid());
        }
        let mut key = MetricKey::new(name);
        for tag in tags.split(',').filter(|tag| !tag.trim().is_empty()) {
            let (tag, value) = tag.split_once(':').ok_or_else(invalid)?;
            key = key.with(unquoted(tag), unquoted(value));
        }
        Ok(key)
    }
}

/// k6 lets tags and values stand in quotes and among spaces.
fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(|c| c == '"' || c == '\'')
}

impl fmt::Display for MetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (index, (tag, value)) in self.tags.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            write!(f, "{before}{tag}:{value}")?;
        }
        if self.tags.is_empty() { Ok(()) } else { f.write_str("}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_k6_writes_them() {
        for (text, shown) in [
            ("http_reqs", "http_reqs"),
            ("http_reqs{}", "http_reqs"),
            (" http_reqs{ endpoint : \"list\" , a:b}", "http_reqs{a:b,endpoint:list}"),
        ] {
            assert_eq!(text.parse::<MetricKey>().unwrap().to_string(), shown);
        }
        for text in ["", "{a:b}", "x{a:b", "x{a}", "p(95)"] {
            assert_eq!(text.parse::<MetricKey>(), Err(MetricsError::Key(text.into())));
        }
    }

    #[test]
    fn a_selector_takes_in_series_with_more_tags_and_no_others() {
        let selector: MetricKey = "m{a:1}".parse().unwrap();
        for (series, selected) in [
            ("m{a:1}", true),
            ("m{a:1,b:2}", true),
            ("m{a:2}", false),
            ("m", false),
            ("n{a:1}", false),
        ] {
            assert_eq!(selector.selects(&series.parse().unwrap()), selected, "{series}");
        }
    }
}
