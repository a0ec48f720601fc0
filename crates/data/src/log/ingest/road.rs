//! `Road`: one log or side table on its way from its files to typed rows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};

use super::IngestOptions;
use super::block::{TypedBlock, arrow_schema};
use super::pipeline::run;
use super::plan::Plan;
use super::privacy::Protection;
use super::share::Examples;
use super::write::TypedWriter;
use crate::log::counts::Counts;
use crate::log::error::LogError;
use crate::log::quarantine::{QuarantineWriter, SetAside};
use crate::log::read::LogReader;
use crate::log::schema::{Role, Schema, TypedSchema};

/// Opened files and what becomes of their columns.
pub(super) struct Road {
    reader: LogReader,
    plan: Plan,
    protection: Protection,
    seed: u64,
}

impl Road {
    pub(super) fn of_log(schema: &Schema, options: &IngestOptions<'_>) -> Result<Self, LogError> {
        let explode = schema.explode.as_deref();
        let reader = LogReader::open(&schema.files, schema.format, &schema.csv, explode, &schema.unpack)?;
        let plan = Plan::of_log(schema, reader.columns(), options.now_microseconds)?;
        Self::new(reader, plan, options)
    }

    pub(super) fn of_table(
        schema: &Schema,
        at: usize,
        log: &Self,
        options: &IngestOptions<'_>,
    ) -> Result<Self, LogError> {
        let table = &schema.tables[at];
        let reader = LogReader::open(&table.files, table.format, &table.csv, None, &table.unpack)?;
        let plan = Plan::of_table(schema, at, &log.plan, reader.columns())?;
        Self::new(reader, plan, options)
    }

    fn new(mut reader: LogReader, plan: Plan, options: &IngestOptions<'_>) -> Result<Self, LogError> {
        reader.want(&plan.wanted)?;
        let protection = Protection::new(options.key, plan.key_variable.as_deref(), options.seed)?;
        Ok(Self { reader, plan, protection, seed: options.seed })
    }

    /// Lets go of columns once they are judged, but for those that `keep` keeps by name and role.
    pub(super) fn keep(&mut self, keep: impl Fn(&str, &Role) -> bool) {
        self.plan.columns.iter_mut().for_each(|column| column.kept = keep(&column.name, &column.role));
    }

    /// Writes the rows that pass as Parquet, and the others to the quarantine.
    pub(super) fn write(
        self,
        path: &Path,
        quarantine: &mut QuarantineWriter,
        examples: &mut Examples,
    ) -> Result<(TypedSchema, Counts), LogError> {
        let Self { mut reader, plan, protection, seed } = self;
        let files = reader.files().to_vec();
        let mut tally = Tally::default();
        let writer = std::cell::RefCell::new(None);
        let begun = |plan: &Plan| {
            *writer.borrow_mut() = Some(TypedWriter::create(path, &arrow_schema(plan))?);
            Ok(())
        };
        let plan = run(&mut reader, plan, &protection, seed, begun, |block| {
            set_aside(&files, &block, quarantine, examples)?;
            let batch = tally.add(block)?;
            writer.borrow_mut().as_mut().map_or(Ok::<(), LogError>(()), |writer| writer.write(batch))
        })?;
        writer.into_inner().map_or(Ok(()), TypedWriter::finish)?;
        Ok((plan.typed(&files), tally.counts))
    }

    /// Shows the rows that pass.
    pub(super) fn visit<E: From<LogError>>(
        self,
        mut visit: impl FnMut(&RecordBatch) -> Result<(), E>,
    ) -> Result<(TypedSchema, Counts), E> {
        let Self { mut reader, plan, protection, seed } = self;
        let files = reader.files().to_vec();
        let mut tally = Tally::default();
        let plan = run(&mut reader, plan, &protection, seed, |_| Ok(()), |block| visit(&tally.add(block)?))?;
        Ok((plan.typed(&files), tally.counts))
    }
}

/// Counts blocks, and numbers their rows.
#[derive(Default)]
struct Tally {
    counts: Counts,
}

impl Tally {
    /// Counts a block and hands back its rows, numbered over all blocks.
    fn add(&mut self, block: TypedBlock) -> Result<RecordBatch, LogError> {
        let TypedBlock { batch, lines, rows_read, rejected, repairs, .. } = block;
        let first = self.counts.rows_kept as i64;
        self.counts.lines += lines;
        self.counts.rows_read += rows_read;
        self.counts.rows_kept += batch.num_rows() as u64;
        for row in &rejected {
            *self.counts.quarantined.entry(row.rule.to_owned()).or_default() += 1;
        }
        for (column, repair, cells) in &repairs {
            self.counts.repair(column, repair, *cells);
        }
        numbered(batch, first)
    }
}

fn numbered(batch: RecordBatch, first: i64) -> Result<RecordBatch, LogError> {
    let numbers = Int64Array::from_iter_values(first..first + batch.num_rows() as i64);
    let (schema, mut columns, _) = batch.into_parts();
    if let Ok(place) = schema.index_of("_row") {
        columns[place] = Arc::new(numbers) as ArrayRef;
    }
    RecordBatch::try_new(schema, columns)
        .map_err(|error| LogError::Engine { what: "numbering rows".to_owned(), source: Box::new(error.into()) })
}

fn set_aside(
    files: &[PathBuf],
    block: &TypedBlock,
    quarantine: &mut QuarantineWriter,
    examples: &mut Examples,
) -> Result<(), LogError> {
    let file = &files[block.file as usize];
    for row in &block.rejected {
        examples.note(row.rule, || {
            let column = if row.column.is_empty() { String::new() } else { format!(", column `{}`", row.column) };
            format!("{}, line {}{column}: {}", file.display(), row.line, row.message)
        });
        quarantine.write(&SetAside {
            file,
            line: row.line,
            column: &row.column,
            value: &row.value,
            rule: row.rule,
            message: &row.message,
        })?;
    }
    Ok(())
}
