//! Derived columns laid beside the rows: files of the same rows in the same order, read side by side.
//!
//! ```text
//! clean      _row 0 1 2 3 …   ┐
//! by user    _row 0 1 2 3 …   ├─▶ one wide batch, its `_row`s compared
//! by item    _row 0 1 2 3 …   ┘
//! ```
//!
//! A join by `_row` would do the same at the price of sorting or hashing every row; here each row is only read.

use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::{ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

/// Rows read together.
const BATCH: usize = 1 << 13;

/// One file, of which a block of rows is at hand.
pub(super) struct Lane {
    batches: ParquetRecordBatchReader,
    ahead: Option<RecordBatch>,
}

impl Lane {
    /// Begins at the first row.
    pub(super) fn open(path: &Path) -> Result<Self, DataFusionError> {
        let batches = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.with_batch_size(BATCH).build()?;
        Ok(Self { batches, ahead: None })
    }

    /// How many rows are at hand; 0 at the end.
    fn ready(&mut self) -> Result<usize, DataFusionError> {
        while self.ahead.as_ref().is_none_or(|ahead| ahead.num_rows() == 0) {
            match self.batches.next() {
                Some(batch) => self.ahead = Some(batch?),
                None => return Ok(0),
            }
        }
        Ok(self.ahead.as_ref().map_or(0, RecordBatch::num_rows))
    }

    /// The next `rows` rows, which are at hand.
    fn take(&mut self, rows: usize) -> Option<RecordBatch> {
        let ahead = self.ahead.take()?;
        self.ahead = Some(ahead.slice(rows, ahead.num_rows() - rows));
        Some(ahead.slice(0, rows))
    }
}

/// The next rows of all lanes, as many as each has at hand; none at their common end.
pub(super) fn next(lanes: &mut [Lane]) -> Result<Option<Vec<RecordBatch>>, DataFusionError> {
    let ready: Vec<_> = lanes.iter_mut().map(Lane::ready).collect::<Result<_, _>>()?;
    let (least, most) = (ready.iter().min().copied().unwrap_or(0), ready.iter().max().copied().unwrap_or(0));
    if least == 0 {
        return if most == 0 {
            Ok(None)
        } else {
            Err(exec_datafusion_err!("derived columns are not as long as the rows"))
        };
    }
    let batches: Vec<_> = lanes.iter_mut().filter_map(|lane| lane.take(least)).collect();
    let numbers = |batch: &RecordBatch| -> Option<ArrayRef> { batch.column_by_name("_row").cloned() };
    let first = batches.first().and_then(numbers);
    let same = |batch: &RecordBatch| match (&first, numbers(batch)) {
        (Some(first), Some(other)) => first.as_primitive::<Int64Type>() == other.as_primitive::<Int64Type>(),
        _ => false,
    };
    if !batches.iter().all(same) {
        return Err(exec_datafusion_err!("derived columns do not stand in the order of the rows"));
    }
    Ok(Some(batches))
}
