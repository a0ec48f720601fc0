//! `RowFileWriter`: batches → a file of rows, under its name only when it is whole.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::header::{Header, RowSchema};
use super::record::Record;
use super::{RowFile, at_least_one};
use crate::batch::Batch;
use crate::error::Error;

/// Rows per block unless told otherwise: some hundred kilobytes.
const BLOCK_ROWS: usize = 8192;

/// Writes a file of rows. Dropped before [`finish`](Self::finish), it leaves nothing.
#[derive(Debug)]
pub struct RowFileWriter {
    path: PathBuf,
    file: NamedTempFile,
    header: Header,
    record: Record,
    /// Records that are in no block yet, and their number.
    block: Vec<u8>,
    block_rows: usize,
    /// Slate of the last record.
    slate: Option<u32>,
}

impl RowFileWriter {
    /// Begins a file beside `path`, whose folder must exist.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn create(path: impl AsRef<Path>, schema: RowSchema) -> Result<Self, Error> {
        Self::with_block_rows(path, schema, BLOCK_ROWS)
    }

    /// The same with another number of rows per block (8192 unless told otherwise), ≥ 1: smaller blocks shuffle better
    /// and read slower.
    ///
    /// # Errors
    /// As [`create`](Self::create), and [`Error::BadLoader`] for 0.
    pub fn with_block_rows(path: impl AsRef<Path>, schema: RowSchema, block_rows: usize) -> Result<Self, Error> {
        at_least_one("block_rows", block_rows)?;
        let path = path.as_ref().to_path_buf();
        let mut file = begin(&path).map_err(|source| write_failed(&path, source))?;
        let record = Record::of(&schema);
        let header = Header::new(schema, block_rows);
        file.write_all(&header.to_bytes()?).map_err(|source| write_failed(&path, source))?;
        Ok(Self { path, file, header, record, block: Vec::new(), block_rows: 0, slate: None })
    }

    /// Appends rows, each of which every epoch gives.
    ///
    /// # Shapes
    /// ids `[B, F]`, dense `[B, D]`, label values and weights `[B, T]` of the schema; slates `[B]`, or none, likewise
    ///
    /// # Errors
    /// The disk is full or fails.
    ///
    /// # Panics
    /// If the batch has other shapes than the schema.
    pub fn append(&mut self, batch: &Batch) -> Result<(), Error> {
        self.append_rows(batch, None)
    }

    /// Appends rows of slates, each with the probability in (0, 1] with which an epoch draws it; the weights are those
    /// of a row that is always drawn. The rows of a slate follow each other, over batches too.
    ///
    /// # Shapes
    /// As [`append`](Self::append), and rates `[B]`
    ///
    /// # Errors
    /// As [`append`](Self::append).
    ///
    /// # Panics
    /// As [`append`](Self::append), or if the schema has no slates, or if a rate is out of its range.
    pub fn append_drawn(&mut self, batch: &Batch, rates: &[f32]) -> Result<(), Error> {
        self.append_rows(batch, Some(rates))
    }

    fn append_rows(&mut self, batch: &Batch, rates: Option<&[f32]>) -> Result<(), Error> {
        self.record.check(batch, rates);
        for row in 0..batch.features.rows {
            let slate = batch.labels.slate.get(row).copied();
            let torn = slate.is_some() && slate == self.slate;
            if self.block_rows >= self.header.block_rows && !torn {
                self.write_block()?;
            }
            self.record.write(batch, row, rates.map_or(1.0, |rates| rates[row]), &mut self.block);
            self.block_rows += 1;
            self.slate = slate;
        }
        Ok(())
    }

    /// Writes what is left, syncs the file, renames it and opens it.
    ///
    /// # Errors
    /// The disk is full or fails; whatever stood under the name then still stands.
    pub fn finish(self) -> Result<RowFile, Error> {
        self.end(true)
    }

    /// The same without waiting for the disk: for a file that is of use to this process alone.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_unsynced(self) -> Result<RowFile, Error> {
        self.end(false)
    }

    fn end(mut self, sync: bool) -> Result<RowFile, Error> {
        if self.block_rows > 0 {
            self.write_block()?;
        }
        let (header, index) = (self.header.to_bytes()?, self.header.index_bytes());
        let Self { path, mut file, .. } = self;
        let mut end = || {
            file.write_all(&index)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header)?;
            if sync { file.as_file().sync_all() } else { Ok(()) }
        };
        end().and_then(|()| publish(file, &path, sync)).map_err(|source| write_failed(&path, source))?;
        RowFile::open(path)
    }

    fn write_block(&mut self) -> Result<(), Error> {
        self.block.extend(crc32fast::hash(&self.block).to_le_bytes());
        self.file.write_all(&self.block).map_err(|source| write_failed(&self.path, source))?;
        self.block.clear();
        self.header.push_block(std::mem::take(&mut self.block_rows));
        Ok(())
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The temporary file, with the name and mode of those of [`slatewise_data::artefact`].
fn begin(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partial-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(path))
}

fn publish(file: NamedTempFile, path: &Path, sync: bool) -> io::Result<()> {
    file.persist(path)?;
    if !sync {
        return Ok(());
    }
    // The rename is durable once the folder's entry is.
    #[cfg(unix)]
    File::open(folder(path))?.sync_all()?;
    Ok(())
}

fn write_failed(path: &Path, source: io::Error) -> Error {
    let mend = "make its folder, make it writable, or free some space";
    Error::RowFileSystem { path: path.to_path_buf(), doing: "write", source, mend }
}
