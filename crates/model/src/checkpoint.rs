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

use crate::weights::{weights_from_bytes, weights_to_bytes};
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
const VERSION: u32 = 1;
const MANIFEST: &str = "manifest.json";
const WEIGHTS: &str = "model.safetensors";
const ENCODER: &str = "encoder.json";

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
struct Manifest {
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
        if directory.symlink_metadata().is_ok() {
            return Err(Error::CheckpointExists { path: directory.into() });
        }
        let parent = match directory.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".partial-");
        // A temporary directory is private to its owner by default; a checkpoint gets the mode of any new directory.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let partial = builder.tempdir_in(parent).map_err(io(parent, "make a directory in it"))?;
        self.write_files(partial.path())?;
        fs::rename(partial.path(), directory).map_err(io(directory, "write it"))?;
        // The rename is durable once the parent's entry is.
        #[cfg(unix)]
        fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(io(parent, "sync it"))?;
        Ok(())
    }

    fn write_files(&self, folder: &Path) -> Result<(), Error> {
        let weights = weights_to_bytes(&self.model, &folder.join(WEIGHTS))?;
        let files = [(WEIGHTS, weights), (ENCODER, to_json(&self.encoder, &folder.join(ENCODER))?)];
        let mut sha256 = BTreeMap::new();
        for (name, bytes) in files {
            sha256.insert(name.to_owned(), artefact::write_atomic(folder.join(name), &bytes)?);
        }
        let manifest = Manifest { format: FORMAT.into(), version: VERSION, model: self.model.spec().clone(), sha256 };
        let path = folder.join(MANIFEST);
        artefact::write_atomic(&path, &to_json(&manifest, &path)?)?;
        Ok(())
    }

    /// Reads the directory and puts the weights on `device`.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that is missing, [`Error::UnknownFormat`], [`Error::MalformedJson`],
    /// [`Error::HashMismatch`] for a file that was changed, [`Error::WeightsMismatch`] for a tensor that is missing or
    /// has another shape than the manifest's model.
    pub fn load(directory: &Path, device: &Device) -> Result<Self, Error> {
        let manifest = read_manifest(&directory.join(MANIFEST))?;
        let weights = read_verified(directory, WEIGHTS, &manifest)?;
        let encoder = read_verified(directory, ENCODER, &manifest)?;
        let encoder = from_json(&encoder, &directory.join(ENCODER))?;
        // These weights are replaced one and all below, so the seed is of no account.
        let mut model = MultiTaskModel::new(manifest.model, &mut ChaCha8Rng::seed_from_u64(0), device)?;
        weights_from_bytes(&mut model, weights, &directory.join(WEIGHTS))?;
        Ok(Self { model, encoder })
    }
}

fn read_manifest(path: &Path) -> Result<Manifest, Error> {
    let bytes = fs::read(path).map_err(io(path, "read it"))?;
    let header: Header = from_json(&bytes, path)?;
    if header.format != FORMAT || header.version != VERSION {
        let found = format!("{} {}", header.format, header.version);
        return Err(Error::UnknownFormat { path: path.into(), found, expected: format!("{FORMAT} {VERSION}") });
    }
    from_json(&bytes, path)
}

fn read_verified(directory: &Path, name: &str, manifest: &Manifest) -> Result<Vec<u8>, Error> {
    let path = directory.join(name);
    let bytes = fs::read(&path).map_err(io(&path, "read it"))?;
    let found = artefact::sha256_hex(&bytes);
    match manifest.sha256.get(name) {
        Some(expected) if *expected == found => Ok(bytes),
        expected => {
            let expected = expected.cloned().unwrap_or_else(|| "nothing".into());
            Err(Error::HashMismatch { path, expected, found })
        }
    }
}

fn to_json<T: Serialize>(value: &T, path: &Path) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(|source| Error::MalformedJson { path: path.into(), source })
}

fn from_json<T: for<'de> Deserialize<'de>>(bytes: &[u8], path: &Path) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::MalformedJson { path: path.into(), source })
}

fn io<'a>(path: &'a Path, action: &'static str) -> impl Fn(std::io::Error) -> Error + 'a {
    move |source| Error::Io { path: path.into(), action, source }
}
