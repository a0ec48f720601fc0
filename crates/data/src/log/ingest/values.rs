//! `column_values`: one typed column of one block.
//!
//! | form | cells | array |
//! |---|---|---|
//! | id, text | text | `Utf8` |
//! | integer | digits | `Int64` |
//! | number, amount | a finite number | `Float64` |
//! | boolean, feedback | yes and no, one of some texts, a size | `Int8` |
//! | time, date | see [`time`](super::time) | `Int64` |
//! | vector | see [`vector`](super::vector) | `List<Float32>` |

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::types::{ArrowPrimitiveType, Float64Type, Int8Type, Int64Type};
use datafusion::arrow::array::{Array, ArrayRef, PrimitiveArray};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;

use super::block::State;
use super::cell::{Cell, Fault, TextCells};
use super::input::Input;
use super::number::{binary, finite, integer, number, rounded, yes_or_no};
use super::numbers::Numbers;
use super::plan::{ColumnPlan, Form, Plan};
use super::privacy::round_down;
use super::text::text_values;
use super::time::{DAY, TimeReader, days_from_civil};
use super::vector::vector_values;
use crate::log::schema::{ColumnPrivacy, Role};

/// Rows of a column without a value.
#[derive(Debug, Default)]
pub(super) struct Nulls(Vec<usize>);

impl Nulls {
    pub(super) fn push(&mut self, row: usize) {
        self.0.push(row);
    }

    /// Arrow's form; none where every row has a value.
    pub(super) fn finish(self, rows: usize) -> Option<NullBuffer> {
        if self.0.is_empty() {
            return None;
        }
        let mut valid = vec![true; rows];
        self.0.into_iter().for_each(|row| valid[row] = false);
        Some(NullBuffer::new(BooleanBuffer::from(valid)))
    }
}

/// Types column `number` of the plan; rows that break a rule are noted in the state.
pub(super) fn column_values(
    state: &mut State<'_>,
    number: usize,
    inputs: &[Input<'_>],
    rows: usize,
) -> Result<ArrayRef, ArrowError> {
    let whole: &Plan = state.plan;
    let plan = &whole.columns[number];
    let column = Column { plan, number, rows };
    let input = &inputs[plan.inputs[0]];
    match &plan.form {
        Form::Date => return Ok(dates(state, &column, inputs)),
        Form::Vector(length) => return vector_values(state, &column, input, *length),
        _ => {}
    }
    match (input.cells(&plan.missing), input.array()) {
        (Some(cells), _) => from_text(state, &column, cells),
        (None, Some(array)) if matches!(plan.form, Form::Id | Form::Text(_) | Form::OneOf { .. } | Form::Unsettled) => {
            let strings = Input::strings(array)?;
            match strings.cells(&plan.missing) {
                Some(cells) => from_text(state, &column, cells),
                None => Err(ArrowError::CastError(format!("{} as text", plan.source))),
            }
        }
        (None, Some(array)) => from_array(state, &column, array),
        (None, None) => Err(ArrowError::CastError(format!("{} has no values", plan.source))),
    }
}

/// A column on its way.
pub(super) struct Column<'a> {
    pub(super) plan: &'a ColumnPlan,
    pub(super) number: usize,
    pub(super) rows: usize,
}

impl Column<'_> {
    /// A cell without a value: nothing, or a fault where one is required.
    #[inline]
    pub(super) fn missing(&self, state: &mut State<'_>, row: usize) {
        state.hashes.nothing(row);
        if self.plan.required || matches!(self.plan.form, Form::Id) && self.is_key() {
            let fault = match (&self.plan.form, &self.plan.role) {
                (Form::Id, _) => Fault::new("blank_id", "no id"),
                (_, Role::Time) => Fault::new("missing_time", "no time"),
                _ => Fault::new("missing_value", "no value, and one is required"),
            };
            state.fail(row, self.number, fault);
        }
    }

    fn is_key(&self) -> bool {
        matches!(self.plan.role, Role::User | Role::Item | Role::Session) || self.number == 0
    }

    /// A fault as it is told: where the type was told from the first rows, how to keep such cells.
    pub(super) fn fault(&self, fault: Fault) -> Fault {
        if self.plan.declared || !matches!(fault.rule, "unparsable_number" | "not_a_boolean") {
            return fault;
        }
        let message = format!(
            "{}; the first 10000 rows were: declare schema.columns.{:?}.type = \"text\" to keep it",
            fault.message, self.plan.source
        );
        Fault::new("drifted_type", message)
    }

    /// Collects values; `word` gives a value's bits for the hash, `protect` what stands in the column.
    fn collect<T: ArrowPrimitiveType>(
        &self,
        state: &mut State<'_>,
        mut next: impl FnMut(usize) -> Cell<T::Native>,
        word: impl Fn(T::Native) -> u64,
        protect: Option<&dyn Fn(usize, T::Native) -> T::Native>,
    ) -> ArrayRef {
        let mut values = Vec::with_capacity(self.rows);
        let (mut nulls, mut missing) = (Nulls::default(), 0);
        for row in 0..self.rows {
            let value = match next(row) {
                Cell::Value(value) => {
                    state.hashes.word(row, word(value));
                    protect.map_or(value, |protect| protect(row, value))
                }
                Cell::Missing => {
                    self.missing(state, row);
                    nulls.push(row);
                    missing += 1;
                    T::default_value()
                }
                Cell::Fault(fault) => {
                    state.fail(row, self.number, self.fault(fault));
                    T::default_value()
                }
            };
            values.push(value);
        }
        if self.plan.role == Role::Feedback {
            state.repair(&self.plan.source, "label_missing", missing);
        }
        Arc::new(PrimitiveArray::<T>::new(values.into(), nulls.finish(self.rows)))
    }

    pub(super) fn integers(&self, state: &mut State<'_>, next: impl FnMut(usize) -> Cell<i64>) -> ArrayRef {
        let spots = std::mem::take(&mut state.spots);
        let (protection, number) = (state.protection, self.number as u64);
        let noise = |row: usize, value: i64, scale: f64| {
            let [file, line, nth] = spots[row];
            value.saturating_add(protection.noise(scale, [number, file, line, nth]).round() as i64)
        };
        let protect = |row: usize, value: i64| match self.plan.privacy {
            Some(ColumnPrivacy::Generalise(step)) => round_down(value as f64, step) as i64,
            Some(ColumnPrivacy::Noise(scale)) => noise(row, value, scale),
            _ => value,
        };
        let protect: Option<&dyn Fn(usize, i64) -> i64> =
            if self.plan.privacy.is_some() { Some(&protect) } else { None };
        let array = self.collect::<Int64Type>(state, next, |value| value as u64, protect);
        state.spots = spots;
        array
    }

    fn floats(&self, state: &mut State<'_>, next: impl FnMut(usize) -> Cell<f64>) -> ArrayRef {
        let spots = std::mem::take(&mut state.spots);
        let (protection, number) = (state.protection, self.number as u64);
        let noise = |row: usize, scale: f64| {
            let [file, line, nth] = spots[row];
            protection.noise(scale, [number, file, line, nth])
        };
        let protect = |row: usize, value: f64| match self.plan.privacy {
            Some(ColumnPrivacy::Generalise(step)) => round_down(value, step),
            Some(ColumnPrivacy::Noise(scale)) => value + noise(row, scale),
            _ => value,
        };
        let protect: Option<&dyn Fn(usize, f64) -> f64> =
            if self.plan.privacy.is_some() { Some(&protect) } else { None };
        // Zero has two signs and is one number.
        let array = self.collect::<Float64Type>(state, next, |value| (value + 0.0).to_bits(), protect);
        state.spots = spots;
        array
    }

    fn flags(&self, state: &mut State<'_>, mut next: impl FnMut(usize) -> Cell<bool>) -> ArrayRef {
        let next = |row: usize| match next(row) {
            Cell::Value(value) => Cell::Value(i8::from(value)),
            Cell::Missing => Cell::Missing,
            Cell::Fault(fault) => Cell::Fault(fault),
        };
        self.collect::<Int8Type>(state, next, |value| value as u64, None)
    }
}

/// A column whose cells are text.
fn from_text(state: &mut State<'_>, column: &Column<'_>, cells: TextCells<'_>) -> Result<ArrayRef, ArrowError> {
    let (mut trimmed, mut whole) = (0, 0);
    let mut get = |row: usize| cells.get(row, &mut trimmed);
    macro_rules! each {
        ($read:expr) => {
            |row: usize| get(row).map_or(Cell::Missing, |cell| Cell::from($read(cell)))
        };
    }
    let array = match &column.plan.form {
        Form::Integer { min, max } => column.integers(
            state,
            each!(|cell| {
                let (value, was_decimal) = integer(cell)?;
                whole += u64::from(was_decimal);
                within_whole(value, *min, *max)
            }),
        ),
        Form::Number { min, max, above } => {
            column.floats(state, each!(|cell| within(number(cell)?, *min, *max, *above)))
        }
        Form::Amount { min, max } => {
            column.floats(state, each!(|cell| within(number(cell).map_err(label)?, *min, *max, false)))
        }
        Form::Boolean => column.flags(state, each!(|cell| flag(cell, column.plan.declared))),
        Form::Binary => column.flags(state, each!(|cell| binary(cell).ok_or_else(|| not_yes_or_no("bad_label")))),
        Form::AtLeast(least) => column.flags(state, each!(|cell| Ok(number(cell).map_err(label)? >= *least))),
        Form::OneOf { yes, domain } => column.flags(state, each!(|cell| one_of(cell, yes, domain))),
        Form::Time(Some(reader)) => column.integers(state, each!(|cell| reader.text(cell))),
        Form::Moment => column.integers(
            state,
            each!(|cell| super::time::iso(cell).ok_or_else(|| Fault::new("unparsable_time", "not an ISO 8601 time"))),
        ),
        _ => return text_values(state, column, cells),
    };
    state.repair(&column.plan.source, "space_trimmed", trimmed);
    state.repair(&column.plan.source, "decimal_point_dropped", whole);
    Ok(array)
}

/// A column whose values have a type, and not that of text.
fn from_array(state: &mut State<'_>, column: &Column<'_>, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if let (Form::Time(Some(_)) | Form::Moment, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64) =
        (&column.plan.form, array.data_type())
    {
        let times = Numbers::times(array)?;
        let reader = match &column.plan.form {
            Form::Time(reader) => reader.as_ref(),
            _ => None,
        };
        let judge = |time: i64| reader.map_or(Ok(time), |reader| reader.microseconds(time));
        return Ok(column.integers(state, |row| times.integer(row, judge)));
    }
    let numbers = Numbers::of(array)?;
    let floats =
        |read: &dyn Fn(f64) -> Result<f64, Fault>, row: usize| numbers.float(row, |value| read(finite(value)?));
    Ok(match &column.plan.form {
        Form::Integer { min, max } => {
            let read = |value: f64| within_whole(rounded(finite(value)?)?.0, *min, *max);
            column.integers(state, |row| numbers.either(row, |value| within_whole(value, *min, *max), read))
        }
        Form::Number { min, max, above } => {
            column.floats(state, |row| floats(&|value| within(value, *min, *max, *above), row))
        }
        Form::Amount { min, max } => column.floats(state, |row| floats(&|value| within(value, *min, *max, false), row)),
        Form::Boolean => column.flags(state, |row| numbers.float(row, |value| zero_or_one(value, "not_a_boolean"))),
        Form::Binary => column.flags(state, |row| numbers.float(row, |value| zero_or_one(value, "bad_label"))),
        Form::AtLeast(least) => column.flags(state, |row| numbers.float(row, |value| Ok(finite(value)? >= *least))),
        Form::Time(Some(reader)) => times_of(state, column, &numbers, reader),
        _ => {
            return Err(ArrowError::CastError(format!(
                "{} cannot be read from {}",
                column.plan.source,
                array.data_type()
            )));
        }
    })
}

fn times_of(state: &mut State<'_>, column: &Column<'_>, numbers: &Numbers, reader: &TimeReader) -> ArrayRef {
    column
        .integers(state, |row| numbers.either(row, |value| reader.integer(value), |value| reader.float(finite(value)?)))
}

/// Years, months and days as times at midnight.
fn dates(state: &mut State<'_>, column: &Column<'_>, inputs: &[Input<'_>]) -> ArrayRef {
    let parts = column.plan.inputs.iter().map(|input| &inputs[*input]).collect::<Vec<_>>();
    let range = state.plan.range.clone();
    let reader = TimeReader { form: super::time::TimeForm::Iso, range };
    column.integers(state, |row| {
        let mut date = [0; 3];
        for (part, value) in parts.iter().zip(&mut date) {
            let shown = part.shown(row);
            let cell = shown.trim_ascii();
            if column.plan.missing.is(cell) {
                return Cell::Missing;
            }
            match integer(cell) {
                Ok((number, _)) => *value = number,
                Err(_) => {
                    return Cell::Fault(Fault::new("unparsable_time", "year, month or day is not a whole number"));
                }
            }
        }
        let days = days_from_civil(date[0], date[1], date[2]);
        let time = days.ok_or_else(|| Fault::new("unparsable_time", "no such day"));
        Cell::from(time.and_then(|days| reader.microseconds(days * DAY)))
    })
}

#[inline]
fn within_whole(value: i64, min: i64, max: i64) -> Result<i64, Fault> {
    if value < min {
        Err(Fault::new("out_of_range", format!("below {min}")))
    } else if value > max {
        Err(Fault::new("out_of_range", format!("above {max}")))
    } else {
        Ok(value)
    }
}

#[inline]
fn within(value: f64, min: f64, max: f64, above: bool) -> Result<f64, Fault> {
    if value < min {
        Err(Fault::new("out_of_range", format!("below {min}")))
    } else if value > max {
        Err(Fault::new("out_of_range", format!("above {max}")))
    } else if above && value == min {
        Err(Fault::new("out_of_range", format!("not above {min}")))
    } else {
        Ok(value)
    }
}

fn label(fault: Fault) -> Fault {
    if fault.rule == "unparsable_number" { Fault { rule: "bad_label", ..fault } } else { fault }
}

fn not_yes_or_no(rule: &'static str) -> Fault {
    Fault::new(rule, "neither yes nor no")
}

/// A boolean: where that was told from the first rows, these were words, and 1 and 0 would be something else.
fn flag(cell: &[u8], declared: bool) -> Result<bool, Fault> {
    let value = if declared { binary(cell) } else { yes_or_no(cell) };
    value.ok_or_else(|| not_yes_or_no("not_a_boolean"))
}

fn zero_or_one(value: f64, rule: &'static str) -> Result<bool, Fault> {
    if value == 1.0 {
        Ok(true)
    } else if value == 0.0 {
        Ok(false)
    } else {
        Err(not_yes_or_no(rule))
    }
}

#[inline]
fn one_of(cell: &[u8], yes: &[Vec<u8>], domain: &[Vec<u8>]) -> Result<bool, Fault> {
    if yes.iter().any(|text| text == cell) {
        Ok(true)
    } else if domain.is_empty() || domain.iter().any(|text| text == cell) {
        Ok(false)
    } else {
        Err(Fault::new("bad_label", "not one of the declared values"))
    }
}

/// The texts allowed, for quick look-up.
pub(super) fn domain(values: &[Vec<u8>]) -> HashSet<&[u8]> {
    values.iter().map(Vec::as_slice).collect()
}
