//! `Input`: one column of a block, as text or as values that have a type already.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
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

/// Lists and structs as they are shown to people.
fn displayed(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let show = |row: usize| array.is_valid(row).then(|| array_value_to_string(array, row)).transpose();
    Ok(Arc::new((0..array.len()).map(show).collect::<Result<StringArray, _>>()?))
}
