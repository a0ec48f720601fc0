//! `cargo xtask data clean`: clean rows as Parquet, for whatever comes next.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use jiff::Timestamp;
use slatewise_data::artefact::write_atomic;

use crate::console::Console;
use crate::mapped::clean::{Cleaning, engine, lines};

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
    /// Seed of the noise that schema.columns.<name>.privacy asks for.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new();
    let schema = super::schema(&arguments.schema, &arguments.files)?;
    let folder = &arguments.output;
    std::fs::create_dir_all(folder).with_context(|| format!("--output {}: cannot make it", folder.display()))?;
    let empty = std::fs::read_dir(folder).with_context(|| format!("--output {}", folder.display()))?.next().is_none();
    ensure!(empty, "--output {}: the folder is not empty; name a new one", folder.display());
    let engine = engine(arguments.memory_megabytes, folder)?;
    let cleaning = Cleaning { schema: &schema, engine: &engine, folder, now: Timestamp::now(), seed: arguments.seed };
    let cleaned = cleaning.run()?;
    std::fs::remove_dir_all(folder.join("spill")).context("removing the folder for spilled rows")?;
    for (name, json) in [
        ("counts.json", serde_json::to_vec_pretty(&cleaned.counts)?),
        ("columns.json", serde_json::to_vec_pretty(&cleaned.schema)?),
    ] {
        write_atomic(folder.join(name), &json)?;
    }
    console.line(lines(&cleaned.counts));
    cleaned.tables.iter().for_each(|(name, counts)| console.line(format!("table {name}: {}", lines(counts))));
    if let Some((k, quasi)) = schema.privacy.as_ref().and_then(|p| Some((p.k?, &p.quasi_identifiers))) {
        let found = engine.k_anonymity(&cleaned.rows, quasi, k)?;
        if found.rows_below > 0 {
            std::fs::remove_file(&cleaned.rows).context("removing the table that is not anonymous enough")?;
        }
        ensure!(
            found.rows_below == 0,
            "schema.privacy.k: {} of {} rows share their {} with fewer than {k} (the smallest group has {}); the table was not kept: generalise these columns further, or leave them out",
            found.rows_below,
            cleaned.counts.rows_kept,
            quasi.join(", "),
            found.smallest
        );
        console.line(format!("k-anonymity: every row shares its {} with at least {k}", quasi.join(", ")));
    }
    console.line(format!("wrote {}", cleaned.rows.display()));
    Ok(())
}
