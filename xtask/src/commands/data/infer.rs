//! `cargo xtask data infer FILE...`: a mapping, proposed by looking.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use slatewise_data::artefact::write_atomic;
use slatewise_data::log::infer::infer;

use crate::console::Console;

/// What `data infer` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files, folders or patterns.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write the mapping here rather than to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let proposal = infer(&arguments.files)?;
    let console = Console::new();
    for note in &proposal.notes {
        console.line(note);
    }
    let text = proposal.to_toml();
    match &arguments.output {
        Some(path) => {
            write_atomic(path, text.as_bytes()).with_context(|| format!("--output {}", path.display()))?;
            console.line(format!("wrote {}; look it over, then: cargo xtask data check --schema {0}", path.display()));
        }
        None => {
            #[expect(clippy::print_stdout, reason = "standard output is where a command gives its result")]
            {
                print!("{text}");
            }
        }
    }
    Ok(())
}
