//! `Order`: in which order a file's rows stand, looked at rather than assumed, so that plans need not sort them again.

use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::{Array as _, AsArray as _};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::session::failed;
use crate::log::error::LogError;
use crate::log::schema::{Role, TypedSchema};

/// Rows looked at together.
const BATCH: usize = 1 << 14;

/// How the rows of a file stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// Rows.
    pub(super) rows: u64,
    /// The column that holds the time, if there is one.
    pub(super) time: Option<String>,
    /// Whether `_row` ascends.
    pub(super) by_row: bool,
    /// Whether (time, `_row`) ascends, rows without a time first; without a time as `by_row`.
    pub(super) by_time: bool,
    /// Rows without a time.
    pub(super) untimed: u64,
}

impl Order {
    /// Looks at a file of typed rows: one pass over two columns.
    pub(super) fn of(path: &Path, schema: &TypedSchema) -> Result<Self, LogError> {
        Self::without(path, schema, &[])
    }

    /// The same for the rows that are left of a file, whose `_row` ascends, when those of these numbers, ascending, are gone.
    pub(super) fn without(path: &Path, schema: &TypedSchema, mut gone: &[i64]) -> Result<Self, LogError> {
        let time = schema.with_role(&Role::Time).next().map(|column| column.name.clone());
        let mut order = Self { rows: 0, time, by_row: true, by_time: true, untimed: 0 };
        let what = || format!("{}: cannot read it", path.display());
        let file = File::open(path).map_err(|source| LogError::Io {
            path: path.to_path_buf(),
            action: "cannot read it",
            source,
            mend: "write the typed rows first",
        })?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| failed(&what(), error.into()))?;
        let wanted: Vec<&str> = ["_row"].into_iter().chain(order.time.as_deref()).collect();
        let leaves = reader.parquet_schema().columns().iter().enumerate();
        let is_wanted = |path: &[String]| path.len() == 1 && wanted.contains(&path[0].as_str());
        let wanted: Vec<_> = leaves.filter(|(_, leaf)| is_wanted(leaf.path().parts())).map(|(at, _)| at).collect();
        let mask = ProjectionMask::leaves(reader.parquet_schema(), wanted);
        let batches = reader.with_projection(mask).with_batch_size(BATCH).build();
        let mut last: Option<(Option<i64>, i64)> = None;
        for batch in batches.map_err(|error| failed(&what(), error.into()))? {
            let batch = batch.map_err(|error| failed(&what(), error.into()))?;
            let number =
                |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
            let Some(rows) = number("_row") else {
                return Err(not_typed(path, "_row"));
            };
            let times = match &order.time {
                Some(name) => Some(number(name).ok_or_else(|| not_typed(path, name))?),
                None => None,
            };
            for at in 0..rows.len() {
                if gone.first() == Some(&rows.value(at)) {
                    gone = &gone[1..];
                    continue;
                }
                order.rows += 1;
                order.untimed += u64::from(times.is_some_and(|times| times.is_null(at)));
                let this = (times.and_then(|times| times.is_valid(at).then(|| times.value(at))), rows.value(at));
                if let Some(last) = last {
                    order.by_row &= last.1 < this.1;
                    order.by_time &= last < this;
                }
                last = Some(this);
            }
        }
        Ok(order)
    }

    /// The orders that hold, for the planner.
    pub(super) fn known(&self) -> Vec<Vec<&str>> {
        let row = self.by_row.then(|| vec!["_row"]);
        let time = self.by_time.then(|| self.time.as_deref().into_iter().chain(["_row"]).collect());
        row.into_iter().chain(time).collect()
    }

    /// The fewest columns that sort rows by time, then `_row`.
    pub(super) fn columns(&self) -> Vec<&str> {
        if self.by_row && self.by_time {
            vec!["_row"]
        } else {
            self.time.as_deref().into_iter().chain(["_row"]).collect()
        }
    }
}

/// A file without the columns of typed rows.
fn not_typed(path: &Path, column: &str) -> LogError {
    LogError::File {
        path: path.to_path_buf(),
        problem: format!("it has no column `{column}` of 64-bit integers"),
        mend: "give a file of typed rows that fits its schema".to_owned(),
    }
}
