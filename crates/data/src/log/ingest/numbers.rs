//! `Numbers`: values of Parquet that are numbers, as whole numbers or floats.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use datafusion::arrow::error::ArrowError;

use super::cell::{Cell, Fault};

/// Numbers of a Parquet column.
#[derive(Debug)]
pub(super) enum Numbers {
    /// Whole ones; the source tells an overflow from no value.
    Integers(Int64Array, ArrayRef),
    /// Any.
    Floats(Float64Array),
}

impl Numbers {
    pub(super) fn of(array: &ArrayRef) -> Result<Self, ArrowError> {
        let kind = array.data_type();
        if kind.is_integer() || matches!(kind, DataType::Boolean | DataType::Null) {
            let whole = cast(array, &DataType::Int64)?;
            Ok(Self::Integers(whole.as_primitive::<Int64Type>().clone(), array.clone()))
        } else {
            Ok(Self::Floats(cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone()))
        }
    }

    /// Dates and times in microseconds since 1970-01-01 UTC.
    pub(super) fn times(array: &ArrayRef) -> Result<Self, ArrowError> {
        let zone = match array.data_type() {
            DataType::Timestamp(_, zone) => zone.clone(),
            _ => None,
        };
        let times = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone))?;
        let whole = cast(&times, &DataType::Int64)?;
        Ok(Self::Integers(whole.as_primitive::<Int64Type>().clone(), array.clone()))
    }

    /// The value as a float.
    pub(super) fn float<T>(&self, row: usize, read: impl Fn(f64) -> Result<T, Fault>) -> Cell<T> {
        self.either(row, |value| read(value as f64), &read)
    }

    /// The value as a whole number.
    pub(super) fn integer<T>(&self, row: usize, read: impl Fn(i64) -> Result<T, Fault>) -> Cell<T> {
        self.either(row, read, |_| Err(Fault::new("unparsable_number", "not a whole number")))
    }

    /// The value as what it is.
    #[inline]
    pub(super) fn either<T>(
        &self,
        row: usize,
        whole: impl Fn(i64) -> Result<T, Fault>,
        float: impl Fn(f64) -> Result<T, Fault>,
    ) -> Cell<T> {
        match self {
            Self::Integers(values, _) if values.is_valid(row) => whole(values.value(row)).into(),
            Self::Integers(_, source) if source.is_valid(row) => {
                Cell::Fault(Fault::new("number_overflow", "beyond 64 bits with sign"))
            }
            Self::Floats(values) if values.is_valid(row) => float(values.value(row)).into(),
            Self::Integers(..) | Self::Floats(_) => Cell::Missing,
        }
    }
}
