//! What a result is made into: text on a stream, and files.

use std::path::{Path, PathBuf};

use cli::{CliError, Environment, Setting, WholeFile};
use metrics::Stat;
use report::{RunResult, TextOptions, WrittenFile};

use crate::failure::Failure;
use crate::output::Stream;

/// Which reports are wanted, as typed.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Reports")]
pub(crate) struct ReportArgs {
    /// Also write a file: json (the whole result, from which `loadtest report` makes all others),
    /// html, md, junit, csv (second by second), hlog (HdrHistogram) or k6 (the summary as k6 hands it
    /// to handleSummary); may be repeated [env: OUTPUT, with ; between]
    #[arg(long, value_name = "KIND=FILE")]
    output: Vec<String>,

    /// Prints the whole result as JSON, alone on standard output; the text goes to standard error
    #[arg(long)]
    json: bool,

    /// Says the verdict and its reason in one line: no progress, no summary
    #[arg(long)]
    quiet: bool,
}

/// Which reports are wanted, checked.
#[derive(Debug)]
pub(crate) struct Reports {
    files: Vec<(Kind, PathBuf)>,
    json: bool,
    quiet: bool,
    trend_stats: Vec<Stat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Csv,
    HdrLog,
    Html,
    Json,
    JUnit,
    /// k6's summary as its `handleSummary` has it.
    K6,
    /// k6's summary export, which has a flag of its own, as in k6.
    K6Export,
    Markdown,
}

/// The kinds by the names that `--output` knows.
const KINDS: [(&str, Kind); 7] = [
    ("csv", Kind::Csv),
    ("hlog", Kind::HdrLog),
    ("html", Kind::Html),
    ("json", Kind::Json),
    ("junit", Kind::JUnit),
    ("k6", Kind::K6),
    ("md", Kind::Markdown),
];

impl Kind {
    fn name(self) -> &'static str {
        let named = KINDS.into_iter().find(|(_, kind)| *kind == self);
        named.map_or("summary-export", |(name, _)| name)
    }

    fn render(self, result: &RunResult, trend_stats: &[Stat]) -> String {
        match self {
            Kind::Csv => report::csv(result),
            Kind::HdrLog => report::hdr_log(result),
            Kind::Html => report::html(result),
            Kind::Json => result.to_json(),
            Kind::JUnit => report::junit(result),
            Kind::K6 => report::k6_summary(&result.report(), trend_stats),
            Kind::K6Export => report::k6_summary_export(&result.report(), trend_stats),
            Kind::Markdown => report::markdown(result),
        }
    }
}

impl Reports {
    /// Checks which reports are wanted, and that each file can be written: that is to be said before
    /// minutes of load, and not after them.
    pub(crate) fn new(
        args: ReportArgs,
        trend_stats: &[Stat],
        summary_export: Option<&Path>,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let mut files = outputs(args.output, environment)?;
        files.extend(summary_export.map(|path| (Kind::K6Export, path.to_owned())));
        for (at, (_, path)) in files.iter().enumerate() {
            if files[..at].iter().any(|(_, other)| is_same(path, other)) {
                return Err(Failure::SameFile { path: path.clone() });
            }
            WholeFile::create(path).map(drop)?;
        }
        let (json, quiet, trend_stats) = (args.json, args.quiet, trend_stats.to_vec());
        Ok(Reports { files, json, quiet, trend_stats })
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether something else than the text summary is wanted.
    pub(crate) fn wants_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// The files by kind and name, as results list them.
    pub(crate) fn written(&self) -> Vec<WrittenFile> {
        let file = |(kind, path): &(Kind, PathBuf)| WrittenFile {
            kind: kind.name().to_owned(),
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        self.files.iter().map(file).collect()
    }

    /// Text for people that is not the verdict itself.
    pub(crate) fn say(&self, text: &str) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.people().print(text) }
    }

    /// The summary, the result on standard output where it is wanted there, the files, and where
    /// they are. What can be shown or written is, whatever else cannot; the first error is the
    /// command's.
    pub(crate) fn deliver(&self, result: &RunResult, with_summary: bool) -> Result<(), Failure> {
        let mut done = if with_summary { self.print_summary(result) } else { Ok(()) };
        if self.json {
            done = done.and(Stream::Stdout.print(&result.to_json()));
        }
        let mut list = String::new();
        for (kind, path) in &self.files {
            let text = kind.render(result, &self.trend_stats);
            match WholeFile::write(path, text.as_bytes()) {
                Ok(()) => list += &format!("  {}: {}\n", kind.name(), path.display()),
                Err(error) => done = done.and(Err(error.into())),
            }
        }
        if !list.is_empty() {
            done = done.and(self.say(&format!("written:\n{list}")));
        }
        done
    }

    fn print_summary(&self, result: &RunResult) -> Result<(), Failure> {
        let stream = self.people();
        let options = stream.text_options(&self.trend_stats);
        let report = result.report();
        let text = match self.quiet {
            // A script reads a line, however narrow the terminal is.
            true => report::verdict_line(&report, &TextOptions { width: None, ..options }),
            false => report::text(&report, &options),
        };
        stream.print(&text)
    }

    fn people(&self) -> Stream {
        if self.json { Stream::Stderr } else { Stream::Stdout }
    }
}

fn outputs(
    typed: Vec<String>,
    environment: &Environment,
) -> Result<Vec<(Kind, PathBuf)>, CliError> {
    let all = if typed.is_empty() {
        let all = environment.setting(None, "output")?.map(|setting| setting.text().to_owned());
        all.unwrap_or_default().split(';').map(|one| one.trim().to_owned()).collect()
    } else {
        typed
    };
    let is_typed = |one: &str| environment.setting(Some(one.to_owned()), "output");
    let settings = all.iter().filter(|one| !one.is_empty());
    settings.filter_map(|one| is_typed(one).transpose()).map(|one| output(&one?)).collect()
}

/// One `KIND=FILE`.
fn output(setting: &Setting) -> Result<(Kind, PathBuf), CliError> {
    let parse = |text: &str| {
        let (name, path) = text.split_once('=')?;
        let (_, kind) = KINDS.into_iter().find(|(own, _)| *own == name.trim())?;
        (!path.is_empty()).then(|| (kind, PathBuf::from(path)))
    };
    let names = KINDS.map(|(name, _)| name).join(", ");
    setting.parse_with(parse, &format!("KIND=FILE, where KIND is one of {names}"))
}

/// As far as that can be said of files that need not be there yet.
fn is_same(a: &Path, b: &Path) -> bool {
    let whole = |path| std::path::absolute(path).unwrap_or_else(|_| Path::to_owned(path));
    whole(a) == whole(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &[&str], variable: Option<&'static str>) -> Result<Vec<String>, CliError> {
        let environment = Environment::from_fn(move |_| variable.map(Into::into));
        let typed = typed.iter().map(|&text| text.to_owned()).collect();
        let show = |(kind, path): (Kind, PathBuf)| format!("{} {}", kind.name(), path.display());
        Ok(outputs(typed, &environment)?.into_iter().map(show).collect())
    }

    #[test]
    fn files_are_flags_or_a_list_in_a_variable() {
        let found = read(&["html=a=b;c.html", "json=r.json"], Some("md=x.md")).unwrap();
        assert_eq!(found, ["html a=b;c.html", "json r.json"]);
        let found = read(&[], Some("md=x.md; csv=y z.csv;")).unwrap();
        assert_eq!(found, ["md x.md", "csv y z.csv"]);
        assert!(read(&[], None).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_output_is_refused() {
        for text in ["html", "html=", "pdf=a.pdf", "=a", "k6 a.json"] {
            let message = read(&[text], None).unwrap_err().to_string();
            assert!(message.starts_with(&format!("--output {text}: must be KIND=FILE, ")));
            assert!(message.ends_with("csv, hlog, html, json, junit, k6, md"), "{message}");
        }
    }

    #[test]
    fn a_path_can_be_typed_in_two_ways() {
        assert!(is_same(Path::new("./a.json"), Path::new("a.json")));
        assert!(!is_same(Path::new("a.json"), Path::new("b/a.json")));
    }
}
