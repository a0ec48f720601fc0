//! The head of a file of rows, and where its blocks lie.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::record::Record;
use super::{AGAIN, read_failed, refused};
use crate::batch::FeatureLayout;
use crate::error::Error;

const MAGIC: [u8; 8] = *b"SLATEROW";
/// 1 had blocks of one length, no index and no slates.
const VERSION: u32 = 2;
/// Bytes before the JSON.
const PRELUDE: usize = 36;
/// Bytes of a checksum.
pub(super) const CHECKSUM: usize = 4;
/// Bytes that the index holds per block.
const INDEX: usize = 4;
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
    /// Whether each row says with which others it was shown, and how often an epoch is to draw it.
    pub slates: bool,
}

/// What is known of a file before its blocks are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    pub(super) schema: RowSchema,
    pub(super) block_rows: usize,
    /// Per block the number of its first row, and behind them the number of rows.
    first_row: Vec<u64>,
    /// Bytes before the first block.
    start: u64,
}

#[derive(Serialize, Deserialize)]
struct Json {
    schema: RowSchema,
    block_rows: usize,
}

impl Header {
    /// The header of a file to be written, of no block so far.
    pub(super) fn new(schema: RowSchema, block_rows: usize) -> Self {
        Self { schema, block_rows, first_row: vec![0], start: 0 }
    }

    /// The header as it stands in the file; its length does not depend on the number of rows.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let json = Json { schema: self.schema.clone(), block_rows: self.block_rows };
        let json = serde_json::to_vec(&json).map_err(|source| Error::Json { source })?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((json.len() as u32).to_le_bytes());
        bytes.extend(self.rows().to_le_bytes());
        bytes.extend((self.blocks() as u64).to_le_bytes());
        bytes.extend(checksum(&bytes[MAGIC.len()..], &json));
        bytes.extend(json);
        Ok(bytes)
    }

    /// The index as it stands behind the blocks.
    pub(super) fn index_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            (0..self.blocks()).flat_map(|block| (self.rows_in(block) as u32).to_le_bytes()).collect();
        bytes.extend(checksum(&bytes, &[]));
        bytes
    }

    /// Counts a block that was written.
    pub(super) fn push_block(&mut self, rows: usize) {
        self.first_row.push(self.rows() + rows as u64);
    }

    /// Reads the head and the index of a file of `length` bytes.
    pub(super) fn read(file: &mut (impl Read + Seek), length: u64, path: &Path) -> Result<Self, Error> {
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
        if checksum(&prelude[8..32], &json) != prelude[32..] {
            return Err(damaged());
        }
        let Json { schema, block_rows } = serde_json::from_slice(&json).map_err(|_| damaged())?;
        if block_rows == 0 {
            return Err(damaged());
        }
        let wide = |at: usize| u64::from(number(at)) | u64::from(number(at + 4)) << 32;
        let mut header = Self { schema, block_rows, first_row: vec![0], start: (PRELUDE + json.len()) as u64 };
        header.read_index(file, (wide(16), wide(24)), length, path)?;
        Ok(header)
    }

    /// Reads the index, once the length of the file is known to be that of so many rows and blocks.
    fn read_index(
        &mut self,
        file: &mut (impl Read + Seek),
        (rows, blocks): (u64, u64),
        length: u64,
        path: &Path,
    ) -> Result<(), Error> {
        let records = rows.saturating_mul(self.record_bytes() as u64);
        let before = records.saturating_add(self.start).saturating_add(blocks.saturating_mul(CHECKSUM as u64));
        let index = blocks.saturating_mul(INDEX as u64).saturating_add(CHECKSUM as u64);
        let expected = before.saturating_add(index);
        if length != expected {
            let problem = format!("{length} bytes where its header tells of {expected}: the file is cut");
            return Err(refused(path, problem, AGAIN));
        }
        let mut bytes = vec![0; index as usize];
        let read = file.seek(SeekFrom::Start(before)).and_then(|_| file.read_exact(&mut bytes));
        read.map_err(|source| read_failed(path, source))?;
        let told = bytes.split_off(bytes.len() - CHECKSUM);
        bytes.as_chunks::<INDEX>().0.iter().for_each(|rows| self.push_block(u32::from_le_bytes(*rows) as usize));
        let empty = (0..self.blocks()).any(|block| self.rows_in(block) == 0);
        if checksum(&bytes, &[]) != told[..] || self.rows() != rows || empty {
            return Err(refused(path, "its index of blocks is damaged".to_owned(), AGAIN));
        }
        Ok(())
    }

    /// Bytes of a record.
    pub(super) fn record_bytes(&self) -> usize {
        Record::of(&self.schema).bytes()
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> u64 {
        self.first_row.last().copied().unwrap_or(0)
    }

    /// Number of blocks.
    pub(super) fn blocks(&self) -> usize {
        self.first_row.len() - 1
    }

    /// Number of the first row of a block.
    pub(super) fn first_row(&self, block: usize) -> u64 {
        self.first_row[block]
    }

    /// Rows of a block.
    pub(super) fn rows_in(&self, block: usize) -> usize {
        (self.first_row[block + 1] - self.first_row[block]) as usize
    }

    /// Where a block begins.
    pub(super) fn block_start(&self, block: usize) -> u64 {
        self.start + self.first_row[block] * self.record_bytes() as u64 + (block * CHECKSUM) as u64
    }
}

fn checksum(first: &[u8], second: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(first);
    hasher.update(second);
    hasher.finalize().to_le_bytes()
}

fn cut_or_failed(path: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::UnexpectedEof {
        return refused(path, "the file is cut within its header, or no file of encoded rows".to_owned(), AGAIN);
    }
    read_failed(path, source)
}
