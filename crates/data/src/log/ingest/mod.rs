//! From cells to typed rows: [`ingest`] writes a log of any origin as Parquet of declared types, and sets aside what breaks a rule.
//!
//! ```text
//! events.csv                        typed.parquet                              quarantine.csv
//! visitor,ts,event,price            user  time               click  price      line 4, column price, "-5": out_of_range
//! u7,1659304800025,view,9.5    ──▶  u7    1659304800025000   1      9.5
//! u3, 1659304800026,buy,        │   u3    1659304800026000   0      (none)
//! u3,1659304800027,view,-5      │
//!                               └─▶ counts: 3 read = 2 kept + 1 quarantined; 1 cell trimmed
//! ```
//!
//! 1. The schema is checked, and columns are planned: roles first, feedbacks next, all others as in the file.
//! 2. The first 10,000 rows settle the types and the time's unit where they are not declared.
//! 3. Blocks are read and typed in parallel, and written in order. The first column of a row that breaks a rule decides its line
//!    in the quarantine; side tables are treated alike, each in its own file, with counts of its own.
//!
//! # Rules
//!
//! | rule | a row is set aside because |
//! |---|---|
//! | `blank_id` | user, item, session or a table's key is empty or one of the missing texts |
//! | `missing_time`, `missing_value` | there is no time, or no value where one is required |
//! | `unparsable_number`, `number_overflow`, `not_finite` | a number is none, is beyond 64 bits, is NaN or infinite |
//! | `out_of_range` | a number is beyond `min` or `max`, a price below 0, a propensity not in (0, 1], a position not in 0 to 65535 |
//! | `not_in_domain`, `bad_label`, `not_a_boolean` | a text is none of the declared ones, a label neither yes nor no |
//! | `drifted_type` | a cell is not of the type that the first rows had |
//! | `unparsable_time`, `mixed_time_unit`, `time_out_of_range`, `time_in_future` | see `schema.time` and `schema.rules` |
//! | `bad_vector` | a vector has another length or holds something that is no finite number |
//! | `invalid_utf8`, `text_too_long` | a text is not UTF-8, or is longer than 64 KiB |
//! | `impossible_combination` | a feedback is there without the one that it `requires` |
//!
//! # Repairs
//!
//! `space_trimmed`: ASCII space around a cell was cut off. `decimal_point_dropped`: a whole number was written `17.0`.
//! `label_missing`: a feedback without a value is masked, not 0. `invisible_characters_kept`: a text holds characters of no width
//! or marks of writing direction, and two ids may look alike; they are kept as they are. `left_out_by_where`: rows of a side table
//! that its `where` leaves out; they are not among the rows read. Cells of rows that are set aside later are counted too.
//!
//! # Hash
//!
//! The hash of a row is that of its values before they are generalised or noised: two different people do not become
//! one because they were made less distinct.

mod block;
pub(in crate::log) mod cell;
mod hash;
pub(in crate::log) mod input;
pub(in crate::log) mod number;
mod numbers;
mod pipeline;
mod plan;
mod privacy;
mod road;
mod settle;
mod share;
mod table;
mod text;
pub(in crate::log) mod time;
mod values;
pub(in crate::log) mod vector;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;

pub use self::share::{Examples, check_share};
pub use self::table::IngestedTable;

use self::road::Road;
use super::counts::Counts;
use super::error::LogError;
use super::quarantine::QuarantineWriter;
use super::schema::{Role, Schema, TypedSchema};

/// What ingest must be told beside the schema.
#[derive(Clone, Copy, Default)]
pub struct IngestOptions<'a> {
    /// The secret that `schema.privacy.key_variable` names, at least 16 bytes; needed where something is pseudonymised.
    pub key: Option<&'a [u8]>,
    /// Now, in microseconds since 1970-01-01 UTC: no time lies after the day behind it, unless `schema.rules.latest` says so.
    pub now_microseconds: i64,
    /// Begins hashes and noise.
    pub seed: u64,
    /// The log's columns that are wanted later, if not all: they are all typed and judged, and only these are written, with those
    /// that rules and joins ask for. Of no effect where [`rules.impossible`](super::schema::LogRules) may ask for any.
    pub only: Option<&'a BTreeSet<String>>,
}

impl std::fmt::Debug for IngestOptions<'_> {
    /// Shows whether there is a key, and never the key.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = out.debug_struct("IngestOptions");
        out.field("key", &self.key.map(|_| "…")).field("now_microseconds", &self.now_microseconds);
        out.field("seed", &self.seed).field("only", &self.only).finish()
    }
}

/// A log of typed rows on disk.
#[derive(Debug)]
pub struct Ingested {
    /// Its columns.
    pub schema: TypedSchema,
    /// What was read, kept, repaired and set aside.
    pub counts: Counts,
    /// The Parquet file.
    pub typed: PathBuf,
    /// The rows that were set aside, side tables' included: more may be added, and `finish` puts the file under its name.
    pub quarantine: QuarantineWriter,
    /// Per rule where it was broken first.
    pub examples: Examples,
    /// The side tables, in the order of the schema.
    pub tables: Vec<IngestedTable>,
}

impl Ingested {
    /// Hands itself back if neither the log nor one of its tables lost more than the share `allowed` of its rows.
    ///
    /// # Errors
    /// As [`check_share`]; a table's rules are looked up among the log's examples.
    pub fn check_share(self, allowed: f64) -> Result<Self, LogError> {
        let Self { schema, counts, typed, mut quarantine, examples, tables } = self;
        for own in std::iter::once(&counts).chain(tables.iter().map(|table| &table.counts)) {
            quarantine = check_share(own, allowed, &examples, quarantine)?;
        }
        Ok(Self { schema, counts, typed, quarantine, examples, tables })
    }
}

/// Types a log and its side tables into `folder`: `typed.parquet`, `table-<name>.parquet`, and `quarantine.csv` once the writer in
/// the result is finished. How many rows may be set aside is for [`Ingested::check_share`] to say.
///
/// # Errors
/// [`LogError::Config`], [`LogError::MissingColumn`] or [`LogError::File`] before a row is read, if schema and files do not fit;
/// [`LogError::NoRows`] if none is kept, with the quarantine under its name; [`LogError::Io`] and [`LogError::Engine`] if files
/// cannot be read or written.
pub fn ingest(schema: &Schema, options: &IngestOptions<'_>, folder: &Path) -> Result<Ingested, LogError> {
    schema.check()?;
    let mut log = Road::of_log(schema, options)?;
    // Every file is opened before the first is read through: a wrong name in the last table should not cost an hour.
    let tables = (0..schema.tables.len()).map(|at| Road::of_table(schema, at, &log, options));
    let tables = tables.collect::<Result<Vec<_>, _>>()?;
    let mut quarantine = QuarantineWriter::create(&folder.join("quarantine.csv"))?;
    let mut examples = Examples::default();
    let typed = folder.join("typed.parquet");
    if let Some(only) = options.only.filter(|_| schema.rules.impossible.is_empty()) {
        log.keep(|name, role| {
            matches!(role, Role::Time | Role::Feedback)
                || schema.rules.unique.iter().any(|unique| unique == name)
                || schema.tables.iter().any(|table| table.on == name)
                || only.contains(name)
        });
    }
    let (columns, counts) = log.write(&typed, &mut quarantine, &mut examples)?;
    if counts.rows_kept == 0 {
        let path = quarantine.path().display().to_string();
        quarantine.finish()?;
        let mend = match counts.rows_read {
            0 => "the files hold a header at most".to_owned(),
            _ => format!("every row breaks a rule: {}; see {path}", share::most(&counts, &examples)),
        };
        let files: Vec<String> = columns.files.iter().take(3).map(|path| path.display().to_string()).collect();
        let what = format!("schema.files ({}{})", files.join(", "), if columns.files.len() > 3 { ", …" } else { "" });
        return Err(LogError::NoRows { what, read: counts.rows_read, mend });
    }
    let mut ingested = Vec::with_capacity(tables.len());
    for (table, road) in schema.tables.iter().zip(tables) {
        let typed = folder.join(format!("table-{}.parquet", table.name));
        let (columns, counts) = road.write(&typed, &mut quarantine, &mut examples)?;
        ingested.push(IngestedTable {
            name: table.name.clone(),
            key: format!("{}.{}", table.name, table.key),
            on: table.on.clone(),
            schema: columns,
            counts,
            typed,
        });
    }
    Ok(Ingested { schema: columns, counts, typed, quarantine, examples, tables: ingested })
}

/// Types a log without its side tables and shows each batch of rows that pass, in order; nothing is written.
///
/// # Errors
/// As [`ingest`], or what `visit` returns.
pub fn for_each_batch<E: From<LogError>>(
    schema: &Schema,
    options: &IngestOptions<'_>,
    visit: impl FnMut(&RecordBatch) -> Result<(), E>,
) -> Result<(TypedSchema, Counts), E> {
    schema.check()?;
    Road::of_log(schema, options)?.visit(visit)
}
