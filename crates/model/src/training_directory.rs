//! `TrainingDirectory`: where a training keeps its checkpoints, one process at a time.
//!
//! ```text
//! training/
//!   lock             held by the process that trains; the system frees it when the process ends, however it ends
//!   step-00001200/   the last checkpoints, whole ones only
//!   .partial-XXXX/   what a killed process left half written; removed by the next
//! ```
//!
//! A checkpoint appears by one rename and older ones are removed after it, so that there is a loadable one at any instant
//! after the first, whatever ends the process.

use crate::checkpoint::PARTIAL;
use crate::{Error, Resumed, Trainer};
use burn::tensor::Device;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const STEP: &str = "step-";
/// Checkpoints that are kept, so that there is one to fall back on where a disk damages the newest.
const KEPT: usize = 2;

/// A directory of checkpoints, locked.
#[derive(Debug)]
pub struct TrainingDirectory {
    path: PathBuf,
    /// Held, not read.
    _lock: File,
}

impl TrainingDirectory {
    /// Makes the directory if need be, locks it and clears away what a killed process left half written.
    ///
    /// # Errors
    /// [`Error::Locked`] where another process trains there, [`Error::Io`] where it cannot be written.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(io(&path, "make it"))?;
        let name = path.join(LOCK);
        let lock = File::options().create(true).append(true).open(&name).map_err(io(&name, "open it"))?;
        match lock.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => return Err(Error::Locked { path }),
            Err(TryLockError::Error(source)) => return Err(Error::Io { path: name, action: "lock it", source }),
        }
        let directory = Self { path, _lock: lock };
        for name in directory.names()?.iter().filter(|name| name.starts_with(PARTIAL)) {
            let left = directory.path.join(name);
            fs::remove_dir_all(&left).map_err(io(&left, "remove it"))?;
        }
        Ok(directory)
    }

    /// Saves a trainer under its step, and removes all but the last checkpoints. Once is enough for a step.
    ///
    /// # Errors
    /// As [`Trainer::save`].
    pub fn save(
        &self,
        trainer: &mut Trainer,
        encoder: &serde_json::Value,
        caller: &toml::Table,
    ) -> Result<PathBuf, Error> {
        let target = self.path.join(format!("{STEP}{:08}", trainer.steps_taken()));
        if !target.exists() {
            trainer.save(&target, encoder, caller)?;
        }
        let mut steps = self.checkpoints()?;
        steps.truncate(steps.len().saturating_sub(KEPT));
        for old in steps {
            fs::remove_dir_all(&old).map_err(io(&old, "remove it"))?;
        }
        Ok(target)
    }

    /// Takes up the newest checkpoint that can be loaded.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`], with the reason why the newest cannot be loaded.
    pub fn resume(&self, device: &Device) -> Result<Resumed, Error> {
        let mut refused = Vec::new();
        for path in self.checkpoints()?.iter().rev() {
            match Trainer::resume(path, device) {
                Ok(resumed) => return Ok(Resumed { refused, ..resumed }),
                Err(error) => refused.push(error.to_string()),
            }
        }
        let reason = refused.into_iter().next().unwrap_or_default();
        Err(Error::NoCheckpoint { path: self.path.clone(), reason })
    }

    /// The checkpoints there are, oldest first.
    ///
    /// # Errors
    /// [`Error::Io`] where the directory cannot be read.
    pub fn checkpoints(&self) -> Result<Vec<PathBuf>, Error> {
        let mut steps: Vec<(u64, PathBuf)> = self
            .names()?
            .iter()
            .filter_map(|name| Some((name.strip_prefix(STEP)?.parse().ok()?, self.path.join(name))))
            .collect();
        steps.sort();
        Ok(steps.into_iter().map(|(_, path)| path).collect())
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let read = || fs::read_dir(&self.path)?.collect::<std::io::Result<Vec<_>>>();
        let entries = read().map_err(io(&self.path, "read it"))?;
        Ok(entries.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }
}

fn io<'a>(path: &'a Path, action: &'static str) -> impl Fn(std::io::Error) -> Error + 'a {
    move |source| Error::Io { path: path.into(), action, source }
}
