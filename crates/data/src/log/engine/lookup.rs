//! `Lookup`: a side table in memory, and the rows of the log that find a partner in it.

use std::fs::File;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, UInt32Array};
use datafusion::arrow::compute::{cast, concat_batches, take};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::derive::column;
use super::joins::JoinedTable;
use super::numbered::{NONE, Numbered, dictionary};
use crate::table::interner::Interner;

/// One row per key.
pub(super) struct Lookup {
    /// Its name.
    pub(super) name: String,
    /// The column of the log that holds the keys.
    pub(super) on: String,
    /// The place of each key.
    keys: Interner,
    /// Its columns by name, texts as dictionaries.
    columns: Vec<(String, ArrayRef)>,
}

/// The rows of a lookup that stand beside rows of the log; none where there is no partner.
pub(super) struct Partners(UInt32Array);

impl Lookup {
    /// Reads a table that has one row per key.
    pub(super) fn read(table: &JoinedTable) -> Result<Self, DataFusionError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(table.file.path())?)?;
        let schema = Arc::clone(builder.schema());
        let whole = concat_batches(&schema, &builder.build()?.collect::<Result<Vec<_>, _>>()?)?;
        let mut keys = Interner::default();
        let texts = column(&whole, "_key")?;
        let texts =
            texts.as_string_opt::<i32>().ok_or_else(|| exec_datafusion_err!("the keys of a table are no texts"))?;
        for text in texts.iter().flatten() {
            keys.code(text);
        }
        if keys.len() != whole.num_rows() {
            return Err(exec_datafusion_err!("a table has more than one row for a key"));
        }
        let of = |name: &str| -> Result<(String, ArrayRef), DataFusionError> {
            let plain = column(&whole, name)?;
            let text = *plain.data_type() == DataType::Utf8;
            Ok((name.to_owned(), if text { cast(&plain, &dictionary())? } else { plain }))
        };
        let columns = table.columns.iter().map(|column| of(&column.name)).collect::<Result<_, _>>()?;
        Ok(Self { name: table.name.clone(), on: table.on.clone(), keys, columns })
    }

    /// Finds the partners of rows; what was found for the texts of a dictionary is kept in `known`.
    pub(super) fn partners(&self, batch: &RecordBatch, known: &mut Numbered) -> Result<Partners, DataFusionError> {
        let mut rows = Vec::with_capacity(batch.num_rows());
        known.append(&column(batch, &self.on)?, |key| self.keys.find(key).unwrap_or(NONE), &mut rows)?;
        Ok(Partners(rows.into_iter().map(|row| (row != NONE).then_some(row)).collect()))
    }

    /// Whether it has a column of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|(column, _)| column == name)
    }

    /// Its columns beside the rows of the log.
    pub(super) fn beside(&self, partners: &Partners, name: &str) -> Result<ArrayRef, DataFusionError> {
        let found = self.columns.iter().find(|(column, _)| column == name);
        let (_, column) = found.ok_or_else(|| exec_datafusion_err!("there is no column `{name}`"))?;
        Ok(take(column, &partners.0, None)?)
    }
}

impl Partners {
    /// Rows without a partner.
    pub(super) fn missing(&self) -> u64 {
        self.0.null_count() as u64
    }
}
