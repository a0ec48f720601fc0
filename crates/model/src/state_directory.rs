//! `StateWriter`, `StateReader`: the state of anything that learns, as a directory that appears at once and is verified when read.
//!
//! ```text
//! state/
//!   manifest.json        format ("dqn", ...), version, SHA-256 of each other file
//!   NAME.safetensors     a network's weights, an optimiser's state, or arrays of numbers
//!   NAME.toml            settings, counters, generators
//! ```
//!
//! What is in it is up to the learner; floats of TOML are written and read exactly. On the CPU a learner that is read back is the one
//! that was written, to the bit.

use crate::checkpoint::{MANIFEST, fill_directory, from_json, to_json};
use crate::safetensors::{Entry, SafetensorsFile, Values, refuse, write};
use crate::{DenseOptimizer, Error, load_weights, save_weights};
use burn::module::Module;
use burn::store::ModuleSnapshot;
use burn::tensor::Device;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slatewise_data::artefact;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const VERSION: u32 = 1;

/// `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: String,
    version: u32,
    /// File name → SHA-256 in hex.
    sha256: BTreeMap<String, String>,
}

/// Numbers to write.
#[derive(Debug, Clone, Copy)]
pub enum Numbers<'a> {
    /// Of 8 bytes.
    F64(&'a [f64]),
    /// Of 4 bytes.
    F32(&'a [f32]),
    /// Counts and indices.
    U32(&'a [u32]),
}

/// A directory that is being filled.
#[derive(Debug)]
pub struct StateWriter<'a> {
    folder: &'a Path,
    sha256: BTreeMap<String, String>,
}

/// A directory whose manifest was read.
#[derive(Debug)]
pub struct StateReader {
    folder: PathBuf,
    manifest: Manifest,
}

/// One file of arrays.
#[derive(Debug)]
pub struct StateArrays(SafetensorsFile);

/// Writes a directory of a format of the caller's.
///
/// # Errors
/// [`Error::CheckpointExists`] where there is something under the name; [`Error::Io`]; what `fill` returns. Nothing is then left under
/// the name.
pub fn save_state(
    directory: &Path,
    format: &str,
    fill: impl FnOnce(&mut StateWriter<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    fill_directory(directory, |folder| {
        let mut writer = StateWriter { folder, sha256: BTreeMap::new() };
        fill(&mut writer)?;
        let manifest = Manifest { format: format.to_owned(), version: VERSION, sha256: writer.sha256 };
        let path = folder.join(MANIFEST);
        artefact::write_atomic(&path, &to_json(&manifest, &path)?)?;
        Ok(())
    })
}

impl StateWriter<'_> {
    /// A network's weights, under a name without an ending.
    ///
    /// # Errors
    /// The file cannot be written, or the weights cannot be read from their device.
    pub fn network<M: Module>(&mut self, name: &str, network: &M) -> Result<(), Error> {
        let name = format!("{name}.safetensors");
        let hash = save_weights(network, &self.folder.join(&name))?;
        self.sha256.insert(name, hash);
        Ok(())
    }

    /// An optimiser's state.
    ///
    /// # Errors
    /// As [`network`](Self::network).
    pub fn optimizer(&mut self, name: &str, optimizer: &DenseOptimizer) -> Result<(), Error> {
        let state = optimizer.host_state()?;
        let mut arrays = Vec::new();
        for (parameter, of_parameter) in state.iter().enumerate() {
            let named = of_parameter.iter().enumerate();
            arrays.extend(named.map(|(place, values)| (format!("{parameter}.{place}"), Numbers::F32(values))));
        }
        self.arrays(name, arrays)?;
        self.settings(name, &Lengths { lengths: state.iter().map(|of| of.iter().map(Vec::len).collect()).collect() })
    }

    /// Arrays of numbers.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn arrays(&mut self, name: &str, arrays: Vec<(String, Numbers<'_>)>) -> Result<(), Error> {
        let name = format!("{name}.safetensors");
        let hash = write(&self.folder.join(&name), arrays.into_iter().map(entry).collect())?;
        self.sha256.insert(name, hash);
        Ok(())
    }

    /// Anything that TOML can hold.
    ///
    /// # Errors
    /// The file cannot be written, or TOML cannot hold it.
    pub fn settings<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        let name = format!("{name}.toml");
        let path = self.folder.join(&name);
        let text = toml::to_string(value)
            .map_err(|reason| Error::MalformedToml { path: path.clone(), reason: one_line(&reason) })?;
        self.sha256.insert(name, artefact::write_atomic(&path, text.as_bytes())?);
        Ok(())
    }
}

/// Per parameter, how many values its state arrays have.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lengths {
    lengths: Vec<Vec<usize>>,
}

impl StateReader {
    /// Reads the manifest of a directory of the given format.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::MalformedJson`]; [`Error::UnknownFormat`] where it holds something else.
    pub fn open(directory: &Path, format: &str) -> Result<Self, Error> {
        let path = directory.join(MANIFEST);
        let bytes = fs::read(&path).map_err(|source| Error::Io { path: path.clone(), action: "read it", source })?;
        let manifest: Manifest = from_json(&bytes, &path)?;
        if manifest.format != format || manifest.version != VERSION {
            let found = format!("{} {}", manifest.format, manifest.version);
            return Err(Error::UnknownFormat { path, found, expected: format!("{format} {VERSION}") });
        }
        Ok(Self { folder: directory.to_owned(), manifest })
    }

    /// Puts saved weights into a network of the same shape.
    ///
    /// # Errors
    /// As [`load_weights`]; [`Error::HashMismatch`] for a file that was changed.
    pub fn network<M: Module + ModuleSnapshot>(&self, name: &str, network: &mut M) -> Result<(), Error> {
        let (path, _) = self.verified(&format!("{name}.safetensors"))?;
        load_weights(network, &path)
    }

    /// Puts a saved state into an optimiser, onto `device` (without autodiff).
    ///
    /// # Errors
    /// As [`arrays`](Self::arrays).
    pub fn optimizer(&self, name: &str, optimizer: &mut DenseOptimizer, device: &Device) -> Result<(), Error> {
        let (mut arrays, Lengths { lengths }) = (self.arrays(name)?, self.settings(name)?);
        let mut state = Vec::with_capacity(lengths.len());
        for (parameter, lengths) in lengths.iter().enumerate() {
            let of_parameter = (0..lengths.len()).map(|place| arrays.f32(&format!("{parameter}.{place}")));
            state.push(of_parameter.collect::<Result<Vec<_>, _>>()?);
        }
        optimizer.restore(state, device);
        Ok(())
    }

    /// Opens a file of arrays.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::HashMismatch`]; [`Error::WeightsMismatch`] for anything that is not a sound file.
    pub fn arrays(&self, name: &str) -> Result<StateArrays, Error> {
        let (path, hash) = self.verified(&format!("{name}.safetensors"))?;
        SafetensorsFile::open(&path, Some(&hash)).map(StateArrays)
    }

    /// What was saved as TOML.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::HashMismatch`]; [`Error::MalformedToml`].
    pub fn settings<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        let (path, _) = self.verified(&format!("{name}.toml"))?;
        let text =
            fs::read_to_string(&path).map_err(|source| Error::Io { path: path.clone(), action: "read it", source })?;
        toml::from_str(&text).map_err(|reason| Error::MalformedToml { path, reason: one_line(&reason) })
    }

    /// A file that is as it was written, with its hash.
    fn verified(&self, name: &str) -> Result<(PathBuf, String), Error> {
        let path = self.folder.join(name);
        let found = artefact::sha256_file(&path)?;
        let expected = self.manifest.sha256.get(name).cloned().unwrap_or_else(|| "nothing".to_owned());
        if found == expected { Ok((path, found)) } else { Err(Error::HashMismatch { path, expected, found }) }
    }
}

impl StateArrays {
    /// An array of f32; every number must be finite.
    ///
    /// # Errors
    /// The array is missing or of another type, or holds a NaN or an infinity.
    pub fn f32(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        let shape = self.shape(name)?;
        self.0.f32(name, &shape)
    }

    /// An array of f64.
    ///
    /// # Errors
    /// The array is missing or of another type.
    pub fn f64(&mut self, name: &str) -> Result<Vec<f64>, Error> {
        let shape = self.shape(name)?;
        self.0.f64(name, &shape)
    }

    /// An array of u32.
    ///
    /// # Errors
    /// The array is missing or of another type.
    pub fn u32(&mut self, name: &str) -> Result<Vec<u32>, Error> {
        let shape = self.shape(name)?;
        self.0.u32(name, &shape)
    }

    fn shape(&self, name: &str) -> Result<Vec<usize>, Error> {
        let info = self.0.tensors().get(name).ok_or_else(|| refuse(self.0.path(), name, "missing"))?;
        Ok(info.shape.clone())
    }
}

fn entry((name, numbers): (String, Numbers<'_>)) -> Entry<'_> {
    let (length, values) = match numbers {
        Numbers::F64(values) => (values.len(), Values::F64(values)),
        Numbers::F32(values) => (values.len(), Values::F32(Cow::Borrowed(values))),
        Numbers::U32(values) => (values.len(), Values::U32(values)),
    };
    Entry { name, shape: vec![length], values }
}

fn one_line(reason: &impl std::fmt::Display) -> String {
    reason.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
