//! An encoder on disk: JSON with its format, version and hash.
//!
//! ```text
//! { "format": "slatewise table encoder", "version": 1, "sha256": "…", "encoder": { … } }
//! ```
//!
//! The hash is that of the encoder as compact JSON, the same that files of encoded rows name
//! ([`RowSchema::encoder`](crate::RowSchema::encoder)), so that rows, encoder and model can be told to belong together.

use std::path::Path;

use serde::{Deserialize, Serialize};
use slatewise_data::artefact::write_atomic;

use super::encoder::TableEncoder;
use crate::error::Error;

const FORMAT: &str = "slatewise table encoder";
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Stored<'a> {
    format: &'static str,
    version: u32,
    sha256: String,
    encoder: &'a TableEncoder,
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
    sha256: String,
}

#[derive(Deserialize)]
struct Body {
    encoder: TableEncoder,
}

impl TableEncoder {
    /// Writes the encoder as JSON in one step and returns the SHA-256 of the file.
    ///
    /// # Errors
    /// A folder that does not exist or cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<String, Error> {
        let stored = Stored { format: FORMAT, version: VERSION, sha256: self.sha256()?, encoder: self };
        let mut json = serde_json::to_vec(&stored).map_err(|source| Error::Json { source })?;
        json.push(b'\n');
        Ok(write_atomic(path, &json)?)
    }

    /// Reads an encoder that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// No such file, no encoder, one of another version, or one whose content is not that which was saved.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let refused = |problem: String, mend| Error::EncoderFile { path: path.to_path_buf(), problem, mend };
        let json = std::fs::read(path)
            .map_err(|source| refused(format!("cannot read it: {source}"), "mend the path, or train first"))?;
        let head: Head =
            serde_json::from_slice(&json).ok().filter(|head: &Head| head.format == FORMAT).ok_or_else(|| {
                refused("it is no saved table encoder, or a cut one".to_owned(), "mend the path, or train again")
            })?;
        if head.version != VERSION {
            let problem = format!("its format is version {}, and this program reads version {VERSION}", head.version);
            return Err(refused(problem, "train again, or load it with the program that saved it"));
        }
        let damaged = |problem: String| refused(problem, "copy it again, or train again");
        let body: Body = serde_json::from_slice(&json).map_err(|error| damaged(format!("it is damaged: {error}")))?;
        if body.encoder.sha256()? != head.sha256 {
            return Err(damaged("it is not what was saved: the hash differs".to_owned()));
        }
        Ok(body.encoder)
    }
}
