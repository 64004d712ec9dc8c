//! Fields that changed while the run went on.

use metrics::RunSummary;

use crate::page::{Line, Page, Piece, Style};

/// How many drifts are shown; the rest is counted.
const DRIFTS_SHOWN: usize = 20;

pub(crate) fn push(page: &mut Page, run: &RunSummary) {
    page.section("DRIFT");
    for drift in run.drifts.iter().take(DRIFTS_SHOWN) {
        let mark = Piece::new(Style::Doubt, "?");
        let line = Line::new(4).hanging(6).piece(mark).words(Style::Plain, &drift.endpoint);
        page.push(line.words(Style::Plain, &drift.to_string()));
    }
    let hidden = run.drifts.len().saturating_sub(DRIFTS_SHOWN) as u64 + run.drifts_not_kept;
    if hidden > 0 {
        let note = format!("and {hidden} more");
        page.push(Line::new(4).hanging(6).words(Style::Doubt, &note));
    }
}

#[cfg(test)]
mod tests {
    use metrics::{Drift, DriftKind};

    use super::*;

    #[test]
    fn each_drift_is_a_line_and_none_is_no_section() {
        let mut run = RunSummary::new("smoke");
        let shown = |run: &RunSummary| {
            let mut page = Page::default();
            push(&mut page, run);
            page.render(false, None)
        };
        assert_eq!(shown(&run), "");
        let drift = |second| Drift {
            endpoint: "puzzle-gallery".to_owned(),
            path: "/data/items/*/themeTags".to_owned(),
            what: DriftKind::BecameEmpty,
            from_second: second,
            until_second: None,
            share: 1.0,
        };
        run.drifts = (41..63).map(drift).collect();
        run.drifts_not_kept = 3;
        let text = shown(&run);
        let line = "    ? puzzle-gallery /data/items/*/themeTags became empty from second 41 on, in all values\n";
        assert!(text.contains(line), "{text}");
        assert!(text.ends_with("    and 5 more\n"), "{text}");
    }
}
