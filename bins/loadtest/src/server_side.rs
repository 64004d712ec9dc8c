//! The server's side of the load window, and what it means for the verdict.

use std::path::Path;

use metrics::{MetricKey, RunSummary, Threshold};
use observe::{AccessLogWatch, AccessLogWindow, Coverage, ObserveError};

use crate::failure::Failure;

/// New 502s of the server, whether the client saw them or a retry hid them.
const BAD_GATEWAY: &str = "nginx_502";

/// Remembers where nginx's access log ends now, if it is to be watched.
pub(crate) fn begin(path: Option<&Path>) -> Result<Option<AccessLogWatch>, Failure> {
    Ok(path.map(AccessLogWatch::begin).transpose()?)
}

/// Reads what the log gained since then, and adds its 502s to the run's metrics and thresholds. A
/// log that cannot be read any more leaves its threshold open; what the load measured stays.
pub(crate) fn end(
    watch: Option<AccessLogWatch>,
    run: &mut RunSummary,
) -> Result<Option<AccessLogWindow>, ObserveError> {
    let Some(watch) = watch else { return Ok(None) };
    let window = watch.end();
    let threshold = Threshold::parse(BAD_GATEWAY, "count==0").expect("the threshold is valid");
    // A log that gained no line is no evidence that there was no 502; its threshold stays open.
    if let Ok(window) = &window
        && window.coverage() != Coverage::None
    {
        let counter = run.metrics.counter(MetricKey::new(BAD_GATEWAY));
        run.metrics.add(counter, window.bad_gateway_final + window.bad_gateway_masked);
    }
    run.thresholds.push(threshold.evaluate(&run.metrics, run.window));
    window.map(Some)
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;

    use metrics::Outcome;

    use super::*;

    fn outcome(lines: &str) -> Outcome {
        let log = tempfile::NamedTempFile::new().unwrap();
        let watch = begin(Some(log.path())).unwrap();
        let mut file = OpenOptions::new().append(true).open(log.path()).unwrap();
        file.write_all(lines.as_bytes()).unwrap();
        let mut run = RunSummary::new("smoke");
        end(watch, &mut run).unwrap().unwrap();
        run.thresholds[0].outcome
    }

    #[test]
    fn a_new_502_fails_the_run_and_silence_proves_nothing() {
        assert_eq!(outcome("{\"status\":\"200\",\"us\":\"200\"}\n"), Outcome::Pass);
        assert_eq!(outcome("{\"status\":\"502\",\"us\":\"502\"}\n"), Outcome::Fail);
        assert_eq!(outcome("{\"status\":\"200\",\"us\":\"502, 200\"}\n"), Outcome::Fail);
        assert_eq!(outcome(""), Outcome::Void);
    }

    #[cfg(unix)]
    #[test]
    fn a_log_that_is_lost_leaves_its_threshold_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        std::fs::write(&path, "").unwrap();
        let watch = begin(Some(&path)).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let mut run = RunSummary::new("smoke");
        assert!(end(watch, &mut run).is_err());
        assert_eq!(run.thresholds[0].outcome, Outcome::Void);
    }

    #[test]
    fn without_a_log_nothing_is_added() {
        let mut run = RunSummary::new("smoke");
        assert!(end(begin(None).unwrap(), &mut run).unwrap().is_none());
        assert!(run.thresholds.is_empty());
    }
}
