//! The scanner beside serde_json: whatever serde_json takes, the scanner must take and end and
//! count and cut alike, for pieces of any size. What serde_json refuses must not make it panic.

#![no_main]

use anonymize::fuzzing::{Pieces, elements, skip};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Brackets may lie 1,024 deep in ours, and at any depth in serde_json's.
fn is_deep(document: &[u8]) -> bool {
    document.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() > 1_000
}

fuzz_target!(|data: &[u8]| {
    let Some((sizes, document)) = data.split_at_checked(4) else { return };
    let whole = skip(Pieces::new(document, &[0]));
    let pieces = skip(Pieces::new(document, sizes));
    assert_eq!(whole.as_ref().ok(), pieces.as_ref().ok());
    let texts = [&whole, &pieces].map(|result| result.as_ref().map_err(ToString::to_string).err());
    assert_eq!(texts[0], texts[1]);

    let mut values = serde_json::Deserializer::from_slice(document).into_iter::<IgnoredAny>();
    if let Some(Ok(_)) = values.next()
        && !is_deep(document)
    {
        let (end, _) = whole.as_ref().expect("serde_json takes it");
        assert_eq!(*end as usize, values.byte_offset());
    }

    let ours = elements(Pieces::new(document, sizes)).ok();
    assert_eq!(ours, elements(Pieces::new(document, &[0])).ok());
    let text = std::str::from_utf8(document).ok();
    let theirs = text.and_then(|text| serde_json::from_str::<Vec<&RawValue>>(text).ok());
    if let Some(theirs) = theirs
        && !is_deep(document)
    {
        let (_, count) = whole.expect("serde_json takes it");
        assert_eq!(count, Some(theirs.len() as u64));
        let ours = ours.expect("serde_json takes it");
        let theirs: Vec<_> = theirs.iter().map(|raw| raw.get().as_bytes()).collect();
        assert_eq!(ours, theirs);
    }
});
