#![no_main]

use libfuzzer_sys::fuzz_target;
use slatewise_fuzz::{Reading, read};

// The decoder's own panics are caught and become errors: the fuzzer's hook, which ends the process at the first one, is
// replaced. A panic that nobody catches still ends it.
fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| {
    let read = read(&Reading { name: "a.parquet", ..Reading::default() }, bytes);
    assert!(read.is_ok(), "{read:?}");
});
