use metrics::Stat;

use crate::page::Page;
use crate::{
    RunReport, checks, drifts, endpoints, findings, generator, metric_lines, outcomes, server,
    thresholds, verdict,
};

/// How the text is laid out.
#[derive(Clone, Debug)]
pub struct TextOptions {
    /// The statistics shown for each trend, in this order. Default: [`Stat::DEFAULT`].
    pub trend_stats: Vec<Stat>,
    /// Whether to write ANSI colours. Default: no.
    pub colour: bool,
    /// The width to keep lines within, in characters; a single longer word or number is never
    /// broken. Default: none, lines are as long as they are.
    pub width: Option<usize>,
}

impl Default for TextOptions {
    fn default() -> Self {
        TextOptions { trend_stats: Stat::DEFAULT.to_vec(), colour: false, width: None }
    }
}

/// The verdict and its reason alone, in one line where no width is set, with a line feed at its end.
pub fn verdict_line(report: &RunReport<'_>, options: &TextOptions) -> String {
    let mut page = Page::default();
    verdict::push_line(&mut page, report.run);
    page.render(options.colour, options.width)
}

/// The summary at the end of a run, with a line feed at its end.
///
/// The verdict comes first, in one line with its reason. Durations begin and end as k6's do:
/// `http_req_duration` from the first byte sent to the last one received.
pub fn text(report: &RunReport<'_>, options: &TextOptions) -> String {
    let run = report.run;
    let mut page = Page::default();
    page.gap();
    verdict::push(&mut page, report);
    thresholds::push(&mut page, run);
    findings::push(&mut page, run);
    endpoints::push(&mut page, run, options.width);
    page.section("TOTAL RESULTS");
    checks::push(&mut page, run);
    metric_lines::push(&mut page, run, &options.trend_stats);
    metric_lines::push_peaks(&mut page, run);
    outcomes::push_outcomes(&mut page, run);
    outcomes::push_violations(&mut page, run);
    drifts::push(&mut page, run);
    outcomes::push_conservation(&mut page, run);
    generator::push(&mut page, run);
    if let Some(window) = report.server {
        server::push(&mut page, run, window);
    }
    page.gap();
    page.render(options.colour, options.width)
}
