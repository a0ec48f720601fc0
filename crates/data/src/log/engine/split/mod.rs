//! Train, validation and test, written in one pass, and the proof that no row of the future is in train.

mod share;
mod spec;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{AsArray as _, BooleanArray};
use datafusion::arrow::compute::filter;
use datafusion::arrow::datatypes::Int64Type;
use serde::{Deserialize, Serialize};

pub use self::share::share_function;
pub use self::spec::{PartsKind, PartsOrder, PartsSpec};

use super::order::Order;
use super::parquet_out::ParquetOut;
use super::session::{Engine, Join, Session, failed};
use super::{rows, sql};
use crate::log::error::LogError;
use crate::log::schema::{Role, TypedKind, TypedSchema};

const NAMES: [&str; 3] = ["train", "validation", "test"];

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Parquet, in the order of (time, `_row`).
    pub path: PathBuf,
    /// Rows.
    pub rows: u64,
    /// Earliest time, microseconds since 1970-01-01 UTC.
    pub first_time: Option<i64>,
    /// Latest time.
    pub last_time: Option<i64>,
    /// Per feedback, the rows where it is above 0.
    pub positives: BTreeMap<String, u64>,
}

/// The three parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What is learnt from.
    pub train: Part,
    /// What settings are chosen on.
    pub validation: Part,
    /// What is judged on, once.
    pub test: Part,
    /// Rows of train that are as late as the first row of validation or test, or later: counted on the written files, 0 for a
    /// chronological division by time. Without a time, by `_row`.
    pub future_rows_in_train: u64,
    /// Rows of validation that are as late as the first row of test, or later.
    pub future_rows_in_validation: u64,
}

impl Engine {
    /// Writes `train.parquet`, `validation.parquet` and `test.parquet` into `folder`.
    ///
    /// # Errors
    /// [`LogError::Config`] as [`PartsSpec::check`], or for a division by time of rows without one; [`LogError::NoRows`] if a
    /// part is empty; [`LogError::Engine`] if a plan fails.
    pub fn split(&self, rows: &Path, schema: &TypedSchema, spec: &PartsSpec, folder: &Path) -> Result<Parts, LogError> {
        spec.check(schema)?;
        let order = Order::of(rows, schema)?;
        let session = self.session("train, validation and test", Join::Hash);
        session.context.register_udf(share_function());
        session.file("rows", rows, &order.known())?;
        let part = match spec.kind {
            PartsKind::Chronological => chronological(&session, spec, &order)?,
            PartsKind::Random => random(spec),
        };
        let by = sql::names(order.columns());
        let query = format!("SELECT {}, {part} AS _part FROM rows ORDER BY {by}", rows::selected(schema));
        let paths = NAMES.map(|name| folder.join(format!("{name}.parquet")));
        let create = |path: &PathBuf| ParquetOut::create(path, rows::arrow_schema(schema), &rows::order(schema));
        let mut files: Vec<_> = paths.iter().map(create).collect::<Result<_, _>>()?;
        session.run(session.plan(&query)?, |batch| {
            let (numbers, columns) =
                (batch.column(batch.num_columns() - 1), &batch.columns()[..batch.num_columns() - 1]);
            let numbers = numbers.as_primitive::<Int64Type>();
            for (number, file) in files.iter_mut().enumerate() {
                let inside = BooleanArray::from_unary(numbers, |part| part == number as i64);
                if inside.true_count() > 0 {
                    let columns: Result<Vec<_>, _> = columns.iter().map(|column| filter(column, &inside)).collect();
                    file.write(&columns.map_err(|error| session.failed(error.into()))?)?;
                }
            }
            Ok(())
        })?;
        if let Some(empty) = files.iter().position(|file| file.rows() == 0) {
            return Err(no_rows(empty, order.rows, spec));
        }
        files.into_iter().try_for_each(|file| file.finish().map(drop))?;
        self.parts(paths, schema, &order)
    }

    /// Looks at the written files.
    fn parts(&self, paths: [PathBuf; 3], schema: &TypedSchema, order: &Order) -> Result<Parts, LogError> {
        let session = self.session("the parts", Join::Hash);
        for (name, path) in NAMES.iter().zip(&paths) {
            session.file(name, path, &order.known())?;
        }
        let [train, validation, test] = paths;
        let part = |name: &str, path: PathBuf| part(&session, name, path, schema, order);
        let (train, validation, test) = (part("train", train)?, part("validation", validation)?, part("test", test)?);
        let clock = sql::name(order.time.as_deref().unwrap_or("_row"));
        let late = |earlier: &str, later: &str| -> Result<u64, LogError> {
            let query = format!("SELECT count(*) FROM {earlier} WHERE {clock} >= (SELECT min({clock}) FROM {later})");
            number(&session, &query)
        };
        let later = "(SELECT * FROM validation UNION ALL SELECT * FROM test)";
        let (future_rows_in_train, future_rows_in_validation) = (late("train", later)?, late("validation", "test")?);
        Ok(Parts { train, validation, test, future_rows_in_train, future_rows_in_validation })
    }

    /// Rows of test whose content stands in train too: the values of `columns`, or of all typed columns but time and vectors.
    /// Name the log's own columns where rows carry derived ones, which tell rows of one content apart.
    ///
    /// # Errors
    /// [`LogError::Engine`] if a column is not there or the plan fails.
    pub fn duplicates_across(&self, parts: &Parts, schema: &TypedSchema, columns: &[String]) -> Result<u64, LogError> {
        let content =
            schema.columns.iter().filter(|column| column.role != Role::Time && column.kind != TypedKind::Vector);
        let columns = match columns {
            [] => sql::names(content.map(|column| column.name.as_str())),
            _ => sql::names(columns.iter().map(String::as_str)),
        };
        let session = self.session("duplicates across parts", Join::Hash);
        session.file("train", &parts.train.path, &[])?;
        session.file("test", &parts.test.path, &[])?;
        number(
            &session,
            &format!(
                "SELECT CAST(coalesce(sum(_in_test), 0) AS BIGINT) FROM (\
                 SELECT sum(_train) AS _in_train, sum(_test) AS _in_test FROM (\
                 SELECT {columns}, 1 AS _train, 0 AS _test FROM train UNION ALL SELECT {columns}, 0 AS _train, 1 AS _test FROM test) \
                 GROUP BY {columns}) WHERE _in_train > 0"
            ),
        )
    }
}

/// Rows up to the cuts lie in earlier parts; rows at a cut lie in the later one.
fn chronological(session: &Session<'_>, spec: &PartsSpec, order: &Order) -> Result<String, LogError> {
    let clock = match (spec.order, &order.time) {
        (Some(PartsOrder::Row), _) | (None, None) => "_row",
        (_, Some(time)) => time,
        (Some(PartsOrder::Time), None) => return Err(LogError::config("split.order", "time", "the log has no time")),
    };
    if clock != "_row" && order.untimed > 0 {
        let mend = "rows without a time cannot be divided by it; declare the time required, or divide by \"row\"";
        return Err(LogError::config("split.order", format!("time, which {} rows lack", order.untimed), mend));
    }
    let name = sql::name(clock);
    let by = if clock == "_row" { name.clone() } else { sql::names(order.columns()) };
    let cut = |share: f64| -> Result<i64, LogError> {
        let before = ((order.rows as f64 * share).round() as u64).min(order.rows.saturating_sub(1));
        let query = format!("SELECT {name} FROM rows ORDER BY {by} LIMIT 1 OFFSET {before}");
        Ok(number(session, &query)? as i64)
    };
    if order.rows == 0 {
        return Err(no_rows(0, 0, spec));
    }
    let (first, second) = (cut(1.0 - spec.validation - spec.test)?, cut(1.0 - spec.test)?);
    Ok(format!("CAST(CASE WHEN {name} < {first} THEN 0 WHEN {name} < {second} THEN 1 ELSE 2 END AS BIGINT)"))
}

/// A row lies where the hash of its group, or of itself, lies between 0 and 1.
fn random(spec: &PartsSpec) -> String {
    let own = "CAST(_row AS VARCHAR)";
    let value = match &spec.group {
        // The letter keeps a group called 7 apart from the row 7, which has no group.
        Some(group) => {
            format!("CASE WHEN {0} IS NULL THEN {own} ELSE 'g' || CAST({0} AS VARCHAR) END", sql::name(group))
        }
        None => own.to_owned(),
    };
    let (train, validation) = (1.0 - spec.validation - spec.test, 1.0 - spec.test);
    let share = format!("share_of(CAST('{}' AS BIGINT), {value})", spec.seed as i64);
    format!("CAST(CASE WHEN {share} < {train:?} THEN 0 WHEN {share} < {validation:?} THEN 1 ELSE 2 END AS BIGINT)")
}

/// What a part holds.
fn part(
    session: &Session<'_>,
    name: &str,
    path: PathBuf,
    schema: &TypedSchema,
    order: &Order,
) -> Result<Part, LogError> {
    let times = match order.time.as_deref().map(sql::name) {
        Some(time) => format!("min({time}), max({time})"),
        None => "CAST(NULL AS BIGINT), CAST(NULL AS BIGINT) AS last".to_owned(),
    };
    let feedback: Vec<_> = schema.with_role(&Role::Feedback).map(|column| column.name.clone()).collect();
    let positives: String = feedback
        .iter()
        .map(|name| format!(", CAST(coalesce(sum(CASE WHEN {} > 0 THEN 1 ELSE 0 END), 0) AS BIGINT)", sql::name(name)))
        .collect();
    let batches = session.small(&format!("SELECT count(*), {times}{positives} FROM {name}"))?;
    let value = |column: usize| -> Option<i64> {
        let batch = batches.first()?;
        let column = batch.column(column).as_primitive_opt::<Int64Type>()?;
        column.iter().next().flatten()
    };
    let positives = feedback.iter().enumerate();
    let positives = positives.map(|(at, name)| (name.clone(), value(3 + at).unwrap_or(0) as u64)).collect();
    Ok(Part { path, rows: value(0).unwrap_or(0) as u64, first_time: value(1), last_time: value(2), positives })
}

/// The one whole number that a query gives.
fn number(session: &Session<'_>, query: &str) -> Result<u64, LogError> {
    let batches = session.small(query)?;
    let filled = batches.iter().find(|batch| batch.num_rows() > 0);
    let value = filled.and_then(|batch| batch.column(0).as_primitive_opt::<Int64Type>().map(|column| column.value(0)));
    let none = || failed("the parts", datafusion::common::exec_datafusion_err!("a query gave no number"));
    value.map(|value| value as u64).ok_or_else(none)
}

fn no_rows(part: usize, read: u64, spec: &PartsSpec) -> LogError {
    let mend = match spec.kind {
        PartsKind::Chronological => {
            "too many rows share one time or there are too few; raise its share, or divide by \"row\" or at random"
        }
        PartsKind::Random => "there are too few rows or groups; raise its share, or leave split.group out",
    };
    LogError::NoRows { what: format!("the {} part", NAMES[part]), read, mend: mend.to_owned() }
}
