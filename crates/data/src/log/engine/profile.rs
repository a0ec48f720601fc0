//! What the columns of a file hold: for proposals of features, for reports, and for people's privacy.

use std::path::Path;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use datafusion::arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use super::session::{Engine, Join, Session};
use super::sql;
use crate::log::error::LogError;
use crate::log::schema::{TypedKind, TypedSchema};

/// Commonest values that are listed.
const TOP: usize = 10;

/// What one column holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// The column.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Different values, within a few per cent; none for vectors.
    pub distinct: Option<u64>,
    /// Smallest value, as text; texts compare by their bytes.
    pub min: Option<String>,
    /// Largest value, as text.
    pub max: Option<String>,
    /// Mean of a number, whole number or boolean.
    pub mean: Option<f64>,
    /// The commonest values as text and their rows, the commonest first; none where nearly every row has its own.
    pub top: Vec<(String, u64)>,
}

/// How many rows share their quasi-identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KAnonymity {
    /// Rows of the smallest group; 0 without rows.
    pub smallest: u64,
    /// Groups.
    pub groups: u64,
    /// Rows in groups of fewer than k rows.
    pub rows_below: u64,
}

impl Engine {
    /// A profile of every typed column of a Parquet file.
    ///
    /// # Errors
    /// [`LogError::Engine`] if the file or a plan fails.
    pub fn profile(&self, file: &Path, schema: &TypedSchema) -> Result<Vec<ColumnProfile>, LogError> {
        let session = self.session("profile", Join::Hash);
        session.file("rows", file, &[])?;
        // A few columns at a time: what is held grows with the columns looked at together.
        let profiles = schema.columns.iter().map(|column| {
            let mut profile = summary(&session, &column.name, column.kind)?;
            let repeats = profile.distinct.is_some_and(|distinct| distinct <= 1000 || distinct * 2 <= profile.rows);
            if repeats {
                profile.top = top(&session, &column.name)?;
            }
            Ok(profile)
        });
        profiles.collect()
    }

    /// How many rows share the values of all `columns`; rows without a value share that.
    ///
    /// # Errors
    /// [`LogError::Config`] without columns; [`LogError::Engine`] if the file or the plan fails.
    pub fn k_anonymity(&self, file: &Path, columns: &[String], k: u64) -> Result<KAnonymity, LogError> {
        if columns.is_empty() {
            let mend = "name the columns which together could tell a person";
            return Err(LogError::config("schema.privacy.quasi_identifiers", "[]", mend));
        }
        let session = self.session("k-anonymity", Join::Hash);
        session.file("rows", file, &[])?;
        let columns = sql::names(columns.iter().map(String::as_str));
        let batches = session.small(&format!(
            "SELECT CAST(coalesce(min(_n), 0) AS BIGINT), count(*), \
             CAST(coalesce(sum(CASE WHEN _n < {k} THEN _n ELSE 0 END), 0) AS BIGINT) \
             FROM (SELECT count(*) AS _n FROM rows GROUP BY {columns})"
        ))?;
        let value = |at: usize| batches.first().map_or(0, |batch| whole(batch.column(at)).unwrap_or(0));
        Ok(KAnonymity { smallest: value(0), groups: value(1), rows_below: value(2) })
    }
}

/// Counts, ends and mean of one column.
fn summary(session: &Session<'_>, name: &str, kind: TypedKind) -> Result<ColumnProfile, LogError> {
    let column = sql::name(name);
    let distinct = match kind {
        // Numbers are told apart by how they are written.
        TypedKind::Number => format!("approx_distinct(CAST({column} AS VARCHAR))"),
        TypedKind::Vector => "CAST(NULL AS BIGINT UNSIGNED)".to_owned(),
        _ => format!("approx_distinct({column})"),
    };
    let ends = match kind {
        TypedKind::Vector => "CAST(NULL AS VARCHAR) AS low, CAST(NULL AS VARCHAR) AS high".to_owned(),
        _ => format!("CAST(min({column}) AS VARCHAR) AS low, CAST(max({column}) AS VARCHAR) AS high"),
    };
    let mean = match kind {
        TypedKind::Integer | TypedKind::Number | TypedKind::Boolean => format!("avg(CAST({column} AS DOUBLE))"),
        _ => "CAST(NULL AS DOUBLE)".to_owned(),
    };
    let query =
        format!("SELECT count(*) AS n, count({column}) AS filled, {distinct} AS d, {ends}, {mean} AS mean FROM rows");
    let batches = session.small(&query)?;
    let at = |column: usize| batches.first().map(|batch: &RecordBatch| batch.column(column));
    let number = |column: usize| at(column).and_then(whole);
    let text = |column: usize| {
        let texts = at(column)?.as_string_opt::<i32>()?;
        texts.iter().next().flatten().map(str::to_owned)
    };
    let mean = at(5).and_then(|mean| mean.as_primitive_opt::<Float64Type>()?.iter().next().flatten());
    let (rows, filled) = (number(0).unwrap_or(0), number(1).unwrap_or(0));
    Ok(ColumnProfile {
        name: name.to_owned(),
        rows,
        missing: rows - filled,
        distinct: number(2),
        min: text(3),
        max: text(4),
        mean,
        top: Vec::new(),
    })
}

/// The commonest values; equally common ones in the order of their text.
fn top(session: &Session<'_>, name: &str) -> Result<Vec<(String, u64)>, LogError> {
    let column = sql::name(name);
    let batches = session.small(&format!(
        "SELECT CAST(_value AS VARCHAR) AS _text, _n FROM (SELECT {column} AS _value, count(*) AS _n FROM rows WHERE {column} IS NOT NULL \
         GROUP BY {column}) ORDER BY _n DESC, _text LIMIT {TOP}"
    ))?;
    let mut top = Vec::new();
    for batch in &batches {
        let (values, rows) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
        top.extend((0..batch.num_rows()).map(|at| (values.value(at).to_owned(), rows.value(at) as u64)));
    }
    Ok(top)
}

/// The first value of a column of whole numbers.
fn whole(column: &ArrayRef) -> Option<u64> {
    if column.is_empty() || column.is_null(0) {
        return None;
    }
    match column.data_type() {
        DataType::UInt64 => Some(column.as_primitive::<UInt64Type>().value(0)),
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().value(0) as u64),
        _ => None,
    }
}
