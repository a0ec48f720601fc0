//! The raw arguments; `commands` turn them into validated ones.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    check_reference, compare, compare_models, compare_policies, data::Data, metrics::Metrics, ope::Ope, reproduce,
    rl::Rl, simulate,
};

/// From a behaviour log to a judged policy: multi-task learning and reinforcement learning for recommenders.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version, about, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Clean a log, train a multi-task model, learn policies, judge them and write a report.
    Train(TrainArguments),
    /// Logs of any origin by a mapping: propose one, judge the data, write the clean rows.
    #[command(subcommand)]
    Data(Data),
    /// Write a log whose truth is known: planted tastes, exact propensities, any size.
    Simulate(simulate::Arguments),
    /// Metrics of scores, rankings or recommendations in files made by anything.
    #[command(subcommand)]
    Metrics(Metrics),
    /// Off-policy evaluation: what would another policy have earned? Refuses where the log cannot say.
    #[command(subcommand)]
    Ope(Ope),
    /// Reinforcement learning on files made by anything.
    #[command(subcommand)]
    Rl(Rl),
    /// Run a published experiment again, many times, and tell its numbers beside the source's.
    Reproduce(reproduce::Arguments),
    /// Compare two runs unit by unit, with tests corrected for their number.
    Compare(compare::Arguments),
    /// Train several multi-task models on one table, beside their single-task twins, over several seeds.
    CompareModels(compare_models::Arguments),
    /// From greedy ranking to policies over weights, surfaces, items and slates, in worlds whose truth is known.
    ComparePolicies(compare_policies::Arguments),
    /// Check another implementation's weights, outputs and gradients against this one.
    CheckReference(check_reference::Arguments),
}

/// What `train` takes.
#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    /// The run's config (TOML); without it, the e-shop that ships with the repository.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the model trains: `auto` takes a real GPU when there is one, else the CPU.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub(crate) device: DeviceChoice,
    /// Seed of every random stream; without it, the config's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Folder that holds the run directories; without it, `runs` in the repository.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
    /// Train each task alone as well, and tell what it gains or loses beside the others; as long again per task. Also
    /// `evaluation.twins = true` in the config.
    #[arg(long)]
    pub(crate) twins: bool,
    /// Keep the clean rows and the parts that were trained and judged on, as Parquet, in the run's folder `rows`; for logs by a
    /// mapping.
    #[arg(long)]
    pub(crate) keep_rows: bool,
    /// Go on with a run that was stopped: its folder, whose name ends in `.partial`.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "seed", "runs", "twins"])]
    pub(crate) resume: Option<PathBuf>,
    /// Seconds of training between two checkpoints; there is one at the end of every epoch as well.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) checkpoint_every: u64,
}

/// Devices that a run can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceChoice {
    /// A real GPU if there is one, else the CPU.
    Auto,
    /// The CPU (burn-flex).
    Cpu,
    /// A GPU, or a software Vulkan driver, through wgpu.
    Wgpu,
}
