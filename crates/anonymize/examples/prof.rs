use anonymize::{Policy, PseudonymKey, bench};
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    s.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
fn main() {
    let rows = std::fs::read_to_string("/tmp/prof-rows/rows.ndjson").unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let policy = Policy::builtin();
    let key = PseudonymKey::from_bytes(std::array::from_fn(|b| b as u8)).unwrap();
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let only = std::env::args().nth(2).is_some();
    let bytes: usize = rows.iter().map(|r| r.len()).sum();
    let (mut best, mut tree) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let t = cpu();
        bench::clean_rows(&rows, "puzzle_work_profile", &policy, &key, false).unwrap();
        best.push(cpu() - t);
        if only {
            tree.push(1.0);
            continue;
        }
        let t = cpu();
        for row in &rows {
            std::hint::black_box(serde_json::from_str::<serde_json::Value>(row).unwrap());
        }
        tree.push(cpu() - t);
    }
    best.sort_by(f64::total_cmp);
    tree.sort_by(f64::total_cmp);
    for (name, best) in [("clean", best), ("tree", tree)] {
        for (k, best) in [("min", best[0]), ("median", best[n / 2])] {
            println!(
                "{name} {k} {:.0} MB/s {:.0} ns/row",
                bytes as f64 / best / 1e6,
                best * 1e9 / rows.len() as f64
            );
        }
    }
}
