//! `cargo xtask`: the command line of slatewise. `main` only dispatches; each command has a file under `commands/`.
//!
//! ```text
//! cargo xtask train                     the main job on the data that ships
//! cargo xtask train --config my.toml    the same on your own config
//! cargo xtask data infer|check|clean               a mapping for your own log, and what is wrong with it
//! cargo xtask simulate --output DIR                a log whose truth is known
//! cargo xtask metrics prediction|ranking|catalog    metrics of files made by anything
//! cargo xtask ope bandit|sequential|slate           off-policy estimates, or why there is none
//! cargo xtask rl value-iteration                   optimal values of a table of outcomes
//! cargo xtask rl trace                             what tabular learners make of transitions in a file
//! cargo xtask rl offline                           what offline learners make of a log of transitions
//! cargo xtask reproduce NAME                       a published figure again, with intervals
//! cargo xtask compare A B                           two runs, unit by unit
//! cargo xtask compare-models --config FILE          multi-task models on a table, beside their single-task twins
//! cargo xtask compare-policies                      from greedy ranking to policies over slates, where the truth is known
//! cargo xtask check-reference DIR --model NAME      another implementation's weights against this one
//! ```
//!
//! Exit codes: 0 done, 2 for anything the user can mend (one line on stderr says what and how), 130 for a training that was stopped
//! by Ctrl-C or SIGTERM after it had written a checkpoint.

mod args;
mod commands;
mod config;
mod console;
mod device;
mod flat;
mod mapped;
mod output;
mod run_dir;
mod seeds;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, Command};

// Large tensors are otherwise mapped and page-faulted anew at each operation: a quarter of a training step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Train(arguments) => commands::train::run(&arguments),
        Command::Data(data) => commands::data::run(&data),
        Command::Simulate(arguments) => commands::simulate::run(&arguments),
        Command::Metrics(metrics) => commands::metrics::run(&metrics),
        Command::Ope(ope) => commands::ope::run(&ope),
        Command::Rl(rl) => commands::rl::run(&rl),
        Command::Reproduce(arguments) => commands::reproduce::run(&arguments),
        Command::Compare(arguments) => commands::compare::run(&arguments),
        Command::CompareModels(arguments) => commands::compare_models::run(&arguments),
        Command::ComparePolicies(arguments) => commands::compare_policies::run(&arguments),
        Command::CheckReference(arguments) => commands::check_reference::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::error(&error);
            ExitCode::from(if error.is::<commands::train::Interrupted>() { 130 } else { 2 })
        }
    }
}
