//! `Input`: one column of a block, as text or as values that have a type already.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::array_value_to_string;

use super::cell::{Missing, Quality, TextCells};
use crate::log::read::{RawColumn, Span};

/// A column's cells.
#[derive(Debug)]
pub(in crate::log) enum Input<'a> {
    /// Text of the block.
    Text { text: &'a [u8], spans: &'a [Span], quality: Quality },
    /// Strings of Parquet, as text.
    Strings { array: StringArray, spans: Vec<Span> },
    /// Other values of Parquet.
    Array(&'a ArrayRef),
}

impl<'a> Input<'a> {
    pub(in crate::log) fn new(column: &'a RawColumn, text: &'a [u8], quality: Quality) -> Result<Self, ArrowError> {
        match column {
            RawColumn::Text(spans) => Ok(Self::Text { text, spans, quality }),
            RawColumn::Array(array) if is_string(array.data_type()) => Self::strings(array),
            RawColumn::Array(array) => Ok(Self::Array(array)),
        }
    }

    /// Any array as text: numbers in decimal, whole ones without a fraction.
    pub(in crate::log) fn strings(array: &ArrayRef) -> Result<Self, ArrowError> {
        let array = match array.data_type() {
            DataType::Float16 | DataType::Float32 | DataType::Float64 => decimal(array)?,
            kind if kind.is_nested() => displayed(array)?,
            kind if kind.is_integer() && *kind != DataType::UInt64 => whole(&cast(array, &DataType::Int64)?)?,
            _ => cast(array, &DataType::Utf8)?,
        };
        let array = array.as_string::<i32>().clone();
        let span = |row: usize| {
            let (start, end) = (array.value_offsets()[row], array.value_offsets()[row + 1]);
            if array.is_null(row) { Span::ABSENT } else { Span { start: start as u32, length: (end - start) as u32 } }
        };
        let spans = (0..array.len()).map(span).collect();
        Ok(Self::Strings { array, spans })
    }

    /// The cells as text, where they are text.
    pub(in crate::log) fn cells<'b>(&'b self, missing: &'b Missing) -> Option<TextCells<'b>> {
        match self {
            Self::Text { text, spans, quality } => Some(TextCells { text, spans, missing, quality: *quality }),
            Self::Strings { array, spans } => {
                let text = array.value_data();
                Some(TextCells { text, spans, missing, quality: Quality::of(text) })
            }
            Self::Array(_) => None,
        }
    }

    /// The values, where they have a type.
    pub(in crate::log) fn array(&self) -> Option<&'a ArrayRef> {
        match self {
            Self::Array(array) => Some(array),
            Self::Text { .. } | Self::Strings { .. } => None,
        }
    }

    /// A cell as it is shown to people.
    pub(in crate::log) fn shown(&self, row: usize) -> Cow<'_, [u8]> {
        match self {
            Self::Text { text, spans, .. } => Cow::Borrowed(spans[row].of(text).unwrap_or_default()),
            Self::Strings { array, spans } => Cow::Borrowed(spans[row].of(array.value_data()).unwrap_or_default()),
            Self::Array(array) => Cow::Owned(array_value_to_string(array, row).unwrap_or_default().into_bytes()),
        }
    }
}

fn is_string(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_string(value),
        _ => false,
    }
}

/// Floats as text: `123`, `0.5`.
fn decimal(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let floats = cast(array, &DataType::Float64)?;
    let floats = floats.as_primitive::<datafusion::arrow::datatypes::Float64Type>();
    Ok(Arc::new(StringArray::from_iter(floats.iter().map(|value| value.map(|value| value.to_string())))))
}

/// Whole numbers as text; ids are such, so this is done often.
fn whole(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let numbers = array.as_primitive::<Int64Type>();
    let mut text: Vec<u8> = Vec::with_capacity(8 * numbers.len());
    let mut offsets: Vec<i32> = Vec::with_capacity(numbers.len() + 1);
    offsets.push(0);
    for number in numbers {
        if let Some(number) = number {
            push_digits(number, &mut text);
        }
        offsets.push(i32::try_from(text.len()).map_err(|_| ArrowError::OffsetOverflowError(text.len()))?);
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(StringArray::try_new(offsets, Buffer::from_vec(text), numbers.nulls().cloned())?))
}

fn push_digits(number: i64, text: &mut Vec<u8>) {
    let (mut digits, mut at, mut rest) = ([b'0'; 20], 20, number.unsigned_abs());
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        text.push(b'-');
    }
    text.extend_from_slice(&digits[at..]);
}

/// Lists and structs as they are shown to people.
fn displayed(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let show = |row: usize| array.is_valid(row).then(|| array_value_to_string(array, row)).transpose();
    Ok(Arc::new((0..array.len()).map(show).collect::<Result<StringArray, _>>()?))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Int64Array;

    use super::*;

    #[test]
    fn whole_numbers_are_written_as_they_are_read() -> Result<(), ArrowError> {
        let array = Int64Array::from(vec![Some(0), Some(-7), None, Some(i64::MAX), Some(i64::MIN), Some(1_000)]);
        let array: ArrayRef = Arc::new(array);
        assert_eq!(whole(&array)?.as_string::<i32>(), cast(&array, &DataType::Utf8)?.as_string::<i32>());
        Ok(())
    }
}
