//! `cargo xtask data encode`: from files to encoded rows on disk, and the encoder, without a training.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use slatewise_data::log::engine::By;
use slatewise_features::TableEncoder;

use crate::commands::train_mapped::{encode, table_spec};
use crate::console::Console;
use crate::flat::Flat;
use crate::mapped::clean::{Cleaning, anonymous, engine, lines};
use crate::mapped::config::MappedConfig;
use crate::mapped::parts::{self, Kept};
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
    let wanted = wanted(&config).filter(|_| !arguments.keep_rows);
    let cleaned = if arguments.keep_rows { cleaning.run() } else { cleaning.passing(wanted.as_ref()) };
    let cleaned = cleaned.inspect_err(|_| super::leave_quarantine(folder))?;
    if arguments.keep_rows {
        anonymous(&config.schema, &cleaned, &engine).inspect_err(|_| super::leave_quarantine(folder))?;
    }
    let counts = cleaned.counts.clone();
    console.line(lines(&counts));
    console.line(cleaned.pace());
    let kind = parts::kinds(&config, &cleaned.schema)?[0];
    let kept = match &wanted {
        Some(columns) => Kept::Columns(columns),
        None if arguments.keep_rows => Kept::Whole,
        None => Kept::Parts,
    };
    let divided = parts::divide(&config, &cleaned, &[kind], &engine, (folder, kept))?;
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

/// The columns out of which all is made that will be encoded; none where features are proposed, which may be any column.
fn wanted(config: &MappedConfig) -> Option<BTreeSet<String>> {
    let features = &config.features;
    if features.propose {
        return None;
    }
    let derive = &config.derive;
    let one = features.categorical.iter().map(|feature| &feature.column);
    let one = one.chain(features.numeric.iter().map(|feature| &feature.column));
    let one = one.chain(features.calendar.iter().map(|feature| &feature.column));
    let one = one.chain(features.vector.iter().map(|feature| &feature.column));
    let crossed = features.cross.iter().flat_map(|cross| &cross.columns);
    let targets =
        features.target.iter().flat_map(|target| target.column.iter().chain(&target.columns).chain(&target.group));
    let labels = config.tasks.iter().map(|task| &task.label.column);
    let masks = config.tasks.iter().filter_map(|task| task.mask.as_ref()).map(|mask| &mask.column);
    let by = derive.history.iter().map(|spec| &spec.by).chain(derive.window.iter().map(|spec| &spec.by));
    let by = by.chain(derive.recency.iter().map(|spec| &spec.by)).flat_map(By::columns);
    let of = derive.history.iter().map(|spec| &spec.of);
    let all = one.chain(crossed).chain(targets).chain(labels).chain(masks).chain(by).chain(of);
    Some(all.chain(&config.split.group).cloned().collect())
}
