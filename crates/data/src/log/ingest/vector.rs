//! Lists of numbers of one length, such as embeddings: of Parquet, or written `[0.5, -1, 2e-3]`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Array, ListArray};
use datafusion::arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float32Type};
use datafusion::arrow::error::ArrowError;

use super::block::State;
use super::cell::{Cell, Fault};
use super::input::Input;
use super::number::number;
use super::values::{Column, Nulls};

/// A column of vectors of `length` numbers.
pub(super) fn vector_values(
    state: &mut State<'_>,
    column: &Column<'_>,
    input: &Input<'_>,
    length: Option<usize>,
) -> Result<ArrayRef, ArrowError> {
    let lists = input.array().map(as_lists).transpose()?;
    let cells = input.cells(&column.plan.missing);
    let mut trimmed = 0;
    let mut values: Vec<f32> = Vec::with_capacity(column.rows * length.unwrap_or(0));
    let (mut offsets, mut nulls) = (vec![0_i32], Nulls::default());
    for row in 0..column.rows {
        let cell = match (&lists, &cells) {
            (Some(lists), _) => of_list(lists, row),
            (None, Some(cells)) => cells.get(row, &mut trimmed).map_or(Cell::Missing, |cell| parse(cell).into()),
            (None, None) => Cell::Missing,
        };
        match cell {
            Cell::Value(vector) if length.is_none_or(|length| vector.len() == length) => {
                vector.iter().for_each(|value| state.hashes.word(row, u64::from((value + 0.0).to_bits())));
                values.extend_from_slice(&vector);
            }
            Cell::Value(vector) => {
                let length = length.unwrap_or_default();
                let message = format!("{} numbers where the first rows have {length}", vector.len());
                state.fail(row, column.number, Fault::new("bad_vector", message));
            }
            Cell::Missing => {
                column.missing(state, row);
                nulls.push(row);
            }
            Cell::Fault(fault) => state.fail(row, column.number, fault),
        }
        offsets.push(i32::try_from(values.len()).map_err(|_| ArrowError::OffsetOverflowError(values.len()))?);
    }
    let field = Arc::new(Field::new_list_field(DataType::Float32, true));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(ListArray::try_new(field, offsets, Arc::new(Float32Array::from(values)), nulls.finish(column.rows))?))
}

/// Any list of numbers as a list of 32-bit floats.
pub(super) fn as_lists(array: &ArrayRef) -> Result<ListArray, ArrowError> {
    let lists = cast(array, &DataType::List(Arc::new(Field::new_list_field(DataType::Float32, true))))?;
    Ok(lists.as_list::<i32>().clone())
}

fn of_list(lists: &ListArray, row: usize) -> Cell<Vec<f32>> {
    if lists.is_null(row) {
        return Cell::Missing;
    }
    let values = lists.value(row);
    let values = values.as_primitive::<Float32Type>();
    if values.null_count() > 0 || values.values().iter().any(|value| !value.is_finite()) {
        return Cell::Fault(Fault::new("bad_vector", "holds something that is not a finite number"));
    }
    Cell::Value(values.values().to_vec())
}

/// `[0.5, -1, 2e-3]`.
pub(in crate::log) fn parse(cell: &[u8]) -> Result<Vec<f32>, Fault> {
    let Some(inner) = cell.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) else {
        return Err(Fault::new("bad_vector", "not a list of numbers"));
    };
    if inner.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let value = |part: &[u8]| Some(number(part.trim_ascii()).ok()? as f32).filter(|value| value.is_finite());
    let values: Option<Vec<f32>> = inner.split(|byte| *byte == b',').map(value).collect();
    values.ok_or_else(|| Fault::new("bad_vector", "holds something that is not a finite number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers() {
        assert_eq!(parse(b"[0.5, -1,2e-3]"), Ok(vec![0.5, -1.0, 0.002]));
        assert_eq!(parse(b"[]"), Ok(Vec::new()));
        for text in ["0.5", "[1,]", "[a]", "[1,null]", "[1e60]", "[[1]]", "[1"] {
            assert_eq!(parse(text.as_bytes()).map_err(|fault| fault.rule), Err("bad_vector"), "{text}");
        }
    }
}
