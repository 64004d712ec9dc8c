//! The same window as the server's access log tells it.

use metrics::RunSummary;
use observe::{AccessLogWindow, Coverage, TimeTally};

use crate::page::{Line, Page, Piece, Style};
use crate::{dotted, numbers};

pub(crate) fn push(page: &mut Page, run: &RunSummary, window: &AccessLogWindow) {
    page.section("SERVER, BY ITS ACCESS LOG");
    push_bad_gateways(page, window);
    notes(run, window).iter().for_each(|note| {
        page.push(Line::new(6).hanging(6).words(Style::Doubt, note));
    });
    page.gap();
    dotted::push(page, 4, &rows(window));
}

fn push_bad_gateways(page: &mut Page, window: &AccessLogWindow) {
    let (mark, style, text) = bad_gateways(window);
    page.push(Line::new(4).hanging(6).piece(Piece::new(style, mark)).words(style, &text));
}

/// Whether there were new 502s, as far as the log can tell: a mark, its style and words.
pub(crate) fn bad_gateways(window: &AccessLogWindow) -> (&'static str, Style, String) {
    let (last, masked) = (window.bad_gateway_final, window.bad_gateway_masked);
    match (last + masked, window.coverage()) {
        (0, Coverage::Full) => ("✓", Style::Good, "no new 502".to_owned()),
        (0, Coverage::Reduced) => {
            ("?", Style::Doubt, "no new 502 in what the log tells".to_owned())
        }
        (0, _) => ("?", Style::Doubt, "the log has no line of this window".to_owned()),
        (sum, _) => {
            let text =
                format!("{sum} new 502: {last} final, {masked} masked by another server's answer");
            ("✗", Style::Bad, text)
        }
    }
}

/// Every reason why the counts may not be the whole truth.
pub(crate) fn notes(run: &RunSummary, window: &AccessLogWindow) -> Vec<String> {
    let mut notes = Vec::new();
    if window.without_upstream > 0 {
        let count = window.without_upstream;
        notes.push(format!("lines without upstream status: {count}; a masked 502 would not show"));
    }
    if window.unreadable > 0 {
        notes.push(format!("unreadable lines: {}", window.unreadable));
    }
    if window.truncated {
        notes.push("the log was cut in place: lines before the cut may be missing".to_owned());
    }
    if window.rotated {
        notes.push("the log was rotated: the old and the new file were read".to_owned());
    }
    if window.lines + window.unreadable < run.requests.sent {
        let (lines, sent) = (window.lines, run.requests.sent);
        notes.push(format!(
            "lines: {lines}, requests sent: {sent}; not every request is in the log"
        ));
    }
    notes
}

pub(crate) fn rows(window: &AccessLogWindow) -> Vec<dotted::Row> {
    let coverage = match window.coverage() {
        Coverage::Full => "full",
        Coverage::Reduced => "reduced",
        _ => "none",
    };
    let mut rows = vec![
        dotted::Row::plain("coverage", [coverage.to_owned()]),
        dotted::Row::plain("lines", [window.lines.to_string()]),
        dotted::Row::plain("502 final", [window.bad_gateway_final.to_string()]),
        dotted::Row::plain("502 masked", [window.bad_gateway_masked.to_string()]),
    ];
    rows.extend(window.statuses.iter().map(|(status, &count)| {
        let values = [count.to_string(), numbers::percent(count, window.lines)];
        dotted::Row::plain(format!("status {status:03}"), values)
    }));
    let times = [
        ("request_time", &window.request_time),
        ("upstream_header_time", &window.upstream_header_time),
        ("upstream_response_time", &window.upstream_response_time),
    ];
    rows.extend(times.into_iter().filter_map(|(name, tally)| time_row(name, tally)));
    rows
}

fn time_row(name: &str, tally: &TimeTally) -> Option<dotted::Row> {
    let values = [
        ("avg".to_owned(), numbers::duration(tally.mean()?)),
        ("max".to_owned(), numbers::duration(tally.max)),
        ("count".to_owned(), tally.count.to_string()),
    ];
    Some(dotted::Row::labelled(name, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(window: &AccessLogWindow) -> String {
        let mut page = Page::default();
        push(&mut page, &RunSummary::new("smoke"), window);
        page.render(false, None)
    }

    #[test]
    fn only_full_coverage_can_rule_out_a_new_502() {
        let mut window = AccessLogWindow::default();
        assert!(shown(&window).contains("? the log has no line of this window"));
        window.lines = 3;
        window.statuses.insert(200, 3);
        assert!(shown(&window).contains("✓ no new 502\n"));
        for change in [
            |window: &mut AccessLogWindow| window.without_upstream = 1,
            |window: &mut AccessLogWindow| window.unreadable = 1,
            |window: &mut AccessLogWindow| window.truncated = true,
        ] {
            let mut reduced = window.clone();
            change(&mut reduced);
            let shown = shown(&reduced);
            assert!(shown.contains("? no new 502 in what the log tells"), "{shown}");
            assert!(!shown.contains('✓'), "{shown}");
        }
    }
}
