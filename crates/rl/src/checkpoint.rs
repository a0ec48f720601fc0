//! Saving a learner in the middle of its work, and going on from there as if nothing had happened.
//!
//! ```text
//! directory/                     appears at once; see `slatewise_model::save_state`
//!   manifest.json                which learner, SHA-256 of each other file
//!   learner.toml, ...            what the learner writes: weights, target network, optimiser, replay with priorities, counters;
//!                                or a table with its windows or traces
//!   progress.toml                what the caller keeps beside it: streams, environments, `Rollout`, `LearningMemory`
//! ```
//!
//! Everything that the next step depends on is there, so that on the CPU a run that was stopped after any step and resumed ends with
//! the bits of the uninterrupted one; `testing::check_learner` holds every learner to it. A learner is resumed into one that was made
//! with the same settings, and an environment of a table, whose `MdpEnvironment::position` was saved, with the same table.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use slatewise_model::{StateReader, StateWriter, save_state};

use crate::error::Error;

/// A learner whose whole state can be saved.
pub trait Saved {
    /// Name of the learner in the manifest.
    const FORMAT: &'static str;

    /// Writes everything that its next update depends on.
    ///
    /// # Errors
    /// The files cannot be written.
    fn write(&self, out: &mut StateWriter<'_>) -> Result<(), slatewise_model::Error>;

    /// Takes the state of a saved learner with the same settings; after an error it is as it was.
    ///
    /// # Errors
    /// The files cannot be read, were changed, or are of a learner with other settings.
    fn read(&mut self, from: &StateReader, directory: &Path) -> Result<(), Error>;
}

/// Saves a learner and what the caller keeps beside it.
///
/// # Errors
/// There is something under the name, or it cannot be written.
pub fn save_learner<L: Saved>(directory: &Path, learner: &L, progress: &impl Serialize) -> Result<(), Error> {
    Ok(save_state(directory, L::FORMAT, |out| {
        learner.write(out)?;
        out.settings("progress", progress)
    })?)
}

/// Takes up a saved learner and returns what was kept beside it.
///
/// # Errors
/// As [`Saved::read`].
pub fn resume_learner<L: Saved, P: DeserializeOwned>(directory: &Path, learner: &mut L) -> Result<P, Error> {
    let from = StateReader::open(directory, L::FORMAT)?;
    let progress = from.settings("progress")?;
    learner.read(&from, directory)?;
    Ok(progress)
}

/// Refuses a state that was saved with other settings.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    directory: &Path,
    what: &'static str,
    saved: &T,
    ours: &T,
) -> Result<(), Error> {
    if saved == ours {
        return Ok(());
    }
    let (saved, ours) = (format!("{saved:?}"), format!("{ours:?}"));
    Err(Error::OtherLearner { path: directory.to_owned(), what, saved, ours })
}
