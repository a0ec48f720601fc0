//! `LogSource`: where a log lies and what it must be, declared under `[data]`; `load` turns it into a `LoadedLog`.
//!
//! ```toml
//! [data]
//! path = "datasets/eshop_clickstream/clicks.csv.gz"
//! sha256 = "52e799b8…"             # of the stored file; optional
//! sessions_share = 0.1             # a tenth of the sessions, the same tenth everywhere; 1 unless declared
//! [data.schema]                    # see `ClickSchema`
//! [data.rules]                     # see `Rules`
//! ```

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::artefact::HashingReader;
use crate::clean::{CleaningReport, Ledger, Quarantine, Rules, read_clicks, settle_duplicates};
use crate::click_schema::ClickSchema;
use crate::error::Error;
use crate::impression_log::ImpressionLog;
use crate::read::{CsvLines, unpack};
use crate::rebuild::rebuild;

/// A log, its mapping and its rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSource {
    /// The file: CSV, plain or gzip.
    pub path: PathBuf,
    /// SHA-256 of the stored file in hex; where it is declared, a file that differs is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Share of sessions to keep, above 0 and at most 1. A session is kept or not by its id alone, so a larger share contains a smaller one.
    #[serde(default = "all")]
    pub sessions_share: f64,
    /// Which column plays which role.
    pub schema: ClickSchema,
    /// What a row must satisfy.
    #[serde(default)]
    pub rules: Rules,
}

fn all() -> f64 {
    1.0
}

/// A log as it comes out of cleaning.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedLog {
    /// The clean log with its impressions.
    pub log: ImpressionLog,
    /// What was read, kept, repaired and set aside.
    pub cleaning: CleaningReport,
    /// The rows that were set aside.
    pub quarantine: Quarantine,
    /// SHA-256 of the stored file, in hex.
    pub sha256: String,
}

impl LogSource {
    /// Checks what can be checked without the file.
    ///
    /// # Errors
    /// [`Error::Config`] names the first key whose value cannot be used.
    pub fn check(&self) -> Result<(), Error> {
        if !(self.sessions_share > 0.0 && self.sessions_share <= 1.0) {
            return Err(Error::config(
                "data.sessions_share",
                self.sessions_share.to_string(),
                "must be above 0 and at most 1",
            ));
        }
        if let Some(sha256) = &self.sha256
            && !(sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return Err(Error::config("data.sha256", format!("{sha256:?}"), "must be 64 hex digits"));
        }
        self.schema.check()?;
        self.rules.check()
    }
}

/// Reads, cleans and rebuilds the log under `source.path`.
///
/// # Errors
/// A config key is unusable; the file is missing, unreadable, empty, damaged or not the declared one; its header does not fit the schema;
/// or more rows break rules than allowed. Nothing is written in any case.
pub fn load(source: &LogSource) -> Result<LoadedLog, Error> {
    source.check()?;
    let file = File::open(&source.path).map_err(|error| Error::from_open(&source.path, error))?;
    // On Unix a directory opens like a file, and only reading it fails.
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(Error::IsDirectory { path: source.path.clone() });
    }
    load_reader(file, source)
}

/// Reads, cleans and rebuilds the log that `input` holds; messages call it `source.path`, but no file is opened.
///
/// # Errors
/// As [`load`].
pub fn load_reader<R: Read>(input: R, source: &LogSource) -> Result<LoadedLog, Error> {
    source.check()?;
    let mut stored = HashingReader::new(input);
    let cleaned = match (clean(&mut stored, source), &source.sha256) {
        (Err(error), None) => return Err(error),
        (cleaned, _) => cleaned,
    };
    let (_, sha256) = stored.finish().map_err(|error| Error::from_read(&source.path, error))?;
    // A file that is not the declared one explains whatever else is wrong with it, so that is said first.
    if let Some(declared) = source.sha256.as_ref().filter(|declared| !declared.eq_ignore_ascii_case(&sha256)) {
        return Err(Error::Hash { path: source.path.clone(), declared: declared.clone(), found: sha256 });
    }
    let (log, ledger) = cleaned?;
    Ok(LoadedLog { log, cleaning: ledger.report, quarantine: ledger.quarantine, sha256 })
}

fn clean<R: Read>(stored: R, source: &LogSource) -> Result<(ImpressionLog, Ledger), Error> {
    let text = unpack(stored).map_err(|error| Error::from_read(&source.path, error))?;
    let mut lines = CsvLines::new(text, &source.path, source.schema.delimiter_byte()?);
    let mut ledger = Ledger::default();
    let mut table = read_clicks(&mut lines, source, &mut ledger)?;
    settle_duplicates(&mut table, source.rules.duplicates, &mut ledger);
    check_quarantine(&ledger, source)?;
    let log = rebuild(&table, source, &mut ledger)?;
    let report = &ledger.report;
    assert!(report.adds_up(), "the counts of the cleaning do not add up to the rows read: {report:?}");
    Ok((log, ledger))
}

/// Refuses a log of which too much is quarantined, or nothing is left.
fn check_quarantine(ledger: &Ledger, source: &LogSource) -> Result<(), Error> {
    let (report, path) = (&ledger.report, source.path.clone());
    let (rows, quarantined) = (report.rows_read, report.rows_quarantined());
    if rows == 0 {
        return Err(Error::HeaderOnly { path });
    }
    // The first of several equally common rules, in the order in which `Rule` lists them.
    let commonest = report.quarantined.iter().rev().max_by_key(|(_, count)| **count);
    let allowed = source.rules.max_quarantined_share;
    if let Some((&commonest, &count)) = commonest
        && quarantined as f64 > allowed * rows as f64
        && let Some(example) = ledger.quarantine.rows.iter().find(|row| row.rule == commonest)
    {
        let example = Box::new(example.clone());
        return Err(Error::TooManyQuarantined { path, quarantined, rows, allowed, commonest, count, example });
    }
    if report.rows_read == quarantined + report.rows_left_out {
        return Err(Error::NothingLeft { path, rows, quarantined, left_out: report.rows_left_out });
    }
    Ok(())
}
