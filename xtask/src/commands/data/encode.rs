//! `cargo xtask data encode`: from files to encoded rows on disk, and the encoder, without a training.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use slatewise_features::TableEncoder;

use crate::commands::train_mapped::{encode, table_spec};
use crate::console::Console;
use crate::flat::Flat;
use crate::mapped::clean::{Cleaning, anonymous, engine, lines};
use crate::mapped::config::MappedConfig;
use crate::mapped::parts;
use crate::seeds::Seeds;

/// What `data encode` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The config, as `train` takes it; only the split that it would keep is made, and no gate is asked.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Folder for `train.rows`, `validation.rows`, `test.rows`, `encoder.json` and `quarantine.csv`; it must be new or empty.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Keep the derived rows and the parts as Parquet too.
    #[arg(long)]
    keep_rows: bool,
    /// Print one flat JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new();
    let config = MappedConfig::read(&arguments.config)?;
    let folder = &arguments.output;
    std::fs::create_dir_all(folder).with_context(|| format!("--output {}: cannot make it", folder.display()))?;
    super::expect_empty(folder)?;
    let engine = engine(config.engine.memory_megabytes, folder)?;
    let cleaning = Cleaning {
        schema: &config.schema,
        engine: &engine,
        folder,
        now: Timestamp::now(),
        seed: Seeds(config.seed).number("noise"),
    };
    let cleaned = cleaning.run().inspect_err(|_| super::leave_quarantine(folder))?;
    if arguments.keep_rows {
        anonymous(&config.schema, &cleaned, &engine).inspect_err(|_| super::leave_quarantine(folder))?;
    }
    let counts = cleaned.counts.clone();
    console.line(lines(&counts));
    console.line(cleaned.pace());
    let kind = parts::kinds(&config, &cleaned.schema)?[0];
    let divided = parts::divide(&config, &cleaned, &[kind], &engine, (folder, arguments.keep_rows))?;
    let (schema, made) = (divided.schema, &divided.splits[0].1);
    // Features that nobody declared are proposed from what stands in the columns.
    let profile = if config.features.propose { engine.profile(&made.train.path, &schema)? } else { Vec::new() };
    let spec = table_spec(&config, &schema, &profile, made, &[])?;
    let encoder = TableEncoder::fit(&spec)?;
    encoder.save(folder.join("encoder.json"))?;
    let rows = encode(&spec, &encoder, folder)?;
    drop(engine);
    std::fs::remove_dir_all(folder.join("spill")).context("removing the folder for spilled rows")?;
    if !arguments.keep_rows {
        std::fs::remove_dir_all(folder.join(kind.name())).context("removing the parts")?;
    }
    let mut flat = Flat::default();
    flat.count("rows_read", counts.rows_read as usize);
    flat.count("rows_kept", counts.rows_kept as usize);
    flat.count("rows_quarantined", counts.rows_quarantined() as usize);
    flat.count("duplicates_dropped", counts.duplicates_dropped as usize);
    flat.count("train_rows", rows.train.rows() as usize);
    flat.count("validation_rows", rows.validation.rows() as usize);
    flat.count("test_rows", rows.test.rows() as usize);
    flat.count("future_rows_in_train", made.future_rows_in_train as usize);
    flat.print(arguments.json);
    Ok(())
}
