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
//! While the run goes on, the folder is called `….partial`, and holds the encoded train rows (`rows/`) while it trains. A run that fails removes it, unless there is a checkpoint of the
//! training in it: then it stays, and `cargo xtask train --resume` goes on from there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

/// A path of the repository, when run by cargo; else of the current folder.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(xtask) => Path::new(&xtask).parent().unwrap_or(Path::new(".")).join(path),
        None => PathBuf::from(path),
    }
}

/// Folders that a run writes once its training is over.
const AFTER_TRAINING: [&str; 3] = ["checkpoint", "policy", "units"];

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

    /// Opens the folder of a run that was stopped.
    ///
    /// # Errors
    /// It is not such a folder.
    pub(crate) fn reopen(partial: &Path) -> Result<Self> {
        let name = partial.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".partial"));
        let Some(stem) = name else {
            bail!("{}: not a run that was stopped; give a folder whose name ends in .partial", partial.display())
        };
        if !partial.is_dir() {
            bail!("{}: there is no such folder; give one whose name ends in .partial", partial.display());
        }
        // What was written after the training is written anew; a folder of it would be in the way.
        for name in AFTER_TRAINING {
            let path = partial.join(name);
            if path.exists() {
                fs::remove_dir_all(&path).with_context(|| format!("{}: cannot remove it", path.display()))?;
            }
        }
        Ok(Self { finished: partial.with_file_name(stem), partial: partial.into(), done: false })
    }

    /// The directory while the run goes on.
    pub(crate) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Where the training's checkpoints stand until the run is whole.
    pub(crate) fn training(&self) -> PathBuf {
        self.path("training")
    }

    fn has_checkpoint(&self) -> bool {
        let entries = fs::read_dir(self.training()).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("step-"))
    }

    /// A path beside the finished directory, for what must outlive a run that fails: `<name>-<time>.<ending>`.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        self.finished.with_extension(ending)
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
        let training = self.finished.join("training");
        if training.exists() {
            fs::remove_dir_all(&training).with_context(|| format!("{}: cannot remove it", training.display()))?;
        }
        Ok(self.finished.clone())
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if !self.done && !self.has_checkpoint() {
            // The run has failed already; a folder that cannot be removed is still called `.partial`.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}
