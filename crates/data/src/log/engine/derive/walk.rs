//! Window functions that walk once over rows sorted by key and time, and pack what they know of the past into bytes.
//!
//! ```text
//! past_events(last, at, kind, value, key…)      OVER (ORDER BY key…, time, _row)    histories
//! rows_earlier(at, key…)                        OVER (…)                            recency
//! past_days(days, keys, at, key…, feedback…)    OVER (…)                            windows
//! ```
//!
//! # Why not the built-in functions
//! `lag(…) IGNORE NULLS` and `sum(…) OVER (PARTITION BY … RANGE …)` give the same values, but the engine keeps a state per
//! partition and function: with 4 rows per user, a million rows cost 3.7 s for five lags and 2.6 s for one sum. Without
//! `PARTITION BY` the engine streams at 0.04 s per function, so these functions see for themselves where a key ends. The
//! result is one column however many values it holds, so the sort back into the order of the log moves little.

use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int8Type, Int64Type};
use datafusion::common::{ScalarValue, exec_err};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};

use super::history::PastEvents;
use super::recency::RowsEarlier;
use super::window::PastDays;

/// What a function remembers while it walks.
pub(super) trait Walk: Debug + Default + Send + Sync + 'static {
    /// The SQL name.
    const NAME: &'static str;

    /// Where the arguments of the key stand.
    fn keys(values: &[ArrayRef], at: usize) -> Range<usize>;

    /// Where the time stands.
    const AT: usize;

    /// Another key begins.
    fn forget(&mut self);

    /// Writes what the row at index `row` of `values` sees, then takes the row in.
    fn step(&mut self, values: &[ArrayRef], row: usize, now: i64, out: &mut Vec<u8>);
}

/// All functions, for a session or for each executor of a cluster.
pub fn functions() -> Vec<WindowUDF> {
    vec![of::<PastEvents>(), of::<RowsEarlier>(), of::<PastDays>()]
}

fn of<W: Walk>() -> WindowUDF {
    let signature = Signature::variadic_any(Volatility::Immutable);
    WindowUDF::new_from_impl(WalkFunction::<W> { signature, walk: PhantomData })
}

/// A `Walk` as a window function.
struct WalkFunction<W> {
    signature: Signature,
    walk: PhantomData<fn() -> W>,
}

impl<W: Walk> Debug for WalkFunction<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(W::NAME)
    }
}

impl<W> PartialEq for WalkFunction<W> {
    fn eq(&self, other: &Self) -> bool {
        self.signature == other.signature
    }
}

impl<W> Eq for WalkFunction<W> {}

impl<W: Walk> std::hash::Hash for WalkFunction<W> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        W::NAME.hash(state);
    }
}

impl<W: Walk> WindowUDFImpl for WalkFunction<W> {
    fn name(&self) -> &str {
        W::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs) -> EngineResult<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Walker::<W> { key: Vec::new(), packed: Vec::new(), walk: W::default() }))
    }

    fn field(&self, arguments: WindowUDFFieldArgs) -> EngineResult<FieldRef> {
        Ok(Arc::new(Field::new(arguments.name(), DataType::Binary, true)))
    }
}

/// The walk and the key that it is at.
#[derive(Debug)]
struct Walker<W> {
    key: Vec<u8>,
    packed: Vec<u8>,
    walk: W,
}

impl<W: Walk> PartitionEvaluator for Walker<W> {
    fn get_range(&self, row: usize, _: usize) -> EngineResult<Range<usize>> {
        // Rows that were passed are never looked at again, so the engine need not keep them.
        Ok(row..row + 1)
    }

    fn is_causal(&self) -> bool {
        true
    }

    fn supports_bounded_execution(&self) -> bool {
        true
    }

    fn evaluate(&mut self, values: &[ArrayRef], range: &Range<usize>) -> EngineResult<ScalarValue> {
        let row = range.start;
        let keys = W::keys(values, row);
        if !pack_key(&values[keys], row, &mut self.packed)? || values[W::AT].is_null(row) {
            return Ok(ScalarValue::Binary(None));
        }
        if self.key != self.packed {
            std::mem::swap(&mut self.key, &mut self.packed);
            self.walk.forget();
        }
        let mut out = Vec::new();
        self.walk.step(values, row, integer(&values[W::AT], row), &mut out);
        Ok(ScalarValue::Binary(Some(out)))
    }
}

/// Writes the key of a row so that equal keys have equal bytes; false if a part of it is missing.
pub(super) fn pack_key(columns: &[ArrayRef], row: usize, out: &mut Vec<u8>) -> EngineResult<bool> {
    out.clear();
    for column in columns {
        if column.is_null(row) {
            return Ok(false);
        }
        match column.data_type() {
            DataType::Utf8 => {
                let text = column.as_string::<i32>().value(row).as_bytes();
                out.extend((text.len() as u64).to_le_bytes());
                out.extend(text);
            }
            DataType::Int64 => out.extend(column.as_primitive::<Int64Type>().value(row).to_le_bytes()),
            DataType::Int8 => out.extend(column.as_primitive::<Int8Type>().value(row).to_le_bytes()),
            other => return exec_err!("a key is text or a whole number, not {other}"),
        }
    }
    Ok(true)
}

/// A whole number of an argument, 0 where there is none.
pub(super) fn integer(column: &ArrayRef, row: usize) -> i64 {
    if column.is_null(row) {
        return 0;
    }
    match column.data_type() {
        DataType::Int8 => i64::from(column.as_primitive::<Int8Type>().value(row)),
        _ => column.as_primitive_opt::<Int64Type>().map_or(0, |column| column.value(row)),
    }
}

/// Takes a number off the front of packed bytes.
pub(super) fn take_integer(bytes: &mut &[u8]) -> Option<i64> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(i64::from_le_bytes(*number))
}
