//! How fast a log is read on one thread: `cargo run --release -p slatewise-data --features engine --example read_log -- FILE…`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use slatewise_data::log::read::LogReader;
use slatewise_data::log::schema::CsvSpec;

#[expect(clippy::print_stdout, reason = "an example's output")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut reader = LogReader::open(&files, None, &CsvSpec::default(), None, &[])?;
    let wanted: Vec<_> = reader.columns().iter().map(|name| (name.clone(), "example".to_owned())).collect();
    reader.want(&wanted)?;
    let parser = reader.parser();
    let (mut cut, mut taken_apart) = (Duration::ZERO, Duration::ZERO);
    let (mut bytes, mut rows, mut rejected) = (0, 0, 0);
    let mut start = Instant::now();
    while let Some(chunk) = reader.next_chunk()? {
        cut += start.elapsed();
        bytes += chunk.bytes();
        start = Instant::now();
        let block = parser.parse(chunk);
        taken_apart += start.elapsed();
        rows += block.rows;
        rejected += block.rejected.len();
        drop(block);
        start = Instant::now();
    }
    let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    println!("{} columns, {rows} rows, {rejected} rejected, {:.1} MB", wanted.len(), bytes as f64 / 1e6);
    println!(
        "next_chunk {:.0} MB/s, parse {:.0} MB/s, both {:.0} MB/s",
        rate(cut),
        rate(taken_apart),
        rate(cut + taken_apart)
    );
    Ok(())
}
