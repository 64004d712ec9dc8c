//! Path templates: `/works/{profileId}`.

use dataset::Work;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::WorkloadError;

/// Everything but the unreserved characters of RFC 3986 is escaped within a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const FIELDS: [&str; 3] = ["profileId", "ownerUserId", "workCode"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Field(&'static str),
}

impl Template {
    pub(crate) fn parse(path: &str) -> Result<Self, WorkloadError> {
        let invalid = |problem: &str| WorkloadError::Plan(format!("path {path:?} {problem}"));
        if !path.starts_with('/') {
            return Err(invalid("must begin with /"));
        }
        let is_literal = |c: char| c.is_ascii_graphic() && !"{}#\"<>\\^`|".contains(c);
        let mut parts = Vec::new();
        let mut rest = path;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| invalid("has a { without }"))?;
            let field = FIELDS.into_iter().find(|&field| field == name);
            let field = field.ok_or_else(|| {
                invalid("names a field that works do not have (profileId, ownerUserId, workCode)")
            })?;
            parts.extend([Part::Literal(literal.to_owned()), Part::Field(field)]);
            rest = after;
        }
        parts.push(Part::Literal(rest.to_owned()));
        let literals = parts.iter().all(|part| match part {
            Part::Literal(literal) => literal.chars().all(is_literal),
            Part::Field(_) => true,
        });
        if literals {
            Ok(Template { parts })
        } else {
            Err(invalid("has a character that must be escaped"))
        }
    }

    /// Whether the path is the same for every work.
    pub(crate) fn is_fixed(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// Whether the work has every field of the path.
    pub(crate) fn applies_to(&self, work: &Work) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Literal(_) => true,
            Part::Field(name) => work.field(name).is_some(),
        })
    }

    /// The path after `prefix`, with the fields of `work`; a field that it lacks stays empty.
    pub(crate) fn render(&self, prefix: &str, work: Option<&Work>) -> String {
        let mut path = prefix.to_owned();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => path.push_str(literal),
                Part::Field(name) => {
                    let value = work.and_then(|work| work.field(name)).unwrap_or_default();
                    path.extend(utf8_percent_encode(value, SEGMENT));
                }
            }
        }
        path
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

    #[test]
    fn fields_are_escaped_as_one_segment() {
        let template = Template::parse("/a/{profileId}/b/{workCode}").unwrap();
        assert_eq!(template.render("", Some(&work("x-1_~."))), "/a/x-1_~./b/C-1");
        assert_eq!(
            template.render("/p", Some(&work("a/b?c=1#世"))),
            "/p/a/a%2Fb%3Fc%3D1%23%E4%B8%96/b/C-1"
        );
        assert!(!template.is_fixed());
        assert!(Template::parse("/a?b=c").unwrap().is_fixed());
    }

    #[test]
    fn a_work_without_the_field_has_no_such_route() {
        assert!(Template::parse("/a/{workCode}").unwrap().applies_to(&work("p")));
        assert!(!Template::parse("/a/{ownerUserId}").unwrap().applies_to(&work("p")));
    }

    #[test]
    fn other_templates_are_refused() {
        for path in ["", "a", "/{", "/{x}", "/a b", "/a#b", "/世", "/}", "/\n"] {
            assert!(matches!(Template::parse(path), Err(WorkloadError::Plan(_))), "{path:?}");
        }
    }
}
