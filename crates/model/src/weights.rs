//! Weights as a safetensors file, under the names and in the orientation of PyTorch.
//!
//! ```text
//! emb.table.0.weight            [rows, width]      embedding tables, in the layout's order
//! expert.1.layers.0.weight      [out, in]          trunk: each trunk's own names (bottom, expert, gate, ...)
//! gate.0.weight                 [experts, in]
//! tower.2.layers.1.bias         [out]              towers, in task order
//! wide.2.weight.0               [rows, classes]    wide parts, in task order, then in the order of their fields
//! ```
//!
//! A dense layer lies in memory as `[in, out]` and in the file as PyTorch's `nn.Linear` has it, y = x Wᵀ + b, so that
//! PyTorch reads the file without transposing. The bytes depend on the weights alone: the header carries no metadata,
//! whose order would not be fixed.
//!
//! # Reference
//! The format: <https://github.com/huggingface/safetensors>, "Format".

use crate::{Error, MultiTaskModel};
use burn::module::Module;
use burn::store::{ApplyError, BurnToPyTorchAdapter, ModuleSnapshot, ModuleStore, PyTorchToBurnAdapter};
use burn::store::{SafetensorsStore, burn_pack};
use slatewise_data::artefact;
use std::path::Path;

/// Writes the weights of any network in one step and returns the SHA-256 of the file.
///
/// # Errors
/// The file cannot be written, or the weights cannot be read from their device.
pub fn save_weights<M: Module>(network: &M, path: &Path) -> Result<String, Error> {
    Ok(artefact::write_atomic(path, &weights_to_bytes(network, path)?)?)
}

/// The file's content; `path` names it in errors.
pub(crate) fn weights_to_bytes<M: Module>(network: &M, path: &Path) -> Result<Vec<u8>, Error> {
    let mut store = SafetensorsStore::from_bytes(None)
        .clear_metadata()
        .skip_enum_variants(true)
        .with_to_adapter(BurnToPyTorchAdapter)
        .with_key_remapping(r"^embedding\.", "emb.")
        .with_key_remapping(r"^trunk\.", "");
    store.collect_from(network).map_err(|reason| mismatch(path, "", reason))?;
    store.get_bytes().map_err(|reason| mismatch(path, "", reason))
}

/// Puts the weights of a file into a model of the same shapes.
///
/// # Errors
/// [`Error::WeightsMismatch`] naming the first tensor that is missing, has another shape, or does not belong.
pub(crate) fn weights_from_bytes(model: &mut MultiTaskModel, bytes: Vec<u8>, path: &Path) -> Result<(), Error> {
    let mut store = SafetensorsStore::from_bytes(Some(bytes));
    let tensors = store.get_all_tensors().map_err(|reason| mismatch(path, "", reason))?;
    let mut tensors: Vec<burn_pack::Tensor> = tensors.values().cloned().collect();
    tensors.iter_mut().for_each(|tensor| tensor.name = name_in_model(&tensor.name));
    let result = model.apply(tensors, None, Some(Box::new(PyTorchToBurnAdapter)), true);
    if let Some(error) = result.errors.first() {
        return Err(match error {
            ApplyError::ShapeMismatch { path: name, expected, found } => {
                let (expected, found) = (expected.as_slice(), found.as_slice());
                mismatch(path, &name_in_file(name), format!("shape {found:?} where the model has {expected:?}"))
            }
            ApplyError::DTypeMismatch { path: name, found, .. } => {
                mismatch(path, &name_in_file(name), format!("holds {found:?} where the model has f32"))
            }
            ApplyError::AdapterError { path: name, message } | ApplyError::LoadError { path: name, message } => {
                mismatch(path, &name_in_file(name), message)
            }
        });
    }
    if let Some((name, _)) = result.missing.first() {
        return Err(mismatch(path, &name_in_file(name), "missing"));
    }
    match result.unused.first() {
        Some(name) => Err(mismatch(path, &name_in_file(name), "not part of the model")),
        None => Ok(()),
    }
}

fn mismatch(path: &Path, tensor: &str, problem: impl std::fmt::Display) -> Error {
    let problem = problem.to_string();
    let problem = problem.split_whitespace().collect::<Vec<_>>().join(" ");
    Error::WeightsMismatch { path: path.to_path_buf(), tensor: tensor.into(), problem }
}

/// `emb.table.0.weight` → `embedding.table.0.weight`, `gate.0.weight` → `trunk.gate.0.weight`.
fn name_in_model(name: &str) -> String {
    match name.split_once('.') {
        Some(("emb", rest)) => format!("embedding.{rest}"),
        Some(("tower" | "wide", _)) => name.into(),
        _ => format!("trunk.{name}"),
    }
}

/// The reverse of [`name_in_model`].
fn name_in_file(name: &str) -> String {
    match name.split_once('.') {
        Some(("embedding", rest)) => format!("emb.{rest}"),
        Some(("trunk", rest)) => rest.into(),
        _ => name.into(),
    }
}
