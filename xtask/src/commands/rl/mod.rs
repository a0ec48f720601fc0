//! `rl`: reinforcement learning on files that anything may have written.

mod offline;
mod trace;
mod transitions;
mod value_iteration;

use anyhow::Result;
use clap::Subcommand;

/// What to learn or to solve.
#[derive(Debug, Subcommand)]
pub(crate) enum Rl {
    /// The optimal values and policy of a Markov decision process given as a table (JSON).
    #[command(after_long_help = value_iteration::FORMAT)]
    ValueIteration(value_iteration::Arguments),
    /// The tables that tabular learners reach from transitions in a file, taken in order.
    #[command(after_long_help = trace::FORMAT)]
    Trace(trace::Arguments),
    /// The fixed points of offline learners on a log of transitions, and what a policy is worth on it.
    #[command(after_long_help = offline::FORMAT)]
    Offline(offline::Arguments),
}

/// Runs the command.
pub(crate) fn run(rl: &Rl) -> Result<()> {
    match rl {
        Rl::ValueIteration(arguments) => value_iteration::run(arguments),
        Rl::Trace(arguments) => trace::run(arguments),
        Rl::Offline(arguments) => offline::run(arguments),
    }
}
