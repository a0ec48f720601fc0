//! `cargo xtask data clean`: clean rows as Parquet, for whatever comes next.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use slatewise_data::artefact::write_atomic;

use crate::console::Console;
use crate::mapped::clean::{Cleaning, anonymous, engine, lines};

/// What `data clean` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The mapping, or a config that holds one.
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    /// Files, folders or patterns, instead of those that the mapping names.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder for `clean.parquet`, `quarantine.csv`, `columns.json` and `counts.json`; it must be new or empty.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Memory in 10⁶ bytes that plans may take before they spill to disk.
    #[arg(long, value_name = "N", default_value_t = 2048)]
    memory_megabytes: usize,
    /// Seed of the noise that a column's `privacy` asks for.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new();
    let schema = super::schema(&arguments.schema, &arguments.files)?;
    let folder = &arguments.output;
    std::fs::create_dir_all(folder).with_context(|| format!("--output {}: cannot make it", folder.display()))?;
    super::expect_empty(folder)?;
    let engine = engine(arguments.memory_megabytes, folder)?;
    let cleaning = Cleaning { schema: &schema, engine: &engine, folder, now: Timestamp::now(), seed: arguments.seed };
    let cleaned = cleaning.run().inspect_err(|_| super::leave_quarantine(folder))?;
    std::fs::remove_dir_all(folder.join("spill")).context("removing the folder for spilled rows")?;
    for (name, json) in [
        ("counts.json", serde_json::to_vec_pretty(&cleaned.counts)?),
        ("columns.json", serde_json::to_vec_pretty(&cleaned.schema)?),
    ] {
        write_atomic(folder.join(name), &json)?;
    }
    console.line(lines(&cleaned.counts));
    console.line(cleaned.pace());
    cleaned.tables.iter().for_each(|(name, counts)| console.line(format!("table {name}: {}", lines(counts))));
    if let Some(said) = anonymous(&schema, &cleaned, &engine).inspect_err(|_| super::leave_quarantine(folder))? {
        console.line(said);
    }
    console.line(format!("wrote {}", folder.join("clean.parquet").display()));
    Ok(())
}
