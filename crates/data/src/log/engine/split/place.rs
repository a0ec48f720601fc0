//! `Place`: in which part a row lies, by time, by its number, or by a hash.

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::exec_datafusion_err;
use datafusion::error::DataFusionError;

use super::share::share;
use super::spec::{PartsKind, PartsOrder, PartsSpec};
use super::{no_rows, number};
use crate::log::engine::clean_rows::CleanRows;
use crate::log::engine::session::{Engine, Join, failed};
use crate::log::error::LogError;
use crate::log::schema::TypedSchema;

/// In which part a row lies.
pub(super) enum Place {
    /// By the number in this column: earlier than the cuts lies in earlier parts; a row at a cut lies in the later one.
    Cut { column: usize, cuts: [i64; 2] },
    /// Where the hash of its group, or of itself, lies between 0 and 1.
    Share { group: Option<usize>, row: usize, seed: i64, bounds: [f64; 2] },
}

impl Place {
    /// `schema` is that of the rows as they are handed on.
    pub(super) fn new(
        engine: &Engine,
        clean: &CleanRows,
        spec: &PartsSpec,
        schema: &TypedSchema,
    ) -> Result<Self, LogError> {
        let index = |name: &str| schema.columns.iter().position(|column| column.name == name);
        // The number of the row is the first technical column.
        let row = schema.columns.len();
        match spec.kind {
            PartsKind::Chronological => {
                let (clock, cuts) = cuts(engine, clean, spec)?;
                Ok(Self::Cut { column: index(clock).unwrap_or(row), cuts })
            }
            PartsKind::Random => Ok(Self::Share {
                group: spec.group.as_deref().and_then(index),
                row,
                seed: spec.seed as i64,
                bounds: [1.0 - spec.validation - spec.test, 1.0 - spec.test],
            }),
        }
    }

    /// The number of the part of each row.
    pub(super) fn of(&self, columns: &[ArrayRef]) -> Result<Vec<usize>, DataFusionError> {
        let whole = |column: usize| {
            let found = columns[column].as_primitive_opt::<Int64Type>();
            found.ok_or_else(|| exec_datafusion_err!("a number to divide by is no 64-bit integer"))
        };
        match self {
            Self::Cut { column, cuts } => {
                let part = |value: &i64| cuts.iter().filter(|cut| value >= cut).count();
                Ok(whole(*column)?.values().iter().map(part).collect())
            }
            Self::Share { group, row, seed, bounds } => {
                let group = group.map(|group| cast(&columns[group], &DataType::Utf8)).transpose()?;
                let group = group.as_ref().and_then(|group| group.as_string_opt::<i32>());
                let part = |(at, row): (usize, &i64)| {
                    // The letter keeps a group called 7 apart from the row 7, which has no group.
                    let text = match group.filter(|group| group.is_valid(at)) {
                        Some(group) => format!("g{}", group.value(at)),
                        None => row.to_string(),
                    };
                    let share = share(*seed, &text);
                    bounds.iter().filter(|bound| share >= **bound).count()
                };
                Ok(whole(*row)?.values().iter().enumerate().map(part).collect())
            }
        }
    }
}

/// The column that tells what is earlier, and the first values of validation and test.
fn cuts<'o>(engine: &Engine, clean: &'o CleanRows, spec: &PartsSpec) -> Result<(&'o str, [i64; 2]), LogError> {
    let order = &clean.order;
    let clock = match (spec.order, &order.time) {
        (Some(PartsOrder::Row), _) | (None, None) => "_row",
        (_, Some(time)) => time,
        (Some(PartsOrder::Time), None) => return Err(LogError::config("split.order", "time", "the log has no time")),
    };
    if clock != "_row" && order.untimed > 0 {
        let mend = "rows without a time cannot be divided by it; declare the time required, or divide by \"row\"";
        return Err(LogError::config("split.order", format!("time, which {} rows lack", order.untimed), mend));
    }
    let rows = clean.rows();
    if rows == 0 {
        return Err(no_rows(0, 0, spec));
    }
    let before = |share: f64| ((rows as f64 * share).round() as u64).min(rows.saturating_sub(1));
    let places = [before(1.0 - spec.validation - spec.test), before(1.0 - spec.test)];
    let Some(file) = clean.file().filter(|_| clock == "_row" && !order.by_row) else {
        return Ok((clock, clean.values(clock, places).map_err(|error| failed("train, validation and test", error))?));
    };
    let session = engine.session("train, validation and test", Join::Hash);
    session.file("rows", file, &order.known())?;
    let cut = |place| number(&session, &format!("SELECT _row FROM rows ORDER BY _row LIMIT 1 OFFSET {place}"));
    Ok((clock, [cut(places[0])? as i64, cut(places[1])? as i64]))
}
