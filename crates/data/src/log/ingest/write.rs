//! `TypedWriter`: typed rows as Parquet, written beside its name and renamed.
//!
//! Batches gather until they fill a row group, whose columns are then encoded in parallel. The rows are on their way: they are
//! neither packed nor synced, and texts alone are put into dictionaries, one per row group, by which later steps tell them apart.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use datafusion::parquet::basic::{Compression, Encoding};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::file::writer::SerializedFileWriter;
use datafusion::parquet::schema::types::ColumnPath;
use rayon::prelude::*;
use tempfile::NamedTempFile;

use crate::log::error::LogError;

/// Most rows of a row group: few enough that the memory of one serves the next.
const ROWS: usize = 1 << 17;
/// Bytes in memory beyond which a row group ends early.
const BYTES: usize = 128 << 20;

/// Bytes of texts beyond which a row group has no dictionary of them.
const DICTIONARY_BYTES: usize = 32 << 20;

/// Writes batches of one schema.
pub(super) struct TypedWriter {
    path: PathBuf,
    schema: SchemaRef,
    out: SerializedFileWriter<BufWriter<NamedTempFile>>,
    factory: ArrowRowGroupWriterFactory,
    waiting: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl TypedWriter {
    /// Begins the file that will stand under `path`.
    pub(super) fn create(path: &Path, schema: &SchemaRef) -> Result<Self, LogError> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".partial-");
        // A temporary file is private to its owner by default; this one gets the mode of any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(|source| failed(path, source))?;
        let writer = ArrowWriter::try_new(BufWriter::new(file), Arc::clone(schema), Some(properties(schema)));
        let (out, factory) =
            writer.and_then(ArrowWriter::into_serialized_writer).map_err(|error| broken(path, error))?;
        let schema = Arc::clone(schema);
        Ok(Self { path: path.to_path_buf(), schema, out, factory, waiting: Vec::new(), rows: 0, bytes: 0 })
    }

    /// Adds a batch.
    pub(super) fn write(&mut self, batch: RecordBatch) -> Result<(), LogError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.waiting.push(batch);
        if self.rows >= ROWS || self.bytes >= BYTES { self.flush() } else { Ok(()) }
    }

    /// Ends the row group.
    fn flush(&mut self) -> Result<(), LogError> {
        let waiting = std::mem::take(&mut self.waiting);
        (self.rows, self.bytes) = (0, 0);
        if waiting.is_empty() {
            return Ok(());
        }
        self.encode(&waiting).map_err(|error| broken(&self.path, error))
    }

    fn encode(&mut self, batches: &[RecordBatch]) -> Result<(), ParquetError> {
        let writers = self.factory.create_column_writers(self.out.flushed_row_groups().len())?;
        let encode = |(column, mut writer): (usize, ArrowColumnWriter)| {
            for batch in batches {
                for leaf in compute_leaves(self.schema.field(column), batch.column(column))? {
                    writer.write(&leaf)?;
                }
            }
            writer.close()
        };
        let chunks: Vec<Result<ArrowColumnChunk, ParquetError>> =
            writers.into_iter().enumerate().collect::<Vec<_>>().into_par_iter().map(encode).collect();
        let mut group = self.out.next_row_group()?;
        for chunk in chunks {
            chunk?.append_to_row_group(&mut group)?;
        }
        group.close().map(drop)
    }

    /// Puts the file under its name.
    pub(super) fn finish(mut self) -> Result<(), LogError> {
        self.flush()?;
        let Self { path, out, .. } = self;
        let out = out.into_inner().map_err(|error| broken(&path, error))?;
        let finish = || -> io::Result<File> {
            let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            Ok(file.persist(&path)?)
        };
        finish().map(drop).map_err(|source| failed(&path, source))
    }
}

fn properties(schema: &SchemaRef) -> WriterProperties {
    let builder = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(false)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_max_row_group_row_count(Some(ROWS));
    let texts = schema.fields().iter().filter(|field| *field.data_type() == DataType::Utf8);
    let paths = texts.map(|field| ColumnPath::from(vec![field.name().clone()]));
    let builder = paths.fold(builder, |builder, path| builder.set_column_dictionary_enabled(path, true));
    let counts = ["_row", "_line"].into_iter().map(ColumnPath::from);
    counts.fold(builder, |builder, path| builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)).build()
}

fn failed(path: &Path, source: io::Error) -> LogError {
    LogError::Io {
        path: path.to_path_buf(),
        action: "cannot write it",
        source,
        mend: "make its folder writable, and see that the disk has room",
    }
}

fn broken(path: &Path, error: ParquetError) -> LogError {
    match error {
        ParquetError::External(source) if source.is::<io::Error>() => match source.downcast::<io::Error>() {
            Ok(source) => failed(path, *source),
            Err(source) => engine(path, ParquetError::External(source)),
        },
        error => engine(path, error),
    }
}

fn engine(path: &Path, error: ParquetError) -> LogError {
    let source = Box::new(DataFusionError::ParquetError(Box::new(error)));
    LogError::Engine { what: format!("writing {}", path.display()), source }
}
