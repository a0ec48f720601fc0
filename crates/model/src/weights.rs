//! Weights as a safetensors file, under the names and in the orientation of PyTorch.
//!
//! ```text
//! emb.table.0.weight            [rows, width]      embedding tables, in the layout's order
//! expert.1.layers.0.weight      [out, in]          trunk: each trunk's own names (bottom, expert, gate, ...)
//! gate.0.weight                 [experts, in]
//! tower.2.layers.1.bias         [out]              towers, in task order
//! tower.2.threshold             [levels - 1]       of an ordinal task
//! wide.2.weight.0               [rows, classes]    wide parts, in task order, then in the order of their fields
//! emb.seen.0                    [ids] U8           how often each id was seen, where a table admits by frequency
//! ```
//!
//! A dense layer lies in memory as `[in, out]` and in the file as PyTorch's `nn.Linear` has it, y = x Wᵀ + b, so that
//! PyTorch reads the file without transposing. The network's part goes through burn's store, which knows the orientations;
//! tables are streamed.

use crate::embedding::{Admission, Table, Weights};
use crate::error::device_error;
use crate::safetensors::{Entry, SafetensorsFile, Values, refuse, to_bytes, write};
use crate::{Error, MultiTaskModel};
use burn::module::Module;
use burn::store::{ApplyError, BurnToPyTorchAdapter, ModuleSnapshot, ModuleStore, PyTorchToBurnAdapter};
use burn::store::{SafetensorsStore, burn_pack};
use slatewise_data::artefact;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A tensor on the host, as the file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Lengths of the sides.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
}

/// Writes the weights of any network in one step and returns the SHA-256 of the file.
///
/// # Errors
/// The file cannot be written, or the weights cannot be read from their device.
pub fn save_weights<M: Module>(network: &M, path: &Path) -> Result<String, Error> {
    Ok(artefact::write_atomic(path, &network_to_bytes(network, path)?)?)
}

impl MultiTaskModel {
    /// Every weight by its name in the file, as f32.
    ///
    /// # Errors
    /// The weights cannot be read from their device.
    pub fn weights(&self) -> Result<BTreeMap<String, NamedTensor>, Error> {
        let mut weights = self.network_weights()?;
        for (index, table) in self.embedding.table.iter().enumerate() {
            let mut values = vec![0.0; table.rows * table.width];
            for (row, out) in values.chunks_exact_mut(table.width).enumerate() {
                table.copy_row(row as u32, out);
            }
            weights.insert(table_name(index), NamedTensor { shape: vec![table.rows, table.width], values });
        }
        Ok(weights)
    }

    /// Writes the weights as a safetensors file, in one step, and returns its SHA-256.
    ///
    /// # Errors
    /// The file cannot be written, or the weights cannot be read from their device.
    pub fn save_weights(&self, path: &Path) -> Result<String, Error> {
        let mut entries = entries(self.network_weights()?);
        for (index, table) in self.embedding.table.iter().enumerate() {
            entries.push(Entry {
                name: table_name(index),
                shape: vec![table.rows, table.width],
                values: match &table.weights {
                    Weights::F32(weights) => Values::F32(Cow::Borrowed(weights)),
                    Weights::Bf16(weights) => Values::Bf16(weights),
                },
            });
            if let Some(admission) = &table.admission {
                let (name, seen) = (seen_name(index), &admission.seen);
                entries.push(Entry { name, shape: vec![seen.len()], values: Values::U8(seen) });
            }
        }
        write(path, entries)
    }

    /// Puts the weights of a safetensors file into the model, whether this project wrote it or PyTorch. After an error the model is as
    /// it was; for that, old and new weights are in memory together for a moment.
    ///
    /// # Errors
    /// [`Error::WeightsMismatch`] naming the first tensor that is missing, has another shape, holds a value that is not
    /// finite or does not belong; the file is not a sound safetensors file.
    pub fn load_weights(&mut self, path: &Path) -> Result<(), Error> {
        // The copy shares its tables with the model until each is replaced.
        let mut loaded = self.clone();
        loaded.read_weights(SafetensorsFile::open(path, None)?, path)?;
        *self = loaded;
        Ok(())
    }

    /// As [`load_weights`](Self::load_weights), from a file that is open already and table by table, so that one table at a time is held
    /// twice: after an error a part of them may be the file's.
    pub(crate) fn read_weights(&mut self, mut file: SafetensorsFile, path: &Path) -> Result<(), Error> {
        let mut of_tables = Vec::new();
        for (index, table) in self.embedding.table.iter_mut().enumerate() {
            *table = Arc::new(read_table(table, index, &mut file)?);
            of_tables.extend([table_name(index), seen_name(index)]);
        }
        let tensors = read_tensors(&mut file, |name| !of_tables.iter().any(|table| table == name))?;
        let names = Names { to_model: name_in_model, to_file: name_in_file };
        network_from_bytes(&mut self.network, to_bytes(entries(tensors), path)?, path, &names)
    }

    fn network_weights(&self) -> Result<BTreeMap<String, NamedTensor>, Error> {
        let named = network_tensors(&self.network)?;
        Ok(named.into_iter().map(|(name, tensor)| (name_in_file(&name), tensor)).collect())
    }
}

/// What a tensor is called in the model and in the file.
struct Names {
    to_model: fn(&str) -> String,
    to_file: fn(&str) -> String,
}

/// Puts the weights of a safetensors file into any network of the same shapes; after an error it is as it was.
///
/// # Errors
/// As [`MultiTaskModel::load_weights`].
pub fn load_weights<M: Module + ModuleSnapshot>(network: &mut M, path: &Path) -> Result<(), Error> {
    let tensors = read_tensors(&mut SafetensorsFile::open(path, None)?, |_| true)?;
    let names = Names { to_model: str::to_owned, to_file: str::to_owned };
    network_from_bytes(network, to_bytes(entries(tensors), path)?, path, &names)
}

/// A file's tensors whose names pass, by name.
pub(crate) fn read_tensors(
    file: &mut SafetensorsFile,
    passes: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, NamedTensor>, Error> {
    let shapes = file.tensors().iter().filter(|(name, _)| passes(name));
    let shapes: Vec<(String, Vec<usize>)> = shapes.map(|(name, info)| (name.clone(), info.shape.clone())).collect();
    let read = |(name, shape): (String, Vec<usize>)| {
        let values = file.f32(&name, &shape)?;
        Ok((name, NamedTensor { shape, values }))
    };
    shapes.into_iter().map(read).collect()
}

fn entries<'a>(tensors: BTreeMap<String, NamedTensor>) -> Vec<Entry<'a>> {
    let entry = |(name, NamedTensor { shape, values })| Entry { name, shape, values: Values::F32(Cow::Owned(values)) };
    tensors.into_iter().map(entry).collect()
}

fn table_name(index: usize) -> String {
    format!("emb.table.{index}.weight")
}

fn seen_name(index: usize) -> String {
    format!("emb.seen.{index}")
}

/// A table like this one with the file's weights.
fn read_table(table: &Table, index: usize, file: &mut SafetensorsFile) -> Result<Table, Error> {
    let (name, shape) = (table_name(index), [table.rows, table.width]);
    let weights = match table.weights {
        Weights::F32(_) => Weights::F32(file.f32(&name, &shape)?),
        Weights::Bf16(_) => Weights::Bf16(file.bf16(&name, &shape)?),
    };
    let admission = match &table.admission {
        Some(Admission { threshold, seen }) => {
            Some(Admission { threshold: *threshold, seen: file.u8(&seen_name(index), &[seen.len()])? })
        }
        None => None,
    };
    Ok(Table { name: table.name.clone(), rows: table.rows, width: table.width, hash: table.hash, weights, admission })
}

/// A network's tensors by name, in PyTorch's orientation.
pub(crate) fn network_tensors<M: Module>(network: &M) -> Result<BTreeMap<String, NamedTensor>, Error> {
    let mut store = store();
    store.collect_from(network).map_err(device_error)?;
    let mut store = SafetensorsStore::from_bytes(Some(store.get_bytes().map_err(device_error)?));
    let mut named = BTreeMap::new();
    for (name, tensor) in store.get_all_tensors().map_err(device_error)? {
        let bytes = tensor.to_bytes().map_err(device_error)?;
        let values = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        named.insert(name.clone(), NamedTensor { shape: tensor.shape.as_slice().to_vec(), values });
    }
    Ok(named)
}

/// The file's content; `path` names it in errors.
fn network_to_bytes<M: Module>(network: &M, path: &Path) -> Result<Vec<u8>, Error> {
    let mut store = store();
    store.collect_from(network).map_err(|reason| refuse(path, "", reason))?;
    store.get_bytes().map_err(|reason| refuse(path, "", reason))
}

fn store() -> SafetensorsStore {
    SafetensorsStore::from_bytes(None).clear_metadata().skip_enum_variants(true).with_to_adapter(BurnToPyTorchAdapter)
}

/// Puts the weights of a file into a network of the same shapes; after an error it is as it was.
///
/// # Errors
/// [`Error::WeightsMismatch`] naming the first tensor that is missing, has another shape, or does not belong.
fn network_from_bytes<M: Module + ModuleSnapshot>(
    network: &mut M,
    bytes: Vec<u8>,
    path: &Path,
    names: &Names,
) -> Result<(), Error> {
    let mut store = SafetensorsStore::from_bytes(Some(bytes));
    let tensors = store.get_all_tensors().map_err(|reason| refuse(path, "", reason))?;
    let mut tensors: Vec<burn_pack::Tensor> = tensors.values().cloned().collect();
    tensors.iter_mut().for_each(|tensor| tensor.name = (names.to_model)(&tensor.name));
    let mut loaded = network.clone();
    let result = loaded.apply(tensors, None, Some(Box::new(PyTorchToBurnAdapter)), true);
    if let Some(error) = result.errors.first() {
        return Err(match error {
            ApplyError::ShapeMismatch { path: name, expected, found } => {
                let (expected, found) = (expected.as_slice(), found.as_slice());
                refuse(path, &(names.to_file)(name), format!("shape {found:?} where the model has {expected:?}"))
            }
            ApplyError::DTypeMismatch { path: name, found, .. } => {
                refuse(path, &(names.to_file)(name), format!("holds {found:?} where the model has f32"))
            }
            ApplyError::AdapterError { path: name, message } | ApplyError::LoadError { path: name, message } => {
                refuse(path, &(names.to_file)(name), message)
            }
        });
    }
    if let Some((name, _)) = result.missing.first() {
        return Err(refuse(path, &(names.to_file)(name), "missing"));
    }
    if let Some(name) = result.unused.first() {
        return Err(refuse(path, &(names.to_file)(name), "not part of the model"));
    }
    *network = loaded;
    Ok(())
}

/// `gate.0.weight` → `trunk.gate.0.weight`; towers and wide parts keep their names.
fn name_in_model(name: &str) -> String {
    match name.split_once('.') {
        Some(("tower" | "wide", _)) => name.into(),
        _ => format!("trunk.{name}"),
    }
}

/// The reverse of [`name_in_model`].
pub(crate) fn name_in_file(name: &str) -> String {
    match name.split_once('.') {
        Some(("trunk", rest)) => rest.into(),
        _ => name.into(),
    }
}
