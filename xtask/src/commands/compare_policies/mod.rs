//! `compare-policies`: from greedy ranking to policies over weights, surfaces, items and slates, in worlds whose truth is known.
//!
//! ```text
//! per seed: planted world ─▶ log ─▶ multi-task model, fitted simulators ─▶ agents learn ─▶ judged in simulators and in the world
//! ```
//!
//! Everything is learned from the log alone. Intervals are Student's t over the seeds; gains are paired, seed by seed.

mod config;
mod judge;
mod run;
mod show;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

pub(crate) use self::config::CompareConfig;
use self::run::{SeedOutcome, run_seed};
use crate::args::DeviceChoice;
use crate::console::Console;
use crate::device;
use crate::output::Output;
use crate::run_dir::in_repository;

/// What `compare-policies` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The comparison (TOML), as in `configs/feed.toml`; without it, that one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where models and agents learn; networks this small are fastest on the CPU.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
    /// Number of seeds; without it, the config's.
    #[arg(long, value_name = "N")]
    seeds: Option<usize>,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
///
/// # Errors
/// Anything that the user can mend, in one line.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let path = arguments.config.clone().unwrap_or_else(|| in_repository("configs/feed.toml"));
    let mut config = CompareConfig::read(&path)?;
    config.compare.seeds = arguments.seeds.unwrap_or(config.compare.seeds);
    ensure!(config.compare.seeds >= 2, "--seeds: at least 2, for an interval");
    let console = Console::new();
    let chosen = device::choose(arguments.device)?;
    let bar = console.bar("worlds", config.compare.seeds as u64);
    let outcomes = compare(&config, &chosen.device, || bar.advance(1))?;
    let seconds = bar.finish().as_secs_f64();
    console.line(format!("{} worlds in {seconds:.0} s on {} ({})", outcomes.len(), chosen.name, chosen.reason));
    show::tell(&config, &outcomes, &arguments.output)
}

/// All seeds, side by side.
///
/// # Errors
/// As the command.
fn compare(config: &CompareConfig, device: &burn::tensor::Device, done: impl Fn() + Sync) -> Result<Vec<SeedOutcome>> {
    use rayon::prelude::*;
    let seeds = 0..config.compare.seeds as u64;
    let seed = |number| {
        let outcome = run_seed(config, number, device);
        done();
        outcome
    };
    seeds.into_par_iter().map(seed).collect()
}
