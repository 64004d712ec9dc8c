//! Time to judge a gallery list of about 90 KB, beside what it takes to parse it to a value tree.
//!
//! The two run in turns in one process, so that their ratio holds on a busy machine as well.

use std::hint::black_box;
use std::time::{Duration, Instant};

use probe::{Limits, Probe, Shape, gallery};

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
        .replace('\n', "")
    };
    let cards: Vec<_> = (0..WORKS).map(card).collect();
    format!(r#"{{"data":{{"items":[{}]}},"meta":{{"requestId":"r-1"}}}}"#, cards.join(","))
}

fn time_per_body(mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    (0..BODIES_PER_ROUND).for_each(|_| work());
    start.elapsed() / BODIES_PER_ROUND
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a benchmark is there to print")]
fn main() {
    let source = gallery::shape_source("puzzle-gallery").expect("a name of the list");
    let shape = Shape::from_json(source.as_bytes()).expect("a built-in shape compiles");
    let any = Shape::from_json(b"true").expect("the schema true compiles");
    let mut probe = Probe::new(Limits::default());
    let body = body();
    assert!(probe.check(&shape, body.as_bytes()).is_empty(), "the body conforms");

    let (mut full, mut read, mut tree) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        full.push(time_per_body(|| {
            black_box(probe.check(&shape, black_box(body.as_bytes())));
        }));
        read.push(time_per_body(|| {
            black_box(probe.check(&any, black_box(body.as_bytes())));
        }));
        tree.push(time_per_body(|| {
            let parsed: serde_json::Value =
                serde_json::from_slice(black_box(body.as_bytes())).expect("the body is JSON");
            black_box(parsed);
        }));
    }
    let (full, read, tree) = (median(full), median(read), median(tree));
    let ratio = tree.as_secs_f64() / full.as_secs_f64();
    println!("check_body: {} bytes, {WORKS} works, median of {ROUNDS}", body.len());
    println!("  read and judged          {:>8.1} µs", full.as_secs_f64() * 1e6);
    println!("  read, keys compared      {:>8.1} µs", read.as_secs_f64() * 1e6);
    println!(
        "  serde_json::Value, parse {:>8.1} µs  {ratio:.1} times as long",
        tree.as_secs_f64() * 1e6
    );
}
