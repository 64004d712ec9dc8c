//! What the run shows that a person should know.

use metrics::{Finding, RunSummary, Severity};

use crate::page::{Line, Page, Piece, Style};

pub(crate) fn push(page: &mut Page, run: &RunSummary) {
    page.section("FINDINGS");
    for finding in &run.findings {
        push_finding(page, finding);
        page.gap();
    }
}

fn push_finding(page: &mut Page, finding: &Finding) {
    let (mark, style) = match finding.severity {
        Severity::Problem => ("✗", Style::Bad),
        Severity::Warning => ("!", Style::Doubt),
        _ => ("·", Style::Plain),
    };
    let name = format!("[{}: {}]", finding.severity.word(), finding.id);
    let title = Line::new(4).hanging(6).piece(Piece::new(style, mark));
    page.push(title.words(style, &finding.title).words(Style::Faint, &name));
    let steps = finding.next.iter().map(|step| ("next:", step));
    for (label, text) in
        [("seen:", &finding.seen), ("means:", &finding.means)].into_iter().chain(steps)
    {
        let label = Piece::new(Style::Faint, label).padded("means:".len());
        page.push(Line::new(6).hanging(8).piece(label).words(Style::Plain, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(severity: Severity, width: Option<usize>) -> String {
        let mut run = RunSummary::new("smoke");
        run.findings.push(Finding {
            id: "backpressure".to_owned(),
            severity,
            title: "It works".to_owned(),
            seen: "5 of 9 requests".to_owned(),
            means: "no error".to_owned(),
            next: ["look at memory first", "raise it"].map(str::to_owned).into(),
            requests: 5,
        });
        let mut page = Page::default();
        push(&mut page, &run);
        page.render(false, width)
    }

    #[test]
    fn a_finding_is_shown_with_everything_it_says() {
        assert_eq!(
            shown(Severity::Warning, None),
            "\n  █ FINDINGS\n\n\
             \x20   ! It works [warning: backpressure]\n\
             \x20     seen:  5 of 9 requests\n\
             \x20     means: no error\n\
             \x20     next:  look at memory first\n\
             \x20     next:  raise it\n\n"
        );
        assert!(shown(Severity::Problem, None).contains("    ✗ It works [problem: "));
        assert!(shown(Severity::Note, None).contains("    · It works [note: "));
    }

    #[test]
    fn a_long_step_goes_on_below_itself() {
        let narrow = shown(Severity::Note, Some(30));
        assert!(narrow.contains("      next:  look at memory\n        first\n"), "{narrow}");
    }

    #[test]
    fn without_findings_there_is_no_section() {
        let mut page = Page::default();
        push(&mut page, &RunSummary::new("smoke"));
        assert_eq!(page.render(false, None), "");
    }
}
