//! Markdown for a pull request or a CI job's page.

use std::fmt::Write;

use metrics::{Finding, RunSummary, Severity, Stat, Trend};

use crate::endpoints::{EndpointStats, by_endpoint};
use crate::{RunResult, generator, numbers, verdict, view};

/// How many rows a table has at most: GitHub cuts off the summary of a job at a mebibyte.
const ROWS_MAX: usize = 200;

/// The verdict, thresholds, findings, endpoints and facts in GitHub's Markdown. Whatever comes from
/// the run is escaped.
pub fn markdown(result: &RunResult) -> String {
    let mut text = String::new();
    write(&mut text, result).expect("a string takes all text");
    text
}

fn write(out: &mut String, result: &RunResult) -> std::fmt::Result {
    let run = &result.run;
    let (mark, verdict) = (verdict_mark(run), view::verdict(run));
    writeln!(out, "# {mark} {verdict}: load test {}\n", code(&run.scenario))?;
    writeln!(out, "{}\n", text(&verdict::reason(run)))?;
    if let Some(doubt) = generator::doubt(run).filter(|doubt| *doubt != verdict::reason(run)) {
        writeln!(out, "> {}\n", text(&doubt))?;
    }
    if let Some(reason) = run.stopped {
        writeln!(out, "> {}\n", text(&verdict::stopped_early(run, reason)))?;
    }
    thresholds(out, run)?;
    findings(out, run)?;
    endpoints(out, run)?;
    facts(out, result)?;
    files(out, result)
}

fn verdict_mark(run: &RunSummary) -> &'static str {
    match run.verdict() {
        metrics::Verdict::Pass => "✅",
        metrics::Verdict::Fail => "❌",
        _ => "❔",
    }
}

fn thresholds(out: &mut String, run: &RunSummary) -> std::fmt::Result {
    if run.thresholds.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Thresholds\n\n| Outcome | Metric | Condition | Observed |")?;
    writeln!(out, "| --- | --- | --- | ---: |")?;
    for result in run.thresholds.iter().take(ROWS_MAX) {
        let (mark, word) = view::outcome(run.outcome(result));
        let (metric, condition) =
            (result.threshold.selector().to_string(), result.threshold.expression());
        let observed = text(&view::observed(run, result));
        writeln!(out, "| {mark} {word} | {} | {} | {observed} |", cell(&metric), cell(condition))?;
    }
    more(out, run.thresholds.len())
}

fn findings(out: &mut String, run: &RunSummary) -> std::fmt::Result {
    if run.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Findings\n")?;
    run.findings.iter().try_for_each(|finding| write_finding(out, finding))
}

fn write_finding(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let mark = match finding.severity {
        Severity::Problem => "❌",
        Severity::Warning => "⚠️",
        _ => "ℹ️",
    };
    let (title, word) = (text(&finding.title), finding.severity.word());
    writeln!(out, "{mark} **{title}** ({word}, {})\n", code(&finding.id))?;
    writeln!(out, "- seen: {}", text(&finding.seen))?;
    writeln!(out, "- means: {}", text(&finding.means))?;
    for step in &finding.next {
        writeln!(out, "- next: {}", text(step))?;
    }
    writeln!(out)
}

fn endpoints(out: &mut String, run: &RunSummary) -> std::fmt::Result {
    let all = by_endpoint(run);
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Endpoints\n")?;
    writeln!(
        out,
        "| Endpoint | Requests | Failed | Shape errors | avg | med | p(95) | p(99) | max |"
    )?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")?;
    for EndpointStats { name, requests, failed, shape_errors, durations } in
        all.iter().take(ROWS_MAX)
    {
        let failed = if failed.total > 0 { numbers::rate_percent(failed) } else { "-".to_owned() };
        let shape = match shape_errors.total {
            0 => "-".to_owned(),
            _ => shape_errors.trues.to_string(),
        };
        write!(out, "| {} | {requests} | {failed} | {shape} |", cell(name))?;
        let percentiles = [95.0, 99.0].map(Stat::Percentile);
        for stat in [Stat::Avg, Stat::Med, percentiles[0], percentiles[1], Stat::Max] {
            write!(out, " {} |", duration(stat, durations))?;
        }
        writeln!(out)?;
    }
    more(out, all.len())
}

fn duration(stat: Stat, durations: &Trend) -> String {
    stat.duration(durations).map_or_else(|| "-".to_owned(), numbers::duration)
}

fn more(out: &mut String, rows: usize) -> std::fmt::Result {
    match rows.saturating_sub(ROWS_MAX) {
        0 => writeln!(out),
        hidden => writeln!(out, "\nand {hidden} more\n"),
    }
}

fn facts(out: &mut String, result: &RunResult) -> std::fmt::Result {
    let run = &result.run;
    let (iterations, requests) = (&run.iterations, &run.requests);
    writeln!(out, "## Run\n\n| | |\n| --- | --- |")?;
    for (name, value) in view::facts(result) {
        writeln!(out, "| {name} | {} |", cell(&value))?;
    }
    writeln!(
        out,
        "| iterations | {} planned = {} completed + {} dropped + {} interrupted |",
        iterations.planned, iterations.completed, iterations.dropped, iterations.interrupted
    )?;
    writeln!(
        out,
        "| requests | {} sent = {} expected + {} unexpected + {} errors + {} interrupted |",
        requests.sent,
        requests.expected,
        requests.unexpected,
        requests.errors,
        requests.interrupted
    )?;
    if let Some(validity) = run.validity() {
        writeln!(out, "| generator | {} |", validity.word())?;
    }
    Ok(())
}

fn files(out: &mut String, result: &RunResult) -> std::fmt::Result {
    if result.files.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Files\n")?;
    let line =
        |file: &crate::WrittenFile| format!("- {}: {}\n", text(&file.kind), code(&file.name));
    out.extend(result.files.iter().map(line));
    Ok(())
}

/// Words on one line that mean nothing in Markdown: what is read as a sign is escaped.
fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut letters = words.chars().peekable();
    let mut is_in_word = false;
    while let Some(c) = letters.next() {
        let goes_on = letters.peek().is_some_and(|next| next.is_alphanumeric());
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Neither a link nor the mention of a person or an issue.
            '@' => out.push_str("&#64;"),
            _ if c.is_control() || c == '\u{2028}' || c == '\u{2029}' => out.push(' '),
            // Within a word it means nothing.
            '_' if is_in_word && goes_on => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' => out.extend(['\\', c]),
            _ => out.push(c),
        }
        is_in_word = c.is_alphanumeric() || c == '_';
    }
    out
}

/// Text as code in a table, where a bar would end the cell even within code.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Text as code: a fence that is longer than any run of back-quotes in it.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.trim();
    if text.is_empty() {
        return "-".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_means_nothing() {
        assert_eq!(
            text("a|b *c* [d](e) <f> @g #1"),
            "a\\|b \\*c\\* \\[d\\](e) &lt;f&gt; &#64;g \\#1"
        );
        assert_eq!(text("a\n# b"), "a \\# b");
        assert_eq!(text("http_req_failed _x_"), "http_req_failed \\_x\\_");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!((code("a|b\n"), cell("a|b")), ("`a|b`".to_owned(), "`a\\|b`".to_owned()));
        assert_eq!(code(" "), "-");
    }
}
