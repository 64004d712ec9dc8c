//! Whole runs over any bytes: never a panic, the same result for pieces of any size, and the same
//! dataset where the input is read again.

#![no_main]

use std::sync::LazyLock;

use anonymize::fuzzing::Pieces;
use anonymize::{
    AnonymizeError, Anonymizer, DatasetWriter, Dump, DumpOptions, Format, Policy, PseudonymKey,
};
use libfuzzer_sys::fuzz_target;

static POLICY: LazyLock<Policy> = LazyLock::new(Policy::builtin);
static KEY: LazyLock<PseudonymKey> = LazyLock::new(|| {
    PseudonymKey::from_bytes(std::array::from_fn(|byte| byte as u8)).expect("a key")
});

fn options(choice: u8) -> DumpOptions {
    let mut options = DumpOptions::default();
    options.format = Format::ALL[usize::from(choice & 7) % Format::ALL.len()];
    options.table = (choice & 8 != 0).then(|| "puzzle_work_profile".to_owned());
    let columns = || ["profile_id", "work_title", "play_count"].map(str::to_owned).to_vec();
    options.columns = (choice & 16 != 0).then(columns);
    options
}

fn run(document: &[u8], sizes: &[u8], options: &DumpOptions) -> Result<Vec<u8>, AnonymizeError> {
    run_dump(Dump::once(Pieces::new(document, sizes)), options)
}

fn run_again(document: &[u8], options: &DumpOptions) -> Result<Vec<u8>, AnonymizeError> {
    run_dump(Dump::again(|| Ok(Box::new(document))), options)
}

fn run_dump(dump: Dump<'_>, options: &DumpOptions) -> Result<Vec<u8>, AnonymizeError> {
    let mut writer = DatasetWriter::new(Vec::new(), &POLICY, &KEY);
    let mut dumps = [dump.options(options.clone())];
    Anonymizer::new(&POLICY, &KEY).run(&mut dumps, &mut writer)?;
    Ok(writer.into_inner())
}

fuzz_target!(|data: &[u8]| {
    let Some(([choice, sizes @ ..], document)) = data.split_first_chunk::<4>() else { return };
    let options = options(*choice);
    let whole = run(document, &[0], &options).map_err(|error| error.to_string());
    let pieces = run(document, sizes, &options).map_err(|error| error.to_string());
    assert_eq!(whole, pieces);
    let again = run_again(document, &options);
    if whole.is_ok() {
        // Tables may come in another order, so their bytes are compared, not their places.
        let sorted = |mut bytes: Vec<u8>| {
            bytes.sort_unstable();
            bytes
        };
        assert_eq!(whole.ok().map(sorted), again.ok().map(sorted));
    }
});
