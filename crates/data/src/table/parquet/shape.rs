//! How a column of Parquet becomes numbers or ids: its physical type and what it stands for.
//!
//! | stored as | as a number | as an id |
//! |---|---|---|
//! | boolean | 0, 1 | `false`, `true` |
//! | integers of all widths, signed or not | nearest float64 | decimal digits |
//! | float16, float32, float64 | the same value | refused |
//! | decimal up to 38 digits | nearest float64 | digits, if it has no fraction |
//! | date, time, timestamp | what is stored, in the column's unit | refused |
//! | text, enumeration, JSON, bytes | refused | the text |
//! | UUID | refused | 8-4-4-4-12 hexadecimal digits |
//!
//! Dictionaries are an encoding here, not a type: pandas' categories are their values. A list of numbers, of fixed length
//! or not, is read as a vector and goes by the name of the column; other lists and maps are refused.
//!
//! # Reference
//! Apache Parquet, *Logical Types*.

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::schema::types::ColumnDescriptor;

use super::super::wanted::Kind;

/// What a wanted column is and becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Booleans, signed integers, float32 and float64 as they are.
    Plain,
    /// Integers without a sign, stored in signed ones.
    Unsigned,
    /// Whole numbers to divide by this power of ten.
    Decimal(u32),
    /// Two bytes.
    Half,
    /// Bytes of text.
    Text,
    /// Numbers of names, and which of them is the empty one: see [`codes`](super::codes).
    Codes(u32),
    /// Sixteen bytes.
    Uuid,
}

/// Why a column cannot be read as wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) found: String,
    pub(super) mend: &'static str,
}

/// More digits than these do not fit into 128 bits.
const MOST_DIGITS: i32 = 38;

impl Shape {
    /// The shape of a column that is wanted as numbers or ids.
    pub(super) fn of(column: &ColumnDescriptor, kind: Kind) -> Result<Self, Unfit> {
        if let Kind::Vector(_) = kind {
            return Self::in_vector(column);
        }
        let shape = if column.max_rep_level() > 0 { None } else { Self::stored(column) };
        let unfit = |mend| Err(Unfit { found: name(column), mend });
        match (shape, kind) {
            (None, Kind::Number | Kind::NumberOrEmpty) => unfit("write it as a column of numbers"),
            (None, _) => unfit("write it as a column of strings or integers"),
            (Some(Self::Text | Self::Uuid), Kind::Number | Kind::NumberOrEmpty) => unfit("cast it to a number"),
            (Some(_), Kind::Id | Kind::IdOrEmpty) if is_temporal(column) => unfit("cast it to strings"),
            (Some(Self::Half | Self::Decimal(1..)), Kind::Id | Kind::IdOrEmpty) => {
                unfit("cast it to integers or strings")
            }
            (Some(Self::Plain), Kind::Id | Kind::IdOrEmpty)
                if matches!(column.physical_type(), Type::FLOAT | Type::DOUBLE) =>
            {
                unfit("cast it to integers or strings")
            }
            (Some(shape), _) => Ok(shape),
        }
    }

    /// The shape of the numbers of a list.
    fn in_vector(column: &ColumnDescriptor) -> Result<Self, Unfit> {
        let mend = "write it as a list of numbers";
        match Self::stored(column) {
            Some(shape) if column.max_rep_level() == 1 && !matches!(shape, Self::Text | Self::Uuid) => Ok(shape),
            _ => Err(Unfit { found: name(column), mend }),
        }
    }

    fn stored(column: &ColumnDescriptor) -> Option<Self> {
        let (logical, converted) = (column.logical_type_ref(), column.converted_type());
        let decimal = matches!(logical, Some(LogicalType::Decimal(_))) || converted == ConvertedType::DECIMAL;
        match column.physical_type() {
            Type::INT96 => None,
            _ if decimal && column.type_precision() > MOST_DIGITS => None,
            _ if decimal => u32::try_from(column.type_scale()).ok().map(Self::Decimal),
            Type::BOOLEAN | Type::FLOAT | Type::DOUBLE => Some(Self::Plain),
            Type::INT32 | Type::INT64 if is_unsigned(column) => Some(Self::Unsigned),
            Type::INT32 | Type::INT64 => Some(Self::Plain),
            Type::BYTE_ARRAY => Some(Self::Text),
            Type::FIXED_LEN_BYTE_ARRAY => match (logical, column.type_length()) {
                (Some(LogicalType::Uuid), 16) => Some(Self::Uuid),
                (Some(LogicalType::Float16), 2) => Some(Self::Half),
                _ => None,
            },
        }
    }
}

/// At which definition levels something is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Levels {
    /// Below this level a value is null.
    pub(super) present: i16,
    /// Below this level a list is null or empty.
    pub(super) element: i16,
}

impl Levels {
    pub(super) fn of(column: &ColumnDescriptor) -> Self {
        let present = column.max_def_level();
        Self { present, element: present - i16::from(column.self_type().is_optional()) }
    }
}

/// The name of a column: that of its path, and for a list the path of the list, whose elements stand two levels below.
pub(super) fn name_of(column: &ColumnDescriptor) -> String {
    let parts = column.path().parts();
    match parts {
        [list @ .., group, _]
            if column.max_rep_level() == 1 && !list.is_empty() && (group == "list" || group == "bag") =>
        {
            list.join(".")
        }
        _ => column.path().string(),
    }
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
    match column.logical_type_ref() {
        Some(LogicalType::Integer(integer)) => !integer.is_signed,
        _ => matches!(column.converted_type(), UINT_8 | UINT_16 | UINT_32 | UINT_64),
    }
}

fn is_temporal(column: &ColumnDescriptor) -> bool {
    use ConvertedType::{DATE, TIME_MICROS, TIME_MILLIS, TIMESTAMP_MICROS, TIMESTAMP_MILLIS};
    matches!(column.logical_type_ref(), Some(LogicalType::Date | LogicalType::Time(_) | LogicalType::Timestamp(_)))
        || matches!(column.converted_type(), DATE | TIME_MICROS | TIME_MILLIS | TIMESTAMP_MICROS | TIMESTAMP_MILLIS)
}

/// The type in words.
fn name(column: &ColumnDescriptor) -> String {
    if column.max_rep_level() > 0 {
        return "a list or map".to_owned();
    }
    let physical = column.physical_type().to_string();
    match (column.logical_type_ref(), column.converted_type()) {
        // Newer types have parameters, and their names show them as a program would.
        (Some(logical), _) => {
            let logical = format!("{logical:?}");
            let logical = logical.split(['(', ' ', '{']).next().unwrap_or_default();
            format!("{physical} ({logical})")
        }
        (None, ConvertedType::NONE) => physical,
        (None, converted) => format!("{physical} ({converted})"),
    }
}
