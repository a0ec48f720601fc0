//! `reproduce`: published figures again, each run many times, beside what the source says.
//!
//! ```text
//! run 0 .. N, side by side, each with its own streams ──► samples ──► mean and interval beside the source ──► table, JSON, SVG
//! ```
//!
//! A run depends on the seed and its number alone, and results are put together in the order of the runs, so the number of threads
//! changes nothing.

mod classic_control;
mod cliff_walking;
mod maximisation_bias;
mod mountain_car;
mod offline_cart_pole;
mod show;
mod windy_gridworld;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use slatewise_data::artefact::write_atomic;
use slatewise_eval::report::{LinePlot, Plot};

use self::show::{list, to_flat, to_text};
use crate::run_dir::in_repository;

/// What `reproduce` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Which figure; without it, they are listed.
    #[arg(value_enum)]
    name: Option<Name>,
    /// Independent runs to average over; by default as listed.
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// Seed of all runs.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Folder for the figure; without it, `runs/reproduce` in the repository.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one flat JSON object.
    #[arg(long)]
    json: bool,
}

/// A figure that can be reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    CliffWalking,
    WindyGridworld,
    MaximisationBias,
    MountainCar,
    CartPole,
    Acrobot,
    OfflineCartPole,
}

impl Name {
    /// Its name on the command line.
    fn key(self) -> &'static str {
        match self {
            Self::CliffWalking => "cliff-walking",
            Self::WindyGridworld => "windy-gridworld",
            Self::MaximisationBias => "maximisation-bias",
            Self::MountainCar => "mountain-car",
            Self::CartPole => "cart-pole",
            Self::Acrobot => "acrobot",
            Self::OfflineCartPole => "offline-cart-pole",
        }
    }

    /// What it is, in a line.
    fn about(self) -> &'static str {
        match self {
            Self::CliffWalking => cliff_walking::ABOUT,
            Self::WindyGridworld => windy_gridworld::ABOUT,
            Self::MaximisationBias => maximisation_bias::ABOUT,
            Self::MountainCar => mountain_car::ABOUT,
            Self::CartPole => classic_control::CART_POLE,
            Self::Acrobot => classic_control::ACROBOT,
            Self::OfflineCartPole => offline_cart_pole::ABOUT,
        }
    }

    /// Runs unless told otherwise.
    fn runs(self) -> u64 {
        match self {
            Self::CliffWalking | Self::WindyGridworld | Self::MountainCar => 100,
            Self::MaximisationBias => 1_000,
            Self::CartPole | Self::Acrobot => 5,
            Self::OfflineCartPole => 10,
        }
    }

    fn reproduce(self, runs: u64, seed: u64) -> Result<Reproduction> {
        match self {
            Self::CliffWalking => cliff_walking::reproduce(runs, seed),
            Self::WindyGridworld => windy_gridworld::reproduce(runs, seed),
            Self::MaximisationBias => maximisation_bias::reproduce(runs, seed),
            Self::MountainCar => mountain_car::reproduce(runs, seed),
            Self::CartPole => classic_control::cart_pole(runs, seed),
            Self::Acrobot => classic_control::acrobot(runs, seed),
            Self::OfflineCartPole => offline_cart_pole::reproduce(runs, seed),
        }
    }
}

/// What came out.
struct Reproduction {
    rows: Vec<Row>,
    figure: LinePlot,
}

/// One number of the source, and ours, one sample per run.
struct Row {
    key: &'static str,
    what: &'static str,
    samples: Vec<f64>,
    /// What the source says, in words or as a number read off its figure.
    source: &'static str,
    /// Where our mean must lie, both ends included; none for a number that is only told.
    bounds: Option<(f64, f64)>,
}

impl Row {
    fn mean(&self) -> f64 {
        self.samples.iter().sum::<f64>() / self.samples.len() as f64
    }

    /// Whether the mean lies where it must.
    fn holds(&self) -> bool {
        self.bounds.is_none_or(|(low, high)| (low..=high).contains(&self.mean()))
    }
}

/// Mean over runs at every point of a curve, with its 95 % interval (normal).
fn mean_curve(name: &str, xs: impl Iterator<Item = f64>, runs: &[Vec<f64>]) -> slatewise_eval::report::Series {
    let (mut points, mut band) = (Vec::new(), Vec::new());
    for (index, x) in xs.enumerate() {
        let count = runs.len() as f64;
        let mean = runs.iter().map(|run| run[index]).sum::<f64>() / count;
        let variance = runs.iter().map(|run| (run[index] - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        let half = 1.96 * (variance / count).sqrt();
        points.push((x, mean));
        band.push((mean - half, mean + half));
    }
    slatewise_eval::report::Series::new(name, points).band(band)
}

/// Runs the command.
///
/// # Errors
/// No runs, a figure that cannot be written, a mean that lies outside the bounds.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Some(name) = arguments.name else {
        list(Name::value_variants());
        return Ok(());
    };
    let runs = arguments.runs.unwrap_or(name.runs());
    if runs < 2 {
        bail!("--runs {runs}: an interval needs at least 2 runs");
    }
    let reproduction = name.reproduce(runs, arguments.seed)?;
    let folder = arguments.out.clone().unwrap_or_else(|| in_repository("runs/reproduce"));
    let path = folder.join(format!("{}.svg", name.key()));
    std::fs::create_dir_all(&folder).with_context(|| format!("--out {}: cannot make it", folder.display()))?;
    let drawn = Plot::from(reproduction.figure.clone()).to_svg_file()?;
    write_atomic(&path, drawn.as_bytes()).with_context(|| format!("--out {}: cannot write it", path.display()))?;
    let flat = to_flat(&reproduction, runs, arguments.seed)?;
    if arguments.json {
        flat.print(true);
    } else {
        #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
        {
            print!("{}\nfigure: {}\n", to_text(name, &reproduction, runs, arguments.seed)?, path.display());
        }
    }
    match reproduction.rows.iter().find(|row| !row.holds()) {
        Some(row) => bail!(
            "{}: {}: mean {:.3} over {runs} runs is outside the bounds; more --runs show whether that is chance",
            name.key(),
            row.what,
            row.mean()
        ),
        None => Ok(()),
    }
}
