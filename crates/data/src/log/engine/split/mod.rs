//! Train, validation and test, written in one pass, and the proof that no row of the future is in train.

mod place;
mod share;
mod spec;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::{ArrayRef, AsArray as _, BooleanArray};
use datafusion::arrow::compute::filter;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::exec_datafusion_err;
use serde::{Deserialize, Serialize};

pub use self::spec::{PartsKind, PartsOrder, PartsSpec};

use self::place::Place;
use super::clean_rows::CleanRows;
use super::derive::{DeriveSpec, Wide};
use super::order::Order;
use super::parquet_out::{ParquetOut, Rows};
use super::session::{Engine, Join, Session, failed};
use super::{rows, sql};
use crate::log::error::LogError;
use crate::log::schema::{Role, TypedColumn, TypedKind, TypedSchema};

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

/// What is written of divided rows, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written<'a> {
    /// Where the rows stand undivided too, whole.
    pub derived: Option<&'a Path>,
    /// For readers of [`table`](crate::table) in this process alone: these columns, the times and the feedbacks, texts as codes
    /// where the memory holds their names. Does not go with `derived`, nor with a group that stays together.
    pub only: Option<&'a BTreeSet<String>>,
}

impl Engine {
    /// Writes `train.parquet`, `validation.parquet` and `test.parquet` into `folder`.
    ///
    /// # Errors
    /// [`LogError::Config`] as [`PartsSpec::check`], or for a division by time of rows without one; [`LogError::NoRows`] if a
    /// part is empty; [`LogError::File`] if `rows` is not as [`Engine::clean`] or [`Engine::derive`] writes it;
    /// [`LogError::Engine`] if a plan fails.
    pub fn split(&self, rows: &Path, schema: &TypedSchema, spec: &PartsSpec, folder: &Path) -> Result<Parts, LogError> {
        let divisions = [(spec.clone(), folder.to_path_buf())];
        let (_, mut parts) = self.divide(rows, schema, &DeriveSpec::default(), &divisions, None)?;
        parts.remove(0)
    }

    /// Derives columns and writes the parts of several divisions, in one pass over the clean rows; to `derived` the rows undivided
    /// too. Beside the columns, what became of each division.
    ///
    /// # Errors
    /// As [`Engine::derive`] and, for the declarations, [`Engine::split`]; what is wrong with the parts of a division is told in
    /// its place.
    pub fn divide(
        &self,
        clean: &Path,
        schema: &TypedSchema,
        derive: &DeriveSpec,
        divisions: &[(PartsSpec, PathBuf)],
        derived: Option<&Path>,
    ) -> Result<(TypedSchema, Vec<Result<Parts, LogError>>), LogError> {
        self.divide_rows(&CleanRows::written(clean, schema)?, derive, divisions, Written { derived, only: None })
    }

    /// The same with rows that may not have been written.
    ///
    /// # Errors
    /// As [`divide`](Self::divide).
    pub fn divide_rows(
        &self,
        clean: &CleanRows,
        derive: &DeriveSpec,
        divisions: &[(PartsSpec, PathBuf)],
        written: Written<'_>,
    ) -> Result<(TypedSchema, Vec<Result<Parts, LogError>>), LogError> {
        derive.check(&clean.schema)?;
        let mut wide = Wide::whole(&clean.schema, derive);
        divisions.iter().try_for_each(|(spec, _)| spec.check(&wide.schema))?;
        let grouped = divisions.iter().any(|(spec, _)| spec.group.is_some());
        if let Some(only) = written.only.filter(|_| written.derived.is_none() && !grouped) {
            // What is told of each part is looked up in its time and its feedbacks.
            let told = |column: &TypedColumn| matches!(column.role, Role::Time | Role::Feedback);
            wide.schema.columns.retain(|column| told(column) || only.contains(&column.name));
            wide.codes = true;
        }
        let order = &clean.order;
        let places: Vec<_> =
            divisions.iter().map(|(spec, _)| Place::new(self, clean, spec, &wide.schema)).collect::<Result<_, _>>()?;
        let begin = |codes: bool| -> Result<Divided<'_>, LogError> {
            let create = |path: &Path| {
                let schema = wide.arrow_schema(codes);
                match wide.codes {
                    true => ParquetOut::unpacked(path, schema),
                    false => ParquetOut::create(path, schema, &rows::order(&wide.schema)),
                }
            };
            let folders = places.iter().zip(divisions);
            let each = folders.map(|(place, (_, folder))| Division::create(place, folder, create));
            Ok(Divided { each: each.collect::<Result<_, _>>()?, whole: written.derived.map(create).transpose()? })
        };
        let (Divided { each, whole }, names) = self.widen(clean, &wide, begin)?;
        whole.map_or(Ok(0), ParquetOut::finish)?;
        let finish =
            |(mut division, (spec, folder)): (Division<'_>, &(PartsSpec, PathBuf))| -> Result<Parts, LogError> {
                if let Some(empty) = division.files.iter().position(|file| file.rows() == 0) {
                    return Err(no_rows(empty, clean.rows(), spec));
                }
                for file in &mut division.files {
                    names.iter().for_each(|entry| file.note(entry.clone()));
                }
                division.files.into_iter().try_for_each(|file| file.finish().map(drop))?;
                self.parts(paths(folder), &wide.schema, order)
            };
        let parts = each.into_iter().zip(divisions).map(finish).collect();
        Ok((wide.schema.clone(), parts))
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

fn paths(folder: &Path) -> [PathBuf; 3] {
    NAMES.map(|name| folder.join(format!("{name}.parquet")))
}

/// All that is written in one pass.
struct Divided<'a> {
    each: Vec<Division<'a>>,
    whole: Option<ParquetOut>,
}

impl Rows for Divided<'_> {
    fn write(&mut self, columns: &[ArrayRef]) -> Result<(), LogError> {
        self.each.iter_mut().try_for_each(|division| division.write(columns))?;
        self.whole.as_mut().map_or(Ok(()), |file| file.write(columns))
    }
}

/// The files of one division.
struct Division<'a> {
    place: &'a Place,
    files: Vec<ParquetOut>,
}

impl<'a> Division<'a> {
    fn create(
        place: &'a Place,
        folder: &Path,
        create: impl Fn(&Path) -> Result<ParquetOut, LogError>,
    ) -> Result<Self, LogError> {
        Ok(Self { place, files: paths(folder).iter().map(|path| create(path)).collect::<Result<_, _>>()? })
    }

    fn write(&mut self, columns: &[ArrayRef]) -> Result<(), LogError> {
        let broken = |error| failed("train, validation and test", error);
        let numbers = self.place.of(columns).map_err(broken)?;
        for (number, file) in self.files.iter_mut().enumerate() {
            let inside = BooleanArray::from_iter(numbers.iter().map(|part| Some(*part == number)));
            match inside.true_count() {
                0 => {}
                all if all == numbers.len() => file.write(columns)?,
                _ => {
                    let columns: Result<Vec<_>, _> = columns.iter().map(|column| filter(column, &inside)).collect();
                    file.write(&columns.map_err(|error| broken(error.into()))?)?;
                }
            }
        }
        Ok(())
    }
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
    let none = || failed("the parts", exec_datafusion_err!("a query gave no number"));
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
