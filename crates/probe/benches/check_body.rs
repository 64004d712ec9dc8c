//! Time to judge a gallery list of about 90 KB: in full, when only its envelope is new, and beside
//! what others take for it.
//!
//! All run in turns in one process, so that their ratios hold on a busy machine as well.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use probe::{Contract, FieldProfiler, LearnLimits, Learner, Limits, Probe, Shape, gallery};
use simd_json::{Buffers, INPUT_PADDING, Tape};

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

/// A thing to be timed, by its name.
struct Case<'a> {
    name: &'static str,
    work: Box<dyn FnMut() + 'a>,
    times: Vec<Duration>,
}

fn case<'a>(name: &'static str, work: impl FnMut() + 'a) -> Case<'a> {
    Case { name, work: Box::new(work), times: Vec::new() }
}

impl Case<'_> {
    fn round(&mut self) {
        let start = Instant::now();
        (0..BODIES_PER_ROUND).for_each(|_| (self.work)());
        self.times.push(start.elapsed() / BODIES_PER_ROUND);
    }

    fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }
}

/// simd-json's reader on buffers that are used again.
struct SimdJson {
    input: Vec<u8>,
    buffers: Buffers,
    tape: Option<Tape<'static>>,
}

impl SimdJson {
    fn new() -> Self {
        let buffers = Buffers::with_max_depth(0, 64);
        Self { input: Vec::new(), buffers, tape: Some(Tape(Vec::new())) }
    }

    fn tape(&mut self, bytes: &[u8]) {
        self.input.clear();
        self.input.extend_from_slice(bytes);
        self.input.resize(bytes.len() + INPUT_PADDING, 0);
        let mut filled = self.tape.take().unwrap_or(Tape(Vec::new())).reset();
        let (input, buffers) = (&mut self.input, &mut self.buffers);
        simd_json::fill_tape_padded(input, bytes.len(), buffers, &mut filled)
            .expect("the body is JSON");
        self.tape = Some(black_box(filled).reset());
    }
}

/// Times the cases in turns and shows their medians beside the first one's.
fn race(cases: &mut [Case<'_>], bytes: usize) {
    // A word of the name as an argument times what has it, and nothing else: for a profiler.
    let wanted = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let is_wanted =
        |case: &&mut Case<'_>| wanted.as_ref().is_none_or(|word| case.name.contains(word));
    (0..ROUNDS).for_each(|_| cases.iter_mut().filter(is_wanted).for_each(Case::round));
    show(cases, bytes);
}

fn main() {
    let source = gallery::shape_source("puzzle-gallery").expect("a name of the list");
    let shape = Shape::from_json(source.as_bytes()).expect("a built-in shape compiles");
    let any = Shape::from_json(b"true").expect("the schema true compiles");
    let schema = serde_json::from_str(source).expect("a built-in shape is JSON");
    let oracle = jsonschema::draft202012::new(&schema).expect("a built-in shape is a schema");
    let contract = Contract::new(Arc::new(shape.clone()));
    let body = body();
    let bytes = body.as_bytes();
    // The same list for other requests, and one with line breaks in its texts.
    let envelopes: Vec<_> = (0..8).map(|n| body.replace("r-1", &format!("r-{}", n * 37))).collect();
    let escaped = body.replace("藏在", "藏\\n在");
    let mut round = 0;
    let [mut full, mut escapes, mut read, mut known] =
        [(), (), (), ()].map(|()| Probe::new(Limits::default()));
    assert!(full.check(&shape, bytes).is_empty(), "the body conforms");
    known.examine(&contract, &[], bytes);
    let mut profiler = FieldProfiler::new(bytes.len());
    let mut learner = Learner::new(LearnLimits::default());
    let mut simd = SimdJson::new();

    let mut cases = [
        case("read and judged", || {
            black_box(full.check(&shape, black_box(bytes)));
        }),
        case("the list in a new envelope", || {
            round += 1;
            let body = envelopes[round % envelopes.len()].as_bytes();
            assert!(black_box(known.examine(&contract, &[], black_box(body))).unchanged);
        }),
        case("judged, seven escapes a work", || {
            black_box(escapes.check(&shape, black_box(escaped.as_bytes())));
        }),
        case("read, keys compared", || {
            black_box(read.check(&any, black_box(bytes)));
        }),
        case("profiled for drift", || {
            black_box(profiler.profile(&shape, black_box(bytes)));
        }),
        case("learnt from", || {
            black_box(learner.observe(black_box(bytes))).expect("the body is JSON");
        }),
        case("simd-json, tape alone", || simd.tape(black_box(bytes))),
        case("serde_json::Value, parse alone", || {
            let parsed: serde_json::Value =
                serde_json::from_slice(black_box(bytes)).expect("the body is JSON");
            black_box(parsed);
        }),
        case("jsonschema, parse included", || {
            let parsed = serde_json::from_slice(black_box(bytes)).expect("the body is JSON");
            black_box(oracle.is_valid(&parsed));
        }),
    ];
    race(&mut cases, bytes.len());
}

#[expect(clippy::print_stdout, reason = "a benchmark is there to print")]
fn show(cases: &[Case<'_>], bytes: usize) {
    let ours = cases[0].median().as_secs_f64();
    println!("check_body: {bytes} bytes, {WORKS} works, median of {ROUNDS}");
    for case in cases {
        let time = case.median().as_secs_f64();
        let speed = bytes as f64 / time / 1e9;
        let (name, micros, ratio) = (case.name, time * 1e6, time / ours);
        println!("  {name:<32} {micros:>8.1} µs {speed:>6.2} GB/s {ratio:>6.2} times ours");
    }
}
