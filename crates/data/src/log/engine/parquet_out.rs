//! Typed rows to Parquet: columns cast to the types that the schema declares, one file, in the order in which they come.
//!
//! ```text
//! blocks of rows ──▶ one writer per column, side by side ──16 blocks──▶ a row group of the file
//! ```

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef};
use datafusion::arrow::compute::{BatchCoalescer, cast};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use datafusion::parquet::basic::{Compression, Encoding};
use datafusion::parquet::file::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData, SortingColumn};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::file::writer::SerializedFileWriter;
use datafusion::parquet::schema::types::ColumnPath;
use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::session::failed;
use crate::log::error::LogError;

/// Rows that are packed together: what a reader must hold, and may skip.
const ROWS_PER_GROUP: usize = 1 << 17;

/// Rows that are written together, a whole number of times per group: always as many, so that the same rows are the same bytes
/// however they came.
const ROWS_PER_BLOCK: usize = 1 << 13;

/// Takes rows in, block by block.
pub(super) trait Rows {
    /// Takes rows in, whose columns stand in the order of the schema.
    fn write(&mut self, columns: &[ArrayRef]) -> Result<(), LogError>;
}

/// Writes one file beside its name, and puts it there when it is whole.
pub(super) struct ParquetOut {
    path: PathBuf,
    schema: SchemaRef,
    blocks: BatchCoalescer,
    file: NamedTempFile,
    writer: SerializedFileWriter<BufWriter<File>>,
    groups: ArrowRowGroupWriterFactory,
    group: Group,
    rows: u64,
    /// Whether it must outlive this process.
    durable: bool,
}

/// The row group under way.
#[derive(Default)]
struct Group {
    number: usize,
    rows: usize,
    columns: Vec<ArrowColumnWriter>,
}

impl ParquetOut {
    /// Begins the file; `order` names the columns by which the rows will ascend.
    pub(super) fn create(path: &Path, schema: SchemaRef, order: &[&str]) -> Result<Self, LogError> {
        Self::packed(path, schema, order, Compression::LZ4_RAW)
    }

    /// Begins a file that this process alone reads, soon: packing it, and waiting for the disk, would cost more than it saves.
    pub(super) fn unpacked(path: &Path, schema: SchemaRef) -> Result<Self, LogError> {
        Self::packed(path, schema, &[], Compression::UNCOMPRESSED)
    }

    fn packed(path: &Path, schema: SchemaRef, order: &[&str], how: Compression) -> Result<Self, LogError> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let begin = || -> std::io::Result<(NamedTempFile, File)> {
            std::fs::create_dir_all(folder)?;
            let file = tempfile::Builder::new().prefix(".partial-").tempfile_in(folder)?;
            let handle = file.as_file().try_clone()?;
            Ok((file, handle))
        };
        let (file, handle) = begin().map_err(|source| not_written(path, source))?;
        let properties = properties(&schema, order, how);
        let writer = ArrowWriter::try_new(BufWriter::new(handle), Arc::clone(&schema), Some(properties));
        let parts = writer.and_then(ArrowWriter::into_serialized_writer);
        let (writer, groups) = parts.map_err(|error| parquet_failed(path, error.into()))?;
        let blocks = BatchCoalescer::new(Arc::clone(&schema), ROWS_PER_BLOCK);
        let group = Group::default();
        let durable = how != Compression::UNCOMPRESSED;
        Ok(Self { path: path.to_path_buf(), schema, blocks, file, writer, groups, group, rows: 0, durable })
    }
}

impl Rows for ParquetOut {
    /// Writes rows; the first columns of the batch are those of the schema, whatever their kind of text.
    fn write(&mut self, columns: &[ArrayRef]) -> Result<(), LogError> {
        let write = |this: &mut Self| -> Result<usize, DataFusionError> {
            let fields = this.schema.fields().iter();
            let columns = fields.zip(columns).map(|(field, column)| retyped(column, field.data_type()));
            let batch = RecordBatch::try_new(Arc::clone(&this.schema), columns.collect::<Result<_, _>>()?)?;
            let rows = batch.num_rows();
            this.blocks.push_batch(batch)?;
            while let Some(block) = this.blocks.next_completed_batch() {
                this.block(&block)?;
            }
            Ok(rows)
        };
        let rows = write(self).map_err(|error| parquet_failed(&self.path, error))?;
        self.rows += rows as u64;
        Ok(())
    }
}

impl ParquetOut {
    /// Rows written so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds to what the file says of itself.
    pub(super) fn note(&mut self, entry: KeyValue) {
        self.writer.append_key_value_metadata(entry);
    }

    /// Puts the file under its name and says how many bytes its values take unpacked.
    pub(super) fn finish(mut self) -> Result<u64, LogError> {
        let path = self.path.clone();
        let metadata = self.last_block().map_err(|error| parquet_failed(&path, error))?;
        let bytes: i64 = metadata.row_groups().iter().map(RowGroupMetaData::total_byte_size).sum();
        let persist = move || -> std::io::Result<()> {
            self.writer.inner_mut().flush()?;
            if self.durable {
                self.file.as_file().sync_all()?;
            }
            self.file.persist(&self.path)?;
            Ok(())
        };
        persist().map_err(|source| not_written(&path, source))?;
        Ok(bytes.max(0) as u64)
    }
}

impl ParquetOut {
    /// Encodes a block, each column by itself.
    fn block(&mut self, block: &RecordBatch) -> Result<(), DataFusionError> {
        if self.group.columns.is_empty() {
            self.group.columns = self.groups.create_column_writers(self.group.number)?;
        }
        let fields = self.schema.fields().iter().zip(block.columns());
        let leaves = fields.map(|(field, column)| compute_leaves(field, column)).collect::<Result<Vec<_>, _>>()?;
        let leaves: Vec<_> = leaves.into_iter().flatten().collect();
        let (columns, found) = (self.group.columns.len(), leaves.len());
        assert!(columns == found, "{found} leaves for {columns} columns");
        let columns = self.group.columns.par_iter_mut().zip(&leaves);
        columns.try_for_each(|(writer, leaf)| writer.write(leaf))?;
        self.group.rows += block.num_rows();
        if self.group.rows >= ROWS_PER_GROUP { self.close_group() } else { Ok(()) }
    }

    /// Puts the row group under way into the file.
    fn close_group(&mut self) -> Result<(), DataFusionError> {
        let Group { number, columns, .. } = std::mem::take(&mut self.group);
        self.group.number = number + 1;
        let chunks = columns.into_par_iter().map(ArrowColumnWriter::close).collect::<Result<Vec<_>, _>>()?;
        let mut group = self.writer.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        Ok(())
    }

    /// Writes what is left and the footer.
    fn last_block(&mut self) -> Result<ParquetMetaData, DataFusionError> {
        self.blocks.finish_buffered_batch()?;
        while let Some(block) = self.blocks.next_completed_batch() {
            self.block(&block)?;
        }
        if self.group.rows > 0 {
            self.close_group()?;
        }
        Ok(self.writer.finish()?)
    }
}

/// The column in another type, which is cheap between the kinds of text and free where they agree.
fn retyped(column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, DataFusionError> {
    if column.data_type() == wanted { Ok(Arc::clone(column)) } else { Ok(cast(column, wanted)?) }
}

/// Fast packing; numbers that ascend or hardly repeat are kept as differences, not in dictionaries. What is not packed is written
/// as it stands, but for texts.
fn properties(schema: &SchemaRef, order: &[&str], how: Compression) -> WriterProperties {
    let mut properties =
        WriterProperties::builder().set_compression(how).set_max_row_group_row_count(Some(ROWS_PER_GROUP));
    if how == Compression::UNCOMPRESSED {
        let texts = schema.fields().iter().filter(|field| *field.data_type() == DataType::Utf8);
        let paths = texts.map(|field| ColumnPath::from(vec![field.name().clone()]));
        properties = properties.set_statistics_enabled(EnabledStatistics::None).set_dictionary_enabled(false);
        return paths.fold(properties, |properties, path| properties.set_column_dictionary_enabled(path, true)).build();
    }
    properties = properties.set_statistics_enabled(EnabledStatistics::Chunk);
    for field in schema.fields() {
        let path = ColumnPath::from(vec![field.name().clone()]);
        let ascends = order.contains(&field.name().as_str()) || field.name().starts_with('_');
        match field.data_type() {
            DataType::Int64 if ascends => {
                properties = properties
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
            }
            DataType::Float64 | DataType::Binary => properties = properties.set_column_dictionary_enabled(path, false),
            _ => {}
        }
    }
    let place = |name: &&str| schema.index_of(name).ok();
    let sorted = |index: usize| SortingColumn { column_idx: index as i32, descending: false, nulls_first: true };
    // A list before a sorting column would shift the count of leaves; typed lists have one leaf each.
    let sorted: Vec<_> = order.iter().filter_map(place).map(sorted).collect();
    properties.set_sorting_columns((!sorted.is_empty()).then_some(sorted)).build()
}

fn not_written(path: &Path, source: std::io::Error) -> LogError {
    LogError::Io {
        path: path.to_path_buf(),
        action: "cannot write it",
        source,
        mend: "make its folder writable, and see that the disk has room",
    }
}

fn parquet_failed(path: &Path, error: DataFusionError) -> LogError {
    failed(&format!("{}: cannot write it", path.display()), error)
}
