//! The head of a file of rows, and where its blocks lie.

use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{AGAIN, read_failed, refused};
use crate::batch::FeatureLayout;
use crate::error::Error;

const MAGIC: [u8; 8] = *b"SLATEROW";
const VERSION: u32 = 1;
/// Bytes before the JSON.
const PRELUDE: usize = 28;
/// Bytes of a checksum.
pub(super) const CHECKSUM: usize = 4;
/// A header of a million columns is smaller.
const LONGEST_JSON: u32 = 1 << 28;

/// What the rows of a file are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowSchema {
    /// Tables, fields and dense values.
    pub layout: FeatureLayout,
    /// Names of the tasks, in the order of the labels.
    pub tasks: Vec<String>,
    /// SHA-256 of the encoder that made the rows: two encoders of one layout may give one id to different values.
    pub encoder: String,
}

/// What is known of a file before its blocks are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    pub(super) schema: RowSchema,
    pub(super) block_rows: usize,
    pub(super) rows: u64,
    /// Bytes before the first block.
    start: u64,
}

#[derive(Serialize, Deserialize)]
struct Json {
    schema: RowSchema,
    block_rows: usize,
}

impl Header {
    /// The header of a file to be written, of 0 rows so far.
    pub(super) fn new(schema: RowSchema, block_rows: usize) -> Self {
        Self { schema, block_rows, rows: 0, start: 0 }
    }

    /// The header as it stands in the file; its length does not depend on the number of rows.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let json = Json { schema: self.schema.clone(), block_rows: self.block_rows };
        let json = serde_json::to_vec(&json).map_err(|source| Error::Json { source })?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((json.len() as u32).to_le_bytes());
        bytes.extend(self.rows.to_le_bytes());
        bytes.extend(checksum(&bytes[MAGIC.len()..], &json));
        bytes.extend(json);
        Ok(bytes)
    }

    pub(super) fn read(file: &mut impl Read, path: &Path) -> Result<Self, Error> {
        let mut prelude = [0; PRELUDE];
        file.read_exact(&mut prelude).map_err(|source| cut_or_failed(path, source))?;
        if prelude[..8] != MAGIC {
            return Err(refused(path, "it is no file of encoded rows".to_owned(), "mend the path"));
        }
        let number = |at: usize| u32::from_le_bytes([prelude[at], prelude[at + 1], prelude[at + 2], prelude[at + 3]]);
        if number(8) != VERSION {
            let problem = format!("its format is version {}, and this program reads version {VERSION}", number(8));
            return Err(refused(path, problem, AGAIN));
        }
        let damaged = || refused(path, "its header is damaged".to_owned(), AGAIN);
        if number(12) > LONGEST_JSON {
            return Err(damaged());
        }
        let mut json = vec![0; number(12) as usize];
        file.read_exact(&mut json).map_err(|source| cut_or_failed(path, source))?;
        if checksum(&prelude[8..24], &json) != prelude[24..] {
            return Err(damaged());
        }
        let Json { schema, block_rows } = serde_json::from_slice(&json).map_err(|_| damaged())?;
        if block_rows == 0 {
            return Err(damaged());
        }
        let rows = u64::from(number(16)) | u64::from(number(20)) << 32;
        Ok(Self { schema, block_rows, rows, start: (PRELUDE + json.len()) as u64 })
    }

    /// Bytes of a record: 4 (F + D + 2 T).
    pub(super) fn record_bytes(&self) -> usize {
        let RowSchema { layout, tasks, .. } = &self.schema;
        4 * (layout.fields.len() + layout.dense.len() + 2 * tasks.len())
    }

    /// Number of blocks.
    pub(super) fn blocks(&self) -> usize {
        self.rows.div_ceil(self.block_rows as u64) as usize
    }

    /// Rows of a block.
    pub(super) fn rows_in(&self, block: usize) -> usize {
        let before = block as u64 * self.block_rows as u64;
        (self.rows - before).min(self.block_rows as u64) as usize
    }

    /// Where a block begins.
    pub(super) fn block_start(&self, block: usize) -> u64 {
        self.start + block as u64 * (self.block_rows * self.record_bytes() + CHECKSUM) as u64
    }

    /// Bytes of the whole file.
    pub(super) fn file_bytes(&self) -> u64 {
        let records = self.rows.saturating_mul(self.record_bytes() as u64);
        records.saturating_add(self.start + (self.blocks() * CHECKSUM) as u64)
    }
}

fn checksum(numbers: &[u8], json: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(numbers);
    hasher.update(json);
    hasher.finalize().to_le_bytes()
}

fn cut_or_failed(path: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::UnexpectedEof {
        return refused(path, "the file is cut within its header, or no file of encoded rows".to_owned(), AGAIN);
    }
    read_failed(path, source)
}
