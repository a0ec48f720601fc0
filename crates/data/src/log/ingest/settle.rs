//! `settle`: types and time units that nobody declared, told from the first 10,000 rows and fixed from there on.
//!
//! | all cells with a value | type |
//! |---|---|
//! | are digits with `-` at most, no zero before others, within 64 bits | integer |
//! | are such, or other numbers (`0.5`, `1e-3`, `+5`) | number |
//! | are true, false, yes, no, t, f, y, n in any case | boolean |
//! | are lists of numbers, `[0.5, -1]` | vector |
//! | are anything else (`007` is text, as is an id beyond 64 bits), or none has a value | text |
//!
//! A column with a declared `min` or `max` is a number whatever it holds. Parquet says itself what its columns are. The unit of
//! a time is the one in which most of the first times lie between the first and the last day allowed.

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;

use super::cell::Quality;
use super::input::Input;
use super::number::{number, whole, yes_or_no};
use super::numbers::Numbers;
use super::plan::{ColumnPlan, Form, Plan, integer_form, number_form, text_form};
use super::time::{TimeForm, TimeRange, TimeReader, UNITS, from_float, iso};
use super::vector::{as_lists, parse};
use crate::log::error::LogError;
use crate::log::read::RawBlock;
use crate::log::schema::TimeSpec;

/// Rows that settle a type.
pub(super) const FIRST_ROWS: usize = 10_000;

/// Settles what is open in a plan, by the first rows of a log.
///
/// # Errors
/// [`LogError::Config`] if the unit or format of the times cannot be told.
pub(super) fn settle(plan: &mut Plan, blocks: &[RawBlock]) -> Result<(), LogError> {
    let (range, time) = (plan.range.clone(), plan.time.clone());
    for column in &mut plan.columns {
        let first = First { blocks, column: column.inputs[0] };
        let form = match &column.form {
            Form::Unsettled => Some(first.form(column)?),
            Form::Time(None) => Some(first.time(column, time.as_ref(), &range)?),
            Form::Vector(None) => Some(Form::Vector(first.length(column)?)),
            _ => None,
        };
        if let Some(form) = form {
            column.form = form;
        }
    }
    Ok(())
}

/// One column's first cells.
struct First<'a> {
    blocks: &'a [RawBlock],
    column: usize,
}

impl First<'_> {
    /// Shows the first cells that have a value: texts to one, arrays with the number of rows that count to the other.
    fn each(
        &self,
        column: &ColumnPlan,
        mut text: impl FnMut(&[u8]),
        mut array: impl FnMut(&ArrayRef),
    ) -> Result<(), LogError> {
        let mut left = FIRST_ROWS;
        for block in self.blocks {
            let rows = left.min(block.rows);
            left -= rows;
            let input = Input::new(&block.columns[self.column], &block.text, Quality { ascii: false, utf8: false });
            let input = input.map_err(|error| unreadable(column, error))?;
            if let Some(cells) = input.cells(&column.missing) {
                (0..rows).filter_map(|row| cells.get(row, &mut 0)).for_each(&mut text);
            }
            if let Some(values) = input.array().filter(|_| rows > 0) {
                array(&values.slice(0, rows));
            }
        }
        Ok(())
    }

    fn form(&self, column: &ColumnPlan) -> Result<Form, LogError> {
        let spec = &column.spec;
        let (mut seen, mut of_file) = (Seen::default(), None);
        self.each(column, |cell| seen.add(cell), |array| of_file = of_file.take().or(Some(array.data_type().clone())))?;
        if let Some(kind) = of_file {
            return match form_of(&kind, spec) {
                Form::Vector(_) => Ok(Form::Vector(self.length(column)?)),
                form => Ok(form),
            };
        }
        let numeric = spec.min.is_some() || spec.max.is_some();
        Ok(if !spec.values.is_empty() {
            text_form(spec)
        } else if seen.integers > 0 && (seen.integers == seen.all || numeric && seen.numbers == 0) {
            integer_form(spec)
        } else if numeric
            || seen.integers + seen.numbers > 0 && seen.integers + seen.numbers + seen.infinite == seen.all
        {
            number_form(spec)
        } else if seen.booleans > 0 && seen.booleans == seen.all {
            Form::Boolean
        } else if seen.vectors > 0 && seen.vectors == seen.all {
            Form::Vector(self.length(column)?)
        } else {
            text_form(spec)
        })
    }

    fn length(&self, column: &ColumnPlan) -> Result<Option<usize>, LogError> {
        let (mut of_text, mut of_array) = (None, None);
        self.each(
            column,
            |cell| of_text = of_text.or_else(|| parse(cell).ok().map(|vector| vector.len())),
            |array| {
                let lists = as_lists(array).ok();
                let first = lists.and_then(|lists| {
                    (0..lists.len()).find(|row| lists.is_valid(*row)).map(|row| lists.value(row).len())
                });
                of_array = of_array.or(first);
            },
        )?;
        Ok(of_text.or(of_array))
    }

    fn time(&self, column: &ColumnPlan, spec: Option<&TimeSpec>, range: &TimeRange) -> Result<Form, LogError> {
        let reader = |form| Form::Time(Some(TimeReader { form, range: range.clone() }));
        if let Some(spec) = spec {
            if let Some(format) = &spec.format {
                return Ok(reader(TimeForm::Format(format.clone())));
            }
            if let Some(unit) = spec.unit {
                return Ok(reader(TimeForm::Unit(unit)));
            }
        }
        let mut votes = Votes::default();
        let mut of_array = Votes::default();
        self.each(column, |cell| votes.text(cell, range), |array| of_array.array(array, range))?;
        votes.add(&of_array);
        votes.form(column).map(reader)
    }
}

fn unreadable(column: &ColumnPlan, error: ArrowError) -> LogError {
    LogError::Engine { what: format!("reading column `{}`", column.source), source: Box::new(error.into()) }
}

fn form_of(kind: &DataType, spec: &crate::log::schema::ColumnSpec) -> Form {
    match kind {
        kind if kind.is_integer() => integer_form(spec),
        kind if kind.is_numeric() => number_form(spec),
        DataType::Boolean => Form::Boolean,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Form::Moment,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
            if item.data_type().is_numeric() =>
        {
            Form::Vector(None)
        }
        _ => text_form(spec),
    }
}

/// What the first texts of a column look like.
#[derive(Debug, Default)]
struct Seen {
    all: usize,
    integers: usize,
    numbers: usize,
    infinite: usize,
    booleans: usize,
    vectors: usize,
}

impl Seen {
    fn add(&mut self, cell: &[u8]) {
        self.all += 1;
        let digits = cell.strip_prefix(b"-").unwrap_or(cell);
        let is_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        if is_digits {
            // Digits that are no such number name something: they are text.
            self.integers += usize::from(whole(cell).is_ok() && (digits.len() == 1 || digits[0] != b'0'));
        } else if yes_or_no(cell).is_some() {
            self.booleans += 1;
        } else if cell.starts_with(b"[") {
            self.vectors += usize::from(parse(cell).is_ok());
        } else {
            match number(cell) {
                Ok(_) => self.numbers += 1,
                Err(fault) => self.infinite += usize::from(fault.rule == "not_finite"),
            }
        }
    }
}

/// In how many ways the first times can be read.
#[derive(Debug, Default)]
struct Votes {
    all: usize,
    iso: usize,
    units: [usize; 5],
    /// Times that Parquet says are times.
    settled: usize,
    example: Option<String>,
}

impl Votes {
    fn text(&mut self, cell: &[u8], range: &TimeRange) {
        match number(cell) {
            Ok(value) => self.number(value, range),
            Err(_) => {
                self.all += 1;
                self.iso += usize::from(iso(cell).is_some());
            }
        }
        self.example.get_or_insert_with(|| String::from_utf8_lossy(cell).into_owned());
    }

    fn number(&mut self, value: f64, range: &TimeRange) {
        self.all += 1;
        for ((unit, _), votes) in UNITS.iter().zip(&mut self.units) {
            *votes += usize::from(from_float(*unit, value).is_some_and(|time| range.holds(time)));
        }
        self.example.get_or_insert_with(|| value.to_string());
    }

    fn array(&mut self, array: &ArrayRef, range: &TimeRange) {
        if matches!(array.data_type(), DataType::Timestamp(..) | DataType::Date32 | DataType::Date64) {
            self.settled += array.len();
        } else if let Ok(numbers) = Numbers::of(array) {
            for row in 0..array.len() {
                if let super::cell::Cell::Value(value) = numbers.float(row, Ok) {
                    self.number(value, range);
                }
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.all += other.all;
        self.settled += other.settled;
        self.units.iter_mut().zip(other.units).for_each(|(own, other)| *own += other);
        self.example = self.example.take().or(other.example.clone());
    }

    fn form(&self, column: &ColumnPlan) -> Result<TimeForm, LogError> {
        let best = (0..UNITS.len()).max_by_key(|unit| self.units[*unit]).unwrap_or(0);
        let unit = self.units[best];
        if self.all == 0 || self.settled > 0 || self.iso > unit {
            Ok(TimeForm::Iso)
        } else if unit > 0 {
            Ok(TimeForm::Unit(UNITS[best].0))
        } else {
            Err(LogError::config(
                "schema.time.unit",
                format!("column `{}` begins with {:?}", column.source, self.example.as_deref().unwrap_or_default()),
                "neither ISO 8601 nor a number that lies between schema.rules.earliest and latest in any unit: declare \
                 schema.time.unit, schema.time.format or schema.rules.earliest",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(cells: &[&str]) -> Seen {
        let mut seen = Seen::default();
        cells.iter().for_each(|cell| seen.add(cell.as_bytes()));
        seen
    }

    #[test]
    fn digits_that_name_something_are_no_numbers() {
        assert_eq!((seen(&["0", "-5", "17"]).integers, seen(&["007", "00", "18446744073709551616"]).integers), (3, 0));
        assert_eq!(seen(&["007", "18446744073709551616"]).numbers, 0);
        let mixed = seen(&["0.5", "+5", "1e-3", "nan", "inf", "yes", "F", "x"]);
        assert_eq!((mixed.all, mixed.numbers, mixed.infinite, mixed.booleans), (8, 3, 2, 2));
    }

    #[test]
    fn most_times_decide_the_unit() {
        let range = TimeRange::new(&crate::log::schema::LogRules::default(), 1_659_304_800_000_000);
        let mut votes = Votes::default();
        for cell in ["1659304800", "1659304801", "1659304800025", "0", "2022-07-31"] {
            votes.text(cell.as_bytes(), &range);
        }
        assert_eq!((votes.all, votes.units, votes.iso), (5, [2, 1, 0, 0, 0], 1));
    }
}
