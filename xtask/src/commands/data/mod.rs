//! `cargo xtask data`: logs by a mapping, before anything is learned from them.

mod check;
mod clean;
mod encode;
mod infer;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use slatewise_data::log::Schema;

use crate::config::read_table;

/// What `data` takes.
#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// Propose a mapping for files by looking at them; TOML on standard output.
    Infer(infer::Arguments),
    /// Judge files by a mapping: what is wrong with them, what gives the labels away, what drifts. Writes nothing unless asked.
    Check(check::Arguments),
    /// Write the clean rows of files as Parquet, with the quarantine and the counts.
    Clean(clean::Arguments),
    /// Write encoded rows and the encoder, as `train` would make them.
    Encode(encode::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Anything that the user can mend, in one line.
pub(crate) fn run(data: &Data) -> Result<()> {
    match data {
        Data::Infer(arguments) => infer::run(arguments),
        Data::Check(arguments) => check::run(arguments),
        Data::Clean(arguments) => clean::run(arguments),
        Data::Encode(arguments) => encode::run(arguments),
    }
}

/// The `[schema]` of a config or mapping, for these files if any are given.
fn schema(path: &Path, files: &[PathBuf]) -> Result<Schema> {
    let named = || path.display().to_string();
    let mut table = read_table(path)?;
    let schema = table.remove("schema").with_context(|| {
        format!("{}: there is no [schema]; `cargo xtask data infer FILE` proposes one", path.display())
    })?;
    let mut schema: Schema = schema.try_into().with_context(named)?;
    if !files.is_empty() {
        schema.files = files.to_vec();
    }
    ensure!(
        !schema.files.is_empty(),
        "{}: schema.files: name at least one file, or give files on the command line",
        path.display()
    );
    schema.check().with_context(named)?;
    Ok(schema)
}

/// Refuses a folder that holds anything but the quarantine of an attempt that failed.
fn expect_empty(folder: &Path) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("--output {}", folder.display()))?;
    let empty = entries.flatten().all(|entry| entry.file_name() == "quarantine.csv");
    ensure!(empty, "--output {}: the folder is not empty; name a new one", folder.display());
    Ok(())
}

/// Removes what a failed attempt wrote, but for the rows that were set aside.
fn leave_quarantine(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name() == "quarantine.csv" {
            continue;
        }
        // The attempt has failed already, and says why; what cannot be removed stays.
        let _ = match entry.file_type() {
            Ok(kind) if kind.is_dir() => std::fs::remove_dir_all(entry.path()),
            _ => std::fs::remove_file(entry.path()),
        };
    }
}
