//! Time to profile a gallery list of about 90 KB, which a run does once a second, and to learn from
//! one, beside what it takes to judge it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use probe::{FieldProfiler, LearnLimits, Learner, Limits, Probe, Shape, gallery};

const WORKS: usize = 80;
const ROUNDS: usize = 15;
const BODIES_PER_ROUND: u32 = 100;

fn body() -> String {
    let filler = "孩子们把秘密藏在第三块砖的后面,从来没有人找到过。".repeat(7);
    let card = |n: usize| {
        format!(
            r#"{{"profileId":"puzzle-profile-{n:012}","workId":"puzzle-work-{n:012}",
"ownerUserId":"user_{n:016}","publicWorkCode":"PZ-{n:08}","authorDisplayName":"陈小满的画室",
"workTitle":"安静的山谷·第{n}章","workDescription":"{filler}","levelName":"微醺的星河",
"summary":"风从北面吹来","themeTags":["科幻","动物"],"coverAssetId":"asset_{n:012}",
"coverImageSrc":"/generated-puzzle-assets/asset_{n:012}/cover.webp","playCount":{n},
"publicationStatus":"published","publishReady":true,"likeCount":13331,"remixCount":3781,
"createdAt":1777642015514527,"updatedAt":1778083996815473,"publishedAt":1777728415514527}}"#
        )
    };
    let cards: Vec<_> = (0..WORKS).map(card).collect();
    format!(r#"{{"data":{{"items":[{}]}},"meta":{{"requestId":"r-1"}}}}"#, cards.join(","))
}

fn time_per_body(mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    (0..BODIES_PER_ROUND).for_each(|_| work());
    start.elapsed() / BODIES_PER_ROUND
}

#[expect(clippy::print_stdout, reason = "a benchmark is there to print")]
fn show(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    println!("  {name:<10} {:>8.1} µs", times[times.len() / 2].as_secs_f64() * 1e6);
}

#[expect(clippy::print_stdout, reason = "a benchmark is there to print")]
fn main() {
    let source = gallery::shape_source("puzzle-gallery").expect("a name of the list");
    let shape = Shape::from_json(source.as_bytes()).expect("a built-in shape compiles");
    let (mut probe, mut profiler) = (Probe::new(Limits::default()), FieldProfiler::new(4 << 20));
    let mut learner = Learner::new(LearnLimits::default());
    let body = body();
    assert!(probe.check(&shape, body.as_bytes()).is_empty(), "the body conforms");

    let (mut judged, mut profiled, mut learnt) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        judged.push(time_per_body(|| {
            black_box(probe.check(&shape, black_box(body.as_bytes())));
        }));
        profiled.push(time_per_body(|| {
            black_box(profiler.profile(&shape, black_box(body.as_bytes())));
        }));
        learnt.push(time_per_body(|| {
            black_box(learner.observe(black_box(body.as_bytes()))).expect("the body is JSON");
        }));
    }
    println!("profile_body: {} bytes, {WORKS} works, median of {ROUNDS}", body.len());
    show("judged", judged);
    show("profiled", profiled);
    show("learnt", learnt);
}
