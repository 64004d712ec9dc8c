//! Requests a second of ten virtual users against a gallery on a thread of its own, with every body
//! checked, beside the same without the check. Both clients and servers share this machine's cores,
//! so only the ratio says something.

use std::time::Duration;

use dataset::Dataset;
use gallery::{EmbeddedGallery, Gallery, GalleryConfig};
use metrics::RunSummary;
use scenario::{Scenario, Stop};
use workload::{Plan, Progress, Run, RunConfig};

const VUS: usize = 10;
const SECONDS: u64 = 2;
const ROUNDS: usize = 5;

const SAMPLE: &[u8] = include_bytes!("../../../fixtures/works-list.sample.json");

const UNCHECKED: &str = r#"
version = 1
[[endpoint]]
name = "puzzle-gallery"
role = "list"
path = "/api/runtime/puzzle/gallery"
[[endpoint]]
name = "custom-world-gallery"
role = "list"
path = "/api/runtime/custom-world-gallery"
"#;

fn run(gallery: &EmbeddedGallery, plan: &Plan) -> RunSummary {
    let duration = Duration::from_secs(SECONDS);
    let scenario = Scenario::constant_vus(VUS, duration, duration).expect("a scenario");
    let base_url = gallery.base_url().parse().expect("the gallery's own address");
    let run = Run::prepare(RunConfig::new("bench", base_url, scenario), plan, None);
    let run = run.expect("both lists are public");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let executed = async { run.execute(&Stop::new(), &Progress::default()).await };
    runtime.expect("a runtime").block_on(executed).expect("the gallery listens")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a benchmark is there to print")]
fn main() {
    let dataset = Dataset::from_json(SAMPLE).expect("the committed sample is whole");
    let gallery = Gallery::new(&dataset, GalleryConfig::new()).expect("the sample has its rows");
    let gallery = EmbeddedGallery::start(gallery).expect("a loopback port");
    let (checked, unchecked) =
        (Plan::genarrative(), Plan::from_toml(UNCHECKED).expect("the plan is valid"));
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (plan, rates) in [(&checked, &mut with), (&unchecked, &mut without)] {
            let summary = run(&gallery, plan);
            assert_eq!(summary.requests.unexpected + summary.requests.errors, 0);
            rates.push(summary.requests.expected as f64 / SECONDS as f64);
        }
    }
    let (with, without) = (median(with), median(without));
    println!("round_trip: {VUS} virtual users, median of {ROUNDS} runs of {SECONDS} s");
    println!("  every body checked {with:>9.0} requests/s");
    println!("  no body checked    {without:>9.0} requests/s  {:.2} times as many", without / with);
}
