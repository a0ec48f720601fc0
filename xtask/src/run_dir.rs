//! The run directory: everything that a run leaves behind, under a final name only when it is whole.
//!
//! ```text
//! runs/eshop-20261124-093000/
//!   config.toml      as resolved      metrics.json   numbers only; the same seed gives the same bytes
//!   run.json         data hash, seed, device, versions, times
//!   quarantine.csv   rows left out    checkpoint/    the multi-task model    policy/   what was learned
//!   report.html      for people       report.md      the same as text
//!   units/           metrics per test session, for `cargo xtask compare`
//! ```
//!
//! While the run goes on, the folder is called `….partial`; a run that fails removes it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

/// A run directory under construction.
#[derive(Debug)]
pub(crate) struct RunDir {
    partial: PathBuf,
    finished: PathBuf,
    done: bool,
}

impl RunDir {
    /// Makes `<runs>/<name>-<time>.partial`.
    ///
    /// # Errors
    /// The folder cannot be made, as without permission to write.
    pub(crate) fn create(runs: &Path, name: &str, now: &Timestamp) -> Result<Self> {
        fs::create_dir_all(runs).with_context(|| {
            format!(
                "{}: cannot make the folder for runs; mend its permissions or choose another with --runs",
                runs.display()
            )
        })?;
        let stem = format!("{name}-{}", now.strftime("%Y%m%d-%H%M%S"));
        // Two runs begun within one second get names of their own.
        for attempt in 1..100 {
            let stem = if attempt == 1 { stem.clone() } else { format!("{stem}-{attempt}") };
            let finished = runs.join(&stem);
            let partial = runs.join(format!("{stem}.partial"));
            if finished.exists() {
                continue;
            }
            match fs::create_dir(&partial) {
                Ok(()) => return Ok(Self { partial, finished, done: false }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| {
                        format!(
                            "{}: cannot write here; mend its permissions or choose another folder with --runs",
                            runs.display()
                        )
                    });
                }
            }
        }
        bail!("{}: there are a hundred runs called {stem}; remove some", runs.display())
    }

    /// A path inside the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    /// Writes one file, synced before it has its name.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        slatewise_data::artefact::write_atomic(self.path(name), content).with_context(|| format!("writing {name}"))?;
        Ok(())
    }

    /// Gives the directory its final name.
    pub(crate) fn finish(mut self) -> Result<PathBuf> {
        fs::rename(&self.partial, &self.finished).with_context(|| {
            format!("{}: cannot take its final name {}", self.partial.display(), self.finished.display())
        })?;
        self.done = true;
        Ok(self.finished.clone())
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if !self.done {
            // The run has failed already; a folder that cannot be removed is still called `.partial`.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}
