//! `cargo xtask simulate`: a log whose truth is known, for trials, benches and doubts.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use slatewise_data::artefact::write_atomic;
use slatewise_data::log::Schema;
use slatewise_data::log::synthetic::{SyntheticSpec, generate};

use crate::config::read_table;
use crate::console::Console;

/// What `simulate` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder for the log; it must be new or empty.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// What the log looks like (TOML with `[synthetic]`); everything has a default.
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Impressions, instead of the spec's.
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
    /// Users, instead of the spec's.
    #[arg(long, value_name = "N")]
    users: Option<u32>,
    /// Items, instead of the spec's.
    #[arg(long, value_name = "N")]
    items: Option<u32>,
    /// Break what real logs have broken: repeated rows, blanks, dirty case, negative prices, times of the future.
    #[arg(long)]
    dirty: bool,
    /// Seed of everything drawn.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// A config that trains on the log.
#[derive(Debug, Serialize)]
struct Config {
    name: &'static str,
    schema: Schema,
}

/// Runs the command.
///
/// # Errors
/// A spec that cannot be, a folder that is not empty, a disk that is full.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new();
    let mut spec = match &arguments.spec {
        None => SyntheticSpec::default(),
        Some(path) => {
            let named = || path.display().to_string();
            let table = read_table(path)?.remove("synthetic");
            let table = table.with_context(|| format!("{}: there is no [synthetic]", path.display()))?;
            table.try_into().with_context(named)?
        }
    };
    spec.rows = arguments.rows.unwrap_or(spec.rows);
    spec.users = arguments.users.unwrap_or(spec.users);
    spec.items = arguments.items.unwrap_or(spec.items);
    if arguments.dirty {
        spec.dirt = slatewise_data::log::synthetic::Dirt::dirty();
    }
    let folder = &arguments.output;
    std::fs::create_dir_all(folder).with_context(|| format!("--output {}: cannot make it", folder.display()))?;
    let empty = std::fs::read_dir(folder).with_context(|| format!("--output {}", folder.display()))?.next().is_none();
    ensure!(empty, "--output {}: the folder is not empty; name a new one", folder.display());
    let bar = console.bar("simulating", 1);
    let summary = generate(&spec, arguments.seed, folder)?;
    let seconds = bar.finish().as_secs_f64();
    let config = Config { name: "synthetic", schema: spec.schema("") };
    let place = folder.join("synthetic.toml");
    write_atomic(&place, toml::to_string_pretty(&config)?.as_bytes())?;
    console.line(format!(
        "{} rows in {} slates of {} sessions, {seconds:.1} s",
        summary.rows, summary.slates, summary.sessions
    ));
    for (task, best) in &summary.truth.best {
        console.line(format!(
            "{task:<10} {} events; the true probabilities reach AUC {:.4}, log loss {:.4}",
            best.events, best.auc, best.log_loss
        ));
    }
    console.line(format!("train on it: cargo xtask train --config {}", place.display()));
    Ok(())
}
