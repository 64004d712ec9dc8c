//! Path templates: `/works/{profileId}`.

use std::borrow::Cow;

use dataset::{Row, Work};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::plan::Source;

/// Everything but the unreserved characters of RFC 3986 is escaped within a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const WORK_FIELDS: [&str; 3] = ["profileId", "ownerUserId", "workCode"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Field(String),
}

/// What a path is of: a work, or a row of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'a> {
    Work(&'a Work),
    Row(&'a Row),
}

impl<'a> Item<'a> {
    /// A field that can stand in a path: text that is not empty, or a number.
    pub(crate) fn field(self, name: &str) -> Option<Cow<'a, str>> {
        let value = match self {
            Item::Work(work) => work.field(name).map(Cow::Borrowed),
            Item::Row(row) => row.get(name).and_then(|value| match value.as_str() {
                Some(text) => Some(Cow::Borrowed(text)),
                None => value.is_number().then(|| Cow::Owned(value.to_string())),
            }),
        };
        value.filter(|value| !value.is_empty())
    }
}

impl Template {
    /// Reads a path whose fields, in braces, are those of `source`, or says what is wrong with it.
    pub(crate) fn parse(path: &str, source: &Source) -> Result<Self, String> {
        let invalid = |problem: &str| format!("has a path {path:?} that {problem}");
        if !path.starts_with('/') {
            return Err(invalid("must begin with /"));
        }
        let mut parts = Vec::new();
        let mut rest = path;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| invalid("has a { without }"))?;
            check_field(name, source).map_err(invalid)?;
            parts.extend([Part::Literal(literal.to_owned()), Part::Field(name.to_owned())]);
            rest = after;
        }
        parts.push(Part::Literal(rest.to_owned()));
        let is_literal = |c: char| c.is_ascii_graphic() && !"{}#\"<>\\^`|".contains(c);
        let are_literal = |part: &Part| match part {
            Part::Literal(literal) => literal.chars().all(is_literal),
            Part::Field(_) => true,
        };
        match parts.iter().all(are_literal) {
            true => Ok(Template { parts }),
            false => Err(invalid("has a character that must be escaped")),
        }
    }

    /// The names of the fields, in their order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// Whether the path is the same for every item.
    pub(crate) fn is_fixed(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// The path after `prefix`, with the fields of `item`; `None` where it lacks one.
    pub(crate) fn render(&self, prefix: &str, item: Option<Item<'_>>) -> Option<String> {
        let mut path = prefix.to_owned();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => path.push_str(literal),
                Part::Field(name) => {
                    path.extend(utf8_percent_encode(&item?.field(name)?, SEGMENT));
                }
            }
        }
        Some(path)
    }
}

fn check_field(name: &str, source: &Source) -> Result<(), &'static str> {
    match source {
        Source::Works { .. } if WORK_FIELDS.contains(&name) => Ok(()),
        Source::Works { .. } => {
            Err("names a field that works do not have (profileId, ownerUserId, workCode)")
        }
        Source::Table(_) if !name.is_empty() => Ok(()),
        Source::Table(_) => Err("names no column between { and }"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(profile_id: &str) -> Work {
        Work {
            kind: "puzzle".into(),
            table: "t".into(),
            profile_id: profile_id.into(),
            owner_user_id: None,
            work_code: Some("C-1".into()),
            published: true,
        }
    }

    fn parse(path: &str) -> Result<Template, String> {
        Template::parse(path, &Source::Works { kind: None })
    }

    fn rendered(path: &str, prefix: &str, work: &Work) -> Option<String> {
        parse(path).unwrap().render(prefix, Some(Item::Work(work)))
    }

    #[test]
    fn fields_are_escaped_as_one_segment() {
        let path = "/a/{profileId}/b/{workCode}";
        assert_eq!(rendered(path, "", &work("x-1_~.")).unwrap(), "/a/x-1_~./b/C-1");
        assert_eq!(
            rendered(path, "/p", &work("a/b?c=1#世")).unwrap(),
            "/p/a/a%2Fb%3Fc%3D1%23%E4%B8%96/b/C-1"
        );
        assert!(!parse(path).unwrap().is_fixed());
        assert!(parse("/a?b=c").unwrap().is_fixed());
        assert_eq!(parse("/a?b=c").unwrap().render("/p", None).unwrap(), "/p/a?b=c");
    }

    #[test]
    fn a_work_without_the_field_has_no_such_route() {
        assert!(rendered("/a/{workCode}", "", &work("p")).is_some());
        assert!(rendered("/a/{ownerUserId}", "", &work("p")).is_none());
        assert!(rendered("/a/{profileId}", "", &work("")).is_none());
    }

    #[test]
    fn the_columns_of_a_row_are_fields_too() {
        let mut row = Row::new();
        row.insert("slug".into(), "a b".into());
        row.insert("number".into(), 7.into());
        row.insert("nothing".into(), ().into());
        let rendered = |path| {
            let template = Template::parse(path, &Source::Table("t".into())).unwrap();
            template.render("", Some(Item::Row(&row)))
        };
        assert_eq!(rendered("/{slug}/{number}").unwrap(), "/a%20b/7");
        assert_eq!(rendered("/{nothing}"), None);
        assert_eq!(rendered("/{absent}"), None);
        assert!(Template::parse("/{}", &Source::Table("t".into())).is_err());
    }

    #[test]
    fn other_templates_are_refused() {
        for path in ["", "a", "/{", "/{x}", "/a b", "/a#b", "/世", "/}", "/\n"] {
            assert!(parse(path).is_err(), "{path:?}");
        }
    }
}
