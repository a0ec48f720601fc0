#![no_main]

use libfuzzer_sys::fuzz_target;
use slatewise_fuzz::{Reading, read};

fuzz_target!(|bytes: &[u8]| {
    let Some((&options, bytes)) = bytes.split_first() else { return };
    let explode = (options & 1 != 0).then_some("a");
    let read = read(&Reading { name: "a.jsonl", explode, ..Reading::default() }, bytes);
    assert!(read.is_ok(), "{read:?}");
});
