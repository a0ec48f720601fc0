#![no_main]

use libfuzzer_sys::fuzz_target;
use slatewise_fuzz::{Reading, read};

fuzz_target!(|bytes: &[u8]| {
    let read = read(&Reading { name: "a.parquet", ..Reading::default() }, bytes);
    assert!(read.is_ok(), "{read:?}");
});
