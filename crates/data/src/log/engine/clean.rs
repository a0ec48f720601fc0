//! From typed rows to clean ones: what cannot be is set aside, what repeats is dropped, tables are joined, time orders the rest.
//!
//! ```text
//! typed ──▶ impossible?    requires, then schema.rules.impossible in order     the first that holds names the row's rule
//!       ──▶ conflicting?   same `unique` columns as an earlier row, other content
//!       ──▶ repeated?      same content as an earlier row                      dropped, kept or set aside, as declared
//!       ──▶ joined with each side table, sorted by (time, _row)
//! ```
//!
//! Rows of one content have one verdict, so what is left after each step contradicts nothing that an earlier one took away.
//! The verdicts are found on a few narrow columns; the rows themselves pass by once, and are sorted only if they are not
//! in order already.

use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::{Array as _, AsArray};
use datafusion::arrow::datatypes::{Int32Type, Int64Type};
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::clean_rows::CleanRows;
use super::joins::{JoinedTable, TypedTable};
use super::judge::Judge;
use super::lookup::Lookup;
use super::order::Order;
use super::parquet_out::{ParquetOut, Rows as _};
use super::session::{Engine, Join, Session, failed};
use super::temporary::Temporary;
use super::{rows, sql};
use crate::log::counts::Counts;
use crate::log::error::LogError;
use crate::log::quarantine::{QuarantineWriter, SetAside};
use crate::log::schema::{Schema, TypedSchema};

/// Bytes for keys from which on two things are done at a time.
const ROOMY: usize = 64 << 20;

/// Typed rows and what is declared about them.
#[derive(Debug, Clone, Copy)]
pub struct CleanInput<'a> {
    /// Parquet as ingest writes it.
    pub rows: &'a Path,
    /// Its columns.
    pub schema: &'a TypedSchema,
    /// The mapping, for its rules and feedbacks.
    pub log: &'a Schema,
    /// The side tables, typed.
    pub tables: &'a [TypedTable<'a>],
}

impl Engine {
    /// Writes clean rows to `out`, in the order of (time, `_row`), with the columns of all side tables, without the hashes.
    ///
    /// `counts` goes on from ingest's: rows taken away are counted by rule, so that it still adds up. Whether more rows are
    /// quarantined than allowed is for the caller to ask afterwards.
    ///
    /// # Errors
    /// [`LogError::Config`] for a rule that cannot be asked or a table that cannot be joined; [`LogError::NoRows`] if no row
    /// is left; [`LogError::Engine`] if a plan fails.
    pub fn clean(
        &self,
        input: &CleanInput<'_>,
        out: &Path,
        quarantine: &mut QuarantineWriter,
        counts: &mut Counts,
    ) -> Result<TypedSchema, LogError> {
        let rows = self.clean_rows(input, out, quarantine, counts)?;
        if rows.path != out {
            let mut file = ParquetOut::create(out, rows::arrow_schema(&rows.schema), &rows::order(&rows.schema))?;
            rows.write(&mut file)?;
            file.finish()?;
        }
        Ok(rows.schema)
    }

    /// The same rows without writing them, where they can be made as the typed ones pass by: these stand in order, and tables and
    /// rows to leave out are few enough for the memory. Else they are written to `spare`.
    ///
    /// # Errors
    /// As [`clean`](Self::clean).
    pub fn clean_rows(
        &self,
        input: &CleanInput<'_>,
        spare: &Path,
        quarantine: &mut QuarantineWriter,
        counts: &mut Counts,
    ) -> Result<CleanRows, LogError> {
        let order = Order::of(input.rows, input.schema)?;
        let judge = Judge::new(self, input, &order)?;
        let prepare = || -> Result<Vec<_>, LogError> {
            input.tables.iter().map(|table| JoinedTable::prepare(self, table, input.schema)).collect()
        };
        // Side by side where the memory is no question: plans in a small pool would take each other's.
        let (verdicts, tables) = match self.memory_of_keys() >= ROOMY {
            true => std::thread::scope(|scope| {
                let tables = scope.spawn(prepare);
                (judge.verdicts(), tables.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            }),
            false => (judge.verdicts(), prepare()),
        };
        let taken = self.set_aside(input, &order, &judge, &verdicts?, (quarantine, counts))?;
        let tables = tables?;
        for table in &tables {
            *counts.repeated_keys.entry(table.name.clone()).or_default() += table.repeated;
        }
        let schema = joined_schema(input.schema, &tables)?;
        // Small tables and few rows to leave out: the rows pass by in their order. A large one: all is sorted by its key.
        let small = tables.iter().map(|table| (table.file.rows, table.file.bytes));
        let small = small.chain(taken.as_ref().map(|taken| (taken.rows, taken.bytes)));
        let (rows, bytes) = small.fold((0, 0), |(rows, bytes), more| (rows + more.0, bytes + more.1));
        let join = self.join_for(rows, bytes);
        // Rows that repeat others often stand out of order; what is left of the others need not be sorted.
        let passing = match join == Join::Hash && order.by_row {
            true => passing(input, (&schema, &order), (taken.as_ref(), &tables), counts)?,
            false => None,
        };
        let rows = match passing {
            Some(rows) => rows,
            None => {
                self.write_clean(input, &order, (taken.as_ref(), &tables, join), (&schema, spare), counts)?;
                CleanRows::written(spare, &schema)?
            }
        };
        counts.rows_kept = rows.rows();
        if counts.rows_kept == 0 {
            let mend = "see the quarantine file, and mend the rules that take the rows away";
            return Err(LogError::NoRows { what: "clean".to_owned(), read: counts.rows_read, mend: mend.to_owned() });
        }
        Ok(rows)
    }

    /// Counts the verdicts, writes rows to quarantine, and returns the rows to leave out.
    fn set_aside(
        &self,
        input: &CleanInput<'_>,
        order: &Order,
        judge: &Judge<'_>,
        verdicts: &Temporary,
        (quarantine, counts): (&mut QuarantineWriter, &mut Counts),
    ) -> Result<Option<Temporary>, LogError> {
        if verdicts.rows == 0 {
            return Ok(None);
        }
        let session = self.session("rows to set aside", self.join_for(verdicts.rows, verdicts.bytes));
        session.file("typed", input.rows, &order.known())?;
        session.file("verdicts", verdicts.path(), &[vec!["_row"]])?;
        let found = session.small("SELECT rule, count(*) AS n FROM verdicts GROUP BY rule ORDER BY rule")?;
        let mut taken = 0;
        for batch in &found {
            let (rules, rows) =
                (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Int64Type>());
            for at in 0..batch.num_rows() {
                let (rule, n) = (rules.value(at), rows.value(at) as u64);
                taken += judge.count(rule, n, counts);
                if judge.is_quarantined(rule) {
                    quarantine_rule((self, &session), input, judge, rule, quarantine)?;
                }
            }
        }
        if taken == 0 {
            return Ok(None);
        }
        let kept = judge.kept_rule().map_or(String::new(), |rule| format!(" WHERE rule <> {rule}"));
        let plan = session.plan(&format!("SELECT _row FROM verdicts{kept} ORDER BY _row"))?;
        Temporary::of(self, &session, plan).map(Some)
    }

    /// Writes the rows that are left; counts rows without a partner.
    fn write_clean(
        &self,
        input: &CleanInput<'_>,
        order: &Order,
        (taken, tables, join): (Option<&Temporary>, &[JoinedTable], Join),
        (schema, out): (&TypedSchema, &Path),
        counts: &mut Counts,
    ) -> Result<(), LogError> {
        let session = self.session("clean rows", join);
        session.file("typed", input.rows, &order.known())?;
        let without = match taken {
            Some(taken) => {
                session.file("taken", taken.path(), &[vec!["_row"]])?;
                " LEFT ANTI JOIN taken ON t._row = taken._row"
            }
            None => "",
        };
        let mut columns: Vec<String> =
            input.schema.columns.iter().map(|column| column.name.as_str()).map(|name| sql::of("t", name)).collect();
        let mut joins = String::new();
        for (at, table) in tables.iter().enumerate() {
            session.file(&format!("table_{at}"), table.file.path(), &[])?;
            joins += &table.join(at);
            columns.extend(table.selected(at));
        }
        columns.extend(rows::TECHNICAL.map(|name| sql::of("t", name)));
        // Null where the row has no partner: counted as the batches pass, and not written.
        columns.extend((0..tables.len()).map(|at| format!("table_{at}._row AS \"_partner_{at}\"")));
        let by = order.columns().into_iter().map(|name| sql::of("t", name)).collect::<Vec<_>>().join(", ");
        let rows = format!("(SELECT * FROM typed t{without}) t");
        let plan = session.plan(&format!("SELECT {} FROM {rows}{joins} ORDER BY {by}", columns.join(", ")))?;
        let mut unmatched = vec![0_u64; tables.len()];
        let mut file = ParquetOut::create(out, rows::arrow_schema(schema), &rows::order(schema))?;
        session.run(plan, |batch| {
            let partners = batch.num_columns() - tables.len();
            for (at, unmatched) in unmatched.iter_mut().enumerate() {
                *unmatched += batch.column(partners + at).null_count() as u64;
            }
            file.write(&batch.columns()[..partners])
        })?;
        file.finish()?;
        for (table, unmatched) in tables.iter().zip(unmatched) {
            *counts.unmatched.entry(table.name.clone()).or_default() += unmatched;
        }
        Ok(())
    }
}

/// The rows that are left, made as the typed ones pass by, if they are in order; counts rows without a partner.
fn passing(
    input: &CleanInput<'_>,
    (schema, order): (&TypedSchema, &Order),
    (taken, tables): (Option<&Temporary>, &[JoinedTable]),
    counts: &mut Counts,
) -> Result<Option<CleanRows>, LogError> {
    let broken = |error| failed("clean rows", error);
    let without = taken.map_or(Ok(Vec::new()), |taken| numbers(taken.path())).map_err(broken)?;
    let tables = tables.iter().map(Lookup::read).collect::<Result<Vec<_>, _>>().map_err(broken)?;
    let path = input.rows.to_path_buf();
    let mut rows = CleanRows { path, schema: schema.clone(), order: order.clone(), without, tables };
    let left = || Order::without(input.rows, input.schema, &rows.without);
    let (left, unmatched) = rayon::join(left, || rows.unmatched());
    rows.order = left?;
    if !rows.order.by_time {
        return Ok(None);
    }
    for (table, unmatched) in rows.tables.iter().zip(unmatched.map_err(broken)?) {
        *counts.unmatched.entry(table.name.clone()).or_default() += unmatched;
    }
    Ok(Some(rows))
}

/// The whole numbers of a file of one column.
fn numbers(path: &Path) -> Result<Vec<i64>, DataFusionError> {
    let mut numbers = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
        numbers.extend(batch?.column(0).as_primitive::<Int64Type>().values());
    }
    Ok(numbers)
}

/// Writes the rows of one verdict to quarantine, in their order.
fn quarantine_rule(
    (engine, session): (&Engine, &Session<'_>),
    input: &CleanInput<'_>,
    judge: &Judge<'_>,
    rule: i64,
    quarantine: &mut QuarantineWriter,
) -> Result<(), LogError> {
    let rule_name = judge.name(rule);
    let concerned = judge.columns(rule);
    let shown: String = concerned
        .iter()
        .enumerate()
        .map(|(at, column)| format!(", CAST({} AS VARCHAR) AS _shown_{at}", sql::of("t", column)))
        .collect();
    // The rows that are repeated or contradicted: as few, so that the log passes by a small table once more.
    let first = session.plan(&format!(
        "SELECT f._row, f._file, f._line FROM (SELECT DISTINCT first FROM verdicts WHERE rule = {rule}) v \
         JOIN typed f ON v.first = f._row"
    ))?;
    let first = Temporary::of(engine, session, first)?;
    let table = format!("first_of_{rule}");
    session.file(&table, first.path(), &[])?;
    let plan = session.plan(&format!(
        "SELECT t._file, t._line, f._file AS first_file, f._line AS first_line{shown} \
         FROM verdicts v JOIN typed t ON v._row = t._row LEFT JOIN {table} f ON v.first = f._row \
         WHERE v.rule = {rule} ORDER BY v._row"
    ))?;
    let column = concerned.join(", ");
    let path = |file: i32| input.schema.files.get(file as usize).map_or(Path::new(""), |path| path.as_path());
    session.run(plan, |batch| {
        let files = [batch.column(0), batch.column(2)].map(AsArray::as_primitive::<Int32Type>);
        let lines = [batch.column(1), batch.column(3)].map(AsArray::as_primitive::<Int64Type>);
        let texts: Vec<_> = batch.columns()[4..].iter().map(AsArray::as_string::<i32>).collect();
        for at in 0..batch.num_rows() {
            let text = |column: usize| if texts[column].is_valid(at) { texts[column].value(at) } else { "" };
            let value = match concerned.len() {
                1 => text(0).to_owned(),
                _ => (0..concerned.len())
                    .map(|one| format!("{} = {}", concerned[one], text(one)))
                    .collect::<Vec<_>>()
                    .join(", "),
            };
            let first = files[1].is_valid(at).then(|| (path(files[1].value(at)), lines[1].value(at)));
            quarantine.write(&SetAside {
                file: path(files[0].value(at)),
                line: lines[0].value(at) as u64,
                column: &column,
                value: value.as_bytes(),
                rule: &rule_name,
                message: &judge.message(rule, first),
            })?;
        }
        Ok(())
    })
}

/// The columns of the log and then those of the tables.
fn joined_schema(schema: &TypedSchema, tables: &[JoinedTable]) -> Result<TypedSchema, LogError> {
    let mut joined = schema.clone();
    for table in tables {
        for column in &table.columns {
            if joined.has(&column.name) {
                let mend = "two columns would have this name; rename the table or the column";
                return Err(LogError::config(format!("schema.tables.{}", table.name), &column.name, mend));
            }
            joined.columns.push(column.clone());
        }
    }
    Ok(joined)
}
