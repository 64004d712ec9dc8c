//! What making the load took, and whether the run can be believed.

use metrics::{GeneratorHealth, RunSummary, StartLag, Throttled, Used, Validity};

use crate::page::{Line, Page, Piece, Style};
use crate::{dotted, numbers};

/// Nothing is shown of a generator that nobody watched.
pub(crate) fn push(page: &mut Page, run: &RunSummary) {
    let (Some(health), Some(validity)) = (&run.health, run.validity()) else { return };
    page.section("GENERATOR");
    let (mark, style) = match validity {
        Validity::Valid => ("✓", Style::Good),
        Validity::Saturated(_) => ("✗", Style::Bad),
        _ => ("?", Style::Doubt),
    };
    page.push(Line::new(4).hanging(6).piece(Piece::new(style, mark)).words(style, validity.word()));
    for reason in validity.reasons() {
        page.push(Line::new(6).hanging(8).words(style, &reason.to_string()));
    }
    page.gap();
    dotted::push(page, 4, &rows(health));
}

/// What was seen, in one line for the top of the page; `None` where there is nothing to say.
pub(crate) fn doubt(run: &RunSummary) -> Option<String> {
    let validity = run.validity()?;
    let seen: Vec<_> = validity.reasons().iter().map(|reason| reason.seen.as_str()).collect();
    match validity {
        Validity::Valid => None,
        Validity::Saturated(_) => Some(format!("the generator was saturated: {}", seen.join("; "))),
        _ => Some(format!("the generator is suspect: {}", seen.join("; "))),
    }
}

pub(crate) fn rows(health: &GeneratorHealth) -> Vec<dotted::Row> {
    let plain = |name: &str, value: Option<String>| {
        dotted::Row::plain(name, [value.unwrap_or_else(unknown)])
    };
    let percent = |share: Option<f64>| share.map(numbers::share);
    vec![
        lag_row(health.start_lag),
        plain("worker threads", health.worker_threads.map(|count| count.to_string())),
        worker_row(health),
        plain("worker waiting for a core", percent(health.worker_waiting)),
        plain("worker preempted", health.worker_preempted.map(|count| count.to_string())),
        plain("machine busy", percent(health.machine_busy)),
        plain("machine stolen", percent(health.steal)),
        plain("throttled", health.throttling.map(throttled)),
        plain("file descriptors", health.descriptors.map(used)),
        plain("local ports", health.local_ports.map(used)),
        plain("memory", health.memory_peak_bytes.map(|bytes| numbers::bytes(bytes as f64))),
    ]
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn lag_row(lag: Option<StartLag>) -> dotted::Row {
    let Some(StartLag { p50, p99, max }) = lag else {
        return dotted::Row::plain("start lag", ["no start".to_owned()]);
    };
    let lags = [("med", p50), ("p(99)", p99), ("max", max)];
    let values = lags.map(|(name, lag)| (name.to_owned(), numbers::duration(lag)));
    dotted::Row::labelled("start lag", values)
}

fn worker_row(health: &GeneratorHealth) -> dotted::Row {
    let (Some(mean), Some(max)) = (health.worker_cpu_mean, health.worker_cpu_max) else {
        return dotted::Row::plain("worker CPU", [unknown()]);
    };
    let shares = [("avg", mean), ("max", max)];
    let values = shares.map(|(name, share)| (name.to_owned(), numbers::share(share)));
    dotted::Row::labelled("worker CPU", values)
}

fn throttled(quota: Throttled) -> String {
    let Throttled { periods, throttled, time } = quota;
    if throttled == 0 {
        return "never".to_owned();
    }
    format!("{} in {throttled} of {periods} periods", numbers::duration(time))
}

fn used(used: Used) -> String {
    match used.limit {
        u64::MAX => format!("{} of any number", used.peak),
        limit => format!("{} of {limit}", used.peak),
    }
}

#[cfg(test)]
mod tests {
    use metrics::{IterationTally, LoadModel};

    use super::*;

    fn shown(run: &RunSummary) -> String {
        let mut page = Page::default();
        push(&mut page, run);
        page.render(false, None)
    }

    #[test]
    fn nothing_is_said_of_a_generator_that_nobody_watched() {
        let run = RunSummary::new("smoke");
        assert_eq!((shown(&run).as_str(), doubt(&run)), ("", None));
    }

    #[test]
    fn what_is_unknown_is_said_to_be_unknown() {
        let mut run = RunSummary::new("smoke");
        run.health = Some(GeneratorHealth::of_run(&run, LoadModel::Open));
        let text = shown(&run);
        assert_eq!(text.matches("unknown").count(), 10, "{text}");
        assert!(
            text.contains("✓ valid\n") && text.contains("start lag...................: no start")
        );
        assert_eq!(doubt(&run), None);
    }

    #[test]
    fn every_reason_is_shown_with_what_to_do() {
        let mut run = RunSummary::new("smoke");
        run.iterations = IterationTally { planned: 100, dropped: 9, completed: 91, interrupted: 0 };
        let mut health = GeneratorHealth::of_run(&run, LoadModel::Mixed);
        health.descriptors = Some(Used { peak: 17, limit: u64::MAX });
        run.health = Some(health);
        let text = shown(&run);
        assert!(text.contains("✗ saturated\n      dropped: 9 of 100 planned iterations (9%): "));
        assert!(text.contains("; raise MAX_VUS") && text.contains("17 of any number"), "{text}");
        let doubt = doubt(&run).unwrap();
        assert!(doubt.starts_with("the generator was saturated: dropped: 9 of 100 planned"));
        assert!(!doubt.contains("raise"), "{doubt}");
    }
}
