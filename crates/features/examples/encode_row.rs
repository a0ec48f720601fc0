//! Times one live row: `cargo run --release -p slatewise-features --example encode_row`.
//!
//! 32 features of 20,000 made-up rows: vocabularies, buckets of numbers, numbers, crosses, a calendar, statistics of labels and
//! a vector of 16 numbers. Printed are nanoseconds per row, the least and the middle of 15 runs.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use slatewise_features::tabular::{
    CalendarColumn, CalendarPart, CategoricalColumn, CrossColumn, LabelKind, NumericColumn, NumericTransform,
    TableTask, TargetColumn, VectorColumn,
};
use slatewise_features::{FeatureBatch, TableEncoder, TableSpec};

const ROWS: usize = 20_000;
const RUNS: usize = 15;
const WORDS: [(&str, usize); 10] = [
    ("user", 5_000),
    ("item", 3_000),
    ("city", 200),
    ("device", 12),
    ("page", 40),
    ("brand", 500),
    ("category", 60),
    ("language", 20),
    ("source", 8),
    ("campaign", 300),
];
const NUMBERS: [&str; 6] = ["age", "price", "clicks", "seconds", "discount", "stock"];

fn header() -> Vec<String> {
    let columns = WORDS.iter().map(|(name, _)| *name).chain(NUMBERS).chain(["time", "picture", "click"]);
    columns.map(str::to_owned).collect()
}

/// The cells of a row, by Marsaglia's xorshift.
fn row(seed: usize) -> Vec<String> {
    let mut state = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    };
    let mut cells: Vec<String> =
        WORDS.iter().map(|(name, count)| format!("{name}-{}", next() % *count as u64)).collect();
    cells.extend(NUMBERS.iter().map(|_| format!("{:.2}", (next() % 100_000) as f64 / 100.0)));
    cells.push((1_700_000_000_000_000 + next() % 10_000_000_000_000).to_string());
    let picture: Vec<String> = (0..16).map(|_| format!("{:.4}", (next() % 20_000) as f64 / 1e4 - 1.0)).collect();
    cells.push(format!("[{}]", picture.join(", ")));
    cells.push((next() % 2).to_string());
    cells
}

fn spec(train: std::path::PathBuf) -> TableSpec {
    let mut spec = TableSpec::new(train, vec![TableTask::new("click", "click", LabelKind::Binary)]);
    spec.categorical = WORDS.iter().map(|(name, _)| CategoricalColumn::new(*name, 8)).collect();
    spec.categorical.extend(NUMBERS.map(|name| {
        let quantile_cuts = Some(20);
        CategoricalColumn { quantile_cuts, ..CategoricalColumn::new(name, 8) }
    }));
    spec.numeric = NUMBERS.map(|name| NumericColumn::new(name, NumericTransform::Quantile)).to_vec();
    spec.cross = vec![CrossColumn::new(["city", "device"], 8), CrossColumn::new(["category", "page"], 8)];
    spec.cross[1].buckets = Some(1_000);
    spec.calendar = vec![CalendarColumn { cyclic: true, ..CalendarColumn::new("time", CalendarPart::ALL) }];
    spec.target = vec![TargetColumn::new(["item"], "click"), TargetColumn::new(["city", "category"], "click")];
    spec.vector = vec![VectorColumn::new("picture", 16)];
    spec
}

#[expect(clippy::print_stdout, reason = "an example that prints what it measured")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rows.csv");
    let header = header();
    let rows: Vec<Vec<String>> = (0..ROWS).map(row).collect();
    let mut text = header.join(",") + "\n";
    for row in &rows {
        let quoted: Vec<String> = row.iter().map(|cell| format!("\"{cell}\"")).collect();
        writeln!(text, "{}", quoted.join(","))?;
    }
    std::fs::write(&path, text)?;
    let encoder = TableEncoder::fit(&spec(path))?;
    let layout = encoder.layout();
    let mut batch = FeatureBatch::default();
    let mut nanoseconds = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        for row in &rows {
            (batch.rows, batch.ids, batch.dense) = (0, cleared(batch.ids), cleared(batch.dense));
            let cell = |name: &str| header.iter().position(|column| column == name).map(|at| row[at].as_str());
            encoder.encode_row(cell, &mut batch)?;
            black_box(&batch);
        }
        nanoseconds.push(start.elapsed().as_nanos() as f64 / ROWS as f64);
    }
    nanoseconds.sort_by(f64::total_cmp);
    println!(
        "{} features: {} fields and {} dense values",
        encoder.summary().len(),
        layout.fields.len(),
        layout.dense.len()
    );
    println!("{:.0} ns per row at least, {:.0} ns in the middle", nanoseconds[0], nanoseconds[RUNS / 2]);
    Ok(())
}

fn cleared<T>(mut values: Vec<T>) -> Vec<T> {
    values.clear();
    values
}
