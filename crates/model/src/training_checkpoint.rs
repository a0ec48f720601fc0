//! Saving a training in the middle, and going on from there as if nothing had happened.
//!
//! ```text
//! checkpoint/
//!   manifest.json            as in `checkpoint.rs`
//!   model.safetensors
//!   encoder.json
//!   optimizer.safetensors    the optimiser's state: network.{parameter}.{array}, table.{index}
//!   training.toml            settings, counters, the running epoch's losses, and what the caller keeps beside them
//! ```
//!
//! On the CPU a resumed training ends with the weights of the uninterrupted one, bit for bit: everything that the next step
//! depends on is in the directory. Numbers go through TOML, whose floats are written and read exactly. The caller puts its own
//! position into `caller`: epoch, batch, generator states.

use crate::balance::Balance;
use crate::checkpoint::{Manifest, read_manifest, save_directory};
use crate::epoch_losses::LossLog;
use crate::safetensors::{Entry, SafetensorsFile, Values, refuse, write};
use crate::{Checkpoint, Error, Trainer, TrainerConfig};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use slatewise_data::artefact;
use std::borrow::Cow;
use std::path::Path;

pub(crate) const OPTIMIZER: &str = "optimizer.safetensors";
pub(crate) const TRAINING: &str = "training.toml";

/// `training.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Training {
    /// Steps taken.
    step: usize,
    /// Steps of the whole run, which the learning-rate schedule spans.
    steps: usize,
    /// Per parameter of the network, how many values its state arrays have each.
    network: Vec<Vec<usize>>,
    config: TrainerConfig,
    losses: LossLog,
    balance: Balance,
    caller: toml::Table,
}

/// A training taken up again.
pub struct Resumed {
    /// The trainer, as it was when it was saved.
    pub trainer: Trainer,
    /// The fitted encoder.
    pub encoder: serde_json::Value,
    /// What the caller had put beside it.
    pub caller: toml::Table,
    /// Newer checkpoints that could not be loaded, one line each.
    pub refused: Vec<String>,
}

impl Trainer {
    /// Saves everything that the next step depends on, as a directory that appears at once.
    ///
    /// # Errors
    /// As [`Checkpoint::save`]; as [`Trainer::finish_epoch`] where losses still waited on the device.
    pub fn save(&mut self, directory: &Path, encoder: &serde_json::Value, caller: &toml::Table) -> Result<(), Error> {
        self.log.read()?;
        let state = self.optimizer.host_state()?;
        let training = Training {
            step: self.step,
            steps: self.steps,
            config: self.config.clone(),
            losses: self.log.clone(),
            balance: self.balance.clone(),
            network: state.iter().map(|arrays| arrays.iter().map(Vec::len).collect()).collect(),
            caller: caller.clone(),
        };
        let model = self.model.valid();
        save_directory(directory, &model, encoder, |folder, sha256| {
            let mut entries = Vec::new();
            for (parameter, arrays) in state.iter().enumerate() {
                for (place, values) in arrays.iter().enumerate() {
                    let values = Values::F32(Cow::Borrowed(values));
                    let shape = vec![training.network[parameter][place]];
                    entries.push(Entry { name: network_name(parameter, place), shape, values });
                }
            }
            for (index, state) in self.row_state.iter().enumerate().filter(|(_, state)| state.per_row > 0) {
                let shape = vec![state.values.len() / state.per_row, state.per_row];
                entries.push(Entry {
                    name: table_name(index),
                    shape,
                    values: Values::F32(Cow::Borrowed(&state.values)),
                });
            }
            sha256.insert(OPTIMIZER.to_owned(), write(&folder.join(OPTIMIZER), entries)?);
            let path = folder.join(TRAINING);
            let text = toml::to_string(&training)
                .map_err(|reason| Error::MalformedToml { path: path.clone(), reason: one_line(&reason) })?;
            sha256.insert(TRAINING.to_owned(), artefact::write_atomic(&path, text.as_bytes())?);
            Ok(())
        })
    }

    /// Takes up a saved training on `device`.
    ///
    /// # Errors
    /// As [`Checkpoint::load`], for the optimiser's file too; [`Error::Io`] where the directory holds a model alone.
    pub fn resume(directory: &Path, device: &Device) -> Result<Resumed, Error> {
        let Checkpoint { model, encoder } = Checkpoint::load(directory, device)?;
        let manifest = read_manifest(directory)?;
        let training = read_training(directory, &manifest)?;
        let mut trainer = Self::new(model, &training.config, 0, device)?;
        (trainer.step, trainer.steps, trainer.balance) = (training.step, training.steps, training.balance);
        trainer.log.take_up(training.losses);
        let path = directory.join(OPTIMIZER);
        let mut file = SafetensorsFile::open(&path, Some(manifest.hash_of(OPTIMIZER, &path)?))?;
        let mut state = Vec::with_capacity(training.network.len());
        for (parameter, lengths) in training.network.iter().enumerate() {
            let arrays = lengths.iter().enumerate();
            let arrays = arrays.map(|(place, &length)| file.f32(&network_name(parameter, place), &[length]));
            state.push(arrays.collect::<Result<Vec<_>, _>>()?);
        }
        trainer.optimizer.restore(state, &device.clone().without_autodiff());
        for (index, state) in trainer.row_state.iter_mut().enumerate().filter(|(_, state)| state.per_row > 0) {
            let shape = [state.values.len() / state.per_row, state.per_row];
            state.values = file.f32(&table_name(index), &shape)?;
        }
        Ok(Resumed { trainer, encoder, caller: training.caller, refused: Vec::new() })
    }
}

fn network_name(parameter: usize, place: usize) -> String {
    format!("network.{parameter}.{place}")
}

fn table_name(index: usize) -> String {
    format!("table.{index}")
}

fn read_training(directory: &Path, manifest: &Manifest) -> Result<Training, Error> {
    let path = directory.join(TRAINING);
    let bytes = manifest.read_verified(directory, TRAINING)?;
    let text = String::from_utf8(bytes).map_err(|_| refuse(&path, "", "is not UTF-8"))?;
    toml::from_str(&text).map_err(|reason| Error::MalformedToml { path, reason: one_line(&reason) })
}

fn one_line(reason: &impl std::fmt::Display) -> String {
    reason.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
