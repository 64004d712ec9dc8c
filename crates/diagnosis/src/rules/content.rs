//! What is there, and what is in it.

use metrics::{BodySign, Finding, OutcomeSpan, Severity};

use super::finding;
use crate::case::Case;
use crate::class::Class;
use crate::seen::Part;

/// The rules that a body breaks which is no whole JSON document.
const NOT_JSON: [&str; 5] = ["empty", "encoding", "syntax", "trailing", "truncated"];

pub(super) fn details_missing(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::DetailMissing)?;
    let was_found = |span: &OutcomeSpan| span.role == "detail" && span.expected;
    let some_are_there = case.count(was_found) > 0;
    let personal = case.count(|span| span.auth && was_found(span)) == 0
        && case.count(|span| span.auth && Class::of(span) == Some(Class::DetailMissing)) > 0;
    let owner = "Personal details are found only for their owner: set AUTH_USER to the user of \
                 AUTH_TOKEN";
    let (id, title, means, mut next) = if some_are_there {
        (
            "details-partly-missing",
            "Some details are missing (404)",
            "Some works of WORKS_DATA are there and others are not: the target's data is \
             inconsistent, or changed since the dataset was extracted",
            vec![
                "Extract the dataset again and import it whole: extract --import-output",
                "See that the import went through to its end, and for every kind of work",
            ],
        )
    } else {
        (
            "details-not-imported",
            "All details are missing (404): the dataset is not imported there",
            "The ids of WORKS_DATA are pseudonyms that this target does not know",
            vec![
                "Import the same data there: extract --import-output writes the file; then test \
                 with the dataset of the same run",
                "Or extract with --real-ids against the environment that the dump is from",
                "Until then, set DETAIL_RATIO=0",
            ],
        )
    };
    if personal {
        next.push(owner);
    }
    next.push("Do not count 404 as success: mend the data");
    Some(finding((id, Severity::Problem), title, &seen, means, &next))
}

pub(super) fn route_missing(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::RouteMissing)?;
    Some(finding(
        ("route-missing", Severity::Problem),
        "Lists are not there (404)",
        &seen,
        "Whatever answers at BASE_URL does not have these routes: another service on that port, a \
         path in BASE_URL that is wrong, or an older version of the api-server",
        &[
            "See that BASE_URL is the api-server, with the port from its start-up log: ports drift",
            "Ask for one of the paths by hand: curl -i",
        ],
    ))
}

pub(super) fn redirected(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Redirect)?;
    Some(finding(
        ("redirected", Severity::Problem),
        "The target redirects (status 3xx)",
        &seen,
        "Redirects are not followed, so that one request stays one: the service itself was not \
         reached",
        &[
            "Set BASE_URL to where the redirect leads (curl -i shows it): https in place of http, or \
           the host with or without www",
        ],
    ))
}

pub(super) fn not_json(case: &Case<'_>) -> Option<Finding> {
    let violations = case.run.violations.iter();
    let whole = violations.filter(|own| own.path.is_empty() && NOT_JSON.contains(&&*own.keyword));
    let seen = case.seen_parts(whole.map(Part::of_violation).collect())?;
    let pages = case.count(|span| span.expected && span.body == BodySign::Markup);
    let (title, means) = if pages > 0 {
        (
            "Pages (HTML) came where JSON was expected",
            "The status was right and the answer is not the api-server's: the web front end's \
             fallback page, a login page or a proxy's own",
        )
    } else {
        (
            "Answers are not JSON",
            "The status was right, and the body is empty, cut short or something else than JSON",
        )
    };
    Some(finding(
        ("not-json", Severity::Problem),
        title,
        &seen,
        means,
        &[
            "See that BASE_URL is the api-server and not the web front end: take the port from its \
             start-up log",
            "See that nginx passes /api/ to the api-server and has no fallback for it (try_files)",
            "Ask for one of the paths by hand: curl -i",
        ],
    ))
}

pub(super) fn other_works(case: &Case<'_>) -> Option<Finding> {
    let others = case.run.violations.iter().filter(|own| own.keyword == "dataset id");
    let seen = case.seen_parts(others.map(Part::of_violation).collect())?;
    Some(finding(
        ("other-works", Severity::Problem),
        "The target does not have exactly the works of WORKS_DATA",
        &seen,
        "WORKS_IMPORTED says that the dataset is imported there and nothing else is; the lists show \
         other works, or not all of them",
        &[
            "Import the data of the same extraction there: extract --import-output",
            "For the lists of a token, see that AUTH_USER is its user",
            "Where the target has works of its own, leave WORKS_IMPORTED out",
        ],
    ))
}

pub(super) fn wrong_item(case: &Case<'_>) -> Option<Finding> {
    let is_wrong = |keyword: &str| matches!(keyword, "asked id" | "unique id");
    let wrong = case.run.violations.iter().filter(|own| is_wrong(&own.keyword));
    let seen = case.seen_parts(wrong.map(Part::of_violation).collect())?;
    Some(finding(
        ("wrong-item", Severity::Problem),
        "Answers show another work than the one that was asked for, or one twice",
        &seen,
        "The shape is right and the content is not: a cache that mixes up its keys, a join that \
         doubles rows, or a route that reads its parameters wrongly",
        &[
            "Ask for one of the paths by hand and compare the id in it: curl -i",
            "Look at what caches answers: the api-server's response cache, nginx's proxy_cache_key",
            "If the answer has another name for a field of the path, say so in the plan: items.asked",
        ],
    ))
}

pub(super) fn empty_gallery(case: &Case<'_>) -> Option<Finding> {
    let is_empty = |span: &OutcomeSpan| span.body == BodySign::EmptyList;
    let seen = case.seen(is_empty)?;
    let public = case.count(|span| is_empty(span) && !span.auth);
    let is_filled =
        |span: &OutcomeSpan| span.role == "list" && !span.auth && span.expected && !is_empty(span);
    let (severity, title, means) = if public == 0 {
        (
            Severity::Note,
            "Personal lists are empty",
            "The user of AUTH_TOKEN owns no such works, so that these lists are as cheap as they \
             can be",
        )
    } else if case.count(is_filled) == 0 {
        (
            Severity::Problem,
            "The gallery is empty",
            "Every public list was without a work: the load measured envelopes, and nothing of what \
             a full gallery costs",
        )
    } else {
        (
            Severity::Warning,
            "Some lists are empty",
            "A list without works is far cheaper than a full one and lowers the times of all",
        )
    };
    Some(finding(
        ("empty-gallery", severity),
        title,
        &seen,
        means,
        &[
            "Import works into the target (extract --import-output writes a file for that), and see \
             that they are published",
            "See that the api-server is connected to the database that has them: sudo journalctl -u \
             genarrative-api.service, sudo journalctl -u spacetimedb.service",
            "Put works_list_empty_rate under a threshold of your plan if it is never to be",
        ],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Run, ids, status};

    #[test]
    fn all_details_or_some() {
        let none = Run::new().span("list", status(200), 90).span("a-detail", status(404), 9);
        assert_eq!(ids(&none), ["details-not-imported"]);
        let next = none.finding("details-not-imported").next.join("\n");
        for word in ["--import-output", "--real-ids", "DETAIL_RATIO=0", "Do not count 404"] {
            assert!(next.contains(word), "{word} in {next}");
        }
        assert!(!next.contains("AUTH_USER"), "{next}");
        for there in ["a-detail", "b-detail"] {
            let run = Run::new().span("a-detail", status(404), 9).span(there, status(200), 1);
            assert_eq!(ids(&run), ["details-partly-missing"], "{there}");
        }
        let fine = Run::new().span("a-detail", status(200), 9);
        assert!(ids(&fine).is_empty());
    }

    #[test]
    fn personal_details_have_an_owner() {
        let run = Run::new().span("detail", status(200), 9).span("personal-detail", status(404), 9);
        let found = run.finding("details-partly-missing");
        assert!(found.next.join("\n").contains("AUTH_USER"), "{found:?}");
        let run = run.span("personal-detail", status(200), 1);
        assert!(!run.finding("details-partly-missing").next.join("\n").contains("AUTH_USER"));
    }

    #[test]
    fn a_list_that_is_404_is_a_wrong_target() {
        let run = Run::new().span("list", status(404), 9);
        assert_eq!(ids(&run), ["route-missing"]);
        assert!(run.finding("route-missing").next[0].contains("ports drift"));
        let run = Run::new().span("list", status(301), 9);
        assert_eq!(ids(&run), ["redirected"]);
    }

    #[test]
    fn only_what_is_no_json_at_all_is_not_json() {
        for keyword in NOT_JSON {
            let run = Run::new().span("list", status(200), 9).violation("list", "", keyword, 4);
            assert_eq!(ids(&run), ["not-json"], "{keyword}");
            let found = run.finding("not-json");
            assert_eq!((found.title.as_str(), found.requests), ("Answers are not JSON", 4));
            assert!(
                found.seen.contains(&format!("body {keyword}: list 4 of 9; from 1.0 s to 4.0 s"))
            );
        }
        for (path, keyword) in [("", "type"), ("", "size"), ("/data", "syntax"), ("/a", "required")]
        {
            let run = Run::new().span("list", status(200), 9).violation("list", path, keyword, 4);
            assert!(ids(&run).is_empty(), "{path} {keyword}");
        }
    }

    #[test]
    fn pages_are_called_pages() {
        let run = Run::new().span("list", status(200), 9).body(BodySign::Markup);
        let run = run.violation("list", "", "syntax", 9);
        assert!(run.finding("not-json").title.contains("HTML"));
        // The page of a failed request is that failure's.
        let run = Run::new().span("list", status(502), 9).body(BodySign::Markup);
        assert_eq!(ids(&run), ["bad-gateway"]);
    }

    #[test]
    fn an_empty_gallery_weighs_as_much_as_is_empty() {
        let empty = |run: Run, name| run.span(name, status(200), 9).body(BodySign::EmptyList);
        let filled = |name| Run::new().span(name, status(200), 9);
        for (run, severity, title) in [
            (empty(Run::new(), "list"), Severity::Problem, "The gallery is empty"),
            (empty(filled("personal-list"), "list"), Severity::Problem, "The gallery is empty"),
            (empty(filled("detail"), "list"), Severity::Problem, "The gallery is empty"),
            (empty(filled("other-list"), "list"), Severity::Warning, "Some lists are empty"),
            (empty(filled("list"), "list"), Severity::Warning, "Some lists are empty"),
            (empty(filled("list"), "personal-list"), Severity::Note, "Personal lists are empty"),
        ] {
            let found = run.finding("empty-gallery");
            assert_eq!((found.severity, found.title.as_str()), (severity, title));
            assert_eq!((ids(&run).len(), found.requests), (1, 9));
        }
        assert!(ids(&filled("list")).is_empty());
    }

    #[test]
    fn works_that_are_not_the_right_ones_are_found() {
        let run = Run::new().span("list", status(200), 9).expected();
        assert!(ids(&run).is_empty());
        for (keyword, id, step) in [
            ("dataset id", "other-works", "--import-output"),
            ("asked id", "wrong-item", "proxy_cache_key"),
            ("unique id", "wrong-item", "items.asked"),
        ] {
            let run = Run::new().span("list", status(200), 9).expected();
            let run = run.violation("list", "/items/*/profileId", keyword, 4);
            assert_eq!(ids(&run), [id]);
            let found = run.finding(id);
            assert!(found.seen.starts_with("4 of "), "{}", found.seen);
            assert!(found.next.iter().any(|next| next.contains(step)), "{id}");
        }
    }
}
