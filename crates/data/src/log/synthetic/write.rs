//! Blocks drawn and packed on all threads, a row group each, and written in order.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use datafusion::parquet::basic::{Compression, Encoding};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::file::writer::SerializedFileWriter;
use datafusion::parquet::schema::types::ColumnPath;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::dirt::{DirtCounts, spoil};
use super::optimum::Optimum;
use super::response::Coefficients;
use super::spec::{ContentSpec, SyntheticSpec};
use super::world::{Stream, World, stream};
use super::{EVENTS, ITEMS, TRUTH_ROWS, USERS, columns, rows};
use crate::log::error::LogError;

/// Users or items per row group.
const TABLE_ROWS: usize = 1 << 17;

/// Sums over all blocks.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub sessions: u64,
    pub dirt: DirtCounts,
    pub optimum: [Optimum; 3],
}

/// A block, packed.
struct Packed {
    events: Vec<ArrowColumnChunk>,
    truth: Option<Vec<ArrowColumnChunk>>,
    totals: Totals,
}

/// Writes `events.parquet`, and `truth.parquet` where declared.
pub(super) fn events(
    spec: &SyntheticSpec,
    seed: u64,
    planted: (&World, &[Coefficients; 3]),
    folder: &Path,
) -> Result<Totals, LogError> {
    let mut events = GroupedFile::create(&folder.join(EVENTS), &columns::event_schema())?;
    let truth = spec.truth_rows.then(|| GroupedFile::create(&folder.join(TRUTH_ROWS), &columns::truth_schema()));
    let mut truth = truth.transpose()?;
    let mut totals = Totals::default();
    let (blocks, at_once) = (rows::blocks(spec), rayon::current_num_threads() as u64);
    let mut next = 0;
    while next < blocks {
        let numbers: Vec<u64> = (next..blocks.min(next + at_once)).collect();
        next += at_once;
        let makers = (&events.maker, truth.as_ref().map(|truth| &truth.maker));
        let pack = |&number: &u64| packed(spec, (seed, number), planted, makers);
        let done: Vec<Result<Packed, ParquetError>> = numbers.par_iter().map(pack).collect();
        for block in done {
            let block = block.map_err(|error| failed(&events.path, io::Error::other(error)))?;
            events.append(block.events)?;
            if let (Some(file), Some(chunks)) = (&mut truth, block.truth) {
                file.append(chunks)?;
            }
            totals.sessions += block.totals.sessions;
            totals.dirt.add(&block.totals.dirt);
            totals.optimum.iter_mut().zip(&block.totals.optimum).for_each(|(sum, more)| sum.merge(more));
        }
    }
    events.finish()?;
    truth.map_or(Ok(()), GroupedFile::finish)?;
    Ok(totals)
}

/// Draws, spoils and packs one block.
fn packed(
    spec: &SyntheticSpec,
    (seed, number): (u64, u64),
    (world, tasks): (&World, &[Coefficients; 3]),
    (events, truth): (&RowGroupMaker, Option<&RowGroupMaker>),
) -> Result<Packed, ParquetError> {
    let block = rows::block(spec, number);
    let mut drawn = rows::draw(spec, world, tasks, block, &mut stream(seed, Stream::Rows(number)));
    let mut totals = Totals { sessions: drawn.sessions, ..Totals::default() };
    for (task, optimum) in totals.optimum.iter_mut().enumerate() {
        optimum.add(&drawn.truth[task], &drawn.response[task]);
    }
    let flaws = spoil(&spec.dirt, &mut drawn, &mut stream(seed, Stream::Dirt(number)));
    totals.dirt = flaws.counts;
    let truth = truth.map(|truth| truth.pack(number, &columns::truth(&drawn, &flaws))).transpose()?;
    Ok(Packed { events: events.pack(number, &columns::events(&drawn, &flaws, world))?, truth, totals })
}

/// Packs columns into the chunks of a row group, on any thread.
struct RowGroupMaker {
    schema: SchemaRef,
    factory: ArrowRowGroupWriterFactory,
}

impl RowGroupMaker {
    fn pack(&self, number: u64, columns: &[ArrayRef]) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
        let mut writers = self.factory.create_column_writers(number as usize)?.into_iter();
        let mut chunks = Vec::with_capacity(columns.len());
        for (field, column) in self.schema.fields().iter().zip(columns) {
            for leaf in compute_leaves(field, column)? {
                let mut writer = writers.next().ok_or_else(|| ParquetError::General("too few columns".to_owned()))?;
                writer.write(&leaf)?;
                chunks.push(writer.close()?);
            }
        }
        Ok(chunks)
    }
}

/// A Parquet file that grows by packed row groups and appears under its name when it is finished.
struct GroupedFile {
    path: PathBuf,
    writer: SerializedFileWriter<NamedTempFile<File>>,
    maker: RowGroupMaker,
}

impl GroupedFile {
    fn create(path: &Path, schema: &SchemaRef) -> Result<Self, LogError> {
        let writer = ArrowWriter::try_new(beside(path)?, schema.clone(), Some(properties()));
        let parts = writer.and_then(ArrowWriter::into_serialized_writer);
        let (writer, factory) = parts.map_err(|error| failed(path, io::Error::other(error)))?;
        Ok(Self { path: path.to_path_buf(), writer, maker: RowGroupMaker { schema: schema.clone(), factory } })
    }

    fn append(&mut self, chunks: Vec<ArrowColumnChunk>) -> Result<(), LogError> {
        let append = || -> Result<(), ParquetError> {
            let mut group = self.writer.next_row_group()?;
            for chunk in chunks {
                chunk.append_to_row_group(&mut group)?;
            }
            group.close().map(drop)
        };
        append().map_err(|error| failed(&self.path, io::Error::other(error)))
    }

    fn finish(self) -> Result<(), LogError> {
        let file = self.writer.into_inner().map_err(|error| failed(&self.path, io::Error::other(error)))?;
        persist(file, &self.path)
    }
}

/// Writes `users.parquet`.
pub(super) fn users(world: &World, folder: &Path) -> Result<(), LogError> {
    table(&folder.join(USERS), world.users.len(), |from, to| columns::users(world, from, to))
}

/// Writes `items.parquet`.
pub(super) fn items(
    world: &World,
    content: Option<ContentSpec>,
    rng: &mut ChaCha8Rng,
    folder: &Path,
) -> Result<(), LogError> {
    table(&folder.join(ITEMS), world.items.len(), |from, to| columns::items(world, (from, to), content, rng))
}

/// Writes a table batch by batch.
fn table(
    path: &Path,
    rows: usize,
    mut batch: impl FnMut(usize, usize) -> Result<RecordBatch, datafusion::arrow::error::ArrowError>,
) -> Result<(), LogError> {
    let file = beside(path)?;
    let write = || -> Result<NamedTempFile<File>, ParquetError> {
        let first = batch(0, rows.min(TABLE_ROWS))?;
        let mut writer = ArrowWriter::try_new(file, first.schema(), Some(properties()))?;
        writer.write(&first)?;
        for from in (TABLE_ROWS..rows).step_by(TABLE_ROWS) {
            writer.write(&batch(from, rows.min(from + TABLE_ROWS))?)?;
        }
        writer.into_inner()
    };
    persist(write().map_err(|error| failed(path, io::Error::other(error)))?, path)
}

/// Ids and measures are plain or deltas, since a dictionary of them only costs time; texts and small numbers have one.
fn properties() -> WriterProperties {
    let plain = ["user", "item", "propensity", "price", "_true_click", "_true_cart", "_true_purchase"];
    let ascending = ["session", "time"];
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for name in plain {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    for name in ascending {
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}

/// A file beside the one that it will replace, with the rights of any new file.
fn beside(path: &Path) -> Result<NamedTempFile<File>, LogError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partial-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).map_err(|error| failed(path, error))
}

fn persist(file: NamedTempFile<File>, path: &Path) -> Result<(), LogError> {
    let finish = || -> io::Result<File> {
        file.as_file().sync_all()?;
        Ok(file.persist(path)?)
    };
    finish().map(drop).map_err(|error| failed(path, error))
}

/// The system or the Parquet writer does not take a file.
pub(super) fn failed(path: &Path, source: io::Error) -> LogError {
    LogError::Io {
        path: path.to_path_buf(),
        action: "cannot write it",
        source,
        mend: "make its folder, or make it writable, and see that the disk has room",
    }
}
