//! How fast a log is read, typed and judged, on as many threads as `RAYON_NUM_THREADS` says; nothing is written.
//!
//! ```sh
//! RAYON_NUM_THREADS=1 cargo run --release -p slatewise-data --features engine --example ingest_log -- events.csv schema.toml
//! ```
//!
//! `schema.toml` holds a `[schema]`; its `files` are replaced by the file.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use slatewise_data::log::Schema;
use slatewise_data::log::ingest::{IngestOptions, for_each_batch};

const REPEATS: usize = 3;

#[expect(clippy::print_stdout, reason = "an example tells what it measured")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(file), Some(mapping)) = (arguments.next(), arguments.next()) else {
        return Err("give a file and a mapping".into());
    };
    let mut table: toml::Table = toml::from_str(&std::fs::read_to_string(mapping)?)?;
    let schema = table.remove("schema").ok_or("the mapping has no [schema]")?;
    let mut schema: Schema = schema.try_into()?;
    let bytes = std::fs::metadata(&file)?.len() as f64;
    schema.files = vec![file];
    let now_microseconds = 4_102_444_800_000_000;
    let options = IngestOptions { key: None, now_microseconds, seed: 1, only: None };
    for _ in 0..REPEATS {
        let started = Instant::now();
        let mut rows = 0;
        let (_, counts) = for_each_batch(&schema, &options, |batch| {
            rows += batch.num_rows();
            Ok::<(), Box<dyn Error>>(())
        })?;
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{:.0} MB/s: {} rows read, {rows} typed, {} set aside, {seconds:.2} s",
            bytes / 1e6 / seconds,
            counts.rows_read,
            counts.rows_quarantined()
        );
    }
    Ok(())
}
