//! `CleanRows`: clean rows, on disk or still to be made while the typed ones pass by.
//!
//! ```text
//! typed rows in order, few taken away, small tables:   typed.parquet ──without the taken, joined──▶ batches      nothing is written
//! anything else:                                       typed.parquet ──a plan──▶ clean.parquet ──▶ batches
//! ```
//!
//! Texts come as dictionaries, so that whoever looks them up does so once per text and row group.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema as ArrowSchema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::derive::column;
use super::lookup::Lookup;
use super::numbered::{Numbered, dictionary};
use super::order::Order;
use super::parquet_out::{ParquetOut, Rows as _};
use super::rows;
use super::session::failed;
use crate::log::error::LogError;
use crate::log::schema::TypedSchema;

/// Rows read together.
const BATCH: usize = 1 << 13;

/// Clean rows in the order of time.
pub struct CleanRows {
    pub(super) path: PathBuf,
    /// Their columns.
    pub(super) schema: TypedSchema,
    /// How they stand.
    pub(super) order: Order,
    /// Numbers of the rows of the file that are none of them, ascending.
    pub(super) without: Vec<i64>,
    /// Tables whose columns stand beside those of the file.
    pub(super) tables: Vec<Lookup>,
}

impl std::fmt::Debug for CleanRows {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CleanRows").field("path", &self.path).field("rows", &self.rows()).finish_non_exhaustive()
    }
}

impl CleanRows {
    /// Rows that were written by [`Engine::clean`](super::Engine::clean).
    ///
    /// # Errors
    /// [`LogError::File`] if they were not, [`LogError::Io`] if there is no such file.
    pub fn written(path: &Path, schema: &TypedSchema) -> Result<Self, LogError> {
        let order = Order::of(path, schema)?;
        Ok(Self { path: path.to_path_buf(), schema: schema.clone(), order, without: Vec::new(), tables: Vec::new() })
    }

    /// Their columns.
    pub fn schema(&self) -> &TypedSchema {
        &self.schema
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.order.rows
    }

    /// The file that holds them as they are, if there is one.
    pub fn file(&self) -> Option<&Path> {
        (self.without.is_empty() && self.tables.is_empty()).then_some(&self.path)
    }

    /// Writes them into a file.
    pub(super) fn write(&self, out: &mut ParquetOut) -> Result<(), LogError> {
        let broken = |error| failed("clean rows", error);
        let mut batches = self.batches(None).map_err(broken)?;
        let names: Vec<&str> = self.schema.columns.iter().map(|column| column.name.as_str()).collect();
        while let Some(batch) = batches.next().map_err(broken)? {
            let columns = names.iter().copied().chain(rows::TECHNICAL).map(|name| column(&batch, name));
            out.write(&columns.collect::<Result<Vec<_>, _>>().map_err(broken)?)?;
        }
        Ok(())
    }

    /// The whole numbers that stand in a column in these places, which ascend, counted over the rows from 0.
    pub(super) fn values<const N: usize>(&self, name: &str, places: [u64; N]) -> Result<[i64; N], DataFusionError> {
        let (mut found, mut next, mut passed) = ([0; N], 0, 0);
        let mut batches = self.batches(Some(&BTreeSet::from([name])))?;
        while next < N {
            let batch =
                batches.next()?.ok_or_else(|| exec_datafusion_err!("there are fewer rows than were counted"))?;
            let values = column(&batch, name)?;
            let values = values.as_primitive_opt::<Int64Type>();
            let values = values.ok_or_else(|| exec_datafusion_err!("`{name}` is no column of 64-bit integers"))?;
            let end = passed + values.len() as u64;
            while next < N && places[next] < end {
                found[next] = values.value((places[next] - passed) as usize);
                next += 1;
            }
            passed = end;
        }
        Ok(found)
    }

    /// How many rows have no partner in each table.
    pub(super) fn unmatched(&self) -> Result<Vec<u64>, DataFusionError> {
        let mut missing = vec![0; self.tables.len()];
        if self.tables.is_empty() {
            return Ok(missing);
        }
        let keys = self.tables.iter().map(|table| table.on.as_str()).collect();
        let mut batches = self.batches(Some(&keys))?;
        let mut known: Vec<Numbered> = self.tables.iter().map(|_| Numbered::default()).collect();
        while let Some(batch) = batches.next()? {
            for ((table, known), missing) in self.tables.iter().zip(&mut known).zip(&mut missing) {
                *missing += table.partners(&batch, known)?.missing();
            }
        }
        Ok(missing)
    }

    /// The rows, block by block, with these columns or all, and `_row`.
    pub(super) fn batches(&self, only: Option<&BTreeSet<&str>>) -> Result<Batches<'_>, DataFusionError> {
        let wants = |name: &str| only.is_none_or(|only| only.contains(name));
        let tables: Vec<(&Lookup, Vec<&str>)> = self
            .tables
            .iter()
            .map(|table| {
                let columns = self.schema.columns.iter().map(|column| column.name.as_str());
                (table, columns.filter(|name| table.has(name) && wants(name)).collect::<Vec<_>>())
            })
            .filter(|(_, columns)| !columns.is_empty())
            .collect();
        let is_key = |name: &str| tables.iter().any(|(table, _)| table.on == name);
        let file = File::open(&self.path)?;
        let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
        let fields = plain.schema().fields().iter().map(|field| match field.data_type() {
            DataType::Utf8 => Arc::new(Field::new(field.name(), dictionary(), field.is_nullable())),
            _ => Arc::clone(field),
        });
        let coded = ArrowSchema::new(fields.collect::<Vec<_>>());
        let names = coded.fields().iter().map(|field| field.name().as_str()).enumerate();
        let roots = names.filter(|(_, name)| *name == "_row" || wants(name) || is_key(name)).map(|(at, _)| at);
        let mask = ProjectionMask::roots(plain.parquet_schema(), roots.collect::<Vec<_>>());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(coded));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options)?;
        let known = tables.iter().map(|_| Numbered::default()).collect();
        Ok(Batches { file, metadata, mask, group: 0, reader: None, without: &self.without, tables, known })
    }
}

/// Clean rows on their way.
pub(super) struct Batches<'a> {
    file: File,
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    group: usize,
    /// Of one row group: its texts are one dictionary per column.
    reader: Option<ParquetRecordBatchReader>,
    /// Rows to leave out that are still to come.
    without: &'a [i64],
    tables: Vec<(&'a Lookup, Vec<&'a str>)>,
    known: Vec<Numbered>,
}

impl Batches<'_> {
    /// The next rows; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        while self.group < self.metadata.metadata().num_row_groups() {
            let reader = match &mut self.reader {
                Some(reader) => reader,
                None => {
                    let file = self.file.try_clone()?;
                    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
                    let builder = builder.with_row_groups(vec![self.group]).with_projection(self.mask.clone());
                    self.reader.insert(builder.with_batch_size(BATCH).build()?)
                }
            };
            let Some(batch) = reader.next().transpose()? else {
                (self.group, self.reader) = (self.group + 1, None);
                continue;
            };
            let batch = self.kept(batch)?;
            if batch.num_rows() > 0 {
                return Ok(Some(self.joined(batch)?));
            }
        }
        Ok(None)
    }

    /// The rows that are not to be left out.
    fn kept(&mut self, batch: RecordBatch) -> Result<RecordBatch, DataFusionError> {
        if self.without.is_empty() {
            return Ok(batch);
        }
        let rows = column(&batch, "_row")?;
        let rows = rows.as_primitive_opt::<Int64Type>();
        let rows = rows.ok_or_else(|| exec_datafusion_err!("the number of a row is no 64-bit integer"))?;
        let mut keep = vec![true; rows.len()];
        for (row, keep) in rows.values().iter().zip(&mut keep) {
            if self.without.first() == Some(row) {
                self.without = &self.without[1..];
                *keep = false;
            }
        }
        match keep.iter().all(|keep| *keep) {
            true => Ok(batch),
            false => Ok(filter_record_batch(&batch, &BooleanArray::from(keep))?),
        }
    }

    fn joined(&mut self, batch: RecordBatch) -> Result<RecordBatch, DataFusionError> {
        if self.tables.is_empty() {
            return Ok(batch);
        }
        let mut fields = batch.schema_ref().fields().to_vec();
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        for ((table, names), known) in self.tables.iter().zip(&mut self.known) {
            let partners = table.partners(&batch, known)?;
            for name in names {
                let column = table.beside(&partners, name)?;
                fields.push(Arc::new(Field::new(*name, column.data_type().clone(), true)));
                columns.push(column);
            }
        }
        Ok(RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns)?)
    }
}
