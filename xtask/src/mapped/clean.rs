//! From files to clean rows: ingest, then the engine's rules and joins; the quarantine and the counts stay behind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use slatewise_data::log::engine::{CleanInput, CleanRows, Engine, EngineConfig, TypedTable};
use slatewise_data::log::ingest::{IngestOptions, Ingested, check_share, ingest};
use slatewise_data::log::schema::TypedSchema;
use slatewise_data::log::{Counts, QuarantineWriter, Schema};

/// Clean rows, and what became of all that were read.
pub(crate) struct Cleaned {
    pub(crate) rows: CleanRows,
    /// Files out of which they come.
    files: Vec<PathBuf>,
    pub(crate) schema: TypedSchema,
    pub(crate) counts: Counts,
    /// The side tables' own rows.
    pub(crate) tables: Vec<(String, Counts)>,
    /// How long reading and typing took, and how long the engine's rules and joins.
    pub(crate) typed_in: Duration,
    pub(crate) cleaned_in: Duration,
}

impl Cleaned {
    /// How fast it went, for the console.
    pub(crate) fn pace(&self) -> String {
        let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let megabytes = self.schema.files.iter().map(size).sum::<u64>() as f64 / 1e6;
        let (typed, cleaned) = (self.typed_in.as_secs_f64(), self.cleaned_in.as_secs_f64());
        let rate = megabytes / typed.max(1e-9);
        format!("{megabytes:.1} MB read and typed in {typed:.1} s ({rate:.0} MB/s), rules and joins in {cleaned:.1} s")
    }

    /// Removes the files out of which the rows come, once these have been used.
    pub(crate) fn remove(&self) -> Result<()> {
        let mut files = self.files.iter();
        files.try_for_each(|path| {
            std::fs::remove_file(path).with_context(|| format!("{}: cannot remove it", path.display()))
        })
    }
}

/// Where a cleaning works and what it must know.
pub(crate) struct Cleaning<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) engine: &'a Engine,
    /// Folder of intermediate files and of `quarantine.csv`.
    pub(crate) folder: &'a Path,
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
}

impl Cleaning<'_> {
    /// Cleans the rows into `clean.parquet`; the quarantine stands under its name even where there is too much of it.
    ///
    /// # Errors
    /// Files that cannot be read, a mapping that does not fit them, too many rows that break rules, no rows.
    pub(crate) fn run(&self) -> Result<Cleaned> {
        self.clean(None, |input, path, quarantine, counts| {
            Ok(CleanRows::written(path, &self.engine.clean(input, path, quarantine, counts)?)?)
        })
    }

    /// The same for rows that are used once, where they are written only if they must be; of the log's columns these or all.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(crate) fn passing(&self, only: Option<&BTreeSet<String>>) -> Result<Cleaned> {
        self.clean(only, |input, path, quarantine, counts| {
            Ok(self.engine.clean_rows(input, path, quarantine, counts)?)
        })
    }

    fn clean(
        &self,
        only: Option<&BTreeSet<String>>,
        judge: impl FnOnce(&CleanInput<'_>, &Path, &mut QuarantineWriter, &mut Counts) -> Result<CleanRows>,
    ) -> Result<Cleaned> {
        let key = key(self.schema)?;
        let now_microseconds = self.now.as_microsecond();
        let options = IngestOptions { key: key.as_deref(), now_microseconds, seed: self.seed, only };
        let allowed = self.schema.rules.max_quarantined_share;
        let begun = Instant::now();
        let Ingested { schema, mut counts, typed, mut quarantine, examples, tables } =
            ingest(self.schema, &options, self.folder)?.check_share(allowed)?;
        let typed_in = begun.elapsed();
        let specs = self.schema.tables.iter();
        let typed_tables: Vec<TypedTable<'_>> = specs
            .zip(&tables)
            .map(|(spec, table)| TypedTable { spec, rows: &table.typed, schema: &table.schema })
            .collect();
        let input = CleanInput { rows: &typed, schema: &schema, log: self.schema, tables: &typed_tables };
        let path = self.folder.join("clean.parquet");
        let cleaned = judge(&input, &path, &mut quarantine, &mut counts);
        // Under its name first: when there is too much of it is when somebody wants to look.
        check_share(&counts, allowed, &examples, quarantine)?.finish()?;
        let rows = cleaned?;
        let written = rows.file().is_some_and(|file| file == path);
        let spent = tables.iter().map(|table| &table.typed).chain(written.then_some(&typed));
        for path in spent {
            std::fs::remove_file(path).with_context(|| format!("{}: cannot remove it", path.display()))?;
        }
        ensure!(counts.adds_up(), "the counts of rows do not add up, which is a fault of slatewise: {counts:?}");
        let tables = tables.into_iter().map(|table| (table.name, table.counts)).collect();
        let files = vec![if written { path } else { typed }];
        let (schema, cleaned_in) = (rows.schema().clone(), begun.elapsed() - typed_in);
        Ok(Cleaned { rows, files, schema, counts, tables, typed_in, cleaned_in })
    }
}

/// Whether rows that will be kept are as anonymous as `schema.privacy.k` asks; a sentence about it, where it asks.
///
/// # Errors
/// Some row shares its quasi-identifiers with too few others, or one of these is no column.
pub(crate) fn anonymous(schema: &Schema, cleaned: &Cleaned, engine: &Engine) -> Result<Option<String>> {
    let Some((k, quasi)) = schema.privacy.as_ref().and_then(|privacy| Some((privacy.k?, &privacy.quasi_identifiers)))
    else {
        return Ok(None);
    };
    if let Some(unknown) = quasi.iter().find(|name| !cleaned.schema.has(name)) {
        let known: Vec<&str> = cleaned.schema.columns.iter().map(|column| column.name.as_str()).collect();
        bail!("schema.privacy.quasi_identifiers: there is no column `{unknown}`; name some of {}", known.join(", "));
    }
    let file = cleaned.rows.file().context("the clean rows were not written")?;
    let found = engine.k_anonymity(file, quasi, k)?;
    ensure!(
        found.rows_below == 0,
        "schema.privacy.k: {} of {} rows share their {} with fewer than {k} (the smallest group has {}); the rows were not kept: generalise these columns further, or leave them out",
        found.rows_below,
        cleaned.counts.rows_kept,
        quasi.join(", "),
        found.smallest
    );
    Ok(Some(format!("k-anonymity: every row shares its {} with at least {k}", quasi.join(", "))))
}

/// An engine with so much memory, that spills into `folder`.
///
/// # Errors
/// The folder cannot be used.
pub(crate) fn engine(memory_megabytes: usize, folder: &Path) -> Result<Engine> {
    let spill_folder = folder.join("spill");
    std::fs::create_dir_all(&spill_folder).with_context(|| format!("{}: cannot make it", spill_folder.display()))?;
    Ok(Engine::new(&EngineConfig {
        memory_bytes: memory_megabytes * 1_000_000,
        threads: rayon::current_num_threads(),
        spill_folder,
    })?)
}

/// The key of pseudonyms, from the environment variable that the schema names.
fn key(schema: &Schema) -> Result<Option<Vec<u8>>> {
    let Some(privacy) = &schema.privacy else { return Ok(None) };
    let variable = &privacy.key_variable;
    let key = std::env::var(variable).with_context(|| {
        format!("schema.privacy.key_variable: the environment has no {variable}; set it to a secret of at least 16 bytes, such as the output of `openssl rand -hex 32`, and keep it: another key gives other pseudonyms")
    })?;
    Ok(Some(key.into_bytes()))
}

/// What the cleaning did, for the console.
pub(crate) fn lines(counts: &Counts) -> String {
    let mut text = format!(
        "rows read {}, kept {}, repeated and dropped {}, quarantined {}",
        counts.rows_read,
        counts.rows_kept,
        counts.duplicates_dropped,
        counts.rows_quarantined()
    );
    if counts.duplicates_kept > 0 {
        text += &format!("\nrepeated and kept, as schema.rules.duplicates says: {}", counts.duplicates_kept);
    }
    for (rule, rows) in &counts.quarantined {
        text += &format!("\nquarantined by {rule}: {rows} (see quarantine.csv)");
    }
    for repair in &counts.repaired {
        let place = if repair.column.is_empty() { String::new() } else { format!(" in `{}`", repair.column) };
        text += &format!("\nrepaired{place}: {} ({})", repair.cells, repair.repair);
    }
    for (table, rows) in counts.unmatched.iter().filter(|(_, rows)| **rows > 0) {
        text += &format!("\nwithout a partner in table {table}: {rows} rows");
    }
    for (table, rows) in counts.repeated_keys.iter().filter(|(_, rows)| **rows > 0) {
        text += &format!("\nrepeated keys in table {table}: {rows} rows not used");
    }
    text
}
