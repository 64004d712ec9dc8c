//! The result as one HTML page that loads nothing.

mod charts;
mod context;
mod draw;
mod endpoints;
mod evidence;
mod parts;

use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use metrics::{RunSummary, Verdict};
use sha2::{Digest, Sha256};

use crate::{RunResult, generator, verdict, view};

const STYLE: &str = include_str!("html/style.css");

/// The page: verdict and thresholds, findings, charts, tables, and the run's own health.
///
/// It is one file that loads nothing and has no script. Its content security policy allows its own
/// style sheet, by its hash, and nothing else. Everything that a chart shows is in a table too.
/// Whatever comes from the run is escaped.
pub fn html(result: &RunResult) -> String {
    let page = page(result).into_string() + "\n";
    // HTML has no way to write most control characters, not even escaped.
    let is_forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    page.replace(is_forbidden, "\u{fffd}")
}

fn page(result: &RunResult) -> Markup {
    let run = &result.run;
    let title = format!("{} – load test {}", view::verdict(run), run.scenario);
    let sections = sections(result);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "loadtest " (result.tool_version) };
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (banner(result))
                main { @for section in &sections { (section) } }
                footer { p { "Rendered by loadtest " (result.tool_version) " from the run's result." } }
            }
        }
    }
}

fn sections(result: &RunResult) -> Vec<Markup> {
    let run = &result.run;
    vec![
        evidence::thresholds(run),
        evidence::findings(run),
        charts::over_time(&result.timeline),
        charts::distribution(run),
        endpoints::table(run),
        endpoints::ledger(run),
        evidence::answers(run),
        evidence::violations(run),
        evidence::drifts(run),
        context::conservation(run),
        context::generator(run),
        context::server(result),
        context::run(result),
    ]
}

/// A style sheet that is not exactly ours does not count, and nothing can be loaded or sent.
fn policy() -> String {
    let hash = BASE64.encode(&Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; \
         form-action 'none'"
    )
}

fn banner(result: &RunResult) -> Markup {
    let run = &result.run;
    let (mark, class) = match run.verdict() {
        Verdict::Pass => ("✓", "good"),
        Verdict::Fail => ("✗", "bad"),
        _ => ("?", "doubt"),
    };
    html! {
        header class=(class) {
            p.kind { "Load test " b { (run.scenario) } " of " (run.target) }
            h1 { (mark) " " (view::verdict(run)) }
            p.reason { (verdict::reason(run)) }
            @for doubt in doubts(run) { p.reason { (doubt) } }
            (figures(result))
        }
    }
}

/// What has to be known beside the reason.
fn doubts(run: &RunSummary) -> Vec<String> {
    let reason = verdict::reason(run);
    let doubt = generator::doubt(run).filter(|doubt| *doubt != reason);
    let stopped = run.stopped.map(|by| verdict::stopped_early(run, by));
    doubt.into_iter().chain(stopped).collect()
}

/// The figures that are asked for first.
fn figures(result: &RunResult) -> Markup {
    use metrics::{MetricKey, Stat};
    let run = &result.run;
    let failed = run.metrics.select_rate(&MetricKey::new("http_req_failed"));
    let durations = run.metrics.select_trend(&MetricKey::new("http_req_duration"));
    let time = |stat: Stat| {
        stat.duration(&durations).map_or_else(|| "–".to_owned(), crate::numbers::duration)
    };
    let seconds = run.window.as_secs_f64();
    let rate = (seconds > 0.0).then(|| format!("{:.1}/s", run.requests.sent as f64 / seconds));
    let failed = (failed.total > 0).then(|| crate::numbers::rate_percent(&failed));
    let unknown = || "–".to_owned();
    let figures = [
        ("requests", run.requests.sent.to_string()),
        ("rate", rate.unwrap_or_else(unknown)),
        ("failed", failed.unwrap_or_else(unknown)),
        ("median", time(Stat::Med)),
        ("p(95)", time(Stat::Percentile(95.0))),
        ("p(99)", time(Stat::Percentile(99.0))),
        ("dropped", run.iterations.dropped.to_string()),
    ];
    html! {
        dl.figures { @for (name, value) in &figures { div { dt { (name) } dd { (value) } } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_has_the_hash_of_the_style_sheet_as_it_stands_in_the_page() {
        let page = html(&RunResult::new(RunSummary::new("smoke")));
        let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = BASE64.encode(&Sha256::digest(style.as_bytes()));
        assert!(page.contains(&format!("style-src 'sha256-{hash}'")), "{page}");
        assert!(!STYLE.contains('<') && !STYLE.contains('\r'), "the sheet would end or be changed");
    }
}
