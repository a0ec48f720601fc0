//! `Output`: where the findings of `metrics`, `ope` and `compare` go.
//!
//! Standard output always has them, as one flat JSON object or for people; a page comes beside it where one is asked for.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use slatewise_data::artefact::write_atomic;
use slatewise_eval::report::Report;

use crate::flat::Flat;

/// Flags that every command of findings has.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Print one flat JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write a page for people, with plots where there are any.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Output {
    /// Writes the page, which is put together only if it is asked for.
    ///
    /// # Errors
    /// A plot that cannot be drawn, a file that cannot be written.
    pub(crate) fn write_page(&self, report: impl FnOnce() -> Report) -> Result<()> {
        let Some(path) = &self.html else { return Ok(()) };
        let html = report().to_html()?;
        write_atomic(path, html.as_bytes()).with_context(|| format!("--html {}: cannot write it", path.display()))?;
        Ok(())
    }

    /// Writes the page and prints the numbers.
    ///
    /// # Errors
    /// As [`Output::write_page`].
    pub(crate) fn tell(&self, flat: &Flat, report: impl FnOnce() -> Report) -> Result<()> {
        self.write_page(report)?;
        flat.print(self.json);
        Ok(())
    }
}
