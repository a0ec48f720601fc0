//! Verdicts of one pass over a few columns of the typed rows: the rules asked of each row, its content looked up in memory.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array, RecordBatchReader as _};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DFSchema, exec_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::repeats::Repeats;
use super::session::Session;

/// Rows judged together.
const BATCH: usize = 1 << 14;

/// The rows that some rule concerns, ascending: `_row`, `rule`, and `first`, the row that it repeats. `broken` gives the number of
/// the rule that a row breaks by itself, and `repeat` is that of rows that repeat another; such rows stand in the order of `_row`.
pub(super) fn verdicts(
    session: &Session<'_>,
    path: &Path,
    rows: u64,
    (broken, repeat): (Expr, i64),
) -> Result<RecordBatch, DataFusionError> {
    let file = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    let asked: Vec<String> = broken.column_refs().iter().map(|column| column.name.clone()).collect();
    let is_asked =
        |name: &str| ["_row", "_hash_a", "_hash_b"].contains(&name) || asked.iter().any(|column| column == name);
    let fields = file.schema().fields().iter().enumerate();
    let roots = fields.filter(|(_, field)| is_asked(field.name())).map(|(at, _)| at).collect::<Vec<_>>();
    let mask = ProjectionMask::roots(file.parquet_schema(), roots);
    let batches = file.with_projection(mask).with_batch_size(BATCH).build()?;
    let schema = DFSchema::try_from(batches.schema())?;
    let broken = session.context.create_physical_expr(broken, &schema)?;
    let mut repeats = Repeats::of(rows);
    let mut concerned: Vec<(i64, i64, Option<i64>)> = Vec::new();
    for batch in batches {
        let batch = batch?;
        let (row, a, b) = (number(&batch, "_row")?, number(&batch, "_hash_a")?, number(&batch, "_hash_b")?);
        let broken = broken.evaluate(&batch)?.into_array(batch.num_rows())?;
        let broken = broken.as_primitive_opt::<Int64Type>();
        let broken = broken.ok_or_else(|| exec_datafusion_err!("the number of a rule is no 64-bit integer"))?;
        for at in 0..batch.num_rows() {
            let row = row.value(at);
            if broken.is_valid(at) {
                concerned.push((row, broken.value(at), None));
            } else {
                let small = u32::try_from(row).map_err(|_| exec_datafusion_err!("rows are not numbered from 0"))?;
                repeats.push([a.value(at), b.value(at)], small);
            }
        }
    }
    let found = repeats.found().into_iter();
    concerned.extend(found.map(|(row, first)| (i64::from(row), repeat, Some(i64::from(first)))));
    concerned.sort_unstable();
    let columns: [(&str, ArrayRef); 3] = [
        ("_row", Arc::new(concerned.iter().map(|(row, _, _)| Some(*row)).collect::<Int64Array>())),
        ("rule", Arc::new(concerned.iter().map(|(_, rule, _)| Some(*rule)).collect::<Int64Array>())),
        ("first", Arc::new(concerned.iter().map(|(_, _, first)| *first).collect::<Int64Array>())),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn number<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b Int64Array, DataFusionError> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
    column.ok_or_else(|| exec_datafusion_err!("column `{name}` is none of 64-bit integers"))
}
