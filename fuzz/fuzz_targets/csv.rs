#![no_main]

use libfuzzer_sys::fuzz_target;
use slatewise_data::log::schema::CsvSpec;
use slatewise_fuzz::{Reading, read};

fuzz_target!(|bytes: &[u8]| {
    let Some((&options, bytes)) = bytes.split_first() else { return };
    let csv = CsvSpec {
        delimiter: (options & 1 != 0).then(|| "::".to_owned()),
        header: if options & 2 != 0 { ["a", "b"].map(str::to_owned).to_vec() } else { Vec::new() },
        skip_lines: u64::from(options >> 6),
        line_breaks_in_quotes: options & 4 != 0,
        no_quotes: options & 8 != 0,
    };
    let read = read(&Reading { name: "a.csv", csv, ..Reading::default() }, bytes);
    assert!(read.is_ok(), "{read:?}");
});
