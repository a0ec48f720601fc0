//! The encoded train rows, on disk while the run learns from them.
//!
//! ```text
//! log (columns of codes, in memory) ── encoded once ──▶ <run>.partial/rows/train.rows ── window ── batches ahead ──▶ trainer
//! ```
//!
//! **Memory.** Encoded rows are never all in memory: one window of 16 blocks of 8,192 rows, and six batches. With the features of
//! `configs/eshop.toml` a row takes 144 bytes, so that is 21 MB, whatever the length of the log, where the file has 144 bytes
//! per train impression (309 MB for the shipped log). The cleaned log itself stays in memory, some ten bytes per impression,
//! because evaluation and the simulators count over it.
//!
//! **Resuming.** The folder is removed when the training is over or stopped. A resumed run writes the rows anew, which takes
//! seconds and leaves no question whether they are the right ones: the same config and log give the same bytes.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use slatewise_features::{FeatureEncoder, RowFile, Source};

use super::data::Data;
use crate::config::RunConfig;
use crate::console::Console;
use crate::run_dir::RunDir;

/// The file of train rows, and its folder, which is removed with it.
pub(super) struct StoredRows {
    file: RowFile,
    _folder: Folder,
}

struct Folder(PathBuf);

impl StoredRows {
    /// Encodes the train rows into the run directory, which must be locked.
    pub(super) fn write(
        config: &RunConfig,
        data: &Data,
        encoder: &FeatureEncoder,
        run: &RunDir,
        console: Console,
    ) -> Result<Self> {
        let started = Instant::now();
        let folder = Folder(run.path("rows"));
        // A run that was killed has left it.
        if folder.0.exists() {
            fs::remove_dir_all(&folder.0).with_context(|| format!("{}: cannot remove it", folder.0.display()))?;
        }
        fs::create_dir(&folder.0).with_context(|| format!("{}: cannot make it", folder.0.display()))?;
        let source = Source { log: &data.loaded.log, encoder, tasks: &data.tasks };
        let path = folder.0.join("train.rows");
        let file = source.store(data.split.train.clone(), &config.loader, &path)?;
        let megabytes = fs::metadata(&path).with_context(|| path.display().to_string())?.len() as f64 / 1e6;
        let seconds = started.elapsed().as_secs_f64();
        console.line(format!("{} rows encoded to disk, {megabytes:.0} MB ({seconds:.1} s)", file.rows()));
        Ok(Self { file, _folder: folder })
    }

    /// The rows.
    pub(super) fn file(&self) -> &RowFile {
        &self.file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whatever cannot be removed is removed by the next attempt to resume.
        let _ = fs::remove_dir_all(&self.0);
    }
}
