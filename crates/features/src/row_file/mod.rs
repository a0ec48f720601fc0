//! `RowFile`: encoded rows on disk, so that training reads them as it goes and never holds the whole log.
//!
//! ```text
//! "SLATEROW" | version | length of JSON | rows | blocks | CRC-32 of these and the JSON | JSON: schema, block_rows
//! block 0:  record 0 | record 1 | … | record block_rows − 1 | CRC-32 of the block
//! block 1:  …                       the last block may be shorter; with slates, a block ends where a slate does
//! index:    rows of block 0 u32 | rows of block 1 | … | CRC-32 of the index
//!
//! record:   ids u32 × F | dense f32 × D | label values f32 × T | label weights f32 × T      little-endian
//!           with slates, also:  slate u32 | rate f32
//! ```
//!
//! The rows of a **slate** were shown together. They stay together and in order: an epoch shuffles slates, and a batch
//! ends with the slate that fills it. **Rate** r is with which probability an epoch draws the row; the weights of a
//! drawn row are divided by it, so that the expected loss is that of all rows (see [`EpochLoader`](crate::EpochLoader)).
//!
//! 1. **Write.** A [`RowFileWriter`] appends batches to a file beside the name; [`RowFileWriter::finish`] syncs it and
//!    renames it, so that under the name there is a whole file or none.
//! 2. **Open.** [`RowFile::open`] checks the header and the length, which follows from it; each block is checked against
//!    its checksum when it is read. A damaged or cut file is one line, never wrong rows.
//! 3. **Learn.** [`RowFile::epoch`] yields every row once, shuffled within bounded memory; [`RowFile::in_order`] as they
//!    are stored.
//! 4. **Go on.** An [`EpochPosition`] is small and can be stored. [`RowFile::resume`] yields exactly the batches that
//!    would have come next, and reads nothing of what lies before.

mod epoch;
mod header;
mod order;
mod record;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

pub use self::epoch::Epoch;
pub use self::header::RowSchema;
pub use self::order::EpochPosition;
pub use self::writer::RowFileWriter;

use self::header::{CHECKSUM, Header};
use crate::error::Error;

/// Blocks that are in memory at a time, and shuffled with each other, unless told otherwise.
const WINDOW_BLOCKS: usize = 16;

const AGAIN: &str = "encode the table again";

/// An open file of encoded rows; cheap to clone.
#[derive(Debug, Clone)]
pub struct RowFile {
    shared: Arc<Shared>,
    window_blocks: usize,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    file: Mutex<File>,
    header: Header,
}

impl RowFile {
    /// Opens a file that [`RowFileWriter`] wrote.
    ///
    /// # Errors
    /// No such file, no file of rows, one of another version, or a damaged or cut one.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut file = File::open(path).map_err(|source| {
            let mend = "mend the path, or encode the table first";
            Error::RowFileSystem { path: path.to_path_buf(), doing: "open", source, mend }
        })?;
        let length = file.metadata().map_err(|source| read_failed(path, source))?.len();
        let header = Header::read(&mut file, length, path)?;
        let shared = Shared { path: path.to_path_buf(), file: Mutex::new(file), header };
        Ok(Self { shared: Arc::new(shared), window_blocks: WINDOW_BLOCKS })
    }

    /// Shuffles so many blocks together, 16 unless told otherwise: more mix better, and take more memory.
    ///
    /// # Errors
    /// [`Error::BadLoader`] for 0.
    pub fn with_window_blocks(mut self, window_blocks: usize) -> Result<Self, Error> {
        at_least_one("window_blocks", window_blocks)?;
        self.window_blocks = window_blocks;
        Ok(self)
    }

    /// What the rows are.
    pub fn schema(&self) -> &RowSchema {
        &self.shared.header.schema
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.shared.header.rows()
    }

    /// Checks that the rows are those of an encoder.
    ///
    /// # Errors
    /// Another layout, other tasks, or another encoder, whose ids and numbers mean something else.
    pub fn check_schema(&self, expected: &RowSchema) -> Result<(), Error> {
        let found = self.schema();
        let what = if found.layout != expected.layout {
            "other tables, fields or dense values"
        } else if found.tasks != expected.tasks {
            "other tasks"
        } else if found.slates != expected.slates {
            if found.slates { "slates, which are not asked for" } else { "no slates" }
        } else if found.encoder != expected.encoder {
            "the values of an encoder that was fitted otherwise"
        } else {
            return Ok(());
        };
        Err(refused(&self.shared.path, format!("its rows have {what}"), AGAIN))
    }

    /// Every row once, in an order that `rng` decides: blocks shuffled, then the rows of each
    /// [window](Self::with_window_blocks) of blocks. Batches have `batch_rows` rows, the last one what is left.
    ///
    /// With slates, these are shuffled as wholes, a batch ends with the slate that fills it, and `rng` also decides which
    /// rows of a rate below 1 are drawn.
    ///
    /// # Errors
    /// [`Error::BadLoader`] for batches of 0 rows. The iterator yields an error and ends where a block is damaged.
    pub fn epoch(&self, batch_rows: usize, rng: &mut ChaCha8Rng) -> Result<Epoch, Error> {
        self.start(batch_rows, Some(rng.random()))
    }

    /// Every row once, in the order in which they were written.
    ///
    /// # Errors
    /// As [`epoch`](Self::epoch).
    pub fn in_order(&self, batch_rows: usize) -> Result<Epoch, Error> {
        self.start(batch_rows, None)
    }

    fn start(&self, batch_rows: usize, seed: Option<u64>) -> Result<Epoch, Error> {
        let (rows, block_rows) = (self.rows(), self.shared.header.block_rows);
        let window_blocks = self.window_blocks;
        let start = EpochPosition {
            seed,
            rows,
            block_rows,
            batch_rows,
            window_blocks,
            batches_done: 0,
            window: 0,
            window_row: 0,
        };
        self.resume(start)
    }

    /// The rest of an epoch, as it would have come.
    ///
    /// # Errors
    /// A position of another file, or behind the end of the epoch.
    pub fn resume(&self, position: EpochPosition) -> Result<Epoch, Error> {
        at_least_one("batch_rows", position.batch_rows)?;
        at_least_one("window_blocks", position.window_blocks)?;
        let found = (self.rows(), self.shared.header.block_rows);
        if (position.rows, position.block_rows) != found {
            return Err(self.refuse_position(format!(
                "{} rows in blocks of {} where the stored position tells of {} in blocks of {}",
                found.0, found.1, position.rows, position.block_rows
            )));
        }
        let epoch = Epoch::new(self.clone(), position);
        let windows = epoch.order.windows();
        if position.window > windows || (position.window == windows && position.window_row > 0) {
            return Err(self.refuse_position(format!("{windows} windows where the position is in {}", position.window)));
        }
        Ok(epoch)
    }

    fn refuse_position(&self, problem: String) -> Error {
        let mend = "resume with the file of the interrupted run, or begin an epoch";
        refused(&self.shared.path, problem, mend)
    }

    /// Appends the records of a block to `out`.
    fn read_block(&self, block: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        let Shared { path, file, header } = &*self.shared;
        let start = out.len();
        let records = header.rows_in(block) * header.record_bytes();
        out.resize(start + records + CHECKSUM, 0);
        {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let read =
                file.seek(SeekFrom::Start(header.block_start(block))).and_then(|_| file.read_exact(&mut out[start..]));
            read.map_err(|source| read_failed(path, source))?;
        }
        let told = out.split_off(start + records);
        if crc32fast::hash(&out[start..]).to_le_bytes() != told[..] {
            let first = header.first_row(block) + 1;
            let last = header.first_row(block) + header.rows_in(block) as u64;
            return Err(refused(path, format!("rows {first} to {last} are damaged: the checksum differs"), AGAIN));
        }
        Ok(())
    }
}

fn at_least_one(key: &'static str, value: usize) -> Result<(), Error> {
    if value == 0 {
        return Err(Error::BadLoader { key, problem: "it must be at least 1".to_owned() });
    }
    Ok(())
}

fn refused(path: &Path, problem: String, mend: &'static str) -> Error {
    Error::RowFile { path: path.to_path_buf(), problem, mend }
}

fn read_failed(path: &Path, source: std::io::Error) -> Error {
    Error::RowFileSystem { path: path.to_path_buf(), doing: "read", source, mend: "check the disk and try again" }
}
