//! The HTML page: what is in it, what must not be, and how large it becomes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod runs;

use std::path::Path;

use report::RunResult;
use runs::{long_run, results};

fn check(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(found == expected, "{name} differs; UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn golden_pages() {
    for (name, result) in results() {
        if ["good_spike", "failures", "no_request", "hostile"].contains(&name) {
            check(&format!("{name}.html"), &report::html(&result));
        }
    }
}

/// The page without its style sheet, whose text is ours.
fn body(page: &str) -> &str {
    page.split_once("</style>").unwrap().1
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    for (name, result) in results() {
        let page = report::html(&result);
        assert!(page.contains("default-src 'none'; style-src 'sha256-"), "{name}");
        let before = page.split_once("Content-Security-Policy").unwrap().0;
        assert!(!before.contains("<style"), "a policy counts for what comes after it");
        for unwanted in ["<script", " style=", " src=", "<link", "<iframe", "<a ", "url(", " on"] {
            let found = body(&page).replace("&lt;", "");
            let in_tags = tags(&found).any(|tag| format!("<{tag}").contains(unwanted));
            assert!(!in_tags, "{name}: {unwanted}");
        }
        // The only addresses are the target's and the one that says what SVG is.
        assert!(!page.contains("https://"), "{name}");
    }
}

/// What stands between `<` and `>`, without the values of attributes.
fn tags(page: &str) -> impl Iterator<Item = String> {
    page.split('<').skip(1).map(|rest| {
        let tag = rest.split_once('>').unwrap_or_default().0;
        tag.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
    })
}

#[test]
fn every_element_ends_and_every_id_is_there_once() {
    const VOID: [&str; 3] = ["meta", "br", "!DOCTYPE"];
    for (name, result) in results() {
        let page = report::html(&result);
        let (mut open, mut ids) = (Vec::new(), Vec::new());
        let parts = page.split('<').skip(1);
        for part in parts {
            let tag = part.split_once('>').unwrap_or_else(|| panic!("{name}: {part}")).0;
            let element = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
            if let Some(ended) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(ended), "{name}");
            } else if !tag.ends_with('/') && !VOID.contains(&element.as_str()) {
                open.push(element);
            }
            if let Some((_, id)) = tag.split_once(" id=\"") {
                ids.push(id.split_once('"').unwrap().0.to_owned());
            }
        }
        assert_eq!(open, [""; 0], "{name}");
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}");
    }
}

#[test]
fn charts_and_tables_can_be_read_by_everybody() {
    for (name, result) in results() {
        let page = report::html(&result);
        assert_eq!(page.matches("<h1>").count(), 1, "{name}");
        let labelled = page.matches("<svg role=\"img\" aria-label=\"").count();
        let hidden = page.matches("<svg class=\"swatch\" aria-hidden=\"true\"").count();
        assert_eq!(page.matches("<svg").count(), labelled + hidden, "{name}");
        let headings = page.matches("<th").count() - page.matches("<thead").count();
        assert_eq!(page.matches(" scope=\"").count(), headings, "{name}");
        assert_eq!(page.matches("<figure>").count(), page.matches("<figcaption>").count());
    }
}

#[test]
fn hostile_names_are_text() {
    let (_, result) = results().into_iter().find(|(name, _)| *name == "hostile").unwrap();
    let page = report::html(&result);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<script") && !page.contains("<b>&amp;\u{1b}"));
    assert!(!page.contains('\u{1b}'), "control characters mean nothing on a page");
}

#[test]
fn ten_minutes_stay_below_half_a_megabyte() {
    let page = report::html(&long_run());
    assert!(page.len() < 500_000, "{}", page.len());
    assert!(page.contains("Counts in each 5 seconds"), "600 seconds in at most 120 rows");
}

#[test]
fn what_is_rendered_from_the_file_is_the_same() {
    for (name, result) in results() {
        let read = RunResult::from_json(result.to_json().as_bytes()).unwrap();
        assert!(report::html(&read) == report::html(&result), "{name}");
    }
}
