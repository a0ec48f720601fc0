//! `ope`: off-policy evaluation of files that anything may have written.
//!
//! ```text
//! file ── table ──► a log (rounds, trajectories, slates) ── estimators ── judge ──► Findings ──► JSON, text, HTML
//! ```

mod bandit;
mod findings;
mod judging;
mod report;
mod sequential;
mod slate;

use anyhow::Result;
use clap::Subcommand;

/// What kind of log to judge from.
#[derive(Debug, Subcommand)]
pub(crate) enum Ope {
    /// One action and one reward per round, with the logging policy's probabilities.
    Bandit(bandit::Arguments),
    /// Trajectories of several steps.
    Sequential(sequential::Arguments),
    /// Slates of several positions, with a reward at each.
    Slate(slate::Arguments),
}

/// Runs the command.
pub(crate) fn run(ope: &Ope) -> Result<()> {
    match ope {
        Ope::Bandit(arguments) => bandit::run(arguments),
        Ope::Sequential(arguments) => sequential::run(arguments),
        Ope::Slate(arguments) => slate::run(arguments),
    }
}
