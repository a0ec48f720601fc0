//! `Checkpoint`: a directory from which a model can be deployed, written at once and verified when loaded.
//!
//! ```text
//! checkpoint/
//!   manifest.json       format and version, shapes of the model, SHA-256 of each other file
//!   model.safetensors   weights, see `weights.rs` for names and orientation
//!   encoder.json        the fitted feature encoder, as its own crate writes it
//! ```
//!
//! Saving fills a temporary directory beside the name, syncs it, and renames it: under the name there is never half a
//! checkpoint. Loading compares each file with its hash before it reads a value, and each tensor with its shape.

use crate::safetensors::SafetensorsFile;
use crate::{Error, ModelSpec, MultiTaskModel};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slatewise_data::artefact;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const FORMAT: &str = "slatewise-model";
const VERSION: u32 = 2;
pub(crate) const MANIFEST: &str = "manifest.json";
const WEIGHTS: &str = "model.safetensors";
const ENCODER: &str = "encoder.json";
/// What a directory is called until it is whole.
pub(crate) const PARTIAL: &str = ".partial-";

/// A model with the encoder that feeds it.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// Shapes and weights.
    pub model: MultiTaskModel,
    /// The fitted encoder; this crate does not look inside.
    pub encoder: serde_json::Value,
}

/// `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: String,
    version: u32,
    model: ModelSpec,
    /// File name → SHA-256 in hex.
    sha256: BTreeMap<String, String>,
}

/// The part of a manifest that every version has.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u32,
}

impl Checkpoint {
    /// A checkpoint of these two.
    pub fn new(model: MultiTaskModel, encoder: serde_json::Value) -> Self {
        Self { model, encoder }
    }

    /// Writes the directory.
    ///
    /// # Errors
    /// [`Error::CheckpointExists`] where there is something under the name, [`Error::Io`] where it cannot be written;
    /// nothing is then left under the name.
    pub fn save(&self, directory: &Path) -> Result<(), Error> {
        save_directory(directory, &self.model, &self.encoder, |_, _| Ok(()))
    }

    /// Reads the directory and puts the weights on `device`.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that is missing, [`Error::UnknownFormat`], [`Error::MalformedJson`],
    /// [`Error::HashMismatch`] for a file that was changed, [`Error::WeightsMismatch`] for a tensor that is missing or
    /// has another shape than the manifest's model.
    pub fn load(directory: &Path, device: &Device) -> Result<Self, Error> {
        let manifest = read_manifest(directory)?;
        let encoder = manifest.read_verified(directory, ENCODER)?;
        let encoder = from_json(&encoder, &directory.join(ENCODER))?;
        let path = directory.join(WEIGHTS);
        let file = SafetensorsFile::open(&path, Some(manifest.hash_of(WEIGHTS, &path)?))?;
        // These weights are replaced one and all below, so the seed is of no account.
        let mut model = MultiTaskModel::new(manifest.model, &mut ChaCha8Rng::seed_from_u64(0), device)?;
        model.read_weights(file, &path)?;
        Ok(Self { model, encoder })
    }
}

/// Writes a checkpoint's directory in one step; `more` adds files to it and their hashes to the manifest.
pub(crate) fn save_directory(
    directory: &Path,
    model: &MultiTaskModel,
    encoder: &serde_json::Value,
    more: impl FnOnce(&Path, &mut BTreeMap<String, String>) -> Result<(), Error>,
) -> Result<(), Error> {
    fill_directory(directory, |folder| {
        let mut sha256 = BTreeMap::new();
        sha256.insert(WEIGHTS.to_owned(), model.save_weights(&folder.join(WEIGHTS))?);
        let encoder = to_json(encoder, &folder.join(ENCODER))?;
        sha256.insert(ENCODER.to_owned(), artefact::write_atomic(folder.join(ENCODER), &encoder)?);
        more(folder, &mut sha256)?;
        let manifest = Manifest { format: FORMAT.into(), version: VERSION, model: model.spec().clone(), sha256 };
        let path = folder.join(MANIFEST);
        artefact::write_atomic(&path, &to_json(&manifest, &path)?)?;
        Ok(())
    })
}

/// Lets `fill` write into a directory that appears under its name at once; after an error nothing does.
pub(crate) fn fill_directory(directory: &Path, fill: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    if directory.symlink_metadata().is_ok() {
        return Err(Error::CheckpointExists { path: directory.into() });
    }
    let parent = match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(PARTIAL);
    // A temporary directory is private to its owner by default; a checkpoint gets the mode of any new directory.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let partial = builder.tempdir_in(parent).map_err(io(parent, "make a directory in it"))?;
    let folder = partial.path();
    fill(folder)?;
    fs::rename(folder, directory).map_err(io(directory, "write it"))?;
    // The rename is durable once the parent's entry is.
    #[cfg(unix)]
    fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(io(parent, "sync it"))?;
    Ok(())
}

impl Manifest {
    /// The hash that the manifest has for a file.
    pub(crate) fn hash_of(&self, name: &str, path: &Path) -> Result<&str, Error> {
        let nothing = || Error::HashMismatch { path: path.into(), expected: "nothing".into(), found: "a file".into() };
        self.sha256.get(name).map(String::as_str).ok_or_else(nothing)
    }

    /// A file's bytes, after they were found to be those that were written.
    pub(crate) fn read_verified(&self, directory: &Path, name: &str) -> Result<Vec<u8>, Error> {
        let path = directory.join(name);
        let bytes = fs::read(&path).map_err(io(&path, "read it"))?;
        let expected = self.hash_of(name, &path)?;
        let found = artefact::sha256_hex(&bytes);
        if found == expected { Ok(bytes) } else { Err(Error::HashMismatch { path, expected: expected.into(), found }) }
    }
}

pub(crate) fn read_manifest(directory: &Path) -> Result<Manifest, Error> {
    let path = &directory.join(MANIFEST);
    let bytes = fs::read(path).map_err(io(path, "read it"))?;
    let header: Header = from_json(&bytes, path)?;
    if header.format != FORMAT || header.version != VERSION {
        let found = format!("{} {}", header.format, header.version);
        return Err(Error::UnknownFormat { path: path.into(), found, expected: format!("{FORMAT} {VERSION}") });
    }
    from_json(&bytes, path)
}

pub(crate) fn to_json<T: Serialize>(value: &T, path: &Path) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(|source| Error::MalformedJson { path: path.into(), source })
}

pub(crate) fn from_json<T: for<'de> Deserialize<'de>>(bytes: &[u8], path: &Path) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::MalformedJson { path: path.into(), source })
}

fn io<'a>(path: &'a Path, action: &'static str) -> impl Fn(std::io::Error) -> Error + 'a {
    move |source| Error::Io { path: path.into(), action, source }
}
